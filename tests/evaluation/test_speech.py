import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsense_lib.errors import InputError
from deepsense_lib.evaluation import speech

quick = settings(max_examples=60, derandomize=True, deadline=None)
sequences = st.text("abc", max_size=8)
sentences = st.lists(
    st.sampled_from("press one to record your message now".split()), min_size=1, max_size=8
).map(" ".join)


# ------------------------------------------------------------------ edits


@pytest.mark.parametrize(
    ("reference", "hypothesis", "edits"),
    [
        ("", "", 0),
        ("abc", "abc", 0),
        ("kitten", "sitting", 3),
        ("abc", "", 3),
        ("", "ab", 2),
        ("ab", "ba", 2),
    ],
)
def test_edits_by_hand(reference, hypothesis, edits):
    assert speech.edit_distance(reference, hypothesis) == edits


def all_edits(a, b):
    """Count edits by trying everything."""
    if not a or not b:
        return len(a) + len(b)
    if a[0] == b[0]:
        return all_edits(a[1:], b[1:])
    return 1 + min(all_edits(a[1:], b), all_edits(a, b[1:]), all_edits(a[1:], b[1:]))


@pytest.mark.proves("eq-edit-distance")
@quick
@given(st.text("abc", max_size=5), st.text("abc", max_size=5))
def test_edits_are_the_fewest(a, b):
    assert speech.edit_distance(a, b) == all_edits(a, b)


@quick
@given(sequences, sequences, sequences)
def test_edits_are_a_metric(a, b, c):
    assert speech.edit_distance(a, b) == speech.edit_distance(b, a)
    assert (speech.edit_distance(a, b) == 0) == (a == b)
    assert speech.edit_distance(a, c) <= speech.edit_distance(a, b) + speech.edit_distance(b, c)


@pytest.mark.proves("eq-error-rate")
@quick
@given(st.lists(st.tuples(sentences, sentences), min_size=1, max_size=4))
def test_rates_agree_with_jiwer(pairs):
    jiwer = pytest.importorskip("jiwer")
    references, hypotheses = map(list, zip(*pairs, strict=True))
    assert speech.word_error_rate(references, hypotheses) == pytest.approx(jiwer.wer(references, hypotheses))
    assert speech.character_error_rate(references, hypotheses) == pytest.approx(
        jiwer.cer(references, hypotheses)
    )


def test_rates_by_hand():
    assert speech.word_error_rate("press one now", "press two") == pytest.approx(2 / 3)
    assert speech.character_error_rate("abcd", "abxd") == 0.25
    assert speech.word_error_rate("one", "one two three") == 2.0
    # All edits over all words, not the mean of 1 and 0.
    assert speech.word_error_rate(["a", "b c d"], ["x", "b c d"]) == 0.25


def test_marks_capitals_and_accents_are_not_errors():
    assert speech.judged("  The Café, it’s -- 'OPEN'! ") == "the cafe it's open"
    assert speech.word_error_rate("Hello, world.", "hello world") == 0
    assert speech.character_error_rate("Hello", "hello", prepare=str) == 0.2


@pytest.mark.parametrize(
    ("reference", "hypothesis", "message"),
    [
        ("", "word", "references are empty"),
        ("...", "word", "references are empty"),
        ([], [], "references are empty"),
        (["a", "b"], ["a"], "2 references and 1 hypotheses"),
        ([None], ["a"], "list of texts"),
    ],
)
def test_rates_refuse_what_cannot_be_compared(reference, hypothesis, message):
    with pytest.raises(InputError, match=message):
        speech.word_error_rate(reference, hypothesis)
    with pytest.raises(InputError, match=message):
        speech.character_error_rate(reference, hypothesis)


# ------------------------------------------------------------------ time alignment


def cheapest(costs):
    """Try every path through a small grid."""
    rows, columns = costs.shape

    def walk(row, column):
        if (row, column) == (rows - 1, columns - 1):
            return costs[row, column]
        steps = [(row + 1, column), (row, column + 1), (row + 1, column + 1)]
        return costs[row, column] + min(walk(r, c) for r, c in steps if r < rows and c < columns)

    return walk(0, 0)


grids = st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(0, 2**32 - 1))


@quick
@given(grids)
def test_dtw_finds_the_cheapest_path(grid):
    rows, columns, seed = grid
    costs = np.random.default_rng(seed).integers(0, 5, (rows, columns)).astype(float)
    cost, path = speech.dtw(costs)
    assert cost == pytest.approx(cheapest(costs))
    assert cost == pytest.approx(costs[path[:, 0], path[:, 1]].sum())
    assert tuple(path[0]) == (0, 0)
    assert tuple(path[-1]) == (rows - 1, columns - 1)
    assert {tuple(step) for step in np.diff(path, axis=0)} <= {(1, 0), (0, 1), (1, 1)}
    assert speech.dtw(costs.T)[0] == pytest.approx(cost)


@pytest.mark.proves("eq-dtw")
@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (30, 41), (64, 20)])
def test_dtw_agrees_with_librosa(shape):
    librosa = pytest.importorskip("librosa")
    costs = np.random.default_rng(0).random(shape)
    total, _ = librosa.sequence.dtw(C=costs)
    assert speech.dtw(costs)[0] == pytest.approx(total[-1, -1])


def test_dtw_of_a_sequence_with_itself_is_the_diagonal():
    x = np.random.default_rng(0).random((12, 3))
    cost, path = speech.dtw(np.linalg.norm(x[:, None] - x[None], axis=2))
    assert cost == 0
    np.testing.assert_array_equal(path, np.stack([np.arange(12)] * 2, axis=1))


