"""DFT, windows, STFT and inverse: against np.fft, librosa, torch, by properties; wrong formulas must fail."""

import librosa
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsense_lib.formulas import spectrum as sp

SETTINGS = settings(max_examples=40, derandomize=True, deadline=None)
GRID = [
    # (n_fft, window, hop, samples)
    (16, 16, 4, 100),
    (16, 16, 8, 97),
    (16, 12, 5, 96),
    (18, 13, 3, 51),
    (17, 17, 4, 100),
    (17, 10, 3, 50),
    (64, 33, 16, 200),
    (1024, 800, 200, 5555),
    (1024, 1024, 256, 4096),
]


def noise(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


@pytest.mark.proves("eq-dft")
@pytest.mark.parametrize("size", [1, 2, 3, 8, 17, 64, 250])
def test_dft_equals_fft(size):
    x = noise(size) + 1j * noise(size, seed=1)
    np.testing.assert_allclose(sp.dft(x), np.fft.fft(x), rtol=1e-10, atol=1e-10)


@pytest.mark.proves("eq-inverse-dft")
@pytest.mark.parametrize("size", [1, 2, 3, 8, 17, 64, 250])
def test_inverse_dft_equals_ifft_and_undoes_the_dft(size):
    x = noise(size)
    np.testing.assert_allclose(sp.inverse_dft(x), np.fft.ifft(x), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(sp.inverse_dft(sp.dft(x)), x, atol=1e-12)


@SETTINGS
@given(st.integers(1, 40), st.floats(-3, 3), st.integers(0, 9))
def test_dft_is_linear_and_turns_a_shift_into_a_phase(size, factor, shift):
    x, y = noise(size), noise(size, seed=1)
    np.testing.assert_allclose(sp.dft(x + factor * y), sp.dft(x) + factor * sp.dft(y), atol=1e-9)
    turned = sp.dft(x) * np.exp(-2j * np.pi * np.arange(size) * shift / size)
    np.testing.assert_allclose(sp.dft(np.roll(x, shift)), turned, atol=1e-9)


@pytest.mark.proves("eq-parseval")
@SETTINGS
@given(st.integers(1, 60), st.integers(0, 5))
def test_parseval(size, seed):
    x = noise(size, seed=seed)
    assert sp.spectral_energy(sp.dft(x)) == pytest.approx(np.sum(x**2), rel=1e-12)


@pytest.mark.proves("eq-hann")
@pytest.mark.parametrize("size", [2, 3, 5, 16, 800])
def test_hann_is_the_periodic_one(size):
    np.testing.assert_allclose(sp.hann(size), torch.hann_window(size, dtype=torch.float64), atol=1e-15)
    np.testing.assert_allclose(sp.hann(size), librosa.filters.get_window("hann", size), atol=1e-15)


def test_symmetric_hann_does_not_overlap_to_a_constant():
    assert sp.is_cola(sp.hann(16), 8)
    assert not sp.is_cola(np.hanning(16), 8)


@pytest.mark.proves("eq-frames")
@SETTINGS
@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 20))
def test_frames_are_the_slices(samples, size, hop):
    x = noise(samples)
    if size > samples:
        with pytest.raises(ValueError, match="less than one frame"):
            sp.frames(x, size, hop)
        return
    slices = [x[start : start + size] for start in range(0, samples - size + 1, hop)]
    np.testing.assert_array_equal(sp.frames(x, size, hop), slices)


@pytest.mark.proves("eq-stft")
@pytest.mark.parametrize(("n_fft", "size", "hop", "samples"), GRID)
def test_stft_equals_librosa_and_torch(n_fft, size, hop, samples):
    x, window = noise(samples), sp.hann(size)
    ours = sp.stft(x, window, hop, n_fft)
    theirs = librosa.stft(x, n_fft=n_fft, hop_length=hop, win_length=size, pad_mode="reflect").T
    np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)
    theirs = torch.stft(torch.tensor(x), n_fft, hop, size, torch.tensor(window), return_complex=True).T
    np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-10, atol=1e-12)
    zeros = librosa.stft(x, n_fft=n_fft, hop_length=hop, win_length=size, pad_mode="constant").T
    np.testing.assert_allclose(sp.stft(x, window, hop, n_fft, "constant"), zeros, rtol=1e-10, atol=1e-12)


