"""Change one thing: the bias of the forget gate."""

from deepsense_lib.exercises.engine import Choice, Option

EXERCISE = Choice(
    title="A memory that leaks",
    level=3,
    task="""
    In the section "The gate that remembers" a cell keeps what was written with a forget gate of
    sigmoid(1). Set the bias to 0 there, and then to 3. How many steps pass until half of the cell is lost,
    and why do we start training with a bias of 1 rather than 0?
    """,
    options={
        "a": Option(
            "One step for 0, two to three for 1, about fourteen for 3. A new net should remember first: what "
            "it has forgotten, no gradient can reach.",
            "Right. The cell shrinks by sigmoid(bias) at each step: 0.5, 0.73, 0.95. The gradient shrinks by "
            "the same factor, so a net that forgets at once cannot learn what it should have kept.",
        ),
        "b": Option(
            "Always the same number of steps: the bias only moves the output.",
            "The bias stands inside the sigmoid of the forget gate, which multiplies the cell at every step. "
            "Compute sigmoid(0), sigmoid(1), sigmoid(3).",
        ),
        "c": Option(
            "Fourteen for 0, two to three for 1, one for 3: a larger bias forgets more.",
            "The forget gate says how much is kept, in spite of its name: at 1 nothing is forgotten.",
        ),
        "d": Option(
            "It does not matter: with a bias of 0 the gate is 0 and the cell is empty at once.",
            "The sigmoid of 0 is one half, not 0. Half of the cell survives a step.",
        ),
    },
    answer="a",
)
