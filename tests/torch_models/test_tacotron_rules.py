"""The model held by rules while it speaks: where it ends, and what its window lets it read."""

import numpy as np
import pytest
import torch

from deepsense_lib.formulas.stability import PLAIN, Rules
from deepsense_lib.torch_models.tacotron import Tacotron
from deepsense_lib.training.recipes.tacotron import TOY_SIZES

SYMBOLS = torch.tensor([1, 5, 2, 7, 7, 3])


def model(attention="dynamic", **sizes):
    torch.manual_seed(2)
    net = Tacotron(12, **TOY_SIZES | {"attention": attention, "mels": 8} | sizes).eval()
    torch.nn.init.normal_(net.decoder.stop.weight, std=3.0)
    return net


def say(net, rules=PLAIN, limit=60):
    return net.infer(SYMBOLS, 0 * SYMBOLS, limit=limit, dropout_seed=3, rules=rules)


@pytest.mark.parametrize("attention", ["additive", "dot", "location", "dynamic"])
@pytest.mark.parametrize("rules", [Rules(), Rules(threshold=0.8), Rules(to_the_end=True), Rules(rest=4)])
def test_a_rule_cuts_the_endless_run_and_changes_nothing_else(attention, rules):
    net = model(attention, postnet_blocks=0)  # a postnet would see the frames after the cut
    endless, held = say(net, Rules(threshold=1.0)), say(net, rules)
    assert not endless.stopped
    steps = len(held.alignment)
    torch.testing.assert_close(held.alignment, endless.alignment[:steps])
    torch.testing.assert_close(held.log_mel, endless.log_mel[:steps])
    last = endless.alignment.argmax(1) == len(SYMBOLS) - 1
    told = (endless.stop > rules.threshold) & (last if rules.to_the_end else True)
    if rules.rest:
        told |= torch.tensor([t >= rules.rest and last[t - rules.rest : t].all() for t in range(1, 61)])
    expected = int(told.int().argmax()) + 1 if told.any() else 60
    assert (steps, held.stopped) == (expected, bool(told.any()))


@pytest.mark.parametrize("attention", ["additive", "dot", "location", "dynamic"])
@pytest.mark.parametrize(("back", "ahead"), [(0, 1), (1, 2), (0, 0)])
def test_the_window_around_the_last_focus_is_read_and_nothing_else(attention, back, ahead):
    weights = say(model(attention), Rules(threshold=1.0, window=(back, ahead))).alignment.numpy()
    np.testing.assert_allclose(weights.sum(1), 1, atol=1e-5)
    focus = 0
    for row in weights:
        near = np.abs(np.arange(len(row)) - focus - (ahead - back) / 2) <= (ahead + back) / 2
        np.testing.assert_array_equal(row > 0, near)
        focus = int(row.argmax())


def test_a_window_as_wide_as_the_text_changes_nothing():
    net = model()
    free, held = say(net, Rules(threshold=1.0)), say(net, Rules(threshold=1.0, window=(6, 6)))
    assert torch.equal(free.log_mel, held.log_mel)
