"""Change one thing: the last activation."""

from deepsense_lib.exercises.engine import Choice, Option

EXERCISE = Choice(
    title="Another squash",
    level=2,
    task="""
    In E12 change one thing: let `squashed("tanh")` climb instead of `squashed("sigmoid")`, and print
    `climb(...)`. Look at the share of the loss that is left. It is smaller than with the sigmoid, but still
    far from nothing. Why?
    """,
    options={
        "a": Option(
            "tanh is slower; with more steps it would get there.",
            "Give it ten times as many: the share hardly moves. Compare the largest target with what tanh "
            "can say.",
        ),
        "b": Option(
            "tanh can say negative numbers, which is half of the trouble. But standardised frames lie beyond "
            "-1 and 1 too, and those it cannot say.",
            "Right: about a third of normal numbers lies beyond one deviation. The floor is the mean square "
            "of what sticks out.",
        ),
        "c": Option(
            "The gradient of tanh vanishes at 0.",
            "It is largest there, 1. It vanishes where the output is near -1 or 1.",
        ),
        "d": Option(
            "The code is too narrow for 80 bands.",
            "With a bare last layer the same code of 48 numbers learns all 32 frames by heart.",
        ),
    },
    answer="b",
)
