"""Softmax, cross-entropy, batch normalisation and their gradients against PyTorch and Keras."""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsense_lib.formulas import classification as cls

keras = pytest.importorskip("keras")

SHAPES = [(1, 1, 2, 2), (2, 3, 4, 5), (5, 2, 1, 3)]


def scores(seed=0, batch=6, classes=7, scale=3.0):
    rng = np.random.default_rng(seed)
    return rng.normal(scale=scale, size=(batch, classes)), rng.integers(0, classes, batch)


def maps(shape, seed=0):
    rng = np.random.default_rng(seed)
    channels = shape[1]
    return rng.normal(2, 3, shape), rng.uniform(0.5, 2, channels), rng.normal(size=channels)


@pytest.mark.proves("eq-softmax")
@settings(max_examples=50, derandomize=True, deadline=None)
@given(st.integers(0, 10**6), st.floats(-1e4, 1e4), st.floats(0.01, 1e3))
def test_softmax_is_a_distribution_that_a_constant_does_not_move(seed, constant, scale):
    z, _ = scores(seed, scale=scale)
    p = cls.softmax(z)
    assert (p >= 0).all()
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-12)
    # Adding a constant rounds z itself, so the tolerance grows with the constant.
    np.testing.assert_allclose(cls.softmax(z + constant), p, atol=1e-13 * max(1, abs(constant)))
    np.testing.assert_allclose(p, torch.softmax(torch.tensor(z), 1).numpy(), rtol=1e-10, atol=1e-300)


@pytest.mark.proves("eq-log-softmax")
def test_log_softmax_survives_what_overflows():
    z = np.array([[1000.0, 0.0, -1000.0], [-1e6, -1e6, -1e6]])
    expected = torch.log_softmax(torch.tensor(z), 1).numpy()
    np.testing.assert_allclose(cls.log_softmax(z), expected, rtol=1e-12)
    assert np.isfinite(cls.log_softmax(z)).all()


@pytest.mark.proves("eq-cross-entropy")
@pytest.mark.proves("eq-targets")
@pytest.mark.parametrize("smoothing", [0.0, 0.05, 0.3])
def test_cross_entropy_equals_torch_and_keras(smoothing):
    z, labels = scores(1)
    y = cls.targets(labels, 7, smoothing)
    ours = cls.cross_entropy(z, y)
    theirs = F.cross_entropy(torch.tensor(z), torch.tensor(labels), label_smoothing=smoothing)
    assert np.isclose(ours, theirs.item(), rtol=1e-12)
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing, dtype="float64")
    assert np.isclose(ours, float(loss(cls.targets(labels, 7), z)), rtol=1e-10)


@pytest.mark.proves("eq-cross-entropy-gradient")
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_gradient_is_prediction_minus_target(smoothing):
    z, labels = scores(2)
    y = cls.targets(labels, 7, smoothing)
    tensor = torch.tensor(z, requires_grad=True)
    F.cross_entropy(tensor, torch.tensor(labels), label_smoothing=smoothing).backward()
    ours = cls.cross_entropy_gradient(z, y)
    np.testing.assert_allclose(ours, tensor.grad.numpy(), rtol=1e-10, atol=1e-15)
    np.testing.assert_allclose(ours.sum(axis=1), 0, atol=1e-15)
    # Wrong answers: gradient of the squared error of p, and p - y that forgets the mean.
    p = cls.softmax(z)
    assert not np.allclose(p * (p - y), tensor.grad.numpy())
    assert not np.allclose(p - y, tensor.grad.numpy())


@pytest.mark.parametrize("classes", [2, 7, 10])
def test_without_knowledge_the_loss_is_log_k(classes):
    labels = np.arange(classes)
    assert np.isclose(
        cls.cross_entropy(np.zeros((classes, classes)), cls.targets(labels, classes)), np.log(classes)
    )


@pytest.mark.proves("eq-relu")
@pytest.mark.proves("eq-relu-gradient")
def test_relu_and_its_gradient_equal_torch_at_zero_too():
    x = np.array([-2.0, -0.0, 0.0, 1e-300, 3.0])
    tensor = torch.tensor(x, requires_grad=True)
    y = torch.relu(tensor)
    g = np.arange(1.0, 6.0)
    y.backward(torch.tensor(g))
    np.testing.assert_array_equal(cls.relu(x), y.detach().numpy())
    np.testing.assert_array_equal(cls.relu_gradient(x, g), tensor.grad.numpy())


@pytest.mark.proves("eq-linear")
@pytest.mark.proves("eq-linear-gradient")
def test_linear_and_its_gradients_equal_torch():
    rng = np.random.default_rng(3)
    arrays = rng.normal(size=(4, 5)), rng.normal(size=(3, 5)), rng.normal(size=3)
    x, w, b = (torch.tensor(a, requires_grad=True) for a in arrays)
    y = F.linear(x, w, b)
    g = rng.normal(size=(4, 3))
    y.backward(torch.tensor(g))
    np.testing.assert_allclose(cls.linear(*arrays), y.detach().numpy(), rtol=1e-10)
    for ours, tensor in zip(cls.linear_gradient(arrays[0], arrays[1], g), (x, w, b), strict=True):
        np.testing.assert_allclose(ours, tensor.grad.numpy(), rtol=1e-10)


