"""The Keras classifiers with attention equal the PyTorch ones: scores, gradients, maps, in float64."""

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

from deepsense_lib.keras_models import face_attention as keras_cnn  # noqa: E402
from deepsense_lib.keras_models import vision_transformer as keras_vit  # noqa: E402
from deepsense_lib.torch_models import face_attention as torch_cnn  # noqa: E402
from deepsense_lib.torch_models import vision_transformer as torch_vit  # noqa: E402

HOMES = {
    "CBAMExpressionCNN": (keras_cnn, torch_cnn),
    "PoolingExpressionCNN": (keras_cnn, torch_cnn),
    "VisionTransformer": (keras_vit, torch_vit),
}
GRID = [
    ("CBAMExpressionCNN", {"channels": (4, 6), "size": 16, "dropout": 0.0, "reduction": 2, "window": 3}),
    ("CBAMExpressionCNN", {"channels": (3,), "size": 8, "classes": 2, "dropout": 0.0, "reduction": 3}),
    ("PoolingExpressionCNN", {"channels": (4, 6), "size": 16, "dropout": 0.0, "hidden": 5}),
    ("PoolingExpressionCNN", {"channels": (2, 3, 5), "size": 24, "classes": 4, "dropout": 0.0, "hidden": 1}),
    ("VisionTransformer", {"size": 16, "patch": 4, "width": 8, "depth": 2, "heads": 2, "dropout": 0.0}),
    (
        "VisionTransformer",
        {
            "size": 12,
            "patch": 6,
            "width": 6,
            "depth": 1,
            "heads": 3,
            "ratio": 4,
            "dropout": 0.0,
            "summary": "token",
            "classes": 3,
        },
    ),
    (
        "VisionTransformer",
        {
            "size": 16,
            "patch": 4,
            "width": 8,
            "depth": 1,
            "heads": 2,
            "dropout": 0.0,
            "stem": "convolution",
        },
    ),
]
NAMES = [f"{name}-{n}" for n, (name, _) in enumerate(GRID)]


@pytest.fixture(params=GRID, ids=NAMES)
def pair(request, double_precision):
    """Both models in float64 with the same weights, each of its own value, and a batch for both."""
    name, arguments = request.param
    ours, theirs = HOMES[name]
    second = getattr(theirs, name)(**arguments).double()
    generator = torch.Generator().manual_seed(0)
    for key, tensor in second.state_dict().items():
        if tensor.is_floating_point():
            values = torch.rand(tensor.shape, generator=generator, dtype=torch.float64)
            tensor.copy_(values + 0.5 if key.endswith("running_var") else values - 0.4)
    first = getattr(ours, name)(**arguments)
    weights.into_keras(first, weights.to_arrays(second.state_dict()))
    size, count = arguments["size"], 6
    x = np.random.default_rng(1).normal(size=(count, 1, size, size))
    return first, second, x, x.transpose(0, 2, 3, 1), np.arange(count) % arguments.get("classes", 7)


def test_scores_maps_and_configurations_are_equal(pair):
    first, second, x, x_last, _ = pair
    second.eval()
    with torch.no_grad():
        expected = second(torch.tensor(x)).numpy()
    # TensorFlow's error function is good to nine digits only, so GELU is.
    np.testing.assert_allclose(np.array(first(x_last)), expected, rtol=1e-7, atol=1e-9)
    maps = second.attention_maps(torch.tensor(x))
    for mine, theirs in zip(first.attention_maps(x_last), maps, strict=True):
        np.testing.assert_allclose(np.array(mine), theirs.numpy(), rtol=1e-7, atol=1e-10)
    assert first.configuration == second.configuration


def test_loss_and_gradients_are_equal(pair, demand_equal_gradients):
    first, second, x, x_last, labels = pair
    loss = F.cross_entropy(second.train()(torch.tensor(x)), torch.tensor(labels))
    loss.backward()

    def keras_loss():
        scores = first(x_last, training=True)
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, scores))

    assert np.isclose(float(keras_loss()), loss.item(), rtol=1e-8)
    arrays = weights.to_arrays(dict(second.named_parameters()))
    demand_equal_gradients(second, first, arrays, keras_loss, rtol=1e-6, atol=1e-8)


def test_weights_come_back_unchanged(pair, demand_round_trip):
    first, second, *_ = pair
    state = weights.to_arrays(second.state_dict())
    demand_round_trip(first, {k: v for k, v in state.items() if not k.endswith("num_batches_tracked")})


def test_squeeze_and_excitation_is_equal(double_precision):
    first, second = keras_cnn.SqueezeExcitation(8, 4), torch_cnn.SqueezeExcitation(8, 4).double()
    first.build()
    first.reduce.kernel.assign(second.reduce.weight.detach().numpy().T)
    first.expand.kernel.assign(second.expand.weight.detach().numpy().T)
    x = np.random.default_rng(2).normal(size=(3, 8, 5, 5))
    with torch.no_grad():
        expected = second(torch.tensor(x)).numpy()
    found = np.array(first(x.transpose(0, 2, 3, 1))).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(found, expected, rtol=1e-10)


@pytest.mark.parametrize(("name", "arguments"), GRID, ids=NAMES)
def test_fit_learns_one_batch_and_starts_at_log_k(name, arguments):
    keras.utils.set_random_seed(0)
    arguments = {**arguments, "classes": 7}
    if arguments["size"] < 16:
        arguments |= {"size": 24}
    model = getattr(HOMES[name][0], name)(**arguments)
    size = arguments["size"]
    x = np.random.default_rng(2).normal(size=(14, size, size, 1)).astype(np.float32)
    labels = np.arange(14) % 7
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.02), loss=loss)
    assert np.isclose(model.evaluate(x, labels, verbose=0), np.log(7), rtol=1e-5)
    history = model.fit(x, labels, batch_size=14, epochs=60, verbose=0)
    assert history.history["loss"][-1] < 0.7


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("CBAMExpressionCNN", {"reduction": 0}),
        ("CBAMExpressionCNN", {"reduction": 17}),
        ("CBAMExpressionCNN", {"window": 4}),
        ("CBAMExpressionCNN", {"size": 50}),
        ("PoolingExpressionCNN", {"kernel": 2}),
        ("VisionTransformer", {"patch": 7}),
        ("VisionTransformer", {"heads": 5}),
        ("VisionTransformer", {"summary": "last"}),
    ],
)
def test_impossible_configurations_are_named_as_in_torch(name, arguments):
    messages = []
    for home in HOMES[name]:
        with pytest.raises(InputError) as error:
            getattr(home, name)(**arguments)
        messages.append(str(error.value))
    assert messages[0] == messages[1]


def test_images_of_another_shape_are_named():
    for name, arguments in (GRID[2], GRID[4]):
        model = getattr(HOMES[name][0], name)(**arguments)
        with pytest.raises(InputError, match="images have the shape"):
            model(np.zeros((2, 12, 16, 1), np.float32))
