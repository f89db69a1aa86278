"""Change one thing: spread the attention evenly."""

from deepsense_lib.exercises.engine import Choice, Option

EXERCISE = Choice(
    title="Spread the attention evenly",
    level=2,
    task="""
    Change one thing in network 0: give all 64 places the weight 1/64, and leave everything else as it is.

    ```python
    with torch.no_grad():
        h = nets[0].places(front_x)
        even = nets[0].head(h.mean(dim=1)).argmax(1).numpy()
    print((even == answers[0]).mean(), np.bincount(even, minlength=7))
    ```

    Few answers stay. What may you conclude?
    """,
    options={
        "a": Option(
            "The map shows which parts of the picture the answer comes from.",
            "That is another claim. Each place has seen much of the picture; to test parts, cover them.",
        ),
        "b": Option(
            "The head needs the weights it was trained with. What they stand for is still open.",
            "Right. The head never met an even mean, so it fails on one. Only covering parts of the picture "
            "tells which of them the answer needs.",
        ),
        "c": Option(
            "Without attention no network could name these expressions.",
            "The plain network has no attention and does at least as well on these faces.",
        ),
    },
    answer="b",
)
