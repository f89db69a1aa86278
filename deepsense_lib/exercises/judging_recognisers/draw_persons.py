"""Draw persons, not pictures."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays, require

PERSONS = np.array([4, 4, 4, 9, 9, 2, 7, 7, 7, 7])


def draw_persons(persons, random):
    """Return row numbers of a bootstrap sample in which each drawn person brings all of their pictures.

    persons: (n,), the person of each row; random: a NumPy generator. As many persons are drawn, with
    replacement, as there are. A person drawn twice brings each row twice.
    """
    known = np.unique(persons)
    drawn = random.choice(known, size=len(known))
    return np.concatenate([np.flatnonzero(persons == person) for person in drawn])


def _samples(candidate):
    return [np.asarray(candidate(PERSONS, np.random.default_rng(seed))) for seed in range(60)]


def _rows(candidate):
    for rows in _samples(candidate):
        require(rows.ndim == 1 and rows.dtype.kind in "iu", "expected a row of whole numbers")
        require(rows.min() >= 0 and rows.max() < 10, "expected row numbers from 0 to 9")


def _whole(candidate):
    for rows in _samples(candidate):
        counts = np.bincount(rows, minlength=10)
        for person in np.unique(PERSONS):
            require(len(set(counts[person == PERSONS])) == 1, "a person came with a part of their pictures")


def _number(candidate):
    for rows in _samples(candidate):
        counts = np.bincount(rows, minlength=10)
        persons = sum(counts[np.flatnonzero(person == PERSONS)[0]] for person in (2, 4, 7, 9))
        equal_arrays(persons, 4, what="the number of persons in a sample, counted with repetitions")


def _random(candidate):
    samples = {tuple(np.sort(rows)) for rows in _samples(candidate)}
    require(len(samples) > 15, f"60 generators gave {len(samples)} different samples")
    drawn = np.mean([np.bincount(rows, minlength=10)[[5, 0, 6, 3]] for rows in _samples(candidate)], axis=0)
    require(np.abs(drawn - 1).max() < 0.45, "some persons are drawn more often than others")


def pictures(persons, random):
    """Single pictures are drawn."""
    return random.integers(len(persons), size=len(persons))


def once(persons, random):
    """Without replacement: every sample is the whole set."""
    known = random.permutation(np.unique(persons))
    return np.concatenate([np.flatnonzero(persons == person) for person in known])


def weighted(persons, random):
    """A person with many pictures is drawn more often."""
    drawn = random.choice(persons, size=len(np.unique(persons)))
    return np.concatenate([np.flatnonzero(persons == person) for person in drawn])


def set_of(persons, random):
    """A person drawn twice counts once."""
    drawn = random.choice(np.unique(persons), size=len(np.unique(persons)))
    return np.flatnonzero(np.isin(persons, drawn))


def masks(persons, random):
    """A mask instead of row numbers."""
    drawn = random.choice(np.unique(persons), size=len(np.unique(persons)))
    return np.isin(persons, drawn)


EXERCISE = Exercise(
    title="Draw persons, not pictures",
    level=3,
    solution=draw_persons,
    stages=(
        Stage(_rows, "Return numbers of rows, so that a row can occur more than once."),
        Stage(_whole, "Draw persons, then take all rows of each drawn person."),
        Stage(_number, "Draw as many persons as there are; one drawn twice brings the rows twice."),
        Stage(_random, "With replacement, and each person with the same chance."),
    ),
    wrong=(
        Wrong(masks, "numbers of rows"),
        Wrong(pictures, "all rows of each drawn person"),
        Wrong(set_of, "brings the rows twice"),
        Wrong(once, "With replacement"),
        Wrong(weighted, "the same chance"),
    ),
)
