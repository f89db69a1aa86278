"""PSOLA on signals whose pitch and length are known."""

import numpy as np
import pytest

from deepsense_lib.formulas import psola as formulas
from deepsense_lib.formulas.source_filter import resonate, voice_source

RATE, HOP = 16_000, 200
FACTORS = [0.5, 0.7, 0.9, 1.25, 1.6, 2.0]


def vowel(f0, seconds=0.8):
    """A pulse train through one resonator."""
    samples = int(seconds * RATE)
    source = voice_source(np.full(samples, float(f0)), RATE)
    return resonate(source, 700, 80, RATE)


def marks_of(f0, samples):
    return formulas.pitch_marks(np.full(1 + samples // HOP, float(f0)), HOP, samples, RATE)


def f0_of(x):
    """Pitch by autocorrelation: the lag of the highest peak between 45 and 500 Hz, refined by a parabola."""
    middle = x[len(x) // 5 : -len(x) // 5]
    r = np.correlate(middle, middle, "full")[len(middle) - 1 :]
    r = r / (len(middle) - np.arange(len(r)))
    low, high = RATE // 500, RATE // 45
    lag = low + int(r[low:high].argmax())
    for divisor in (4, 3, 2):  # the smallest period that explains it as well
        near = round(lag / divisor)
        if near > low and r[near - 2 : near + 3].max() > 0.9 * r[lag]:
            lag = near - 2 + int(r[near - 2 : near + 3].argmax())
            break
    a, b, c = r[lag - 1 : lag + 2]
    return RATE / (lag + 0.5 * (a - c) / (a - 2 * b + c))


@pytest.mark.proves("eq-chao-scale")
def test_chao_scale_has_equal_ratios():
    f0 = formulas.chao_f0(np.arange(1, 6), 100, 300)
    np.testing.assert_allclose(f0[1:] / f0[:-1], 3 ** (1 / 4))
    np.testing.assert_allclose(f0[[0, -1]], [100, 300])
    with pytest.raises(ValueError, match="low"):
        formulas.chao_f0(np.ones(1), 300, 100)


@pytest.mark.proves("eq-pitch-marks")
@pytest.mark.parametrize("f0", [80.0, 123.0, 250.0])
def test_marks_are_a_period_apart_and_do_not_drift(f0):
    marks = marks_of(f0, 16_000)
    np.testing.assert_array_equal(marks, np.round(np.arange(len(marks)) * RATE / f0).astype(int))
    assert 16_000 - marks[-1] <= RATE / f0 + 1


def test_marks_follow_a_pitch_that_moves_and_go_on_without_pitch():
    f0 = np.r_[np.full(40, 100.0), np.zeros(20), np.full(40, 200.0)]
    marks = formulas.pitch_marks(f0, HOP, 100 * HOP, RATE)
    steps = np.diff(marks)
    assert set(steps[marks[:-1] < 38 * HOP]) == {160}
    assert set(steps[(marks[:-1] > 41 * HOP) & (marks[:-1] < 58 * HOP)]) == {80}
    assert set(steps[marks[:-1] > 62 * HOP]) == {80}
    for bad in (np.zeros(0), np.array([-1.0]), np.array([9000.0])):
        with pytest.raises(ValueError, match="f0"):
            formulas.pitch_marks(bad, HOP, 100, RATE)


@pytest.mark.proves("eq-synthesis-marks")
@pytest.mark.parametrize("pitch", FACTORS)
@pytest.mark.parametrize("duration", FACTORS)
def test_new_marks_have_the_wanted_distance_and_end(pitch, duration):
    marks = np.arange(0, 16_000, 160)
    places, chosen = formulas.synthesis_marks(marks, pitch, duration)
    assert np.abs(np.diff(places) - 160 / pitch).max() <= 1
    assert abs(places[-1] - marks[-1] * duration) <= 160 / pitch + 1
    # each grain comes from the moment that it stands for
    assert np.abs(marks[chosen] * duration - places).max() <= 80 * duration + 1


def test_by_hand():
    places, chosen = formulas.synthesis_marks(np.array([0, 100, 200]), pitch=2)
    assert places.tolist() == [0, 50, 100, 150, 200]
    assert chosen.tolist() == [0, 0, 1, 1, 2]
    places, chosen = formulas.synthesis_marks(np.array([0, 100, 200]), duration=2)
    assert places.tolist() == [0, 100, 200, 300, 400]
    assert chosen.tolist() == [0, 0, 1, 1, 2]


@pytest.mark.parametrize("bad", [([5], 1, 1), ([0, 0], 1, 1), ([0, 9], 0, 1), ([0, 9], 1, -1)])
def test_impossible_marks_and_factors_are_refused(bad):
    with pytest.raises(ValueError, match="marks"):
        formulas.synthesis_marks(np.array(bad[0]), bad[1], bad[2])


@pytest.mark.proves("eq-psola")
@pytest.mark.parametrize("seed", range(10))
def test_factors_of_one_give_any_signal_back(seed):
    random = np.random.default_rng(seed)
    x = random.normal(size=3000)
    marks = np.unique(random.integers(0, 3000, random.integers(2, 60)))
    np.testing.assert_allclose(formulas.psola(x, marks), x, atol=1e-12)


@pytest.mark.parametrize("f0", [100.0, 160.0])
@pytest.mark.parametrize("factor", FACTORS)
def test_pitch_is_scaled_and_length_is_not(f0, factor):
    x = vowel(f0)
    at_closure = marks_of(f0, len(x))[:-1] + round(0.6 * RATE / f0)  # on the pulse: elsewhere a grain has two
    y = formulas.psola(x, at_closure, pitch=factor)
    assert abs(f0_of(y) / f0_of(x) - factor) < 0.01 * factor
    assert abs(len(y) - len(x)) <= RATE / f0 / min(factor, 1) + 1


@pytest.mark.parametrize("f0", [100.0, 160.0])
@pytest.mark.parametrize("factor", FACTORS)
def test_length_is_scaled_and_pitch_is_not(f0, factor):
    x = vowel(f0)
    y = formulas.psola(x, marks_of(f0, len(x)), duration=factor)
    assert abs(f0_of(y) / f0_of(x) - 1) < 0.01
    assert abs(len(y) / len(x) - factor) < 2 * RATE / f0 / len(x)


def test_the_resonance_stays_where_it_was():
    x = vowel(100)
    y = formulas.psola(x, marks_of(100, len(x)), pitch=1.5)
    peak = [np.abs(np.fft.rfft(s, RATE))[400:1100].argmax() + 400 for s in (x, y)]
    assert abs(peak[0] - peak[1]) <= 100


def test_factors_may_change_on_the_way():
    x = vowel(100)
    marks = marks_of(100, len(x))
    y = formulas.psola(x, marks, pitch=np.linspace(1, 2, len(marks)))
    assert f0_of(y[: len(y) // 3]) < 130 < 170 < f0_of(y[-len(y) // 3 :])
    with pytest.raises(ValueError, match="inside"):
        formulas.psola(x, np.array([0, len(x)]))


@pytest.mark.proves("eq-cross-fade")
@pytest.mark.parametrize("overlap", [0, 1, 5, 20])
def test_cross_fade_joins_a_cut_signal_without_a_trace(overlap):
    x = np.random.default_rng(overlap).normal(size=100)
    np.testing.assert_allclose(formulas.cross_fade(x[: 40 + overlap], x[40:], overlap), x, atol=1e-12)
    joined = formulas.cross_fade(np.ones(30), np.zeros(30), overlap)
    assert len(joined) == 60 - overlap
    assert np.all(np.diff(joined) <= 1e-12)


def test_overlap_must_fit():
    with pytest.raises(ValueError, match="overlap"):
        formulas.cross_fade(np.zeros(5), np.zeros(9), 6)
