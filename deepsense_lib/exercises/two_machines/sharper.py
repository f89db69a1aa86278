"""Change one thing: the sharpness of attention."""

from deepsense_lib.exercises.engine import Choice, Option

EXERCISE = Choice(
    title="Sharper attention",
    level=2,
    task="""
    In "The second shared idea" the scores are multiplied by 10 before the softmax. Change one thing:
    multiply by 1000, and draw the picture again.

    ```python
    weights, _ = attend(unit(frames), unit(keys), keys, sharpness=1000)
    opening.two_attentions(weights, symbols, truth, test.images[some], looks[some])
    (np.array(symbols)[weights.argmax(1)] == np.array(symbols)[truth]).mean()
    ```

    The picture is now black and white: each frame looks at a single phoneme. But the share of frames
    whose greatest weight is on the right phoneme is exactly what it was. Why?
    """,
    options={
        "a": Option(
            "The softmax is already saturated at 10, so nothing changes any more.",
            "Look at both pictures: at 10 most frames spread their weight over several phonemes. Something "
            "changes, but "
            "not which phoneme is first.",
        ),
        "b": Option(
            "A positive factor keeps the order of the scores. It changes how sure the answer is, not what "
            "it is.",
            "Right. The greatest score stays the greatest. So wrong frames are now wrong with full "
            "certainty. A sure "
            "machine is not a better machine.",
        ),
        "c": Option(
            "The weights of each frame always sum to 1, so what one phoneme wins another loses.",
            "They do sum to 1, at any sharpness. But that alone would not stop the first and the second "
            "from changing "
            "places.",
        ),
        "d": Option(
            "The sharper weights are more right at some frames and less right at others, and it evens out.",
            "Compare `weights.argmax(1)` frame by frame: not one of them changes.",
        ),
    },
    answer="b",
)
