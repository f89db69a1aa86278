"""The distance of two frames in decibels."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays

RANDOM = np.random.default_rng(3)
C, D = RANDOM.normal(size=(2, 6, 13))


def cepstral_distance(c, d):
    """Return the mean mel-cepstral distortion of aligned frames in dB, loudness left out.

    c, d: (frames, 1 + coefficients), cepstra of natural-log spectra; column 0 is the loudness.
    """
    squares = ((c - d)[:, 1:] ** 2).sum(axis=1)
    return 10 / np.log(10) * np.sqrt(2 * squares).mean()


def _loud(candidate):
    louder = C.copy()
    louder[:, 0] += 3
    equal_arrays(1 + candidate(C, louder), 1.0, what="1 + the distance to the same frames, louder")


def _one(candidate):
    c, d = np.zeros((1, 3)), np.array([[0.0, 0.3, 0.4]])
    equal_arrays(candidate(c, d), 10 / np.log(10) * np.sqrt(2) * 0.5, what="the distance of one frame")


def _frames(candidate):
    c, d = np.zeros((2, 2)), np.array([[0.0, 1.0], [0.0, 0.0]])
    equal_arrays(candidate(c, d), 10 / np.log(10) * np.sqrt(2) / 2, what="the distance of two frames")


def _random(candidate):
    equal_arrays(candidate(C, D), cepstral_distance(C, D), what="the distance of six frames")
    equal_arrays(candidate(D, C), cepstral_distance(C, D), what="the same the other way round")


def with_loudness(c, d):
    """Loudness counts."""
    return 10 / np.log(10) * np.sqrt(2 * ((c - d) ** 2).sum(axis=1)).mean()


def no_logarithm(c, d):
    """In nepers, not in decibels."""
    return np.sqrt(2 * ((c - d)[:, 1:] ** 2).sum(axis=1)).mean()


def double_root(c, d):
    """A root of a root."""
    return 10 / np.log(10) * np.sqrt(np.sqrt(2 * ((c - d)[:, 1:] ** 2).sum(axis=1))).mean()


def root_of_mean(c, d):
    """The root over all frames together: large distances weigh more."""
    return 10 / np.log(10) * np.sqrt(2 * ((c - d)[:, 1:] ** 2).sum(axis=1).mean())


EXERCISE = Exercise(
    title="Decibels between two spectra",
    level=2,
    solution=cepstral_distance,
    stages=(
        Stage(_loud, "The first column is the loudness: leave it out."),
        Stage(
            _one, "The factor is 10 / ln 10, and there is one square root, over 2 times the sum of squares."
        ),
        Stage(_frames, "Take the root of each frame first, and the mean over the frames last."),
        Stage(_random, "Add over the coefficients of a frame, whatever their signs."),
    ),
    wrong=(
        Wrong(with_loudness, "leave it out"),
        Wrong(no_logarithm, "The factor is 10 / ln 10"),
        Wrong(double_root, "there is one square root"),
        Wrong(root_of_mean, "the mean over the frames last"),
    ),
)
