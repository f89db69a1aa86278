"""Change one thing: normalise test faces by their own batch."""

from deepsense_lib.exercises.engine import Choice, Option

EXERCISE = Choice(
    title="All happy at once",
    level=3,
    task="""
    Give the shipped model the happy test faces only, all in one batch, and change one thing: let batch
    normalisation use the mean and variance of this batch instead of the stored ones.

    ```python
    import copy
    changed = copy.deepcopy(model)
    for block in changed.blocks:
        block.norm.train()          # the only change; dropout stays off, no weight moves
    happy = test_x[test.labels == CLASSES.index("happiness")]
    with torch.no_grad():
        stored, own = (m(happy).argmax(1) for m in (model, changed))
    ```

    Compare how often each answer is "happiness". What do you see, and why?
    """,
    options={
        "a": Option(
            "Hardly any difference: batch normalisation only speeds up training.",
            "Count again: the answers differ. In use, normalisation is part of what was learnt.",
        ),
        "b": Option(
            "Fewer happy answers: what all faces of the batch have in common goes into the batch's own mean "
            "and is taken away.",
            'Right. A channel that says "mouth corners up" in every face is, within this batch, simply the '
            "mean, and subtracting the mean removes it. The stored mean belongs to all classes and keeps it.",
        ),
        "c": Option(
            "Fewer happy answers, because dropout switches half of the features off.",
            "Dropout is off: only `norm` was put into training mode, and `dropout` was not touched.",
        ),
        "d": Option(
            "More happy answers: the model sees that all faces are alike and grows sure of itself.",
            "Count again. Nothing in the network compares the faces of a batch except the normalisation, and "
            "that removes what they share.",
        ),
    },
    answer="b",
)
