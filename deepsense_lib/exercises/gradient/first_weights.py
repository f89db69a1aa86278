"""Draw the first weights of a layer."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, as_array, require


def first_weights(outputs, inputs, random):
    """Draw the first weights of a layer that is followed by ReLU, so that sizes stay from layer to layer.

    outputs, inputs: widths; random: a NumPy generator, the only source of chance. Returns (outputs, inputs).
    """
    return random.normal(0, np.sqrt(2 / inputs), (outputs, inputs))


def _drawn(candidate, outputs, inputs, seed=0):
    found = as_array(candidate(outputs, inputs, np.random.default_rng(seed)), "the weights")
    require(found.shape == (outputs, inputs), f"the shape is {found.shape}, expected ({outputs}, {inputs})")
    return found


def _shape(candidate):
    for outputs, inputs in ((3, 5), (1, 4), (6, 2)):
        _drawn(candidate, outputs, inputs)


def _chance(candidate):
    one, other = (_drawn(candidate, 20, 30, seed) for seed in (1, 2))
    require(not np.allclose(one, other), "two generators gave the same weights")
    require(np.array_equal(one, _drawn(candidate, 20, 30, 1)), "the same generator gave other weights")
    require(len(np.unique(one)) > 500, "many weights are equal, so their units would learn the same")


def _mean(candidate):
    found = _drawn(candidate, 400, 300, 3)
    require(abs(found.mean()) < 0.1 * found.std(), f"the mean is {found.mean():.3f}")


def _spread(candidate):
    for outputs, inputs in ((300, 600), (600, 300)):
        variance = _drawn(candidate, outputs, inputs, 4).var()
        require(
            abs(variance * inputs / 2 - 1) < 0.05,
            f"for {inputs} inputs the variance is {variance:.5f}, expected about {2 / inputs:.5f}",
        )


def turned(outputs, inputs, random):
    """The axes are swapped."""
    return random.normal(0, np.sqrt(2 / inputs), (inputs, outputs))


def equal(outputs, inputs, random):
    """All weights alike: every unit learns the same."""
    return np.full((outputs, inputs), np.sqrt(2 / inputs))


def positive(outputs, inputs, random):
    """Uniform from 0: the mean is not 0."""
    return random.uniform(0, np.sqrt(6 / inputs), (outputs, inputs))


def variance_as_deviation(outputs, inputs, random):
    """NumPy takes the deviation, not the variance."""
    return random.normal(0, 2 / inputs, (outputs, inputs))


def lecun(outputs, inputs, random):
    """The half that ReLU throws away is forgotten."""
    return random.normal(0, np.sqrt(1 / inputs), (outputs, inputs))


def glorot(outputs, inputs, random):
    """The middle of forward and backward."""
    return random.normal(0, np.sqrt(2 / (inputs + outputs)), (outputs, inputs))


EXERCISE = Exercise(
    title="The first weights of a ReLU layer",
    level=1,
    task="""
    Which variance does the derivation ask for in front of a ReLU? Mind what NumPy's `normal` takes. Any
    distribution with mean 0 will do.
    """,
    solution=first_weights,
    stages=(
        Stage(_shape, "A row for each output, a column for each input."),
        Stage(_chance, "Draw every weight by itself, from the generator that is given."),
        Stage(_mean, "The derivation took weights with mean 0, else the sums grow by themselves."),
        Stage(
            _spread, "The variance is 2 over the number of inputs, and `normal` takes the square root of it."
        ),
    ),
    wrong=(
        Wrong(turned, "A row for each output"),
        Wrong(equal, "Draw every weight by itself"),
        Wrong(positive, "weights with mean 0"),
        Wrong(variance_as_deviation, "takes the square root of it"),
        Wrong(lecun, "2 over the number of inputs"),
        Wrong(glorot, "2 over the number of inputs"),
    ),
)