def test_stft_is_the_dft_of_a_windowed_piece():
    x, window = noise(40), sp.hann(8)
    row = sp.dft(x[12:20] * window)[:5]  # frame 4, hop 4: centred on sample 16
    np.testing.assert_allclose(sp.stft(x, window, 4)[4], row, atol=1e-12)


@pytest.mark.proves("eq-frame-count")
@SETTINGS
@given(st.integers(1, 500), st.integers(1, 40))
def test_frame_count_is_that_of_the_stft(samples, hop):
    assert len(sp.stft(noise(samples), sp.hann(16), hop, 16)) == sp.frame_count(samples, hop)


@pytest.mark.proves("eq-istft")
@pytest.mark.parametrize("padding", ["reflect", "constant"])
@pytest.mark.parametrize(("n_fft", "size", "hop", "samples"), GRID)
def test_round_trip_is_exact_on_every_sample(n_fft, size, hop, samples, padding):
    x, window = noise(samples), sp.hann(size)
    back = sp.inverse_stft(sp.stft(x, window, hop, n_fft, padding), window, hop, n_fft, samples)
    np.testing.assert_allclose(back, x, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("n_fft", "size", "hop", "samples"), GRID)
def test_inverse_of_any_spectrum_equals_librosa_and_torch(n_fft, size, hop, samples):
    rng = np.random.default_rng(1)
    shape = (1 + samples // hop, n_fft // 2 + 1)
    any_spectrum = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
    any_spectrum[:, 0] = any_spectrum[:, 0].real  # libraries differ in what they do with this imaginary part
    if n_fft % 2 == 0:
        any_spectrum[:, -1] = any_spectrum[:, -1].real
    window = sp.hann(size)
    ours = sp.inverse_stft(any_spectrum, window, hop, n_fft)
    given_to_torch = torch.tensor(any_spectrum.T.copy())
    # Both libraries trust smaller divisors at the ends than we accept; the grid stays clear of those.
    theirs = torch.istft(given_to_torch, n_fft, hop, size, torch.tensor(window), length=ours.size)
    np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-9, atol=1e-10)
    theirs = librosa.istft(any_spectrum.T, n_fft=n_fft, hop_length=hop, win_length=size, length=ours.size)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-10)


@SETTINGS
@given(st.integers(2, 40), st.integers(0, 20), st.integers(1, 20), st.integers(1, 300), st.integers(0, 3))
def test_round_trip_or_a_clear_refusal(size, more, hop, samples, seed):
    x, window = noise(samples, seed=seed), sp.hann(size)
    spectrum = sp.stft(x, window, hop, size + more)
    back = refusal = None
    try:
        back = sp.inverse_stft(spectrum, window, hop, size + more, samples)
    except ValueError as error:
        refusal = str(error)
    if back is None:
        assert "lies under no window" in refusal
        assert f"hop {hop}" in refusal
        assert hop > (size - 1) // 2  # only a large hop loses samples
    else:
        np.testing.assert_allclose(back, x, rtol=0, atol=1e-8)


def test_float32_stays_float32():
    x, window = noise(2000).astype(np.float32), sp.hann(80)
    spectrum = sp.stft(x, window, 20, 128)
    back = sp.inverse_stft(spectrum, window, 20, 128, 2000)
    assert (spectrum.dtype, back.dtype) == (np.complex64, np.float32)
    np.testing.assert_allclose(back, x, atol=2e-6)


@pytest.mark.proves("eq-overlap-add")
@SETTINGS
@given(st.integers(1, 9), st.integers(1, 30), st.integers(1, 40))
def test_overlap_add_is_a_loop(count, size, hop):
    pieces = noise(count, size)
    total = np.zeros((count - 1) * hop + size)
    for t, piece in enumerate(pieces):
        total[t * hop : t * hop + size] += piece
    np.testing.assert_allclose(sp.overlap_add(pieces, hop), total, atol=1e-12)


@pytest.mark.proves("eq-window-sum")
@pytest.mark.parametrize(
    ("size", "hop", "count", "n_fft"), [(8, 2, 5, 8), (12, 5, 4, 17), (800, 200, 9, 1024)]
)
def test_window_sum_equals_librosa(size, hop, count, n_fft):
    theirs = librosa.filters.window_sumsquare(
        window="hann", n_frames=count, hop_length=hop, win_length=size, n_fft=n_fft, dtype=np.float64
    )
    np.testing.assert_allclose(sp.window_sum(sp.hann(size), hop, count, n_fft), theirs, atol=1e-12)