@pytest.mark.proves("eq-batch-norm")
@pytest.mark.proves("eq-batch-norm-gradient")
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("epsilon", [1e-5, 1e-3])
def test_batch_norm_and_its_gradients_equal_torch(shape, epsilon):
    arrays = maps(shape)
    x, gamma, beta = (torch.tensor(a, requires_grad=True) for a in arrays)
    y = F.batch_norm(x, None, None, gamma, beta, training=True, eps=epsilon)
    g = np.random.default_rng(4).normal(size=shape)
    y.backward(torch.tensor(g))
    np.testing.assert_allclose(cls.batch_norm(*arrays, epsilon), y.detach().numpy(), rtol=1e-10, atol=1e-12)
    ours = cls.batch_norm_gradient(arrays[0], arrays[1], g, epsilon)
    for mine, tensor in zip(ours, (x, gamma, beta), strict=True):
        np.testing.assert_allclose(mine, tensor.grad.numpy(), rtol=1e-9, atol=1e-12)


def test_the_gradient_that_forgets_mean_and_variance_is_wrong():
    x, gamma, _ = maps((4, 2, 3, 3))
    g = np.random.default_rng(5).normal(size=x.shape)
    scale = gamma / np.sqrt(x.var(axis=(0, 2, 3)) + 1e-5)
    assert not np.allclose(g * scale[:, None, None], cls.batch_norm_gradient(x, gamma, g)[0])
    np.testing.assert_allclose(cls.batch_norm_gradient(x, gamma, g)[0].sum(axis=(0, 2, 3)), 0, atol=1e-12)


@pytest.mark.proves("eq-batch-norm-inference")
@pytest.mark.parametrize("shape", SHAPES)
def test_batch_norm_in_use_equals_torch_and_gives_each_image_its_own_answer(shape):
    x, gamma, beta = maps(shape)
    mean, variance = beta + 1, gamma + 0.5
    ours = cls.batch_norm_inference(x, gamma, beta, mean, variance)
    tensors = [torch.tensor(a) for a in (x, mean, variance, gamma, beta)]
    np.testing.assert_allclose(ours, F.batch_norm(*tensors, training=False).numpy(), rtol=1e-10, atol=1e-12)
    alone = cls.batch_norm_inference(x[:1], gamma, beta, mean, variance)
    np.testing.assert_array_equal(ours[:1], alone)


@pytest.mark.proves("eq-running-average")
def test_running_statistics_and_the_two_conventions_about_them():
    x, _, _ = maps((4, 3, 5, 5))
    n = x.size // 3
    norm = torch.nn.BatchNorm2d(3, momentum=0.1, dtype=torch.float64)
    norm(torch.tensor(x))
    layer = keras.layers.BatchNormalization(axis=-1, momentum=0.9, epsilon=1e-5, dtype="float64")
    layer(x.transpose(0, 2, 3, 1), training=True)
    mean = cls.running_average(np.zeros(3), x.mean(axis=(0, 2, 3)))
    np.testing.assert_allclose(norm.running_mean.numpy(), mean, rtol=1e-12)
    np.testing.assert_allclose(np.array(layer.moving_mean), mean, rtol=1e-12)
    # PyTorch stores the unbiased variance of the batch, Keras the biased one that both normalise with.
    biased = x.var(axis=(0, 2, 3))
    torch_variance = cls.running_average(np.ones(3), biased * n / (n - 1))
    np.testing.assert_allclose(norm.running_var.numpy(), torch_variance, rtol=1e-12)
    np.testing.assert_allclose(
        np.array(layer.moving_variance), cls.running_average(np.ones(3), biased), rtol=1e-12
    )


@pytest.mark.proves("eq-normalize-images")
@pytest.mark.parametrize(
    ("shape", "colours"), [((5,), 1), ((4, 5), 3), ((2, 3, 4, 5), 3), ((2, 4, 5), 2), ((2, 4, 5, 3), 0)]
)
def test_normalize_images_names_shapes_that_do_not_fit_the_colours(shape, colours):
    with pytest.raises(ValueError, match=r"expected \(\.\.\., height, width\)"):
        cls.normalize_images(np.zeros(shape), colours=colours)


def test_normalize_images_in_colour_has_one_mean_and_spread_an_image():
    images = np.random.default_rng(5).uniform(size=(2, 4, 6, 6, 3)) * [1.0, 0.5, 0.2]
    out = cls.normalize_images(images, floor=0.0, colours=3)
    np.testing.assert_allclose(out.mean((-3, -2, -1)), 0, atol=1e-12)
    np.testing.assert_allclose(out.std((-3, -2, -1)), 1, rtol=1e-12)
    assert (out[..., 0].mean((-2, -1)) > out[..., 2].mean((-2, -1))).all()


