"""A test part without acquaintances."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, as_array, equal_arrays, require


def split_by_person(person, share, seed):
    """Choose the test pictures so that no person is on both sides.

    person: (n,), who is on each picture, in any order; share: of the persons, 0 to 1; seed: a whole number.
    Returns (n,) True for test pictures. round(share * number of persons) persons, at random, are the test.
    """
    everyone = np.random.default_rng(seed).permutation(np.unique(person))
    return np.isin(person, everyone[: round(share * len(everyone))])


def _sets():
    rng = np.random.default_rng(0)
    yield np.repeat(np.arange(20), 7), 0.25
    yield rng.permutation(np.repeat(np.arange(100, 112), 5)), 0.5
    yield np.repeat(np.arange(10), np.arange(1, 11)), 0.3


def _mask(candidate, person, share, seed):
    test = as_array(candidate(person, share, seed), "the mask")
    equal_arrays(test.shape, person.shape, what="the shape of the mask")
    require(test.dtype == bool, f"the mask holds {test.dtype}, expected True and False")
    return test


def _apart(candidate):
    for person, share in _sets():
        for seed in range(3):
            test = _mask(candidate, person, share, seed)
            both = np.intersect1d(person[test], person[~test])
            require(both.size == 0, f"{both.size} persons are on both sides")


def _count(candidate):
    for person, share in _sets():
        test = _mask(candidate, person, share, 0)
        found, wanted = len(np.unique(person[test])), round(share * len(np.unique(person)))
        require(found == wanted, f"found {found} persons in the test part, expected {wanted}")


def _random(candidate):
    for person, share in _sets():
        masks = {_mask(candidate, person, share, seed).tobytes() for seed in range(12)}
        require(len(masks) > 4, f"twelve seeds gave {len(masks)} different splits")
        same = _mask(candidate, person, share, 5), _mask(candidate, person, share, 5)
        require(np.array_equal(*same), "the same seed gave two different splits")


def by_picture(person, share, seed):
    """Pictures are drawn, not persons."""
    return np.random.default_rng(seed).permutation(len(person)) < round(share * len(person))


def first_rows(person, share, seed):
    """The first pictures, whoever is on them."""
    return np.arange(len(person)) < round(share * len(person))


def first_persons(person, share, seed):
    """Always the same persons, whatever the seed."""
    everyone = np.unique(person)
    return np.isin(person, everyone[: round(share * len(everyone))])


def share_of_pictures(person, share, seed):
    """The share is counted in pictures, so too many persons are drawn."""
    everyone = np.random.default_rng(seed).permutation(np.unique(person))
    return np.isin(person, everyone[: round(share * len(person))])


def training_marked(person, share, seed):
    """The training part is marked instead of the test part."""
    return ~split_by_person(person, share, seed)


EXERCISE = Exercise(
    title="Strangers only",
    level=2,
    task="""
    The remedy for the worst failure of this chapter. Persons may have different numbers of pictures.
    """,
    solution=split_by_person,
    stages=(
        Stage(_apart, "Draw persons (`np.unique`), then mark every picture of theirs; never draw pictures."),
        Stage(_count, "The share counts persons: mark as test those round(share * number of persons)."),
        Stage(_random, "Which persons are tested must depend on the seed, and on nothing else."),
    ),
    wrong=(
        Wrong(by_picture, "Draw persons"),
        Wrong(first_rows, "Draw persons"),
        Wrong(share_of_pictures, "The share counts persons"),
        Wrong(training_marked, "mark as test"),
        Wrong(first_persons, "depend on the seed"),
    ),
)
