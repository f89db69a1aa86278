"""Change one thing: how sure a model must be before it pauses."""

from deepsense_lib.exercises.engine import Choice, Option

EXERCISE = Choice(
    title="Bolder pauses",
    level=2,
    task="""
    In the section on pauses, the model pauses where its probability is above 0.5. Change one thing: 0.2
    instead of 0.5, and nothing is trained anew. Look at precision, recall and F1, and think of what a
    listener would hear. What happens, and why?
    """,
    options={
        "a": Option(
            "Precision and recall both rise, since more pauses are found.",
            "More are found, but some of them the speaker did not make. What does that do to precision?",
        ),
        "b": Option(
            "Recall cannot fall and precision usually falls: every old pause stays, and less certain ones "
            "join. One hears pauses inside phrases.",
            "Right. The predictions only grow, so recall cannot fall. Which threshold is best depends on "
            "what costs more: a missing pause, or one in the wrong place.",
        ),
        "c": Option(
            "Nothing: the weights are the same.",
            "The probabilities are the same. The decision that is made from them is not.",
        ),
        "d": Option(
            "Recall falls, since a lower threshold makes the model less sure.",
            "The model is as sure as before. Is any pause that was predicted with 0.5 lost with 0.2?",
        ),
    },
    answer="b",
)