def test_normalize_images_forgets_brightness_and_contrast():
    rng = np.random.default_rng(6)
    images = rng.integers(0, 256, (5, 8, 8), dtype=np.uint8)
    out = cls.normalize_images(images)
    assert out.dtype == np.float32
    np.testing.assert_allclose(out.mean(axis=(1, 2)), 0, atol=1e-6)
    spread = images.std(axis=(1, 2)) / 255
    np.testing.assert_allclose(out.std(axis=(1, 2)), spread / (spread + 0.05), rtol=1e-5)
    bright = cls.normalize_images(images / 255.0 * 0.5 + 0.2, floor=0.0)
    np.testing.assert_allclose(bright, cls.normalize_images(images, floor=0.0), atol=1e-5)
    flat = cls.normalize_images(np.full((1, 4, 4), 200, np.uint8))
    np.testing.assert_allclose(flat, 0, atol=1e-5)


@pytest.mark.proves("eq-evidence-map")
def test_evidence_adds_up_to_the_score():
    rng = np.random.default_rng(7)
    features, weight, bias = rng.normal(size=(3, 4, 2, 5)), rng.normal(size=(7, 4, 2, 5)), rng.normal(size=7)
    evidence = cls.evidence_map(features, weight)
    z = cls.linear(features.reshape(3, -1), weight.reshape(7, -1), bias)
    np.testing.assert_allclose(evidence.sum(axis=(2, 3)) + bias, z, rtol=1e-10)
    with pytest.raises(ValueError, match="must agree"):
        cls.evidence_map(features, weight[:, :3])


@pytest.mark.proves("eq-class-activation-map")
def test_class_activation_maps_average_to_the_score_of_a_pooling_head():
    rng = np.random.default_rng(8)
    features, weight, bias = rng.normal(size=(3, 4, 2, 5)), rng.normal(size=(7, 4)), rng.normal(size=7)
    maps = cls.class_activation_map(features, weight)
    z = cls.linear(features.mean(axis=(2, 3)), weight, bias)
    np.testing.assert_allclose(maps.mean(axis=(2, 3)) + bias, z, rtol=1e-10)
    # With one weight at all places the evidence map is the class activation map, over the number of places.
    everywhere = np.broadcast_to(weight[:, :, None, None] / 10, (7, 4, 2, 5))
    np.testing.assert_allclose(cls.evidence_map(features, everywhere), maps / 10, rtol=1e-12)
    for wrong in (weight[:, :3], everywhere):
        with pytest.raises(ValueError, match="equal channels"):
            cls.class_activation_map(features, wrong)


@pytest.mark.proves("eq-grad-cam")
@pytest.mark.parametrize("places", [(1, 1), (2, 5), (4, 4)])
def test_grad_cam_of_a_pooling_head_is_the_class_activation_map_over_the_number_of_places(places):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(9)
    features, weight = rng.normal(size=(3, 4, *places)), rng.normal(size=(7, 4))
    leaf = torch.tensor(features, requires_grad=True)
    classes = [2, 0, 6]
    (leaf.mean(dim=(2, 3)) @ torch.tensor(weight).T)[[0, 1, 2], classes].sum().backward()
    ours = cls.grad_cam(features, leaf.grad.numpy())
    cam = cls.class_activation_map(features, weight)[[0, 1, 2], classes]
    np.testing.assert_allclose(ours, np.maximum(cam, 0) / np.prod(places), rtol=1e-10, atol=1e-12)
    with pytest.raises(ValueError, match="must both be"):
        cls.grad_cam(features, leaf.grad.numpy()[:2])


def test_grad_cam_of_a_flat_head_is_not_its_evidence_but_gradient_times_feature_is():
    rng = np.random.default_rng(10)
    features, weight = rng.normal(size=(3, 4, 2, 5)), rng.normal(size=(7, 4, 2, 5))
    gradient = np.broadcast_to(weight[4], features.shape)  # of the score of class 4
    evidence = cls.evidence_map(features, weight)[:, 4]
    np.testing.assert_allclose((gradient * features).sum(1), evidence, rtol=1e-10)
    assert not np.allclose(cls.grad_cam(features, gradient), np.maximum(evidence, 0), atol=0.1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cls.targets([0.5, 1.0], 3), "row of integers"),
        (lambda: cls.targets([[0, 1]], 3), "row of integers"),
        (lambda: cls.targets([0, 3], 3), "labels must lie in 0 to 2, found 0 to 3"),
        (lambda: cls.targets([-1, 0], 3), "found -1 to 0"),
        (lambda: cls.targets([0], 3, 1.0), "smoothing must lie"),
        (lambda: cls.cross_entropy(np.zeros((2, 3)), np.array([0, 1])), "must both be"),
        (lambda: cls.cross_entropy_gradient(np.zeros(3), np.zeros(3)), "must both be"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
