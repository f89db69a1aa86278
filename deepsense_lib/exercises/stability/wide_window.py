"""Change one thing: the width of the window."""

from deepsense_lib.exercises.engine import Choice, Option

EXERCISE = Choice(
    title="A wider window",
    level=3,
    task="""
    A loop throws the attention back by eight symbols at every twentieth step. With the window 0 to 1 all hard
    sentences are read in order. Now change one thing: `Rules(window=(3, 3))`, a window that also lets the eye
    go back. Listen to one sentence of the chapter with both, and look at its alignment. Then every sentence
    fails again. Why?
    """,
    options={
        "a": Option(
            "The weights of a wider window are smaller.",
            "A softmax over more symbols may be flatter, but a flat weight reads no symbol twice. Look at "
            "the places, not at the brightness.",
        ),
        "b": Option(
            "The fault still pulls to the left, and now there are symbols on the left that may be read. The "
            "window moves with the focus, so it follows the fault.",
            "Right: the window is set around the last focus. Each throw costs up to three symbols, which are "
            "then read again. A window repairs only what it does not let through.",
        ),
        "c": Option(
            "The window is not centred on the true place.",
            "Neither is the window 0 to 1, and it repairs. Nobody knows the true place while "
            "the model speaks.",
        ),
        "d": Option(
            "The stop token is heard earlier.",
            "Some sentences do end elsewhere, but all of them are counted as repeated. Look for the "
            "moves back.",
        ),
    },
    answer="b",
)
