"""The acoustic model: length regulation, knobs, masks, export."""

import numpy as np
import pytest
import torch

from deepsense_lib import weights
from deepsense_lib.errors import CheckpointError, InputError
from deepsense_lib.torch_models.parallel_tts import (
    ConvNeXtBlock1d,
    LengthRegulator,
    ParallelTTS,
    VariancePredictor,
)
from deepsense_lib.torch_models.vocoder import Vocoder
from deepsense_lib.training.recipes.voice import losses, total
from deepsense_lib.training.voice_data import Batch

SIZES = {"symbols": 12, "width": 16, "hidden": 24, "kernel": 5, "predictor_width": 12, "mels": 6}


def model(seed: int = 0) -> ParallelTTS:
    torch.manual_seed(seed)
    return ParallelTTS(**SIZES, encoder_blocks=2, decoder_blocks=2).eval()


def batch(rows: int = 3, phonemes: int = 9, seed: int = 0) -> Batch:
    """Rows of different lengths, padded with zeros."""
    g = torch.Generator().manual_seed(seed)
    lengths = torch.arange(phonemes, phonemes - rows, -1)[:, None]
    real = (torch.arange(phonemes)[None] < lengths).long()
    symbols = torch.randint(1, 12, (rows, phonemes), generator=g) * real
    durations = torch.randint(1, 6, (rows, phonemes), generator=g) * real
    frames = (torch.arange(int(durations.sum(1).max()))[None] < durations.sum(1, keepdim=True)).float()
    return Batch(
        symbols,
        torch.randint(0, 2, symbols.shape, generator=g) * real,
        durations,
        torch.randn(symbols.shape, generator=g) * real,
        torch.randn(frames.shape, generator=g) * frames,
        torch.randint(0, 2, frames.shape, generator=g).float() * frames,
        torch.randn(*frames.shape, 6, generator=g) * frames[..., None],
    )


def predict(net: ParallelTTS, b: Batch):
    return net(b.symbols, b.word_starts, b.durations, b.energy, b.pitch, b.voiced)


def utterance(seed: int = 3):
    g = torch.Generator().manual_seed(seed)
    return torch.randint(1, 12, (15,), generator=g), torch.randint(0, 2, (15,), generator=g)


def test_length_regulator_by_hand():
    states = torch.tensor([[[1.0], [2.0], [3.0]], [[4.0], [5.0], [6.0]]])
    repeated, mask, place = LengthRegulator()(states, torch.tensor([[2, 0, 1], [1, 1, 2]]))
    assert repeated[..., 0].tolist() == [[1, 1, 3, 0], [4, 5, 6, 6]]
    assert mask[..., 0].tolist() == [[1, 1, 1, 0], [1, 1, 1, 1]]
    torch.testing.assert_close(place[0, :, 0], torch.tensor([0.25, 0.75, 0.5, 0]))
    torch.testing.assert_close(place[1, 2:, 2], torch.full((2,), 2.0).log())


@pytest.mark.parametrize("seed", range(5))
def test_each_state_is_repeated_for_its_duration(seed):
    rng = np.random.default_rng(seed)
    durations = rng.integers(0, 5, (2, 8))
    states = rng.normal(size=(2, 8, 3))
    repeated, mask, _ = LengthRegulator()(torch.from_numpy(states), torch.from_numpy(durations))
    for row in range(2):
        expected = np.repeat(states[row], durations[row], axis=0)
        np.testing.assert_array_equal(repeated[row, : len(expected)].numpy(), expected)
        assert mask[row].sum() == durations[row].sum()
        assert not repeated[row, len(expected) :].any()


def test_gradient_of_the_regulator_is_the_duration():
    states = torch.randn(1, 4, 2, requires_grad=True)
    durations = torch.tensor([[3, 0, 1, 5]])
    LengthRegulator()(states, durations)[0].sum().backward()
    torch.testing.assert_close(states.grad[0, :, 0], durations[0].float())


