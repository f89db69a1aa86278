"""Change one thing: a little noise on the test pictures."""

from deepsense_lib.exercises.engine import Choice, Option

EXERCISE = Choice(
    title="A little noise",
    level=2,
    task="""
    Change one thing: add noise to the test pictures, so little that you hardly see it.

    ```python
    rng = np.random.default_rng(0)
    noisy = np.clip(np.rint(test.images + 4 * rng.normal(size=test.images.shape)), 0, 255).astype(np.uint8)
    for describe in (descriptors.lbp, descriptors.hog):
        fitted = linear_machine(describe(lesson.images), lesson.labels)
        for pictures in (test.images, noisy):
            print(describe.__name__, (fitted.predict(describe(pictures)) == test.labels).mean())
    ```

    One of the two descriptions loses much more than the other. Which, and why?
    """,
    options={
        "a": Option(
            "HOG, because gradients are differences, and differences make noise larger.",
            "Differences do make noise larger, but each cell adds up 64 of them weighted by length, and the "
            "real edges are far longer than noise. Look at the printed figures.",
        ),
        "b": Option(
            "LBP, because on even skin all neighbours are nearly equal, and the sign of a tiny difference "
            "is all that it keeps.",
            "Right. That it forgets by how much a neighbour is brighter makes it blind to light, and "
            "deaf to the difference of an edge and noise. HOG weighs each vote by the gradient's length.",
        ),
        "c": Option(
            "LBP, because it has more features, and more features always mean more noise.",
            "The number is not the reason: averaging over more features can even help. Ask what one pattern "
            "on smooth skin does when every grey value moves by one or two.",
        ),
        "d": Option(
            "Both alike: the machine was trained without noise, so any noise hurts it in the same way.",
            "Run the cell: one loses a few points and the other many. The description decides what noise "
            "does to it.",
        ),
    },
    answer="b",
)
