"""The Keras expression classifier equals the PyTorch one: scores, gradients, statistics, in float64."""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from deepsense_lib import weights
from deepsense_lib.errors import InputError

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

from deepsense_lib.keras_models import convolution as keras_convolution  # noqa: E402
from deepsense_lib.torch_models import convolution as torch_convolution  # noqa: E402

GRID = [
    {"channels": (4, 6), "size": 16, "dropout": 0.0},
    {"channels": (3,), "size": 8, "classes": 2, "kernel": 5, "dropout": 0.0},
    {"channels": (2, 3, 5), "size": 24, "classes": 4, "dropout": 0.0},
    *(
        {"channels": (3, 4), "size": size, "classes": classes, "dropout": 0.0, "in_channels": colours}
        for size in (48, 64)
        for classes in (7, 8)
        for colours in (1, 3)
    ),
]


def pair(arguments, seed=0):
    """Return both models in float64 with the same weights, each of its own value."""
    theirs = torch_convolution.ExpressionCNN(**arguments).double()
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in theirs.state_dict().items():
        if tensor.is_floating_point():
            values = torch.rand(tensor.shape, generator=generator, dtype=torch.float64)
            tensor.copy_(values + 0.5 if name.endswith("running_var") else values - 0.4)
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float64")  # the parts of a model follow the global policy, not dtype=
    try:
        ours = keras_convolution.ExpressionCNN(**arguments)
    finally:
        keras.config.set_dtype_policy(policy)
    weights.into_keras(ours, weights.to_arrays(theirs.state_dict()))
    return ours, theirs


def batch(arguments, count=6, seed=1):
    size = arguments["size"]
    x = np.random.default_rng(seed).normal(size=(count, arguments.get("in_channels", 1), size, size))
    return x, x.transpose(0, 2, 3, 1), np.arange(count) % arguments.get("classes", 7)


@pytest.mark.parametrize("arguments", GRID)
def test_scores_are_equal(arguments):
    ours, theirs = pair(arguments)
    x, x_last, _ = batch(arguments)
    with torch.no_grad():
        expected = theirs.eval()(torch.tensor(x)).numpy()
    np.testing.assert_allclose(np.array(ours(x_last)), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("arguments", GRID)
def test_a_training_step_is_equal_in_loss_gradients_and_statistics(arguments):
    ours, theirs = pair(arguments)
    x, x_last, labels = batch(arguments)
    loss = F.cross_entropy(theirs.train()(torch.tensor(x)), torch.tensor(labels))
    loss.backward()
    with tf.GradientTape() as tape:
        scores = ours(x_last, training=True)
        keras_loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, scores))
    assert np.isclose(float(keras_loss), loss.item(), rtol=1e-12)
    parameters = dict(theirs.named_parameters())
    for variable, gradient in zip(
        ours.trainable_weights, tape.gradient(keras_loss, ours.trainable_weights), strict=True
    ):
        name = weights.canonical_name(variable.path)
        turned = weights.to_torch_layout(name, np.array(gradient), variable.path, parameters[name].shape)
        np.testing.assert_allclose(turned, parameters[name].grad.numpy(), rtol=1e-9, atol=1e-11, err_msg=name)
    _compare_statistics(ours, theirs, x)


