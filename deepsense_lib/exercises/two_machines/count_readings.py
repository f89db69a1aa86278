"""How many readings a text has."""

from deepsense_lib.exercises.engine import Number, Wrong

EXERCISE = Number(
    title="Count the readings",
    level=1,
    task="""
    *They refuse to record the object.* Three of these words are homographs: *refuse*, *record* and
    *object* can each be said in two ways. A machine that knows nothing of grammar has to choose. Among
    how many ways to say the sentence?
    """,
    answer=8,
    rtol=0.0,
    feedback="right: 2 · 2 · 2 = 8. Only one of them is right, and grammar tells which: two verbs and a "
    "noun.",
    wrong=(
        Wrong(6, "you added. Each way to say the first word goes with each way to say the second."),
        Wrong(3, "that is the number of words with two ways. Each of them doubles the number of sentences."),
        Wrong(9, "3 words with 2 ways each: 2 to the power of 3, not 3 to the power of 2."),
        Wrong(2, "two ways for one word. The other two words are free to choose as well."),
        Wrong(4, "that is two words. There is a third one."),
        Wrong(1, "one is right, but the machine does not know which. How many are there to choose among?"),
    ),
    hint="start with one word, which has 2 ways. Each further word doubles the number.",
)
