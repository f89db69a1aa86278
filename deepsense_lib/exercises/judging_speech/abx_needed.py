"""How many of twelve?"""

from deepsense_lib.exercises.engine import Number, Wrong

EXERCISE = Number(
    title="How many of twelve?",
    level=2,
    task="""
    In an ABX test of 12 trials, how many must be right at least, so that guessing does as well or better with
    a probability below 5 %? (The sums of the last binomial coefficients of 12 are 1, 13, 79, 299, and
    $2^{12} = 4096$.)
    """,
    answer=10,
    rtol=0.0,
    feedback="79 of 4096 is 1.9 %. With 9 right it would be 299 of 4096, 7.3 %.",
    wrong=(
        Wrong(9, "299 of 4096 is 7.3 %: guessing does so too often."),
        Wrong(11, "That is enough, but not the least: look at the sum for 10 or more."),
        Wrong(12, "That is enough, but not the least: look at the sums for 11 and for 10."),
        Wrong(7, "More than half is what guessing gives in four of ten tests."),
    ),
    hint="Divide the sums by 4096, from the last one on, and see which is the last below 0.05.",
)