@pytest.mark.parametrize("bad", [np.zeros(3), np.zeros((0, 3)), np.array([[np.nan]]), np.array([[np.inf]])])
def test_dtw_refuses_what_is_no_matrix(bad):
    with pytest.raises(InputError, match="expected a matrix of finite numbers"):
        speech.dtw(bad)


# ------------------------------------------------------------------ cepstra


def log_spectra(frames=20, mels=80, seed=0):
    return np.random.default_rng(seed).standard_normal((frames, mels))


def test_the_cosines_add_up_to_the_log_spectrum():
    log_mel = log_spectra(mels=40)
    cepstrum = speech.mel_cepstrum(log_mel, 39)
    angles = np.pi * (np.arange(40) + 0.5) / 40
    np.testing.assert_allclose(cepstrum @ np.cos(np.outer(np.arange(40), angles)), log_mel, atol=1e-10)


@pytest.mark.proves("eq-mel-cepstrum")
def test_the_cepstrum_is_scipys_cosine_transform():
    fft = pytest.importorskip("scipy.fft")
    log_mel = log_spectra()
    expected = fft.dct(log_mel, axis=1)[:, :25] / 80
    expected[:, 0] /= 2
    np.testing.assert_allclose(speech.mel_cepstrum(log_mel), expected, atol=1e-12)


@pytest.mark.proves("eq-mel-cepstral-distortion")
def test_distortion_is_the_spectral_difference_in_decibels():
    """With all coefficients it is the root mean square over bands of the difference in dB (Parseval)."""
    one, other = log_spectra(1, 40, 1), log_spectra(1, 40, 2)
    decibels = 20 / np.log(10) * (one - other)
    decibels -= decibels.mean()
    # The highest cosine, d = 39, is the last there is.
    assert speech.mel_cepstral_distortion(one, other, 39) == pytest.approx(np.sqrt(np.mean(decibels**2)))


def test_distortion_is_zero_for_the_same_and_ignores_loudness():
    log_mel = log_spectra()
    assert speech.mel_cepstral_distortion(log_mel, log_mel) == 0
    assert speech.mel_cepstral_distortion(log_mel, log_mel + 3) == pytest.approx(0, abs=1e-10)


def test_distortion_is_symmetric_and_forgives_tempo():
    slow, other = np.repeat(log_spectra(), 2, axis=0), log_spectra(seed=5)
    assert speech.mel_cepstral_distortion(log_spectra(), slow) == pytest.approx(0, abs=1e-10)
    there = speech.mel_cepstral_distortion(slow, other)
    assert there == pytest.approx(speech.mel_cepstral_distortion(other, slow))
    assert there > 1


def test_distortion_grows_with_the_difference():
    clean = np.cumsum(log_spectra(), axis=0)
    noise = log_spectra(seed=9)
    values = [speech.mel_cepstral_distortion(clean, clean + level * noise) for level in (0.01, 0.1, 0.3)]
    assert values == sorted(values)
    assert values[1] == pytest.approx(10 * values[0], rel=0.05)


@pytest.mark.parametrize("coefficients", [0, 80, 100])
def test_impossible_numbers_of_coefficients_are_refused(coefficients):
    with pytest.raises(InputError, match="expected 1 to 79"):
        speech.mel_cepstrum(log_spectra(), coefficients)


def test_spectrograms_must_match():
    with pytest.raises(InputError, match="80 and 40 bands"):
        speech.mel_cepstral_distortion(log_spectra(), log_spectra(mels=40))


# ------------------------------------------------------------------ melody and speed


@pytest.mark.proves("eq-f0-rmse", "eq-voicing-error")
def test_f0_errors_by_hand():
    reference = np.array([0, 100.0, 200.0, np.nan, 150.0])
    hypothesis = np.array([0, 103.0, 196.0, 120.0, 0])
    assert speech.f0_rmse(reference, hypothesis) == pytest.approx(np.sqrt((9 + 16) / 2))
    assert speech.voicing_error(reference, hypothesis) == pytest.approx(2 / 5)
    assert speech.f0_rmse(np.array([100.0]), np.array([200.0]), "cents") == pytest.approx(1200)


@quick
@given(st.lists(st.floats(50, 500), min_size=1, max_size=9), st.floats(0.5, 2))
def test_f0_in_cents_depends_on_the_ratio_alone(contour, ratio):
    contour = np.array(contour)
    assert speech.f0_rmse(contour, contour * ratio, "cents") == pytest.approx(
        abs(1200 * np.log2(ratio)), abs=1e-6
    )
    assert speech.f0_rmse(contour, contour) == 0


@pytest.mark.parametrize(
    ("reference", "hypothesis", "message"),
    [
        ([100.0, 0], [0, 100.0], "voiced in both"),
        ([100.0], [100.0, 100.0], "equal frames"),
        ([], [], "equal frames"),
        ([-5.0], [100.0], "negative"),
        ([np.inf], [100.0], "infinite"),
    ],
)
def test_f0_refuses_what_cannot_be_compared(reference, hypothesis, message):
    with pytest.raises(InputError, match=message):
        speech.f0_rmse(np.array(reference), np.array(hypothesis))


def test_an_unknown_unit_is_refused():
    with pytest.raises(InputError, match="'hertz' or 'cents'"):
        speech.f0_rmse(np.ones(3), np.ones(3), "mel")


@pytest.mark.proves("eq-real-time-factor")
def test_real_time_factor():
    assert speech.real_time_factor(0.5, 16000) == 0.5
    assert speech.real_time_factor(1.0, 44100 * 4, 44100) == 0.25
    for seconds, samples in itertools.product((1.0, float("nan"), -1.0), (0, -5)):
        with pytest.raises(InputError, match="some sound"):
            speech.real_time_factor(seconds, samples)
