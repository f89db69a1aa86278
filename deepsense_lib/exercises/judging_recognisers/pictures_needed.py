"""How many pictures does a digit cost?"""

from deepsense_lib.exercises.engine import Number, Wrong

EXERCISE = Number(
    title="What a digit costs",
    level=2,
    task="""
    A classifier is right in about 85 of 100 cases. You want a 95 % interval of plus or minus 2 points. About
    how many test pictures do you need? Use the simple half width $1.96 \\sqrt{p (1 - p) / n}$, which is near
    enough here.
    """,
    answer=1224.5,
    unit="pictures",
    rtol=0.02,
    feedback="1.96² · 0.85 · 0.15 / 0.02², about 1,225. For plus or minus 1 point it is four times as many.",
    wrong=(
        Wrong(306.1, "That is for plus or minus 4 points: 2 points on each side, not in all."),
        Wrong(2401, "You took a share of one half. At 0.85 the variance 0.85 · 0.15 is smaller."),
        Wrong(61.2, "Square the half width too: n stands below a root."),
        Wrong(318.75, "You left out the 1.96: that is an interval of one standard deviation."),
    ),
    hint="Set the half width to 0.02 and solve for n.",
)
