"""Predict the error."""

from deepsense_lib.exercises.engine import Choice, Option

EXERCISE = Choice(
    title="Predict the error",
    level=2,
    task="""
    Do not run this before you have chosen.

    ```python
    x, z = layers.Input((12,)), layers.Input((12,))
    code = layers.Dense(12)(x)
    model = keras.Model([x, z], layers.Dense(12)(z))
    model.compile(keras.optimizers.Adam(0.02), "mse")
    rows = np.random.default_rng(0).normal(size=(64, 12))
    model.fit([rows, rows], rows, epochs=300, verbose=0)
    ```

    It is E11 with one change: the code is as wide as the input. What happens?
    """,
    options={
        "a": Option(
            "`ValueError`: input 1 has the wrong shape, as in E11.",
            "There the code had another width than the frames. Here both inputs take 12 numbers; 12 come.",
        ),
        "b": Option(
            "`ValueError`: the graph is not connected, since nobody uses `code`.",
            "Keras complains about an output that hangs on nothing. An input that leads nowhere is accepted.",
        ),
        "c": Option(
            "No error, and the loss falls to nearly 0: the decoder alone copies its input, the encoder is "
            "dead.",
            "Right. This is the worst kind: it builds, runs and learns. `dead_parameters` and "
            "`ignored_inputs` find it.",
        ),
        "d": Option(
            "No error, but the loss does not fall, since the encoder is not trained.",
            "The decoder is given the rows themselves and may copy them. Nothing needs the encoder.",
        ),
    },
    answer="c",
)
