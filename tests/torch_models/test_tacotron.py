"""The model with attention: causality, padding, free running, the guide, one batch overfitted, the toy."""

import numpy as np
import pytest
import torch

from deepsense_lib.errors import InputError
from deepsense_lib.formulas import attention as formulas
from deepsense_lib.torch_models.attention import Attended
from deepsense_lib.torch_models.tacotron import DecoderState, Tacotron
from deepsense_lib.training import toy_language
from deepsense_lib.training.recipes import seq2seq, tacotron
from deepsense_lib.training.voice_data import statistics

KINDS = ("additive", "dot", "location", "dynamic")
SMALL = tacotron.TOY_SIZES | {"symbols": 12, "mels": toy_language.BANDS, "dropout": 0.0}


def model(attention: str = "location", reduction: int = 2, **sizes) -> Tacotron:
    torch.manual_seed(0)
    return Tacotron(**SMALL | {"attention": attention, "reduction": reduction} | sizes).eval()


def batch(reduction: int = 2, count: int = 3) -> seq2seq.Batch:
    made = toy_language.examples(count, (3, 7), seed=1)
    return seq2seq.make_batch(made, statistics(made), reduction)


def predict(net, b):
    return net(b.symbols, b.word_starts, b.mel, b.pitch, b.voiced, b.mask)


@pytest.mark.parametrize("attention", KINDS)
def test_no_decoder_frame_sees_itself_or_a_later_one(attention):
    net, b = model(attention), batch(count=1)
    moved = b._replace(mel=b.mel.clone())
    moved.mel[0, 5] += 5.0  # the last frame of step 2
    before, after = predict(net, b), predict(net, moved)
    changed = (before.mel != after.mel).any(-1)[0]
    assert not changed[:6].any()
    assert changed[6:].any()
    torch.testing.assert_close(before.alignment[:, :3], after.alignment[:, :3])


@pytest.mark.parametrize("attention", KINDS)
def test_padding_changes_nothing(attention):
    net, b = model(attention), batch()
    with torch.no_grad():  # a new postnet adds nothing
        net.postnet.narrow.weight.normal_()
    together = predict(net, b)
    for row in range(3):
        n, t = int((b.symbols[row] > 0).sum()), int(b.mask[row].sum())
        t += t % 2
        alone = predict(
            net,
            seq2seq.Batch(*(x[row : row + 1] for x in b))._replace(
                symbols=b.symbols[row : row + 1, :n],
                word_starts=b.word_starts[row : row + 1, :n],
                mel=b.mel[row : row + 1, :t],
                pitch=b.pitch[row : row + 1, :t],
                voiced=b.voiced[row : row + 1, :t],
                mask=b.mask[row : row + 1, :t],
            ),
        )
        for name, a, c in zip(together._fields, together, alone, strict=True):
            a = a[row : row + 1, : c.shape[1]]
            if name == "alignment":
                assert (a[..., n:] == 0).all()
                a = a[..., :n]
            if name == "refined":
                keep = b.mask[row : row + 1, :t, None] > 0
                a, c = a * keep, c * keep
            torch.testing.assert_close(a, c, atol=2e-6, rtol=0, msg=name)


def test_the_guide_is_that_of_the_formula_and_ignores_padding():
    net, b = model(), batch()
    p = predict(net, b)
    costs, steps = [], b.step_mask.sum(1).int()
    for row in range(3):
        alignment = p.alignment[row, : steps[row], : int((b.symbols[row] > 0).sum())]
        costs.append(formulas.guided_loss(alignment.detach().numpy(), tacotron.SPREAD))
    expected = np.average(costs, weights=steps.numpy())
    np.testing.assert_allclose(tacotron.losses(p, b)["guide"].item(), expected, rtol=1e-5)


def test_losses_ignore_padding():
    net, b = model(), batch()
    p = predict(net, b)
    outside, after = 1 - b.mask, 1 - b.step_mask
    spoilt = p._replace(
        mel=p.mel + 9 * outside[..., None],
        refined=p.refined + 9 * outside[..., None],
        pitch=p.pitch + 9 * outside,
        voicing=p.voicing + 9 * outside,
        stop=p.stop + 9 * after,
        alignment=p.alignment + 9 * after[..., None],
    )
    for name, value in tacotron.losses(spoilt, b).items():
        torch.testing.assert_close(value, tacotron.losses(p, b)[name], msg=name)


def test_the_first_losses_are_those_of_a_guess():
    net, b = model(), batch()
    found = tacotron.losses(predict(net, b), b)
    mean = (b.mel.abs() * b.mask[..., None]).sum() / (toy_language.BANDS * b.mask.sum())
    assert abs(found["mel"] - mean) < 0.2 * mean
    torch.testing.assert_close(found["refined"], found["mel"])  # a new postnet adds nothing
    np.testing.assert_allclose(found["voicing"].item(), np.log(2), atol=0.25)


