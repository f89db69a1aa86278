"""The largest rate for a bowl."""

from deepsense_lib.exercises.engine import Number, Wrong

EXERCISE = Number(
    title="How fast may it go?",
    level=2,
    task="""
    The loss is L(u, w) = 3 u² + 3 w² + 2 u w. Above which learning rate does gradient descent diverge for
    almost every start? (Second derivatives first, then an eigenvalue of a matrix of 2 x 2.)
    """,
    answer=0.25,
    feedback="The second derivatives are (6, 2; 2, 6), the eigenvalues 8 and 4, so the limit is 2 / 8.",
    wrong=(
        Wrong(0.5, "That is the limit of the flattest direction, 2 / 4. The steepest one sets the limit."),
        Wrong(1 / 3, "The mixed term counts too: the steepest direction lies between the axes."),
        Wrong(
            0.125, "1 / lambda is the best rate for that direction. It still converges up to twice as much."
        ),
        Wrong(2 / 7, "The second derivative of 2uw with respect to u and w is 2, not 1."),
    ),
    hint="The second derivatives: 6 and 6 on the diagonal, 2 beside it. Then 2 / (largest eigenvalue).",
)
