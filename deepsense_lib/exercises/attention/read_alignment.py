"""Change one thing: how far a filter reaches."""

from deepsense_lib.exercises.engine import Choice, Option

EXERCISE = Choice(
    title="A filter that reaches too far",
    level=2,
    task="""
    In the toy, location-sensitive attention with filters of 7 symbols reads texts of 21 symbols. Now change
    one thing: filters of 31 symbols, `toy_task("location", options={"kernel": 31})`. The training texts have
    at most 8 symbols, and it still says most of those. Texts of 21 it now says with errors, one and all. Why?
    """,
    options={
        "a": Option(
            "Longer filters have more weights, so it learns the training texts by heart.",
            "It says most new texts of 5 symbols, so it did not learn texts by heart. What is "
            "different in a long text?",
        ),
        "b": Option(
            "In short texts the outer taps only ever see the zeros outside of the text; in long texts they "
            "see weights, and they were never trained for that.",
            "Right: a tap that always meets 0 gets no gradient and keeps the numbers it was drawn with. In a "
            "long text it speaks for the first time, and at random.",
        ),
        "c": Option(
            "A filter of 31 symbols blurs the weights.",
            "The filters do not blur the weights. They give features to the score, and the focus rate in "
            "short texts is as high as before.",
        ),
        "d": Option(
            "The sum of all weights grows with the text and saturates the tanh.",
            "It grows with the filters of 7 symbols too, and these read the long texts.",
        ),
    },
    answer="b",
)
