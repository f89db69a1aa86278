"""The best of twenty."""

from deepsense_lib.exercises.engine import Choice, Option

EXERCISE = Choice(
    title="The best of twenty",
    level=1,
    task="""
    In the section on choosing, change `candidates` from 50 to 500, and then to 1. Watch the best accuracy on
    the test pictures, and the accuracy of the same one on fresh pictures. Which sentence is true?
    """,
    options={
        "a": Option(
            "Both rise with the number of candidates.",
            "Look again: only the first rises. The candidates toss dice, so none is better than another.",
        ),
        "b": Option(
            "The first rises, the second stays at one in seven.",
            "Yes. The largest of many lucky figures grows with their number. On fresh pictures luck is gone.",
        ),
        "c": Option(
            "The first rises, the second falls, because it learned the test pictures by heart.",
            "Nothing was learned here. The second does not fall, it was never higher: one in seven.",
        ),
        "d": Option(
            "With one candidate the first is also too high.",
            "With one there is no choice, so no luck is picked. It lies below a seventh as often as above.",
        ),
    },
    answer="b",
)
