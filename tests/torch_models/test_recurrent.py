"""Our LSTM against PyTorch's own and against the NumPy reference; masks; what it can learn."""

import numpy as np
import pytest
import torch

from deepsense_lib.formulas import recurrent as formulas
from deepsense_lib.torch_models.recurrent import LSTM, LSTMCell

SHAPES = [(1, 1, 1, 1), (2, 5, 3, 4), (3, 8, 2, 6)]  # batch, time, inputs, width


def pair(inputs: int, width: int, seed: int = 0):
    """Our LSTM and PyTorch's own with the same random weights, in float64."""
    torch.manual_seed(seed)
    ours, theirs = LSTM(inputs, width).double(), torch.nn.LSTM(inputs, width, batch_first=True).double()
    ours.cell.input.bias.data.normal_()
    theirs.load_state_dict(
        {
            "weight_ih_l0": ours.cell.input.weight.data,
            "weight_hh_l0": ours.cell.state.weight.data,
            "bias_ih_l0": ours.cell.input.bias.data,
            "bias_hh_l0": torch.zeros(4 * width),
        }
    )
    return ours, theirs


@pytest.mark.parametrize(("batch", "time", "inputs", "width"), SHAPES)
def test_outputs_and_gradients_are_those_of_torchs_own(batch, time, inputs, width):
    ours, theirs = pair(inputs, width)
    x = torch.randn(batch, time, inputs, dtype=torch.float64)
    h, c = torch.randn(2, batch, width, dtype=torch.float64)
    mine, last = ours(x, (h, c))
    other, last_other = theirs(x, (h[None], c[None]))
    torch.testing.assert_close(mine, other, atol=1e-12, rtol=0)
    for a, b in zip(last, last_other, strict=True):
        torch.testing.assert_close(a, b[0], atol=1e-12, rtol=0)
    for out in (mine, other):
        (out**3).sum().backward()
    for a, b in (
        (ours.cell.input.weight, theirs.weight_ih_l0),
        (ours.cell.state.weight, theirs.weight_hh_l0),
        (ours.cell.input.bias, theirs.bias_ih_l0),
    ):
        torch.testing.assert_close(a.grad, b.grad, atol=1e-10, rtol=1e-10)


def test_masked_states_are_those_of_the_formula():
    ours, _ = pair(3, 4)
    x, mask = torch.randn(1, 6, 3, dtype=torch.float64), torch.tensor([[1.0, 1, 0, 1, 0, 0]])
    found, (h, c) = ours(x, mask=mask)
    w, u = ours.cell.input.weight.detach().numpy(), ours.cell.state.weight.detach().numpy()
    b, zero = ours.cell.input.bias.detach().numpy(), np.zeros(4)
    states, cells = formulas.lstm(x[0].numpy(), zero, zero, w, u, b, mask[0].numpy())
    np.testing.assert_allclose(found[0].detach().numpy(), states, atol=1e-12)
    np.testing.assert_allclose(h[0].detach().numpy(), states[-1], atol=1e-12)
    np.testing.assert_allclose(c[0].detach().numpy(), cells[-1], atol=1e-12)


def test_a_state_depends_on_no_later_input():
    ours, _ = pair(3, 4)
    x = torch.randn(1, 7, 3, dtype=torch.float64)
    moved = x.clone()
    moved[0, 4] += 1
    changed = (ours(x)[0] != ours(moved)[0]).any(-1)[0]
    assert changed.tolist() == [False] * 4 + [True] * 3


def test_a_new_cell_remembers():
    cell = LSTMCell(3, 5)
    bias = cell.input.bias.detach().reshape(4, 5)
    assert bias.tolist() == [[0] * 5, [1] * 5, [0] * 5, [0] * 5]
    for gate in cell.state.weight.detach().chunk(4):
        torch.testing.assert_close(gate @ gate.T, torch.eye(5), atol=1e-5, rtol=0)


def test_it_learns_to_recall_the_first_of_many_inputs():
    torch.manual_seed(0)
    net, out = LSTM(1, 12), torch.nn.Linear(12, 1)
    adam = torch.optim.Adam([*net.parameters(), *out.parameters()], lr=0.02)
    x = torch.randn(32, 15, 1)
    losses = []
    for _ in range(150):
        loss = ((out(net(x)[1][0]) - x[:, 0]) ** 2).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]