def test_padding_changes_nothing():
    net, b = model(), batch()
    together = predict(net, b)
    for row in range(3):
        n, t = int((b.symbols[row] > 0).sum()), int(b.durations[row].sum())
        alone = predict(net, Batch(*(x[row : row + 1, : n if k < 4 else t] for k, x in enumerate(b))))
        for name, a, c in zip(together._fields, together, alone, strict=True):
            torch.testing.assert_close(a[row : row + 1, : c.shape[1]], c, atol=1e-6, rtol=0, msg=name)
            assert not a[row, c.shape[1] :].any(), f"{name} speaks in the padding"


def test_what_lies_in_the_padding_is_not_seen():
    net, b = model(), batch()
    frames = torch.arange(b.pitch.shape[1])[None] < b.durations.sum(1, keepdim=True)
    dirty = b._replace(
        energy=torch.where(b.symbols > 0, b.energy, 7.0),
        pitch=torch.where(frames, b.pitch, 7.0),
        voiced=torch.where(frames, b.voiced, 1.0),
    )
    torch.testing.assert_close(predict(net, dirty).mel, predict(net, b).mel, atol=0, rtol=0)


def test_losses_ignore_padding():
    net, b = model(), batch()
    outside = (torch.arange(b.pitch.shape[1])[None] >= b.durations.sum(1, keepdim=True)).float()
    outside_phonemes = (b.symbols == 0).float()
    p = predict(net, b)
    spoiled = p._replace(
        mel=p.mel + 9 * outside[..., None],
        pitch=p.pitch + 9 * outside,
        voicing=p.voicing + 9 * outside,
        energy=p.energy + 9 * outside_phonemes,
        log_durations=p.log_durations + 9 * outside_phonemes,
    )
    for name, value in losses(spoiled, b).items():
        torch.testing.assert_close(value, losses(p, b)[name], msg=name)


def test_losses_are_means_over_what_is_real():
    b = batch()
    p = predict(model(), b)._replace(
        mel=b.mel + 0.5 * (b.mel != 0), log_durations=b.durations.clamp(min=1).float().log() + 2.0
    )
    parts = losses(p, b)
    torch.testing.assert_close(parts["mel"], torch.tensor(0.5))
    torch.testing.assert_close(parts["duration"], torch.tensor(4.0))


def test_loss_at_the_start_is_that_of_a_model_that_knows_nothing():
    parts = losses(predict(model(), batch()), batch())
    # Normalised targets: mean distance of a standard normal from about 0 is 0.8; unsure voicing costs ln 2.
    assert 0.6 < parts["mel"] < 1.3
    assert 0.4 < parts["voicing"] < 1.2
    assert 0.5 < parts["pitch"] < 2.5
    assert 0.5 < parts["energy"] < 2.5


def test_one_batch_can_be_learned_by_heart():
    net, b = model(), batch()
    optimizer = torch.optim.Adam(net.parameters(), 1e-2)
    first = total(losses(predict(net, b), b)).item()
    for _ in range(60):
        optimizer.zero_grad()
        loss = total(losses(predict(net, b), b))
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.3 * first


def test_gradients_reach_every_weight_once_and_predictors_do_not_bend_the_encoder():
    net, b = model(), batch()
    total(losses(predict(net, b), b)).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())
    net.zero_grad()
    parts = losses(predict(net, b), b)
    (parts["duration"] + parts["energy"] + parts["pitch"] + parts["voicing"]).backward()
    assert all(p.grad is None or not p.grad.any() for p in net.encoder.parameters())


def test_pitch_knob_moves_pitch_and_nothing_else():
    net, (symbols, starts) = model(), utterance()
    plain, high = net.infer(symbols, starts), net.infer(symbols, starts, pitch_shift=12.0)
    assert torch.equal(plain.durations, high.durations)
    voiced = plain.f0 > 0
    assert voiced.any()
    assert torch.equal(voiced, high.f0 > 0)
    torch.testing.assert_close(high.f0[voiced], 2 * plain.f0[voiced])