def test_one_batch_is_learned_by_heart_and_said_freely():
    net, b = model(), batch()
    adam = torch.optim.Adam(net.parameters(), lr=0.01)
    first = None
    for _ in range(250):
        parts = tacotron.losses(predict(net.train(), b), b)
        loss = sum(tacotron.WEIGHTS[name] * value for name, value in parts.items())
        first = first or loss.item()
        adam.zero_grad()
        loss.backward()
        adam.step()
    assert loss.item() < 0.15 * first
    net.eval()
    for row in range(3):
        symbols = b.symbols[row][b.symbols[row] > 0]
        said = net.infer(symbols, 0 * symbols, dropout_seed=None)
        assert said.stopped
        assert len(said.log_mel) == 2 * int(b.step_mask[row].sum())
        frames = int(b.mask[row].sum())
        assert (said.log_mel[:frames] - b.mel[row, :frames]).abs().mean() < 0.25


def test_speaking_is_repeatable_and_leaves_no_trace():
    net = model(dropout=0.5)
    symbols = torch.tensor([1, 2, 3])
    torch.manual_seed(1)
    state = torch.get_rng_state()
    first, again = (net.infer(symbols, 0 * symbols, limit=20, dropout_seed=3) for _ in range(2))
    other = net.infer(symbols, 0 * symbols, limit=20, dropout_seed=4)
    assert torch.equal(first.log_mel, again.log_mel)
    assert not torch.equal(first.log_mel, other.log_mel)
    assert torch.equal(torch.get_rng_state(), state)
    assert not net.prenet.training


def test_a_model_that_never_stops_is_stopped():
    net = model()
    net.decoder.stop.bias.data.fill_(-100.0)
    said = net.infer(torch.tensor([1, 2, 3]), torch.tensor([0, 0, 0]), limit=9)
    assert not said.stopped
    assert said.log_mel.shape == (10, toy_language.BANDS)
    assert said.alignment.shape == (5, 3)


def test_bad_input_is_refused():
    net, b = model(), batch()
    with pytest.raises(InputError, match="multiple of the reduction, 2"):
        predict(net, b._replace(mel=b.mel[:, :3]))
    with pytest.raises(InputError, match="two rows of one length"):
        net.infer(torch.tensor([1, 2]), torch.tensor([1]))
    with pytest.raises(InputError, match="two rows of one length"):
        net.infer(torch.tensor([], dtype=torch.long), torch.tensor([], dtype=torch.long))
    with pytest.raises(InputError, match="additive, dot, location, dynamic"):
        model("global")


@pytest.mark.parametrize("seed", range(5))
def test_what_the_toy_says_can_be_heard(seed):
    rng = np.random.default_rng(seed)
    symbols = np.append(rng.integers(1, toy_language.END, 30), toy_language.END)
    symbols[3:6] = symbols[3]  # three times in a row
    truth = toy_language.say(symbols)
    assert len(truth) == toy_language.durations(symbols).sum()
    assert toy_language.hear(truth) == [*symbols]
    assert toy_language.hear(truth + 0.02 * rng.normal(size=truth.shape)) == [*symbols]
    assert toy_language.hear(toy_language.say(np.delete(symbols, 7))) != [*symbols]


def test_toy_examples_are_what_they_say():
    for example in toy_language.examples(20, (3, 7), seed=0):
        assert 4 <= len(example.symbols) <= 8
        assert example.symbols[-1] == toy_language.END
        assert toy_language.END not in example.symbols[:-1]
        np.testing.assert_allclose(example.log_mel, toy_language.say(example.symbols), rtol=1e-6)


class OneStep(torch.nn.Module):
    """A decoder step with plain tensors in and out, as an exported model needs it."""

    def __init__(self, net):
        super().__init__()
        self.decoder = net.decoder

    def forward(self, seen, values, mask, h1, c1, context, last, total, h2, c2):
        memory = self.decoder.attention.prepare(values, mask)
        state = DecoderState((h1, c1), context, Attended(last, total), (h2, c2))
        frames, stop, after = self.decoder(seen, memory, state)
        return frames, stop, after.context, after.attended.weights, *after.decoder_rnn


@pytest.mark.parametrize("attention", KINDS)
def test_onnx_steps_like_torch(attention, tmp_path):
    pytest.importorskip("onnxscript")
    runtime = pytest.importorskip("onnxruntime")

    def inputs(seed):
        torch.manual_seed(seed)
        last = torch.softmax(torch.randn(1, 9), -1)
        named = {"seen": torch.randn(1, 32), "values": torch.randn(1, 9, 32), "mask": torch.ones(1, 9)}
        named["mask"][0, 7:] = 0
        named |= {"h1": torch.randn(1, 64), "c1": torch.randn(1, 64), "context": torch.randn(1, 32)}
        return named | {"last": last, "total": 2 * last, "h2": torch.randn(1, 64), "c2": torch.randn(1, 64)}

    step, example = OneStep(model(attention)).eval(), inputs(0)
    path = tmp_path / "step.onnx"
    torch.onnx.export(
        step, tuple(example.values()), path, input_names=list(example), dynamo=True, verbose=False
    )
    session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
    other, known = inputs(1), {given.name for given in session.get_inputs()}
    found = session.run(None, {k: v.numpy() for k, v in other.items() if k in known})
    for a, b in zip(found, step(**other), strict=True):
        np.testing.assert_allclose(a, b.detach().numpy(), atol=1e-5)
