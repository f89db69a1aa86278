"""Sources and resonators, compared with SciPy's filters and with what their spectra show."""

import numpy as np
import pytest
import scipy.signal

from deepsense_lib.formulas import source_filter as formulas

RATE = 16_000
RESONATORS = [(500, 60), (1500, 90), (2500, 150), (270, 40), (7000, 300)]


@pytest.mark.proves("eq-tube-resonances")
@pytest.mark.parametrize("length", [0.10, 0.145, 0.175])
def test_tube_resonances_are_those_of_a_chain_of_mirrors(length):
    # Independent: a pulse runs to the open end, comes back with its sign turned, and is sent out again.
    found = formulas.tube_resonances(length, 4)
    trip = 2 * length / 350
    pulses = (-1.0) ** np.arange(400)
    at = np.arange(20, 5000, 1.0)
    gain = np.abs(
        np.exp(-2j * np.pi * np.outer(at, np.arange(400) * trip)) @ (pulses * 0.98 ** np.arange(400))
    )
    peaks = at[scipy.signal.find_peaks(gain, height=20)[0]][:4]
    np.testing.assert_allclose(found[: len(peaks)], peaks, atol=2)
    assert len(peaks) >= 3


def test_a_longer_tube_is_lower_and_17_5_cm_give_500_hz():
    np.testing.assert_allclose(formulas.tube_resonances(0.175, 3), [500, 1500, 2500])
    with pytest.raises(ValueError, match="length"):
        formulas.tube_resonances(0, 3)


@pytest.mark.proves("eq-resonator-coefficients")
@pytest.mark.parametrize(("frequency", "bandwidth"), RESONATORS)
def test_coefficients_are_those_of_a_pair_of_poles(frequency, bandwidth):
    A, B, C = formulas.resonator_coefficients(frequency, bandwidth, RATE)
    pole = np.exp((-np.pi * bandwidth + 2j * np.pi * frequency) / RATE)
    np.testing.assert_allclose([1, -B, -C], np.poly([pole, pole.conjugate()]).real, rtol=1e-12)
    assert np.isclose(A, 1 - B - C)  # gain 1 at 0 Hz


@pytest.mark.parametrize("bad", [(-1, 50), (9000, 50), (500, 0), (500, -3)])
def test_resonators_that_cannot_be_are_refused(bad):
    with pytest.raises(ValueError, match="bandwidth"):
        formulas.resonator_coefficients(*bad, RATE)


@pytest.mark.proves("eq-resonator")
@pytest.mark.parametrize(("frequency", "bandwidth"), RESONATORS)
def test_resonate_is_scipys_filter(frequency, bandwidth):
    x = np.random.default_rng(frequency).normal(size=700)
    A, B, C = formulas.resonator_coefficients(frequency, bandwidth, RATE)
    expected = scipy.signal.lfilter([A], [1, -B, -C], x)
    np.testing.assert_allclose(
        formulas.resonate(x, frequency, bandwidth, RATE), expected, rtol=1e-10, atol=1e-12
    )


def test_moving_parameters_that_stand_still_change_nothing():
    x = np.random.default_rng(0).normal(size=300)
    moving = formulas.resonate(x, np.full(300, 700.0), np.full(300, 80.0), RATE)
    np.testing.assert_array_equal(moving, formulas.resonate(x, 700, 80, RATE))
    with pytest.raises(ValueError, match="equal lengths"):
        formulas.resonate(x, np.full(299, 700.0), 80, RATE)


def test_a_resonator_is_linear_and_does_not_look_ahead():
    random = np.random.default_rng(1)
    x, y = random.normal(size=(2, 200))
    f = np.linspace(300, 900, 200)
    both = formulas.resonate(2 * x - y, f, 70, RATE)
    np.testing.assert_allclose(
        both, 2 * formulas.resonate(x, f, 70, RATE) - formulas.resonate(y, f, 70, RATE)
    )
    later = x.copy()
    later[120:] = 0
    np.testing.assert_array_equal(
        formulas.resonate(x, f, 70, RATE)[:120], formulas.resonate(later, f, 70, RATE)[:120]
    )


@pytest.mark.proves("eq-resonator-response")
@pytest.mark.parametrize(("frequency", "bandwidth"), RESONATORS)
def test_response_is_that_of_scipy(frequency, bandwidth):
    A, B, C = formulas.resonator_coefficients(frequency, bandwidth, RATE)
    at, expected = scipy.signal.freqz([A], [1, -B, -C], worN=512, fs=RATE)
    np.testing.assert_allclose(
        formulas.resonator_response(at, frequency, bandwidth, RATE), abs(expected), rtol=1e-9
    )


@pytest.mark.parametrize(("frequency", "bandwidth"), [(500, 60), (1500, 90), (2500, 120)])
def test_frequency_and_bandwidth_can_be_read_from_the_spectrum(frequency, bandwidth):
    at = np.arange(1, 8000, 0.5)
    gain = formulas.resonator_response(at, frequency, bandwidth, RATE)
    assert abs(at[gain.argmax()] - frequency) < 3
    loud = at[gain >= gain.max() / np.sqrt(2)]  # half the power
    assert abs((loud[-1] - loud[0]) - bandwidth) < 0.03 * bandwidth + 1


