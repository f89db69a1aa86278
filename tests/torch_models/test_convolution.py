"""The PyTorch expression classifier: against NumPy, at the start, on one batch, and exported."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from deepsense_lib.errors import InputError
from deepsense_lib.formulas.classification import normalize_images as numpy_normalize
from deepsense_lib.formulas.expression import expression_features, expression_scores
from deepsense_lib.torch_models.convolution import ExpressionCNN, normalize_images
from deepsense_lib.weights import to_arrays

SMALL = {"channels": (4, 6), "size": 16, "dropout": 0.0}


def trained_like(model, seed=0):
    """Give every weight and statistic a value of its own, so that no mix-up can hide."""
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point():
            values = torch.rand(tensor.shape, generator=generator, dtype=torch.float64)
            tensor.copy_(values + 0.5 if name.endswith("running_var") else values - 0.4)
    return model


def pictures(batch=3, size=16, seed=1, colours=1):
    shape = (batch, size, size) + ((3,) if colours == 3 else ())
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


# What the common sets have: FER2013 48 grey, and today's 64 or more in colour; seven classes or eight.
INPUTS = [
    {"size": size, "in_channels": colours, "classes": classes, "channels": (3, 4)}
    for size in (48, 64)
    for colours in (1, 3)
    for classes in (7, 8)
]


@pytest.mark.proves("eq-expression-features")
@pytest.mark.proves("eq-expression-scores")
@pytest.mark.parametrize(
    "arguments",
    [SMALL, {"channels": (3,), "size": 8, "classes": 2, "kernel": 5}, {"channels": (2, 3, 4, 5)}, *INPUTS],
)
def test_numpy_forward_equals_torch(arguments):
    model = trained_like(ExpressionCNN(**arguments).double()).eval()
    size = model.configuration["size"]
    x = np.random.default_rng(2).normal(size=(2, model.configuration["in_channels"], size, size))
    arrays = to_arrays(model.state_dict())
    features = expression_features(x, arrays)
    with torch.no_grad():
        np.testing.assert_allclose(features, model.features(torch.tensor(x)).numpy(), rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(
            expression_scores(features, arrays), model(torch.tensor(x)).numpy(), rtol=1e-10
        )


def test_features_need_blocks():
    with pytest.raises(ValueError, match=r"blocks\.0"):
        expression_features(np.zeros((1, 1, 8, 8)), {"head.weight": np.zeros((7, 4))})


@pytest.mark.parametrize("shape", [(2, 1, 16, 16), (2, 16, 16), (16, 16, 3)])
def test_numpy_names_images_of_other_colours(shape):
    arrays = to_arrays(ExpressionCNN(in_channels=3, **SMALL).state_dict())
    with pytest.raises(ValueError, match=r"expected \(batch, 3, height, width\)"):
        expression_features(np.zeros(shape), arrays)


@pytest.mark.proves("eq-normalize-images")
def test_normalisation_equals_numpy():
    images = pictures()
    ours = normalize_images(torch.tensor(images))
    assert ours.dtype == torch.float32
    np.testing.assert_allclose(ours.numpy()[:, 0], numpy_normalize(images), atol=1e-6)
    floats = images / 255.0
    np.testing.assert_allclose(
        normalize_images(torch.tensor(floats)).numpy()[:, 0], numpy_normalize(floats), rtol=1e-12
    )


@pytest.mark.proves("eq-normalize-images")
def test_normalisation_of_colour_equals_numpy_and_keeps_the_hues():
    images = pictures(colours=3) / 255.0
    ours = normalize_images(torch.tensor(images))
    assert ours.shape == (3, 3, 16, 16)
    expected = numpy_normalize(images, colours=3)
    np.testing.assert_allclose(ours.numpy(), expected.transpose(0, 3, 1, 2), rtol=1e-10, atol=1e-12)
    # One mean and one spread for the three colours: a red image stays redder than a grey one.
    red = images.copy()
    red[..., 0] = red[..., 0] / 2 + 0.5
    assert (normalize_images(torch.tensor(red))[:, 0].mean((1, 2)) > 0.3).all()
    # An image that is grey in all three colours is normalised as the grey one is.
    grey = pictures() / 255.0
    tripled = normalize_images(torch.tensor(np.repeat(grey[..., None], 3, axis=-1)))
    alone = normalize_images(torch.tensor(grey)).expand_as(tripled)
    np.testing.assert_allclose(tripled.numpy(), alone.numpy(), rtol=1e-10)


@pytest.mark.parametrize("arguments", [{"classes": 2, **SMALL}, *INPUTS])
def test_the_first_loss_is_log_k(arguments):
    torch.manual_seed(0)
    model = ExpressionCNN(**arguments)
    classes, labels = arguments["classes"], torch.arange(8) % arguments["classes"]
    images = pictures(8, arguments["size"], colours=arguments.get("in_channels", 1))
    loss = F.cross_entropy(model(normalize_images(torch.tensor(images))), labels)
    assert np.isclose(loss.item(), np.log(classes), rtol=1e-6)
    rows = F.one_hot(labels, classes).float()  # the same targets, as one-hot rows
    again = F.cross_entropy(model(normalize_images(torch.tensor(images))), rows)
    assert np.isclose(again.item(), loss.item(), rtol=1e-6)


@pytest.mark.parametrize("colours", [1, 3])
def test_one_batch_can_be_learnt_by_heart(colours):
    torch.manual_seed(0)
    model = ExpressionCNN(in_channels=colours, **SMALL)
    x, labels = normalize_images(torch.tensor(pictures(14, colours=colours))), torch.arange(14) % 7
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(60):
        loss = F.cross_entropy(model(x), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.05
    assert torch.equal(model(x).argmax(1), labels)


def test_in_use_a_batch_gives_each_image_its_own_answer():
    model = trained_like(ExpressionCNN(**SMALL).double()).eval()
    x = normalize_images(torch.tensor(pictures(4) / 255.0))
    with torch.no_grad():
        together, alone = model(x), torch.cat([model(image[None]) for image in x])
    np.testing.assert_allclose(together.numpy(), alone.numpy(), rtol=1e-12)
    # Brightness and contrast change nothing but the floor's share.
    with torch.no_grad():
        dim = model(normalize_images(torch.tensor(pictures(4) / 255.0 * 0.5 + 0.2), floor=0.0))
        full = model(normalize_images(torch.tensor(pictures(4) / 255.0), floor=0.0))
    np.testing.assert_allclose(dim.numpy(), full.numpy(), rtol=1e-8)


def test_every_weight_gets_a_gradient():
    model = trained_like(ExpressionCNN(**SMALL).double()).train()
    F.cross_entropy(model(normalize_images(torch.tensor(pictures(6) / 255.0))), torch.arange(6)).backward()
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in model.parameters())


def test_colour_is_seen_and_the_order_of_the_colours_matters():
    model = trained_like(ExpressionCNN(in_channels=3, **SMALL).double()).eval()
    images = torch.tensor(pictures(4, colours=3) / 255.0)
    with torch.no_grad():
        assert not torch.allclose(model(normalize_images(images)), model(normalize_images(images.flip(3))))


@pytest.mark.parametrize(
    "arguments", [SMALL, {"size": 48, "in_channels": 3, "classes": 8, "channels": (3, 4)}]
)
def test_onnx_gives_the_same_scores(tmp_path, arguments):
    pytest.importorskip("onnxscript")
    runtime = pytest.importorskip("onnxruntime")
    model = trained_like(ExpressionCNN(**arguments)).eval()
    size, colours = arguments["size"], arguments.get("in_channels", 1)
    path = tmp_path / "expression.onnx"
    batch = torch.export.Dim("batch", min=1, max=64)
    example = normalize_images(torch.tensor(pictures(2, size, colours=colours)))
    torch.onnx.export(model, (example,), path, dynamic_shapes=({0: batch},), dynamo=True, verbose=False)
    session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
    x = normalize_images(torch.tensor(pictures(5, size, seed=3, colours=colours)))
    (theirs,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    with torch.no_grad():
        np.testing.assert_allclose(theirs, model(x).numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 50}, "cannot halve images of 50"),
        ({"size": 0}, "cannot halve"),
        ({"channels": ()}, "at least one block"),
        ({"kernel": 4}, "odd number"),
        ({"in_channels": 2}, "3 for colour"),
        ({"classes": 1}, "two classes"),
    ],
)
def test_impossible_configurations_are_named(arguments, message):
    with pytest.raises(InputError, match=message):
        ExpressionCNN(**arguments)


@pytest.mark.parametrize(
    ("colours", "shape", "message"),
    [
        (1, (2, 16, 16), "in_channels=1"),
        (1, (2, 1, 12, 16), "Resize"),
        (1, (2, 3, 16, 16), "reads grey images"),
        (3, (2, 1, 16, 16), "reads colour images"),
        (3, (2, 16, 16, 3), "where they belong"),
        (3, (2, 3, 48, 48), "Resize"),
    ],
)
def test_images_of_another_shape_are_named(colours, shape, message):
    with pytest.raises(InputError, match=f"images have the shape.*{message}"):
        ExpressionCNN(in_channels=colours, **SMALL)(torch.zeros(shape))


@pytest.mark.parametrize("shape", [(16, 16), (2, 3, 16, 16), (2, 16, 16, 4), (1, 2, 16, 16, 3)])
def test_normalisation_needs_a_stack_of_grey_or_colour_images(shape):
    with pytest.raises(InputError, match=r"colours last.*images\[None\]"):
        normalize_images(torch.zeros(shape))


def test_a_card_written_before_there_was_colour_still_loads():
    old = ExpressionCNN(**SMALL).configuration
    del old["in_channels"]
    assert ExpressionCNN(**old).configuration["in_channels"] == 1
