"""Source and filter: a buzz or a hiss, and resonators that shape it into speech sounds.

Signals are `(samples,)`, frequencies and bandwidths in hertz. A parameter of a filter may be one number, or
one number for each sample. Derived in the chapter "Speech before deep learning".
"""

import numpy as np


def tube_resonances(length: float, count: int, speed: float = 350.0) -> np.ndarray:
    """Return the resonances of a straight tube that is closed at one end, like a throat with open lips.

    length: metres; count: how many; speed of sound in m/s (350 in warm, moist air). Returns `(count,)`, Hz.
    Raises: ValueError if the length is not positive or the count is below 1.
    Source: Fant 1960, Acoustic Theory of Speech Production; any textbook of acoustics, quarter-wave
    resonator.
    Equation: eq-tube-resonances
    """
    if not length > 0 or count < 1:
        raise ValueError(f"length {length} m, count {count}; expected a positive length and at least 1")
    return (2 * np.arange(1, count + 1) - 1) * speed / (4 * length)


def resonator_coefficients(frequency, bandwidth, sample_rate: float) -> tuple:
    """Return A, B, C of the digital resonator y[n] = A x[n] + B y[n-1] + C y[n-2].

    frequency, bandwidth: Hz, numbers or arrays of one shape. At frequency 0 Hz the gain is 1.
    Raises: ValueError if a frequency is not between 0 and half the sample rate, or a bandwidth not positive.
    Source: Klatt 1980, J. Acoust. Soc. Am. 67(3), equation 2.
    Equation: eq-resonator-coefficients
    """
    frequency, bandwidth = np.asarray(frequency, float), np.asarray(bandwidth, float)
    if not (np.all(frequency >= 0) and np.all(frequency <= sample_rate / 2) and np.all(bandwidth > 0)):
        raise ValueError(
            f"frequency {frequency}, bandwidth {bandwidth}; expected 0 to {sample_rate / 2} Hz and a "
            "bandwidth above 0"
        )
    radius = np.exp(-np.pi * bandwidth / sample_rate)
    C = -(radius**2)
    B = 2 * radius * np.cos(2 * np.pi * frequency / sample_rate)
    return 1 - B - C, B, C


def resonate(x: np.ndarray, frequency, bandwidth, sample_rate: float) -> np.ndarray:
    """Return a signal after a resonator whose frequency and bandwidth may move from sample to sample.

    x: `(samples,)`; frequency, bandwidth: numbers or `(samples,)`, Hz. Returns `(samples,)`.
    Raises: ValueError as `resonator_coefficients`, or if the lengths differ.
    Source: Klatt 1980, J. Acoust. Soc. Am. 67(3), equation 1.
    Equation: eq-resonator
    """
    x = np.asarray(x, float)
    coefficients = resonator_coefficients(frequency, bandwidth, sample_rate)
    if any(np.ndim(c) and np.shape(c) != x.shape for c in coefficients):
        raise ValueError(
            f"a signal of shape {x.shape} and parameters of another length; expected equal lengths"
        )
    A, B, C = (np.broadcast_to(c, x.shape).tolist() for c in coefficients)
    y = [0.0, 0.0]  # two samples of silence before the first
    for n, value in enumerate(x.tolist()):
        y.append(A[n] * value + B[n] * y[-1] + C[n] * y[-2])
    return np.array(y[2:])


def resonator_response(at: np.ndarray, frequency: float, bandwidth: float, sample_rate: float) -> np.ndarray:
    """Return the gain of a resonator at some frequencies: how much louder a tone comes out.

    at: `(points,)`, Hz. Returns `(points,)`, magnitudes.
    Raises: ValueError as `resonator_coefficients`.
    Source: Klatt 1980, J. Acoust. Soc. Am. 67(3), the z-transform of equation 1.
    Equation: eq-resonator-response
    """
    A, B, C = resonator_coefficients(frequency, bandwidth, sample_rate)
    z = np.exp(-2j * np.pi * np.asarray(at, float) / sample_rate)
    return np.abs(A / (1 - B * z - C * z**2))


