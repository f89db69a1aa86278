"""Count what is trained."""

from deepsense_lib.exercises.engine import Number, Wrong

EXERCISE = Number(
    title="How many numbers are trained?",
    level=1,
    task="""
    An autoencoder is put together as in E11: `x` has 100 numbers, `encoder = Dense(20)` is called on `x`,
    `z` is an `Input((20,))`, `decoder = Dense(100)` is called on `z`, and the model goes from `[x, z]` to the
    decoder's output. Every dense layer has a bias. How many numbers does the optimiser move?
    """,
    answer=2100,
    rtol=0,
    atol=0.5,
    feedback="20 times 100 weights and 100 biases of the decoder. The encoder's 2,020 are not in the model.",
    wrong=(
        Wrong(4120, "These are both layers. Which of them does the model reach from its output?"),
        Wrong(2000, "The decoder has biases as well."),
        Wrong(2020, "This is the encoder, the one that is left outside."),
    ),
    hint="Walk back from the output: which layers do you meet before you stand at an input?",
)
