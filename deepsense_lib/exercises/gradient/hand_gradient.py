"""Back-propagation with a pencil."""

from deepsense_lib.exercises.engine import Number, Wrong

EXERCISE = Number(
    title="One gradient with a pencil",
    level=1,
    task="""
    The network of "With a pencil", with other numbers: one input x = 2; two ReLU units with the weights 1 and
    -1 and the biases 1 and 0; an output that adds 3 times the first unit and 5 times the second; a target of
    10. The loss is the squared error. What is the gradient with respect to the *first weight of the first
    layer*, the one that is 1?
    """,
    answer=-12.0,
    feedback=(
        "The units are 3 and 0 (the second is off), the answer is 9, prediction minus target is -1, twice "
        "that is -2. Through the weight 3 comes -6, times the input 2 makes -12."
    ),
    wrong=(
        Wrong(12.0, "The size is right. Prediction minus target: 9 - 10 is negative."),
        Wrong(-6.0, "Either the 2 of the squared error is missing, or the input 2 at the end."),
        Wrong(
            -18.0, "You multiplied by the unit, 3. A weight of the first layer is multiplied by its input."
        ),
        Wrong(-20.0, "That way leads through the second unit, which is off: ReLU passes nothing back there."),
        Wrong(-4.0, "The way back leads through the weight 3 of the second layer."),
    ),
    hint="Forward: both units, the answer. Then back: 2 times (answer - target), times 3, times the input.",
)