def glottal_flow(phase: np.ndarray, open_quotient: float = 0.6) -> np.ndarray:
    """Return the air flow through the glottis at points of its cycle: slow opening, abrupt closing, rest.

    phase: any numbers, whole numbers are the starts of cycles; open_quotient: the open share of a cycle.
    Returns the same shape, between 0 and 1.
    Raises: ValueError if the open quotient is not above 0 and at most 1.
    Source: the polynomial a t^2 - b t^3 of Klatt & Klatt 1990, J. Acoust. Soc. Am. 87(2), scaled to height 1.
    Equation: eq-glottal-flow
    """
    if not 0 < open_quotient <= 1:
        raise ValueError(f"open_quotient is {open_quotient}; expected above 0 and at most 1")
    share = (np.asarray(phase, float) % 1) / open_quotient
    return np.where(share < 1, 27 / 4 * share**2 * (1 - share), 0.0)


def voice_source(f0: np.ndarray, sample_rate: float, open_quotient: float = 0.6) -> np.ndarray:
    """Return the buzz of the voice: the change of the glottal flow from sample to sample, 0 where unvoiced.

    f0: `(samples,)`, Hz, 0 where unvoiced. Returns `(samples,)`; the phase is the running sum of f0.
    Raises: ValueError if a value is negative or not below half the sample rate.
    Source: the definition; the lips turn flow into its derivative (Klatt 1980, radiation characteristic).
    Equation: eq-voice-source
    """
    f0 = np.asarray(f0, float)
    if f0.ndim != 1 or not (np.all(f0 >= 0) and np.all(f0 < sample_rate / 2)):
        raise ValueError(f"f0 of shape {f0.shape}; expected (samples,), 0 to below {sample_rate / 2} Hz")
    phase = np.concatenate([[0.0], np.cumsum(f0) / sample_rate])
    change = np.diff(glottal_flow(phase, open_quotient))
    # A cycle of 1/f0 has an area of 0; scaled so that the pulse does not depend on the sample rate.
    return np.where(f0 > 0, change * sample_rate / np.maximum(f0, 1), 0.0)


def declination(position: np.ndarray, top: float, bottom: float) -> np.ndarray:
    """Return the falling base line of F0: equal steps in semitones over equal times.

    position: 0 at the start of the phrase, 1 at its end; top, bottom: Hz. Returns the shape of position, Hz.
    Raises: ValueError if top or bottom is not positive.
    Source: the definition; the fall is described by 't Hart, Collier & Cohen 1990, A Perceptual Study of
    Intonation, chapter 5.
    Equation: eq-declination
    """
    if not (top > 0 and bottom > 0):
        raise ValueError(f"top {top}, bottom {bottom}; expected positive frequencies in Hz")
    return top * (bottom / top) ** np.asarray(position, float)


def rule_duration(inherent, shortest, percent) -> np.ndarray:
    """Return a duration by rule: only what lies above the shortest possible one can be stretched or squeezed.

    inherent, shortest: seconds; percent: 100 is the inherent duration, rules multiply their percentages.
    Raises: ValueError if the shortest duration is negative or longer than the inherent one.
    Source: Klatt 1979, in Frontiers of Speech Communication Research, the duration rules of MITalk.
    Equation: eq-rule-duration
    """
    inherent, shortest = np.asarray(inherent, float), np.asarray(shortest, float)
    if not (np.all(shortest >= 0) and np.all(shortest <= inherent)):
        raise ValueError(f"inherent {inherent}, shortest {shortest}; expected 0 <= shortest <= inherent")
    return shortest + (inherent - shortest) * np.asarray(percent, float) / 100


def glide(times: np.ndarray, borders: np.ndarray, targets: np.ndarray, transition) -> np.ndarray:
    """Return a parameter that rests on each phone's target and glides to the next one around their border.

    times: `(points,)`, seconds; borders: `(phones - 1,)`, rising, seconds; targets: `(phones,)` or
    `(phones, width)`; transition: seconds that a glide takes, a number or `(phones - 1,)`.
    Returns `(points,)` or `(points, width)`.
    Raises: ValueError if the numbers of borders and targets disagree, or a transition is not positive.
    Source: the definition; half a cosine, as smooth as speech needs it.
    Equation: eq-target-glide
    """
    targets, borders = np.asarray(targets, float), np.asarray(borders, float)
    widths = np.broadcast_to(np.asarray(transition, float), borders.shape)
    if len(targets) != len(borders) + 1 or not np.all(widths > 0):
        raise ValueError(
            f"{len(targets)} targets and {len(borders)} borders, transitions {widths}; expected one target "
            "more than borders, and positive transitions"
        )
    place = np.clip((np.asarray(times)[:, None] - borders) / widths + 0.5, 0, 1)
    share = 0.5 - 0.5 * np.cos(np.pi * place)  # (points, borders): how much of each step is done
    return targets[0] + share @ np.diff(targets, axis=0)
