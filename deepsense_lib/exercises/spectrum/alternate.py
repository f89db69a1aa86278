"""Griffin-Lim, from the two projections."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays, require
from deepsense_lib.formulas.spectrum import hann, inverse_stft, stft


def alternate(magnitude, start, to_samples, to_spectrum, iterations):
    """Return samples whose spectrum comes near the magnitude, by plain Griffin-Lim.

    magnitude: (frames, bins); start: (frames, bins), phases in radians to begin with.
    to_samples(spectrum) and to_spectrum(samples) are the inverse STFT and the STFT; one iteration uses each
    once.
    After the last iteration the magnitude is put in once more. Returns (samples,).
    """
    spectrum = magnitude * np.exp(1j * start)
    for _ in range(iterations):
        consistent = to_spectrum(to_samples(spectrum))
        spectrum = magnitude * np.exp(1j * np.angle(consistent))
    return to_samples(spectrum)


def _case(seed, size=16, hop=4, samples=48):
    rng = np.random.default_rng(seed)
    window = hann(size)

    def to_spectrum(x):
        return stft(x, window, hop, padding="constant")

    def to_samples(spectrum):
        return inverse_stft(spectrum, window, hop, size, samples)

    magnitude = np.abs(to_spectrum(rng.normal(size=samples)))
    return magnitude, rng.uniform(-3, 3, magnitude.shape), to_samples, to_spectrum


def _none(candidate):
    magnitude, start, to_samples, to_spectrum = _case(0)
    expected = to_samples(magnitude * np.exp(1j * start))
    equal_arrays(
        candidate(magnitude, start, to_samples, to_spectrum, 0), expected, what="no iteration at all"
    )


def _one(candidate):
    magnitude, start, to_samples, to_spectrum = _case(1, 12, 3, 30)
    consistent = to_spectrum(to_samples(magnitude * np.exp(1j * start)))
    expected = to_samples(magnitude * np.exp(1j * np.angle(consistent)))
    equal_arrays(candidate(magnitude, start, to_samples, to_spectrum, 1), expected, what="one iteration")


def _many(candidate):
    for seed, iterations in [(2, 2), (3, 7), (4, 25)]:
        magnitude, start, to_samples, to_spectrum = _case(seed)
        errors = []
        for n in (0, 1, iterations):
            x = candidate(magnitude, start, to_samples, to_spectrum, n)
            errors.append(np.linalg.norm(np.abs(to_spectrum(x)) - magnitude))
        require(
            errors[2] < errors[1] < errors[0],
            f"after 0, 1 and {iterations} iterations the distance is "
            f"{errors[0]:.3g}, {errors[1]:.3g} and {errors[2]:.3g}",
        )
        expected = alternate(magnitude, start, to_samples, to_spectrum, iterations)
        equal_arrays(x, expected, what=f"{iterations} iterations", rtol=1e-5)


def magnitude_left_out(magnitude, start, to_samples, to_spectrum, iterations):
    """The result of the STFT is used as it is, so nothing changes after the first time."""
    spectrum = magnitude * np.exp(1j * start)
    for _ in range(iterations):
        spectrum = to_spectrum(to_samples(spectrum))
    return to_samples(spectrum)


def always_from_the_start(magnitude, start, to_samples, to_spectrum, iterations):
    """Each iteration begins anew."""
    spectrum = magnitude * np.exp(1j * start)
    for _ in range(iterations):
        consistent = to_spectrum(to_samples(magnitude * np.exp(1j * start)))
        spectrum = magnitude * np.exp(1j * np.angle(consistent))
    return to_samples(spectrum)


def one_too_few(magnitude, start, to_samples, to_spectrum, iterations):
    """A loop that begins at 1."""
    spectrum = magnitude * np.exp(1j * start)
    for _ in range(1, iterations):
        spectrum = magnitude * np.exp(1j * np.angle(to_spectrum(to_samples(spectrum))))
    return to_samples(spectrum)


def start_ignored(magnitude, start, to_samples, to_spectrum, iterations):
    """Begins from phase 0, whatever is given."""
    spectrum = magnitude.astype(complex)
    for _ in range(iterations):
        spectrum = magnitude * np.exp(1j * np.angle(to_spectrum(to_samples(spectrum))))
    return to_samples(spectrum)


EXERCISE = Exercise(
    title="Griffin-Lim in five lines",
    level=3,
    task="""
    Put the chapter together: begin with the given phases, then go to samples and back, and give the result
    its wanted magnitude again; and so on.
    """,
    solution=alternate,
    stages=(
        Stage(
            _none,
            "Begin with `magnitude * np.exp(1j * start)`; without iterations this goes to samples at once.",
        ),
        Stage(
            _one,
            "An iteration goes to samples and back once, then keeps the new phase and puts in the wanted "
            "magnitude again.",
        ),
        Stage(_many, "Every iteration must start from the result of the one before, and come nearer."),
    ),
    wrong=(
        Wrong(start_ignored, "Begin with"),
        Wrong(magnitude_left_out, "puts in the wanted"),
        Wrong(one_too_few, "to samples and back once"),
        Wrong(always_from_the_start, "from the result of the one before"),
    ),
)