def _compare_statistics(ours, theirs, x):
    """Running means agree; PyTorch's running variance moves by n / (n - 1) times what Keras' moves by."""
    shapes = {name: tuple(tensor.shape) for name, tensor in theirs.state_dict().items()}
    found = weights.from_keras(ours, shapes)
    side = x.shape[-1]
    for n, block in enumerate(theirs.blocks):
        norm, name = block.norm, f"blocks.{n}.norm"
        np.testing.assert_allclose(found[f"{name}.running_mean"], norm.running_mean.numpy(), rtol=1e-10)
        old = pair(theirs.configuration)[1].state_dict()[f"{name}.running_var"].numpy()
        count = len(x) * (side // 2**n) ** 2
        biased = (found[f"{name}.running_var"] - 0.9 * old) / 0.1
        unbiased = (norm.running_var.numpy() - 0.9 * old) / 0.1
        np.testing.assert_allclose(unbiased, biased * count / (count - 1), rtol=1e-9)


@pytest.mark.parametrize("arguments", GRID)
def test_weights_come_back_unchanged(arguments):
    ours, theirs = pair(arguments)
    state = weights.to_arrays(theirs.state_dict())
    back = weights.from_keras(ours, {name: array.shape for name, array in state.items()})
    assert set(back) == {name for name in state if not name.endswith("num_batches_tracked")}
    for name, array in back.items():
        np.testing.assert_array_equal(array, state[name], err_msg=name)


def test_flattening_without_the_turn_would_mix_up_the_places():
    ours, theirs = pair(GRID[0])
    x, x_last, _ = batch(GRID[0])
    maps = np.array(ours.features(x_last))
    head = np.array(ours.head.kernel), np.array(ours.head.bias)
    mixed = maps.reshape(len(maps), -1) @ head[0] + head[1]
    with torch.no_grad():
        assert not np.allclose(mixed, theirs.eval()(torch.tensor(x)).numpy())


@pytest.mark.parametrize(("classes", "colours", "one_hot"), [(7, 1, False), (8, 3, True)])
def test_fit_learns_one_batch_and_starts_at_log_k(classes, colours, one_hot):
    keras.utils.set_random_seed(0)
    model = keras_convolution.ExpressionCNN(
        classes, channels=(4, 6), size=16, dropout=0.0, in_channels=colours
    )
    rng = np.random.default_rng(2)
    shape = (14, 16, 16) + ((3,) if colours == 3 else ())
    x = keras_convolution.normalize_images(rng.integers(0, 256, shape, dtype=np.uint8))
    labels = np.arange(14) % classes
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    if one_hot:  # the other way to say the same
        labels = np.eye(classes)[labels]
        loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.02), loss=loss)
    assert np.isclose(model.evaluate(x, labels, verbose=0), np.log(classes), rtol=1e-5)
    history = model.fit(x, labels, batch_size=14, epochs=40, verbose=0)
    assert history.history["loss"][-1] < 0.2


def test_normalisation_equals_torch():
    images = np.random.default_rng(3).integers(0, 256, (3, 8, 8), dtype=np.uint8)
    ours = np.array(keras_convolution.normalize_images(images))[..., 0]
    theirs = torch_convolution.normalize_images(torch.tensor(images)).numpy()[:, 0]
    np.testing.assert_allclose(ours, theirs, atol=1e-6)
    with pytest.raises(InputError, match=r"images\[None\]"):
        keras_convolution.normalize_images(images[0])


def test_normalisation_of_colour_equals_torch():
    images = np.random.default_rng(4).integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
    ours = np.array(keras_convolution.normalize_images(images)).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(
        ours, torch_convolution.normalize_images(torch.tensor(images)).numpy(), atol=1e-6
    )
    for wrong in (images.transpose(0, 3, 1, 2), images[..., :2]):
        with pytest.raises(InputError) as said:
            keras_convolution.normalize_images(wrong)
        with pytest.raises(InputError) as expected:
            torch_convolution.normalize_images(torch.tensor(wrong))
        assert str(said.value) == str(expected.value)


@pytest.mark.parametrize(
    "arguments", [{"size": 50}, {"channels": ()}, {"kernel": 4}, {"in_channels": 2}, {"classes": 1}]
)
def test_impossible_configurations_are_named_as_in_torch(arguments):
    with pytest.raises(InputError) as ours:
        keras_convolution.ExpressionCNN(**arguments)
    with pytest.raises(InputError) as theirs:
        torch_convolution.ExpressionCNN(**arguments)
    assert str(ours.value) == str(theirs.value)


def test_images_of_another_shape_are_named():
    model = keras_convolution.ExpressionCNN(channels=(4,), size=16)
    with pytest.raises(InputError, match="images have the shape"):
        model(np.zeros((2, 12, 16, 1), np.float32))
    with pytest.raises(InputError, match="reads grey images"):
        model(np.zeros((2, 16, 16, 3), np.float32))
    colour = keras_convolution.ExpressionCNN(channels=(4,), size=16, in_channels=3)
    with pytest.raises(InputError, match="reads colour images"):
        colour(np.zeros((2, 16, 16, 1), np.float32))
