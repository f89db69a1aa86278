"""Change one thing: how many numbers of the code may differ from 0."""

from deepsense_lib.exercises.engine import Choice, Option

EXERCISE = Choice(
    title="Four numbers of thirty-two",
    level=3,
    task="""
    In "Listen at several sizes" the code keeps its 8 dearest numbers, and the sentence can still be
    understood. Change one thing: keep 2. Listen. It is still a human voice, but the words are gone. Why
    does it not turn into noise?
    """,
    options={
        "a": Option(
            "The numbers that are 0 still carry some of the sentence.",
            "A number that is 0 for every step and every sentence carries nothing. Look at what the decoder "
            "makes of it.",
        ),
        "b": Option(
            "0 is the mean of the prior. The decoder has learned that a code near it means ordinary speech: "
            "it fills in what is usual where it is told nothing.",
            "Right: the decoder knows the voice, the code only says what was said. Where the code says "
            "nothing, you get about the mean of what could have been.",
        ),
        "c": Option(
            "The vocoder turns any log-mel into speech.",
            "Give it random numbers as a log-mel and listen: it does not. What it gets here is already "
            "like speech.",
        ),
        "d": Option(
            "Two numbers for each step are enough for words; the judge is too strict.",
            "Listen yourself. And compare the bits of the two.",
        ),
    },
    answer="b",
)
