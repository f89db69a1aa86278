"""The formulas of face autoencoders against PyTorch, autograd and scikit-learn, and as properties."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from deepsense_lib.formulas import face_autoencoder as f
from deepsense_lib.formulas.classification import targets
from deepsense_lib.formulas.convolution import conv2d
from deepsense_lib.torch_models.vision_transformer import cut_patches

RNG = np.random.default_rng
# kernel, stride, padding, height, width of the small maps
GRID = [(1, 1, 0, 3, 4), (3, 1, 1, 4, 3), (2, 2, 0, 3, 3), (4, 2, 1, 3, 2), (4, 2, 1, 1, 1), (5, 3, 2, 2, 4)]


@pytest.mark.proves("eq-pointwise")
@pytest.mark.parametrize("places", [(), (5,), (4, 3), (2, 4, 3)])
def test_a_dense_layer_on_the_last_axis_is_a_1x1_convolution(places):
    rng = RNG(0)
    x, w, b = rng.normal(size=(*places, 3)), rng.normal(size=(3, 6)), rng.normal(size=6)
    flat = torch.tensor(x.reshape(1, -1, 1, 3)).permute(0, 3, 1, 2)
    expected = torch.nn.functional.conv2d(flat, torch.tensor(w.T[:, :, None, None]), torch.tensor(b))
    found = f.pointwise(x, w, b)
    assert found.shape == (*places, 6)
    np.testing.assert_allclose(found.reshape(-1, 6), expected[0, :, :, 0].T, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(f.pointwise(x, w), found - b, atol=1e-12)
    with pytest.raises(ValueError, match="3 channels and w is for 6"):
        f.pointwise(x, w.T)


def test_a_pixel_changes_its_own_cell_and_no_other():
    rng = RNG(1)
    x, w = rng.random((64, 64, 3)), rng.normal(size=(3, 64))
    other = x.copy()
    other[20, 41] += 0.5
    changed = np.abs(f.pointwise(x, w) - f.pointwise(other, w)).max(-1) > 0
    assert changed.sum() == 1
    assert changed[20, 41]
    assert f.pointwise(x, w).size / x.size == pytest.approx(64 / 3)  # larger than the image


@pytest.mark.proves("eq-transposed-size")
@pytest.mark.proves("eq-transposed-conv2d")
@pytest.mark.parametrize(("kernel", "stride", "padding", "height", "width"), GRID)
def test_transposed_convolution_is_torchs(kernel, stride, padding, height, width):
    rng = RNG(2)
    x, w = rng.normal(size=(2, 3, height, width)), rng.normal(size=(3, 2, kernel, kernel))
    b = rng.normal(size=2)
    expected = torch.nn.functional.conv_transpose2d(
        torch.tensor(x), torch.tensor(w), torch.tensor(b), stride, padding
    ).numpy()
    found = f.transposed_conv2d(x, w, b, stride, padding)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
    assert expected.shape[2] == f.transposed_size(height, kernel, stride, padding)


@pytest.mark.parametrize(("kernel", "stride", "padding", "height", "width"), GRID)
def test_transposed_convolution_is_the_adjoint(kernel, stride, padding, height, width):
    rng = RNG(3)
    w, y = rng.normal(size=(3, 2, kernel, kernel)), rng.normal(size=(2, 3, height, width))
    size = [f.transposed_size(n, kernel, stride, padding) for n in (height, width)]
    x = rng.normal(size=(2, 2, *size))
    forth = (conv2d(x, w, None, stride, padding) * y).sum()
    back = (x * f.transposed_conv2d(y, w, None, stride, padding)).sum()
    np.testing.assert_allclose(forth, back, rtol=1e-10, atol=1e-10)
    if kernel > 1:  # it is the adjoint, not the inverse, and a turned kernel is not it
        turned = (x * f.transposed_conv2d(y, w[:, :, ::-1, ::-1], None, stride, padding)).sum()
        assert not np.isclose(forth, turned)


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match="same number of filters"):
        f.transposed_conv2d(np.zeros((1, 2, 3, 3)), np.zeros((3, 2, 2, 2)))
    with pytest.raises(ValueError, match="Use less padding"):
        f.transposed_size(1, 2, 1, 1)


@pytest.mark.proves("eq-transposed-conv2d-gradients")
@pytest.mark.parametrize(("kernel", "stride", "padding", "height", "width"), GRID)
def test_gradients_of_transposed_convolution_are_autograds(kernel, stride, padding, height, width):
    rng = RNG(4)
    x, w = rng.normal(size=(2, 3, height, width)), rng.normal(size=(3, 2, kernel, kernel))
    tensors = [torch.tensor(a, requires_grad=True) for a in (x, w, np.zeros(2))]
    y = torch.nn.functional.conv_transpose2d(*tensors, stride, padding)
    g = rng.normal(size=y.shape)
    y.backward(torch.tensor(g))
    for mine, tensor in zip(f.transposed_conv2d_gradients(x, w, g, stride, padding), tensors, strict=True):
        np.testing.assert_allclose(mine, tensor.grad, rtol=1e-9, atol=1e-10)


@pytest.mark.proves("eq-join-patches")
@pytest.mark.parametrize(("height", "width", "patch"), [(8, 8, 4), (6, 9, 3), (4, 4, 4), (3, 5, 1)])
def test_joining_undoes_cutting(height, width, patch):
    images = RNG(5).normal(size=(3, height, width))
    cut = cut_patches(torch.tensor(images), patch).numpy()
    np.testing.assert_array_equal(f.join_patches(cut, height, width), images)
    if height == width and 1 < patch < height:
        assert not np.array_equal(cut.reshape(images.shape), images)  # merely reshaping mixes the rows


@pytest.mark.parametrize("shape", [(1, 4, 15), (1, 3, 16), (4, 16), (1, 4, 0)])
def test_patches_that_tile_nothing_are_named(shape):
    with pytest.raises(ValueError, match="do not tile"):
        f.join_patches(np.zeros(shape), 8, 8)


def masked_case():
    rng = RNG(6)
    predicted, patches = rng.normal(size=(3, 6, 5)), rng.normal(size=(3, 6, 5))
    masked = np.array([[1, 1, 0, 1, 0, 1], [1, 0, 1, 1, 1, 0], [0, 1, 1, 0, 1, 1]], bool)
    return predicted, patches, masked


@pytest.mark.proves("eq-masked-reconstruction")
@pytest.mark.proves("eq-masked-reconstruction-gradient")
def test_masked_error_and_its_gradient_are_autograds():
    predicted, patches, masked = masked_case()
    tensor = torch.tensor(predicted, requires_grad=True)
    chosen = torch.tensor(masked)
    loss = torch.nn.functional.mse_loss(tensor[chosen], torch.tensor(patches)[chosen])
    loss.backward()
    np.testing.assert_allclose(f.masked_reconstruction(predicted, patches, masked), loss.item(), rtol=1e-12)
    gradient = f.masked_reconstruction_gradient(predicted, patches, masked)
    np.testing.assert_allclose(gradient, tensor.grad, rtol=1e-12)
    assert not gradient[~masked].any()
    assert gradient[masked].all()


def test_visible_patches_do_not_count_and_masked_ones_do():
    predicted, patches, masked = masked_case()
    before = f.masked_reconstruction(predicted, patches, masked)
    other = patches.copy()
    other[~masked] += 100.0
    assert f.masked_reconstruction(predicted, other, masked) == before
    other[0, 0] += 1.0
    assert f.masked_reconstruction(predicted, other, masked) != before
    # Wrong: the mean over all patches, or the visible error.
    assert not np.isclose(((predicted - patches) ** 2 * masked[..., None]).mean(), before)
    assert not np.isclose(((predicted - patches)[~masked] ** 2).mean(), before)
    with pytest.raises(ValueError, match="no patch is masked"):
        f.masked_reconstruction(predicted, patches, np.zeros_like(masked))
    with pytest.raises(ValueError, match="the mask"):
        f.masked_reconstruction(predicted, patches, masked[:1])


def probe_case(penalty=0.0):
    rng = RNG(7)
    code, labels = rng.normal(size=(40, 5)), np.arange(40) % 3
    code[:, 0] += labels
    return code, labels, targets(labels, 3)


@pytest.mark.proves("eq-probe-loss")
@pytest.mark.proves("eq-probe-gradients")
@pytest.mark.parametrize("penalty", [0.0, 0.3])
def test_probe_loss_and_gradients_are_autograds(penalty):
    code, labels, y = probe_case()
    w = torch.tensor(RNG(8).normal(size=(5, 3)), requires_grad=True)
    b = torch.tensor(RNG(9).normal(size=3), requires_grad=True)
    loss = torch.nn.functional.cross_entropy(torch.tensor(code) @ w + b, torch.tensor(labels))
    loss = loss + penalty / 2 * (w**2).sum()
    loss.backward()
    arguments = (code, y, w.detach().numpy(), b.detach().numpy(), penalty)
    np.testing.assert_allclose(f.probe_loss(*arguments), loss.item(), rtol=1e-12)
    for mine, tensor in zip(f.probe_gradients(*arguments), (w, b), strict=True):
        np.testing.assert_allclose(mine, tensor.grad, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("penalty", [0.01, 0.3])
def test_scikit_learns_solution_is_a_zero_of_the_gradients(penalty):
    code, labels, y = probe_case()
    machine = LogisticRegression(C=1 / (penalty * len(code)), tol=1e-10, max_iter=5000).fit(code, labels)
    by_w, by_b = f.probe_gradients(code, y, machine.coef_.T, machine.intercept_, penalty)
    assert np.abs(by_w).max() < 1e-6
    assert np.abs(by_b).max() < 1e-6


@pytest.mark.proves("eq-between-share")
def test_between_share_is_one_for_groups_and_zero_for_chance():
    rng = RNG(10)
    groups = np.repeat(np.arange(50), 7)
    means = rng.normal(size=(50, 4))
    assert f.between_share(means[groups], groups) == pytest.approx(1)
    noise = [f.between_share(rng.normal(size=(350, 4)), groups) for _ in range(40)]
    assert abs(np.mean(noise)) < 0.01  # the uncorrected share would be 49 / 349
    # Half of the variance between groups, half within.
    mixed = [
        f.between_share(rng.normal(size=(50, 4))[groups] + rng.normal(size=(350, 4)), groups)
        for _ in range(40)
    ]
    assert np.mean(mixed) == pytest.approx(0.5, abs=0.03)
    names = np.array([f"person {g}" for g in groups])
    code = means[groups] + rng.normal(size=(350, 4))
    assert f.between_share(code, names) == f.between_share(code, groups)
    for bad in (np.zeros(350), np.arange(350)):
        with pytest.raises(ValueError, match="at least 2 groups"):
            f.between_share(code, bad)


def test_between_share_is_the_usual_analysis_of_variance():
    from scipy.stats import f_oneway

    rng = RNG(11)
    groups = np.repeat(np.arange(6), 9)
    code = rng.normal(size=(6, 1))[groups] + rng.normal(size=(54, 1))
    ratio = f_oneway(*[code[groups == k, 0] for k in range(6)]).statistic
    eta = 5 * ratio / (5 * ratio + 48)
    np.testing.assert_allclose(f.between_share(code, groups), 1 - (1 - eta) * 53 / 48, rtol=1e-10)