@pytest.mark.parametrize(("knob", "value"), [("pitch_shift", 5.0), ("energy", 3.0)])
def test_each_knob_reaches_its_own_embedding_alone(knob, value):
    """A known slip is to hand the pitch control to the energy predictor: it must be seen here."""
    net, (symbols, starts) = model(), utterance()
    with torch.no_grad():
        net.pitch.out.bias[1] = 20.0  # all voiced
    seen = {}
    for name in ("energy", "pitch"):
        layer = getattr(net, f"{name}_embedding")
        layer.register_forward_hook(lambda _, inputs, __, name=name: seen.update({name: inputs[0].clone()}))
    net.infer(symbols, starts)
    before = dict(seen)
    net.infer(symbols, starts, **{knob: value})
    moved = {name for name in seen if not torch.equal(seen[name][..., 0], before[name][..., 0])}
    if knob == "pitch_shift":
        assert moved == {"pitch"}
        wanted = value * np.log(2) / 12 / net.pitch_stats[1]
    else:
        assert "energy" in moved
        wanted = np.log(value) / net.energy_stats[1]
    name = "pitch" if knob == "pitch_shift" else "energy"
    step = seen[name][..., 0] - before[name][..., 0]
    torch.testing.assert_close(step, torch.full_like(step, float(wanted)), atol=1e-5, rtol=1e-5)


def test_speed_divides_the_durations():
    net, (symbols, starts) = model(), utterance()
    with torch.no_grad():
        net.duration.out.bias.fill_(3.0)  # about twenty frames, so that rounding is small
    plain, slow, fast = (net.infer(symbols, starts, speed=s).durations.float() for s in (1.0, 0.5, 2.0))
    torch.testing.assert_close(slow, 2 * plain, atol=1.01, rtol=0)
    torch.testing.assert_close(fast, plain / 2, atol=0.76, rtol=0)


def test_speech_fits_together_and_is_the_same_every_time():
    net, (symbols, starts) = model(), utterance()
    speech, again = net.infer(symbols, starts), net.infer(symbols, starts)
    frames = int(speech.durations.sum())
    assert speech.log_mel.shape == (frames, 6)
    assert speech.f0.shape == (frames,)
    assert (speech.durations >= 1).all()
    assert all(torch.equal(a, c) for a, c in zip(speech, again, strict=True))


def test_statistics_turn_outputs_into_physical_units():
    net, (symbols, starts) = model(), utterance()
    before = net.infer(symbols, starts)
    net.mel_mean.add_(1.0)
    torch.testing.assert_close(net.infer(symbols, starts).log_mel, before.log_mel + 1.0)
    net.pitch_stats[0] += np.log(2)
    torch.testing.assert_close(net.infer(symbols, starts).f0, 2 * before.f0)


@pytest.mark.parametrize(
    ("symbols", "starts", "knobs", "words"),
    [
        ([1, 2], [0, 1], {"speed": 0.0}, "speed is 0.0"),
        ([1, 2], [0, 1], {"pitch_shift": 13.0}, "pitch_shift is 13.0"),
        ([1, 2], [0, 1], {"energy": float("nan")}, "energy is nan"),
        ([], [], {}, "two rows of one length"),
        ([1, 2], [0], {}, "two rows of one length"),
        ([[1, 2]], [[0, 1]], {}, "one utterance at a time"),
    ],
)
def test_bad_input_is_named(symbols, starts, knobs, words):
    with pytest.raises(InputError, match=words):
        model().infer(torch.tensor(symbols).long(), torch.tensor(starts).long(), **knobs)


def card(net, **changes) -> weights.ModelCard:
    fields = {
        "name": "voice",
        "model": type(net).__name__,
        "configuration": net.configuration,
        "data": "none",
        "seed": 0,
        "steps": 0,
        "cpu_seconds": 0.0,
        "figures": {},
        "command": "none",
        "licence": "none",
        "intended_use": "a test",
        "must_not": "leave the test",
    }
    return weights.ModelCard(**{**fields, **changes})


