"""The sequence-to-sequence model: causality, padding, stop token, one batch overfitted, export."""

import numpy as np
import pytest
import torch

from deepsense_lib.errors import InputError
from deepsense_lib.formulas import seq2seq as formulas
from deepsense_lib.torch_models.seq2seq import Seq2SeqTTS
from deepsense_lib.training.recipes import seq2seq as recipe
from deepsense_lib.training.voice_data import Statistics, make_example

SIZES = {"symbols": 12, "width": 24, "prenet_width": 8, "mels": 6}
STATISTICS = Statistics(np.zeros(6, "float32"), np.ones(6, "float32"), (5.0, 0.2), (0.0, 1.0))


def model(reduction: int = 2, dropout: float = 0.0, seed: int = 0) -> Seq2SeqTTS:
    torch.manual_seed(seed)
    return Seq2SeqTTS(**SIZES, reduction=reduction, dropout=dropout).eval()


def examples(count: int = 3, seed: int = 0):
    """Utterances of different lengths."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(count):
        durations = rng.integers(1, 4, 5 - number)
        frames = durations.sum()
        f0 = np.where(rng.random(frames) < 0.6, np.exp(rng.normal(5.0, 0.2, frames)), 0.0)
        symbols = rng.integers(1, 12, len(durations))
        mel, samples = rng.normal(size=(frames, 6)), np.zeros(frames * 200)
        made.append(make_example(symbols, durations * 0, durations, mel, f0, samples))
    return made


def batch(reduction: int = 2, count: int = 3) -> recipe.Batch:
    return recipe.make_batch(examples(count), STATISTICS, reduction)


def predict(net, b):
    return net(b.symbols, b.mel, b.pitch, b.voiced)


@pytest.mark.parametrize("reduction", [1, 2, 3])
def test_batches_fill_whole_steps_and_stop_where_the_formula_says(reduction):
    made, b = examples(), batch(reduction)
    lengths = np.array([len(e.log_mel) for e in made])
    assert b.mel.shape[1] % reduction == 0
    assert b.mel.shape[1] - lengths.max() < reduction
    np.testing.assert_array_equal(b.mask.sum(1).numpy(), lengths)
    target, mask = formulas.stop_targets(-(-lengths // reduction), b.stop.shape[1])
    np.testing.assert_array_equal(b.stop.numpy(), target)
    np.testing.assert_array_equal(b.step_mask.numpy(), mask)


@pytest.mark.parametrize("reduction", [1, 2, 3])
def test_no_frame_sees_itself_or_a_later_one(reduction):
    net, b = model(reduction), batch(reduction, 1)
    frame = reduction + 1
    moved = b._replace(mel=b.mel.clone())
    moved.mel[0, frame] += 5.0
    changed = (predict(net, b).mel != predict(net, moved).mel).any(-1)[0]
    step = frame // reduction
    assert not changed[: (step + 1) * reduction].any()
    # The last frame of a step is what the next step sees; the others are not seen at all.
    seen = frame % reduction == reduction - 1
    assert bool(changed[(step + 1) * reduction :].any()) == seen


def test_padding_changes_nothing():
    net, b = model(), batch()
    together = predict(net, b)
    for row in range(3):
        n, t = int((b.symbols[row] > 0).sum()), 2 * int(b.step_mask[row].sum())
        alone = net(
            b.symbols[row : row + 1, :n],
            b.mel[row : row + 1, :t],
            b.pitch[row : row + 1, :t],
            b.voiced[row : row + 1, :t],
        )
        for name, a, c in zip(together._fields, together, alone, strict=True):
            torch.testing.assert_close(a[row : row + 1, : c.shape[1]], c, atol=1e-6, rtol=0, msg=name)


def test_losses_ignore_padding():
    net, b = model(), batch()
    p = predict(net, b)
    outside, after = 1 - b.mask, 1 - b.step_mask
    spoilt = p._replace(
        mel=p.mel + 9 * outside[..., None],
        pitch=p.pitch + 9 * outside,
        voicing=p.voicing + 9 * outside,
        stop=p.stop + 9 * after,
    )
    for name, value in recipe.losses(spoilt, b).items():
        torch.testing.assert_close(value, recipe.losses(p, b)[name], msg=name)


def test_stop_loss_is_that_of_the_formula():
    net, b = model(), batch()
    p = predict(net, b)
    expected = formulas.stop_loss(
        p.stop.detach().numpy(), b.stop.numpy(), b.step_mask.numpy(), recipe.STOP_WEIGHT
    )
    np.testing.assert_allclose(recipe.losses(p, b)["stop"].item(), expected, rtol=1e-5)


def test_the_first_losses_are_those_of_a_guess():
    """A new net says about 0 for everything: the loss of the mels is their mean magnitude."""
    net, b = model(), batch()
    found = recipe.losses(predict(net, b), b)
    mean = (b.mel.abs() * b.mask[..., None]).sum() / (6 * b.mask.sum())
    assert abs(found["mel"] - mean) < 0.15 * mean
    np.testing.assert_allclose(found["voicing"].item(), np.log(2), atol=0.1)


def test_one_batch_is_learned_by_heart_and_said_freely():
    net, b = model(), batch()
    adam = torch.optim.Adam(net.parameters(), lr=0.01)
    first = None
    for _ in range(500):
        parts = recipe.losses(predict(net.train(), b), b)
        loss = sum(recipe.WEIGHTS[name] * value for name, value in parts.items())
        first = first or loss.item()
        adam.zero_grad()
        loss.backward()
        adam.step()
    assert loss.item() < 0.1 * first
    net.eval()
    for row in range(3):
        said = net.infer(b.symbols[row][b.symbols[row] > 0])
        steps = int(b.step_mask[row].sum())
        assert said.stopped
        assert len(said.log_mel) == 2 * steps
        frames = int(b.mask[row].sum())
        assert (said.log_mel[:frames] - b.mel[row, :frames]).abs().mean() < 0.25
        assert ((said.f0[:frames] > 0).float() == b.voiced[row, :frames]).float().mean() > 0.8


def test_a_model_that_never_stops_is_stopped():
    net = model()
    net.stop.bias.data.fill_(-100.0)
    said = net.infer(torch.tensor([1, 2, 3]), limit=9)
    assert not said.stopped
    assert len(said.log_mel) == 10  # whole steps


def test_free_running_repeats_what_teacher_forcing_gives_on_its_own_output():
    net = model(reduction=2)
    net.stop.bias.data.fill_(-100.0)
    symbols = torch.tensor([3, 1, 4])
    said = net.infer(symbols, limit=12)
    voiced = (said.f0 > 0).float()
    safe = torch.where(said.f0 > 0, said.f0, torch.ones(()))
    pitch = torch.where(said.f0 > 0, (safe.log() - net.pitch_stats[0]) / net.pitch_stats[1], torch.zeros(()))
    forced = net(symbols[None], said.log_mel[None], pitch[None], voiced[None])
    torch.testing.assert_close(forced.mel[0], said.log_mel, atol=1e-5, rtol=0)


def test_bad_input_is_refused():
    net, b = model(), batch()
    with pytest.raises(InputError, match="multiple of the reduction, 2"):
        net(b.symbols, b.mel[:, :3], b.pitch[:, :3], b.voiced[:, :3])
    for bad in (torch.zeros(0, dtype=torch.long), b.symbols):
        with pytest.raises(InputError, match="one row"):
            net.infer(bad)


class OneStep(torch.nn.Module):
    """What an app exports: one step of the decoder."""

    def __init__(self, net: Seq2SeqTTS):
        super().__init__()
        self.net = net

    def forward(self, previous, summary, h, c):
        frames, stop, (h, c) = self.net.decode(previous, summary, (h, c))
        return frames, stop, h, c


@pytest.mark.filterwarnings("ignore")
def test_onnx_steps_like_torch(tmp_path):
    import onnxruntime

    step = OneStep(model()).eval()
    inputs = {"previous": torch.randn(1, 1, 8), **{k: torch.randn(1, 24) for k in ("summary", "h", "c")}}
    path = tmp_path / "step.onnx"
    torch.onnx.export(step, tuple(inputs.values()), path, input_names=list(inputs), dynamo=False)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    other = {k: torch.randn_like(v) for k, v in inputs.items()}
    found = session.run(None, {k: v.numpy() for k, v in other.items()})
    for a, b in zip(found, step(**other), strict=True):
        np.testing.assert_allclose(a, b.detach().numpy(), atol=1e-6)