@pytest.mark.proves("eq-nola")
@pytest.mark.proves("eq-cola")
def test_nola_and_cola_by_hand():
    box = np.ones(4)
    assert sp.is_nola(box, 4)
    assert not sp.is_nola(box, 5)
    assert sp.is_cola(box, 2)
    assert not sp.is_cola(box, 3)
    assert not sp.is_nola(sp.hann(8), 8)  # the window is 0 at its first sample
    assert sp.is_nola(sp.hann(8), 7)
    assert sp.is_cola(sp.hann(8), 4)
    assert not sp.is_cola(sp.hann(8) ** 2, 4)
    assert sp.is_cola(sp.hann(800) ** 2, 200)


@pytest.mark.proves("eq-cola")
@SETTINGS
@given(st.integers(2, 40), st.integers(1, 40))
def test_cola_and_nola_say_what_the_inner_sum_does(size, hop):
    # More frames than the window is long: the middle of the sum knows nothing of the ends.
    count = 2 * size // hop + 3
    for window in (sp.hann(size), np.hanning(size), np.ones(size)):
        start = -(-size // hop) * hop
        inner = sp.overlap_add(np.tile(window, (count, 1)), hop)[start : start + hop]
        assert sp.is_cola(window, hop) == bool(np.ptp(inner) <= 1e-9 * max(inner.max(), 1e-300))
        assert sp.is_nola(window, hop) == bool(
            (sp.window_sum(window, hop, count)[start : start + hop] > 1e-11).all()
        )


def test_wrong_formulas_are_rejected():
    x, window, hop, n = noise(200), sp.hann(16), 4, 16
    spectrum = sp.stft(x, window, hop)
    pieces = np.fft.irfft(spectrum, n)
    inner = slice(n // 2, n // 2 + 200)

    def right(samples):
        return np.allclose(samples, x, atol=1e-6)

    count = len(spectrum)
    summed = sp.overlap_add(pieces * window, hop)[inner]
    assert right(summed / sp.window_sum(window, hop, count)[inner])
    assert not right(summed)  # no division at all
    assert not right(summed / sp.window_sum(np.sqrt(window), hop, count)[inner])  # windows, not their squares
    assert not right(sp.overlap_add(pieces, hop)[inner] / sp.window_sum(window, hop, count)[inner])
    symmetric = sp.window_sum(np.hanning(n), hop, count)[inner]
    assert not right(summed / symmetric)
    v = noise(12)
    assert not np.allclose(sp.inverse_dft(sp.dft(v) / 12), v)  # 1/N twice
    assert not np.allclose(sp.dft(sp.dft(v)) / 12, v)  # the sign of the exponent not turned
    assert not np.isclose(np.sum(np.abs(sp.dft(v)) ** 2), np.sum(v**2))  # Parseval without 1/N


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: sp.dft(np.zeros(0)), r"x has shape \(0,\)"),
        (lambda: sp.hann(0), "size is 0"),
        (lambda: sp.hann(1), "size is 1"),
        (lambda: sp.hann(2.5), "size is 2.5"),
        (lambda: sp.stft(np.zeros((2, 9)), sp.hann(4), 2), "expected one dimension"),
        (lambda: sp.stft(np.zeros(9), sp.hann(8), 2, 4), "more than n_fft = 4"),
        (lambda: sp.stft(np.zeros(9), sp.hann(4), 0), "hop is 0"),
        (lambda: sp.stft(np.zeros(9) + 1j, sp.hann(4), 1), "complex"),
        (lambda: sp.stft(np.zeros(9), sp.hann(4), 1, padding="wrap"), "'wrap'"),
        (lambda: sp.inverse_stft(np.zeros((3, 5)), sp.hann(8), 8), "hop 8"),
        (lambda: sp.inverse_stft(np.zeros((3, 5)), sp.hann(8), 2, 12), r"expected n_fft // 2 \+ 1 = 7"),
        (lambda: sp.inverse_stft(np.zeros((3, 5)), sp.hann(8), 2, length=99), "of 99 lies under no window"),
        (lambda: sp.inverse_stft(np.zeros(5), sp.hann(8), 2), r"expected \(frames, bins\)"),
        (lambda: sp.overlap_add(np.zeros(3), 1), r"expected \(frames, size\)"),
        (lambda: sp.frame_count(0, 4), "samples is 0"),
    ],
)
def test_bad_arguments_are_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
