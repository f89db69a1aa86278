"""One step of Adam."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays, require


def adam_step(w, g, m, v, t, rate, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """Return (w, m, v) after one step of Adam.

    w, g, m, v: weights, gradient and the two running means before the step, one shape; t: 1 in the first
    step, 2 in the second, and so on.
    """
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    mean, square = m / (1 - beta1**t), v / (1 - beta2**t)
    return w - rate * mean / (np.sqrt(square) + epsilon), m, v


def _three(candidate, *arguments, **settings):
    found = candidate(*arguments, **settings)
    require(isinstance(found, tuple | list) and len(found) == 3, "expected three arrays: w, m and v")
    return found


def _memories(candidate):
    g, m, v = np.array([2.0, -4.0]), np.array([1.0, 0.0]), np.array([3.0, 1.0])
    _, new_m, new_v = _three(candidate, np.zeros(2), g, m, v, 5, 0.1)
    equal_arrays(new_m, 0.9 * m + 0.1 * g, what="m")
    equal_arrays(new_v, 0.999 * v + 0.001 * g**2, what="v")


def _first(candidate):
    w, g, nothing = np.array([1.0, 1.0, 1.0]), np.array([1e-3, 5.0, -70.0]), np.zeros(3)
    found, _, _ = _three(candidate, w, g, nothing, nothing, 1, 0.01)
    equal_arrays(found, [0.99, 0.99, 1.01], rtol=1e-5, what="the weights after the first step of 0.01")


def _many(candidate):
    random = np.random.default_rng(0)
    for settings in ({}, {"beta1": 0.5, "beta2": 0.9, "epsilon": 0.1}):
        mine = theirs = random.normal(size=(2, 3))
        memory = known = (np.zeros((2, 3)), np.zeros((2, 3)))
        for t in range(1, 8):
            g = random.normal(size=(2, 3)) * 10.0 ** random.integers(-3, 3)
            mine, *memory = _three(candidate, mine, g, *memory, t, 0.05, **settings)
            theirs, *known = adam_step(theirs, g, *known, t, 0.05, **settings)
            equal_arrays(mine, theirs, what=f"the weights after step {t}")


def uncorrected(w, g, m, v, t, rate, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """No bias correction."""
    m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
    return w - rate * m / (np.sqrt(v) + epsilon), m, v


def corrected_memory(w, g, m, v, t, rate, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """The corrected means are handed on, and corrected again in the next step."""
    m = (beta1 * m + (1 - beta1) * g) / (1 - beta1**t)
    v = (beta2 * v + (1 - beta2) * g**2) / (1 - beta2**t)
    return w - rate * m / (np.sqrt(v) + epsilon), m, v


def uphill(w, g, m, v, t, rate, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """The sign: the loss grows."""
    new, m, v = adam_step(w, g, m, v, t, rate, beta1, beta2, epsilon)
    return 2 * w - new, m, v


def square_forgotten(w, g, m, v, t, rate, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """v is the mean of g, not of its square."""
    m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * np.abs(g)
    return w - rate * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + epsilon), m, v


def epsilon_inside(w, g, m, v, t, rate, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """Epsilon under the root."""
    m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
    return w - rate * (m / (1 - beta1**t)) / np.sqrt(v / (1 - beta2**t) + epsilon), m, v


def fixed_settings(w, g, m, v, t, rate, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """The settings are ignored."""
    return adam_step(w, g, m, v, t, rate)


EXERCISE = Exercise(
    title="One step of Adam",
    level=2,
    task="""
    Write Adam as the chapter gives it, with epsilon behind the root. The memories that you return are the
    uncorrected ones: they are needed in the next step.
    """,
    solution=adam_step,
    stages=(
        Stage(_memories, "m and v are running means of g and of its square, and are returned uncorrected."),
        Stage(
            _first,
            "In step 1 the corrected means are g and its square: each weight moves by the rate, downhill.",
        ),
        Stage(_many, "Epsilon stands behind the root, and the betas and epsilon are those that are given."),
    ),
    wrong=(
        Wrong(square_forgotten, "running means of g and of its square"),
        Wrong(corrected_memory, "returned uncorrected"),
        Wrong(uncorrected, "each weight moves by the rate"),
        Wrong(uphill, "downhill"),
        Wrong(epsilon_inside, "each weight moves by the rate"),
        Wrong(fixed_settings, "those that are given"),
    ),
)
