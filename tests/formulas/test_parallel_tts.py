"""The equations of the chapter "A voice in three minutes": definitions, properties, and torch in float64."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from deepsense_lib.formulas import parallel_tts as f

EXACT = {"rtol": 1e-10, "atol": 1e-12}
PROPERTY = settings(max_examples=40, derandomize=True, deadline=None)
DURATIONS = st.lists(st.integers(0, 9), min_size=1, max_size=12).map(np.array)


def rng():
    return np.random.default_rng(0)


def tensor(x, grad=False):
    return torch.tensor(x, dtype=torch.float64, requires_grad=grad)


# ---- length regulation ----


@pytest.mark.proves("eq-expansion-matrix")
def test_expansion_matrix_of_a_small_example():
    expected = [[1, 0, 0], [1, 0, 0], [0, 0, 1], [0, 0, 1], [0, 0, 1]]
    np.testing.assert_array_equal(f.expansion_matrix(np.array([2, 0, 3])), expected)


@pytest.mark.proves("eq-expansion-matrix")
@PROPERTY
@given(DURATIONS)
def test_expansion_matrix_gives_each_frame_one_phoneme_and_each_phoneme_its_frames(durations):
    matrix = f.expansion_matrix(durations)
    assert matrix.shape == (durations.sum(), len(durations))
    np.testing.assert_array_equal(matrix.sum(1), 1)
    np.testing.assert_array_equal(matrix.sum(0), durations)
    assert (np.diff(matrix.argmax(1)) >= 0).all()  # time never runs backwards


@pytest.mark.proves("eq-length-regulation")
@PROPERTY
@given(DURATIONS)
def test_length_regulation_repeats_as_numpy_and_torch_do(durations):
    states = rng().normal(size=(len(durations), 3))
    frames = f.length_regulate(states, durations)
    np.testing.assert_array_equal(frames, np.repeat(states, durations, axis=0))
    other = torch.repeat_interleave(tensor(states), torch.tensor(durations), dim=0)
    np.testing.assert_array_equal(frames, other.numpy())


@pytest.mark.proves("eq-length-regulation-gradient")
@PROPERTY
@given(DURATIONS)
def test_length_regulation_gradient_is_torchs(durations):
    states = tensor(rng().normal(size=(len(durations), 3)), grad=True)
    gradient = rng().normal(size=(durations.sum(), 3))
    torch.repeat_interleave(states, torch.tensor(durations), dim=0).backward(tensor(gradient))
    np.testing.assert_allclose(f.length_regulate_gradient(gradient, durations), states.grad.numpy(), **EXACT)


@pytest.mark.parametrize("bad", [[1.5], [-1], [[1]], ["a"]])
def test_durations_that_are_no_durations_are_refused(bad):
    with pytest.raises(ValueError, match="whole numbers"):
        f.expansion_matrix(np.array(bad))


def test_lengths_that_disagree_are_refused():
    with pytest.raises(ValueError, match="states: 3, durations: 2"):
        f.length_regulate(np.zeros((3, 1)), np.array([1, 2]))
    with pytest.raises(ValueError, match="values: 4, sum of the durations: 3"):
        f.phoneme_average(np.zeros(4), np.array([1, 2]))


@pytest.mark.proves("eq-duration-control")
def test_durations_at_speed():
    logs = np.log([4.0, 6.0, 10.0])
    np.testing.assert_array_equal(f.durations_at_speed(logs), [4, 6, 10])
    np.testing.assert_array_equal(f.durations_at_speed(logs, 2), [2, 3, 5])
    np.testing.assert_array_equal(f.durations_at_speed(logs, 0.5), [8, 12, 20])


@pytest.mark.proves("eq-duration-control")
@PROPERTY
@given(st.lists(st.floats(-3, 4), min_size=1), st.floats(0.25, 4))
def test_no_phoneme_vanishes_and_faster_is_never_longer(logs, speed):
    durations = f.durations_at_speed(np.array(logs), speed)
    assert durations.min() >= 1
    assert (f.durations_at_speed(np.array(logs), speed * 1.3) <= durations).all()


@pytest.mark.parametrize("speed", [0, -1, math.nan, math.inf])
def test_impossible_speed_is_refused(speed):
    with pytest.raises(ValueError, match="speed"):
        f.durations_at_speed(np.zeros(2), speed)


# ---- pitch and energy ----


@pytest.mark.proves("eq-phoneme-average")
def test_phoneme_average_ignores_unvoiced_frames():
    f0 = np.array([0.0, 200, 220, 0, 0, 180])
    durations = np.array([3, 2, 0, 1])
    np.testing.assert_allclose(f.phoneme_average(f0, durations, f0 > 0), [210, 0, 0, 180])
    np.testing.assert_allclose(f.phoneme_average(f0, durations), [140, 0, 0, 180])


@pytest.mark.proves("eq-phoneme-average")
@PROPERTY
@given(DURATIONS)
def test_average_of_regulated_values_gives_them_back(durations):
    values = rng().normal(size=(len(durations), 1))
    back = f.phoneme_average(f.length_regulate(values, durations)[:, 0], durations)
    np.testing.assert_allclose(back, np.where(durations > 0, values[:, 0], 0), **EXACT)


def test_phoneme_average_never_looks_at_what_is_not_kept():
    values = np.array([np.nan, 5.0])
    np.testing.assert_array_equal(f.phoneme_average(values, np.array([2]), np.array([0, 1])), [5])


@pytest.mark.proves("eq-pitch-normalization")
def test_normalized_pitch_has_mean_0_and_deviation_1_over_voiced_frames():
    f0 = rng().uniform(100, 300, 50) * (rng().random(50) > 0.3)
    logs = np.log(f0[f0 > 0])
    pitch = f.normalize_pitch(f0, logs.mean(), logs.std())
    assert pitch[f0 > 0].mean() == pytest.approx(0, abs=1e-12)
    assert pitch[f0 > 0].std() == pytest.approx(1)
    np.testing.assert_array_equal(pitch[f0 == 0], 0)
    np.testing.assert_allclose(np.exp(pitch * logs.std() + logs.mean())[f0 > 0], f0[f0 > 0])
    with pytest.raises(ValueError, match="deviation"):
        f.normalize_pitch(f0, 5.0, 0.0)


@pytest.mark.proves("eq-pitch-shift")
def test_twelve_semitones_are_an_octave_and_shifts_add_up():
    f0 = np.array([0.0, 110, 220])
    np.testing.assert_allclose(f.shift_pitch(f0, 12), [0, 220, 440])
    np.testing.assert_allclose(f.shift_pitch(f.shift_pitch(f0, 3), -5), f.shift_pitch(f0, -2), **EXACT)
    assert f.shift_pitch(440.0, -9) == pytest.approx(261.6256, abs=1e-4)  # from concert A to middle C


# ---- losses ----


@pytest.mark.proves("eq-masked-mean")
@PROPERTY
@given(st.integers(1, 6), st.integers(0, 5))
def test_padding_never_changes_a_masked_mean(length, padding):
    values = rng().normal(size=(2, length, 3))
    mask = np.ones((2, length, 1))
    mask[1, length // 2 + 1 :] = 0
    padded = np.pad(values, ((0, 0), (0, padding), (0, 0)), constant_values=np.nan)
    wide = np.pad(mask, ((0, 0), (0, padding), (0, 0)))
    assert f.masked_mean(padded, wide) == pytest.approx(f.masked_mean(values, mask), rel=1e-12)
    kept = np.concatenate([row[: int(m.sum())].ravel() for row, m in zip(values, mask, strict=True)])
    assert f.masked_mean(values, mask) == pytest.approx(kept.mean(), rel=1e-12)


def test_mask_that_keeps_nothing_is_refused():
    with pytest.raises(ValueError, match="no position"):
        f.masked_mean(np.ones(3), np.zeros(3))


@pytest.mark.proves("eq-mel-loss")
def test_mel_loss_of_single_utterances_is_torchs_l1_loss():
    a, b = rng().normal(size=(2, 1, 5, 4))
    expected = functional.l1_loss(tensor(a), tensor(b)).item()
    assert f.mel_loss(a, b, np.ones((1, 5))) == pytest.approx(expected, rel=1e-12)


@pytest.mark.proves("eq-mel-loss")
def test_mel_loss_of_a_batch_weighs_utterances_by_their_frames():
    a, b = rng().normal(size=(2, 2, 5, 4))
    mask = np.array([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0]])
    long, short = (f.mel_loss(a[i : i + 1], b[i : i + 1], mask[i : i + 1]) for i in (0, 1))
    assert f.mel_loss(a, b, mask) == pytest.approx((5 * long + 2 * short) / 7, rel=1e-12)


@pytest.mark.proves("eq-duration-loss")
def test_duration_loss_is_torchs_squared_error_of_logarithms_and_zero_counts_as_one():
    logs, durations = rng().normal(size=(2, 4)), np.array([[3, 1, 0, 7], [2, 2, 5, 1]])
    target = torch.log(tensor(durations).clamp(min=1))
    expected = functional.mse_loss(tensor(logs), target).item()
    assert f.duration_loss(logs, durations, np.ones((2, 4))) == pytest.approx(expected, rel=1e-12)


# ---- the ConvNeXt block ----


@pytest.mark.proves("eq-depthwise-convolution")
@pytest.mark.parametrize("time", [1, 2, 9])
@pytest.mark.parametrize("size", [1, 3, 7])
def test_depthwise_convolution_is_torchs_grouped_one(time, size):
    x, kernel, bias = rng().normal(size=(time, 4)), rng().normal(size=(4, size)), rng().normal(size=4)
    y = functional.conv1d(
        tensor(x.T)[None], tensor(kernel)[:, None], tensor(bias), padding=size // 2, groups=4
    )
    np.testing.assert_allclose(f.depthwise_convolution(x, kernel, bias), y[0].T.numpy(), **EXACT)


def test_depthwise_convolution_refuses_an_even_kernel():
    with pytest.raises(ValueError, match="odd"):
        f.depthwise_convolution(np.zeros((5, 2)), np.zeros((2, 4)), np.zeros(2))


@pytest.mark.proves("eq-layer-norm")
@pytest.mark.parametrize("epsilon", [1e-5, 1e-3])
def test_layer_norm_is_torchs(epsilon):
    x, gain, bias = rng().normal(size=(6, 5)), rng().normal(size=5), rng().normal(size=5)
    y = functional.layer_norm(tensor(x), (5,), tensor(gain), tensor(bias), epsilon)
    np.testing.assert_allclose(f.layer_norm(x, gain, bias, epsilon), y.numpy(), **EXACT)


@pytest.mark.proves("eq-gelu")
def test_gelu_is_torchs_exact_form_and_not_its_approximation():
    x = np.linspace(-6, 6, 101)
    np.testing.assert_allclose(f.gelu(x), functional.gelu(tensor(x)).numpy(), **EXACT)
    assert np.abs(f.gelu(x) - functional.gelu(tensor(x), approximate="tanh").numpy()).max() > 1e-4
    np.testing.assert_allclose(f.gelu(x) - f.gelu(-x), x, **EXACT)  # the two chances add up to 1


@pytest.mark.proves("eq-convnext-block")
@pytest.mark.parametrize(("time", "kernel"), [(1, 3), (9, 7), (12, 5)])
def test_convnext_block_is_the_torch_module_with_padding(time, kernel):
    from deepsense_lib.torch_models.parallel_tts import ConvNeXtBlock1d

    torch.manual_seed(0)
    block = ConvNeXtBlock1d(6, 10, kernel).double().eval()
    weights = {name: value.numpy() for name, value in block.state_dict().items()}
    x, mask = rng().normal(size=(time, 6)), (np.arange(time) < max(1, time - 2)).astype(float)
    with torch.no_grad():
        y = block(tensor(x)[None], tensor(mask)[None, :, None])[0].numpy()
    np.testing.assert_allclose(f.convnext_block(x, mask, weights), y, **EXACT)


@pytest.mark.proves("eq-convnext-block")
def test_convnext_block_sees_no_padding_and_no_further_than_half_a_kernel():
    from deepsense_lib.torch_models.parallel_tts import ConvNeXtBlock1d

    weights = {name: value.numpy() for name, value in ConvNeXtBlock1d(4, 8, 5).state_dict().items()}
    x, mask = rng().normal(size=(9, 4)), np.array([1, 1, 1, 1, 1, 1, 0, 0, 0.0])
    alone = f.convnext_block(x[:6], mask[:6], weights)
    np.testing.assert_allclose(f.convnext_block(x, mask, weights)[:6], alone, **EXACT)
    moved = x.copy()
    moved[0] += 1
    change = np.abs(f.convnext_block(moved, mask, weights) - f.convnext_block(x, mask, weights)).max(1)
    np.testing.assert_array_equal(change > 0, np.arange(9) <= 2)
