"""Find the dead parameters."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, require


def dead_names(loss, parameters):
    """Return the sorted names of the parameters that the loss does not depend on.

    loss: takes a dictionary of arrays and gives a number; parameters: such a dictionary, name -> array.
    Change the arrays as you like, but work on copies.
    """
    rng = np.random.default_rng(0)
    around = [
        {name: array + rng.normal(size=array.shape) for name, array in parameters.items()} for _ in range(4)
    ]
    dead = []
    for name, array in parameters.items():
        alive = False
        for others in [parameters, *around]:
            before = loss(others)
            for place in np.ndindex(array.shape):
                changed = np.array(others[name], float)
                changed[place] += 0.37
                alive = alive or loss({**others, name: changed}) != before
        if not alive:
            dead.append(name)
    return sorted(dead)


def _loss(p):
    return float(np.sum((p["w"] @ np.array([1.0, 2.0]) + p["b"]) ** 2))


def _plain(candidate):
    p = {"zeros": np.zeros(2), "w": np.ones((2, 2)), "b": np.zeros(2), "idle": np.ones(3)}
    found = list(candidate(_loss, p))
    require(found != ["zeros", "idle"], f"you found the right names, but not sorted: {found}")
    require(found == ["idle", "zeros"], f"with w, b, idle and zeros you found {found}")


def _last_entry(candidate):
    p = {"a": np.array([1.0, 2.0, 3.0]), "b": np.array([2.0])}
    found = list(candidate(lambda q: float(q["a"][2] * 2), p))
    require(found == ["b"], f"of `a` only the last entry is used; you found {found}")


def _even(candidate):
    p = {"a": np.array([0.0]), "b": np.array([1.0])}
    found = list(candidate(lambda q: float(q["a"][0] ** 2 + 0 * q["b"][0]), p))
    require(found == ["b"], f"for the loss a * a at a = 0 you found {found}")


def _gated(candidate):
    p = {"gate": np.array([0.0]), "inner": np.array([1.5, -1.0])}
    found = list(candidate(lambda q: float(q["gate"][0] * q["inner"].sum()), p))
    require(found == [], f"for the loss gate * inner at gate = 0 you found {found}")


def _symmetric(loss, parameters, keep):
    dead = []
    for name, array in parameters.items():
        slopes = []
        for place in list(np.ndindex(array.shape))[:keep]:
            up, down = (np.array(array, float) for _ in range(2))
            up[place] += 1e-5
            down[place] -= 1e-5
            slopes.append(loss({**parameters, name: up}) - loss({**parameters, name: down}))
        if not np.any(slopes):
            dead.append(name)
    return sorted(dead)


def first_entry_only(loss, parameters):
    """Looks at one number of each array."""
    return _symmetric(loss, parameters, 1)


def gradient_here(loss, parameters):
    """Central differences at the present point: a slope of 0 need not be death."""
    return _symmetric(loss, parameters, None)


def never_moved(loss, parameters):
    """Takes zeros for dead."""
    return sorted(name for name, array in parameters.items() if not np.any(array))


def one_at_a_time(loss, parameters):
    """Large nudges, but the other parameters stay where they are: a closed gate hides what is behind."""
    before, dead = loss(parameters), []
    for name, array in parameters.items():
        moved = []
        for place in np.ndindex(array.shape):
            changed = np.array(array, float)
            changed[place] += 0.37
            moved.append(loss({**parameters, name: changed}) != before)
        if not any(moved):
            dead.append(name)
    return sorted(dead)


EXERCISE = Exercise(
    title="Find the dead parameters",
    level=3,
    solution=dead_names,
    stages=(
        Stage(
            _plain,
            "A parameter may be 0 and alive, or 1 and dead. Change it, and see if the loss moves.",
        ),
        Stage(
            _last_entry, "An array is alive if any of its numbers is: try all places, not the first alone."
        ),
        Stage(
            _even,
            "A slope of 0 is not death: at the bottom of a * a both sides are alike. Take a larger step.",
        ),
        Stage(
            _gated, "Behind a gate that is 0, nothing moves. Move the other parameters as well, at random."
        ),
    ),
    wrong=(
        Wrong(never_moved, "may be 0 and alive"),
        Wrong(first_entry_only, "not the first alone"),
        Wrong(gradient_here, "is not death"),
        Wrong(one_at_a_time, "Behind a gate"),
    ),
    explanation="""
    The last step is what `dead_parameters(..., after=2)` does by training a little first. It is why a check
    that looks only at the start rejects a right model whose last layer begins at zero.
    """,
)