@pytest.mark.proves("eq-glottal-flow")
@pytest.mark.parametrize("open_quotient", [0.4, 0.6, 1.0])
def test_flow_opens_slowly_closes_fast_and_rests(open_quotient):
    phase = np.linspace(0, 1, 20_001)[:-1]
    flow = formulas.glottal_flow(phase, open_quotient)
    share = phase / open_quotient
    a, b = 27 / 4, 27 / 4  # a t^2 - b t^3, found from height 1 and flow 0 at the end
    np.testing.assert_allclose(flow, np.where(share < 1, a * share**2 - b * share**3, 0), atol=1e-12)
    assert abs(flow.max() - 1) < 1e-6
    assert abs(phase[flow.argmax()] - open_quotient * 2 / 3) < 1e-3
    slope = np.diff(flow)
    assert abs(slope.min()) > 2.5 * slope.max()  # the closing is what we hear
    np.testing.assert_allclose(formulas.glottal_flow(phase + 3, open_quotient), flow, atol=1e-9)


def test_open_quotient_must_be_a_share():
    with pytest.raises(ValueError, match="open_quotient"):
        formulas.glottal_flow(np.zeros(3), 0)


@pytest.mark.proves("eq-voice-source")
@pytest.mark.parametrize("f0", [80.0, 110.0, 200.0])
def test_the_buzz_has_its_pitch_and_no_mean(f0):
    x = formulas.voice_source(np.full(RATE, f0), RATE)
    spectrum = np.abs(np.fft.rfft(x))  # one second: bin k is k Hz
    lines = spectrum[np.arange(1, 10) * int(f0)]
    between = spectrum[np.arange(1, 10) * int(f0) + int(f0) // 2]
    assert lines.min() > 100 * between.max()
    assert abs(x.sum()) < 1e-6 * np.abs(x).sum()
    assert lines[0] > lines[4] > lines[8]


def test_the_sum_of_the_buzz_is_the_flow():
    f0 = np.full(1000, 100.0)
    flow = np.cumsum(formulas.voice_source(f0, RATE)) * 100 / RATE
    np.testing.assert_allclose(flow, formulas.glottal_flow(np.arange(1, 1001) * 100 / RATE), atol=1e-9)


def test_unvoiced_is_silent_and_impossible_pitch_is_refused():
    f0 = np.r_[np.full(400, 120.0), np.zeros(400)]
    assert not formulas.voice_source(f0, RATE)[400:].any()
    for bad in (np.array([-1.0]), np.array([9000.0]), np.zeros((2, 2))):
        with pytest.raises(ValueError, match="f0"):
            formulas.voice_source(bad, RATE)


@pytest.mark.proves("eq-declination")
def test_declination_is_a_straight_line_in_semitones():
    at = np.linspace(0, 1, 9)
    f0 = formulas.declination(at, 160, 80)
    np.testing.assert_allclose(12 * np.log2(f0 / 80), np.linspace(12, 0, 9), atol=1e-12)
    with pytest.raises(ValueError, match="bottom"):
        formulas.declination(at, 160, 0)


@pytest.mark.proves("eq-rule-duration")
def test_duration_by_rule_never_falls_below_the_shortest():
    random = np.random.default_rng(0)
    shortest = random.uniform(0.02, 0.1, 50)
    inherent = shortest + random.uniform(0, 0.2, 50)
    np.testing.assert_allclose(formulas.rule_duration(inherent, shortest, 100), inherent)
    np.testing.assert_allclose(formulas.rule_duration(inherent, shortest, 0), shortest)
    half = formulas.rule_duration(inherent, shortest, 50)
    np.testing.assert_allclose(half, (inherent + shortest) / 2)
    assert np.all(formulas.rule_duration(inherent, shortest, 30) >= shortest)
    with pytest.raises(ValueError, match="shortest"):
        formulas.rule_duration(0.05, 0.06, 100)


@pytest.mark.proves("eq-target-glide")
def test_glide_rests_on_targets_and_is_half_way_at_the_border():
    borders, targets = np.array([0.1, 0.3]), np.array([[500.0, 1.0], [300.0, 2.0], [700.0, 0.0]])
    at = np.array([0.0, 0.07, 0.1, 0.2, 0.3, 0.4])
    found = formulas.glide(at, borders, targets, 0.04)
    np.testing.assert_allclose(found[[0, 1, 3, 5]], targets[[0, 0, 1, 2]])
    np.testing.assert_allclose(found[[2, 4]], (targets[:-1] + targets[1:]) / 2)


def test_glide_is_smooth_and_stays_between():
    at = np.linspace(0, 0.4, 4001)
    f = formulas.glide(at, np.array([0.2]), np.array([400.0, 900.0]), 0.1)
    assert f.min() == 400
    assert f.max() == 900
    assert np.all(np.diff(f) >= 0)
    assert np.abs(np.diff(f, 2)).max() < 0.01  # no corner
    with pytest.raises(ValueError, match="one target more"):
        formulas.glide(at, np.array([0.2]), np.zeros(3), 0.1)
