"""The perceptron in PyTorch: the formula, its start, one batch overfitted, dropout, ONNX, bad input."""

import numpy as np
import pytest
import torch

from deepsense_lib import weights
from deepsense_lib.errors import InputError
from deepsense_lib.formulas import gradient as f
from deepsense_lib.torch_models.gradient import Perceptron

SIZES = [(3, 5, 2), (1, 1, 1), (8, 4, 7)]


def filled(sizes, activation, seed=0):
    torch.manual_seed(seed)
    model = Perceptron(*sizes, activation).double()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter)
    return model


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("activation", f.ACTIVATIONS)
def test_the_model_is_the_formula_and_so_are_its_gradients(sizes, activation):
    model = filled(sizes, activation)
    x = torch.randn(6, sizes[0], dtype=torch.float64)
    scores = model(x)
    g = torch.randn_like(scores)
    scores.backward(g)
    arrays = list(weights.to_arrays(model.state_dict()).values())
    ours = f.perceptron(x.numpy(), *arrays, activation)
    np.testing.assert_allclose(scores.detach().numpy(), ours, rtol=1e-11, atol=1e-13)
    found = f.perceptron_gradient(x.numpy(), *arrays, g.numpy(), activation)
    for mine, parameter in zip(found, model.parameters(), strict=True):
        np.testing.assert_allclose(mine, parameter.grad.numpy(), rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize(("activation", "variance"), [("tanh", 1 / 400), ("relu", 2 / 400)])
def test_the_start_has_the_promised_spread_and_knows_nothing(activation, variance):
    torch.manual_seed(1)
    model = Perceptron(400, 300, 7, activation)
    np.testing.assert_allclose(model.first.weight.var().item(), variance, rtol=0.03)
    x, labels = torch.randn(20, 400), torch.arange(20) % 7
    loss = torch.nn.functional.cross_entropy(model(x), labels)
    np.testing.assert_allclose(loss.item(), np.log(7), rtol=1e-6)


@pytest.mark.parametrize("activation", f.ACTIVATIONS)
def test_one_batch_can_be_learned_by_heart(activation):
    torch.manual_seed(2)
    model = Perceptron(10, 32, 4, activation)
    x, labels = torch.randn(16, 10), torch.arange(16) % 4
    optimiser = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(200):
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), labels)
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.02


def test_dropout_acts_in_training_only():
    torch.manual_seed(3)
    model = Perceptron(4, 50, 3, dropout=0.5)
    torch.nn.init.normal_(model.head.weight)
    x = torch.randn(2, 4)
    assert not torch.equal(model.train()(x), model(x))
    assert torch.equal(model.eval()(x), model(x))


def test_it_exports(tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    model = filled((5, 6, 3), "relu").float().eval()
    x = torch.randn(4, 5)
    path = tmp_path / "perceptron.onnx"
    torch.onnx.export(model, (x,), path, input_names=["x"], verbose=False)
    session = onnxruntime.InferenceSession(path)
    (found,) = session.run(None, {"x": x.numpy()})
    np.testing.assert_allclose(found, model(x).detach().numpy(), atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hidden": 0}, "widths are 3, 0, 2"),
        ({"activation": "gelu"}, "'gelu'. Expected one of tanh, relu"),
        ({"dropout": 1.0}, "dropout is 1.0"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(InputError, match=message):
        Perceptron(**{"inputs": 3, "hidden": 4, "outputs": 2, **arguments})


def test_bad_input_is_named():
    for shape in ((3,), (2, 4), (2, 3, 1)):
        with pytest.raises(InputError, match=r"Expected \(batch, 3\)"):
            Perceptron(3, 4, 2)(torch.zeros(shape))