def test_checkpoint_round_trip_and_rejection(tmp_path):
    net, (symbols, starts) = model(), utterance()
    weights.save(tmp_path / "voice", weights.to_arrays(net.state_dict()), card(net))
    arrays, found = weights.load(tmp_path / "voice")
    same = weights.build(ParallelTTS, arrays, found)
    assert torch.equal(same.infer(symbols, starts).log_mel, net.infer(symbols, starts).log_mel)
    with pytest.raises(CheckpointError, match=r"holds a ParallelTTS\. Expected a Vocoder"):
        weights.build(Vocoder, arrays, found)
    wider = card(net, configuration={**net.configuration, "width": 32})
    with pytest.raises(CheckpointError, match="has shape"):
        weights.build(ParallelTTS, arrays, wider)


def test_convnext_block_without_its_convolution_is_pointwise():
    block = ConvNeXtBlock1d(4, 8, 3)
    with torch.no_grad():
        block.depthwise.weight.zero_()
        block.depthwise.weight[:, 0, 1] = 1.0
        block.depthwise.bias.zero_()
    x, mask = torch.randn(1, 6, 4), torch.ones(1, 6, 1)
    order = torch.randperm(6)
    torch.testing.assert_close(block(x[:, order], mask), block(x, mask)[:, order])


def test_variance_predictor_sees_two_kernels_and_no_further():
    net = VariancePredictor(4, 6, kernel=3).eval()
    x = torch.randn(1, 11, 4)
    moved = x.clone()
    moved[0, 5] += 1.0
    changed = (net(x, torch.ones(1, 11, 1)) != net(moved, torch.ones(1, 11, 1)))[0, :, 0]
    assert changed.nonzero()[:, 0].tolist() == [3, 4, 5, 6, 7]


class FromPhonemes(torch.nn.Module):
    """What an app exports first: states and prosody of the phonemes."""

    def __init__(self, net: ParallelTTS):
        super().__init__()
        self.net = net

    def forward(self, symbols, word_starts):
        states, _, log_durations, energy = self.net.encode(symbols, word_starts)
        return states, log_durations, energy


class FromFrames(torch.nn.Module):
    """What an app exports second: frames for given durations."""

    def __init__(self, net: ParallelTTS):
        super().__init__()
        self.net = net

    def forward(self, states, mask, pitch, voiced):
        return self.net.decode(states, mask, pitch, voiced)


def run_onnx(path, module, inputs: dict[str, torch.Tensor], dynamic: tuple[str, ...]) -> list[np.ndarray]:
    import onnxruntime

    torch.onnx.export(
        module,
        tuple(inputs.values()),
        path,
        input_names=list(inputs),
        dynamic_axes={name: {1: "length"} for name in dynamic},
        dynamo=False,
    )
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    longer = {k: torch.cat([v, v.flip(1)], 1) for k, v in inputs.items()}
    return longer, session.run(None, {k: v.numpy() for k, v in longer.items()})


@pytest.mark.filterwarnings("ignore")
def test_onnx_speaks_like_torch(tmp_path):
    net, b = model(), batch(1)
    inputs = {"symbols": b.symbols, "word_starts": b.word_starts}
    longer, found = run_onnx(tmp_path / "phonemes.onnx", FromPhonemes(net).eval(), inputs, tuple(inputs))
    for a, c in zip(found, FromPhonemes(net).eval()(**longer), strict=True):
        np.testing.assert_allclose(a, c.detach().numpy(), atol=1e-5)
    frames = b.pitch.shape[1]
    inputs = {"states": torch.randn(1, frames, 16), "mask": torch.ones(1, frames, 1)}
    inputs |= {"pitch": b.pitch, "voiced": b.voiced}
    longer, found = run_onnx(tmp_path / "frames.onnx", FromFrames(net).eval(), inputs, tuple(inputs))
    np.testing.assert_allclose(found[0], FromFrames(net).eval()(**longer).detach().numpy(), atol=1e-5)
