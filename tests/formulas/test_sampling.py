"""Sampling and quantisation, by what the numbers themselves show."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsense_lib.formulas import sampling

SETTINGS = settings(max_examples=40, derandomize=True, deadline=None)


@pytest.mark.proves("eq-tone")
def test_tone_is_the_real_part_of_a_turning_pointer():
    turn = np.exp(2j * np.pi * 440 / 16000)
    pointer = np.cumprod(np.full(50, turn)) / turn * np.exp(0.3j)
    np.testing.assert_allclose(sampling.tone(440, 50, 16000, 0.3), pointer.real, atol=1e-12)


@pytest.mark.proves("eq-alias")
@SETTINGS
@given(st.floats(0, 50_000), st.floats(1000, 48_000))
def test_a_tone_and_its_alias_have_the_same_samples(frequency, rate):
    alias = sampling.aliased_frequency(frequency, rate)
    assert 0 <= alias <= rate / 2 * (1 + 1e-12)
    there, back = sampling.tone(frequency, 64, rate), sampling.tone(alias, 64, rate)
    np.testing.assert_allclose(there, back, atol=1e-9 * (1 + frequency / rate))


def test_alias_by_hand():
    assert sampling.aliased_frequency(7000, 8000) == 1000
    assert sampling.aliased_frequency(9000, 8000) == 1000
    assert sampling.aliased_frequency(4000, 8000) == 4000


@pytest.mark.proves("eq-quantise")
@SETTINGS
@given(st.integers(1, 24), st.lists(st.floats(-1, 1), min_size=1, max_size=20))
def test_rounding_errs_by_half_a_step_at_most_and_only_once(bits, values):
    step = 2.0 ** (1 - bits)
    once = sampling.quantise(np.array(values), bits)
    assert np.all(np.abs(once - np.minimum(values, 1 - step)) <= step / 2 * (1 + 1e-9))
    np.testing.assert_array_equal(sampling.quantise(once, bits), once)
    assert np.all(once / step == np.round(once / step))


def test_eight_bits_hold_no_more_than_256_values():
    assert len(np.unique(sampling.quantise(np.linspace(-2, 2, 10_001), 8))) == 256


@pytest.mark.proves("eq-quantisation-snr")
@pytest.mark.parametrize("bits", [6, 8, 12, 16])
def test_snr_is_what_a_sine_really_shows(bits):
    # An irrational frequency visits all phases; the last step is left free so that nothing clips.
    x = sampling.tone(np.sqrt(2), 200_000, 100) * (1 - 2.0 ** (1 - bits))
    noise = sampling.quantise(x, bits) - x
    measured = 10 * np.log10(np.mean(x**2) / np.mean(noise**2))
    assert measured == pytest.approx(sampling.quantisation_snr(bits), abs=0.35)
    assert abs(measured - (6.02 * (bits - 1) + 1.76)) > 5  # one bit fewer is another figure


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="samples 0"):
        sampling.tone(1, 0, 10)
    with pytest.raises(ValueError, match="sample rate -1"):
        sampling.aliased_frequency(1, -1)
    with pytest.raises(ValueError, match="bits is 0"):
        sampling.quantise(np.zeros(2), 0)
    with pytest.raises(ValueError, match="bits is 0"):
        sampling.quantisation_snr(0)
