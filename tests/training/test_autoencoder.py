"""Training of the autoencoders and of text to code: losses, one batch learned by heart, time in two rates."""

import numpy as np
import pytest
import torch

from deepsense_lib.formulas.autoencoder import elbo
from deepsense_lib.torch_models.autoencoder import KINDS, SpeechAutoencoder
from deepsense_lib.training.loop import RunConfig, fit
from deepsense_lib.training.recipes import autoencoder as recipe
from deepsense_lib.training.recipes import code_voice
from deepsense_lib.training.voice_data import HOP, make_example

SMALL = {"code": 16, "groups": 8, "entries": 32, "width": 32, "hidden": 64, "kernel": 3, "blocks": 1}


def example(frames: int, seed: int = 0):
    """Speech-like frames: smooth in time, voiced in the middle."""
    rng = np.random.default_rng(seed)
    mel = np.cumsum(rng.normal(size=(frames, 80)), 0) * 0.3
    f0 = np.where((np.arange(frames) > frames // 4) & (np.arange(frames) < frames // 2), 200.0, 0.0)
    f0 *= np.exp(0.1 * rng.normal(size=frames))
    durations = [frames - frames // 2, frames // 2]
    return make_example([3, 4], [1, 0], durations, mel, f0, np.zeros(frames * HOP))


def test_distortion_counts_frames_and_voiced_pitch_only():
    batch = recipe.make_batch([example(20), example(30, 1)], recipe.statistics([example(20), example(30, 1)]))
    wrong = batch.frames.clone()
    wrong[0, 20:] = 7.0
    unvoiced = batch.frames[..., -1] == 0
    wrong[..., -2][unvoiced] = 7.0
    assert recipe.distortion(wrong, batch.frames, batch.mask) == 0
    wrong[0, 0, 0] += 1.0
    counted = (batch.mask.sum() * 81 + (batch.frames[..., -1] * batch.mask[..., 0]).sum()).item()
    assert recipe.distortion(wrong, batch.frames, batch.mask).item() == pytest.approx(1 / counted)


def test_gaussian_losses_add_up_to_the_bound():
    stats = recipe.statistics([example(20)])
    batch = recipe.make_batch([example(20)], stats)
    # All frames voiced, so that every feature counts.
    batch.frames[..., -1] = 1.0
    torch.manual_seed(0)
    net = SpeechAutoencoder("gaussian", stride=1, **SMALL)
    found = net(batch.frames, batch.mask, torch.randn(1, 20, 16))
    total = sum(float(v.detach()) for v in recipe.losses(found, batch, noise=0.5).values())
    mean, log_variance = net.encoder(batch.frames, batch.mask).chunk(2, -1)
    x, y, m, v = (
        t[0].detach().numpy().astype(float) for t in (batch.frames, found.frames, mean, log_variance)
    )
    constant = -0.5 * 82 * np.log(2 * np.pi * 0.25)
    bound = elbo(x, y, 0.5, m, v).mean() - constant
    assert total == pytest.approx(-bound * 2 * 0.25 / 82, rel=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_one_batch_is_learned_by_heart_and_starts_at_the_variance(kind):
    examples = [example(40, seed) for seed in range(4)]
    job = recipe.AutoencoderTask(examples, noise=0.05, kind=kind, **SMALL)
    batch = recipe.make_batch(examples, job.stats)
    job.batches = lambda rng: [batch]
    start = float(job.loss(job.model, batch, 0)[1]["distortion"].detach())
    assert 0.7 < start < 1.6  # the features have deviation 1, and the model says almost nothing yet
    run = fit(job, RunConfig(steps=300, learning_rate=5e-3, warmup_steps=10))
    assert float(job.loss(run.model, batch, 0)[1]["distortion"].detach()) < 0.25 * start


def test_corruption_touches_the_input_and_not_the_target():
    job = recipe.AutoencoderTask([example(40)], corruption=3.0, kind="plain", **SMALL)
    batch = recipe.make_batch([example(40)], job.stats)
    seen = []
    job.model.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    torch.manual_seed(0)
    job.loss(job.model, batch, 0)
    assert 2.5 < float((seen[0] - batch.frames).std()) < 3.5
    batch_after = recipe.make_batch([example(40)], job.stats)
    torch.testing.assert_close(batch.frames, batch_after.frames)


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_durations_in_steps_add_up(stride):
    rng = np.random.default_rng(stride)
    for _ in range(50):
        durations = rng.integers(0, 9, rng.integers(1, 30))
        durations[0] += 1
        steps = code_voice.code_durations(durations, stride)
        assert steps.sum() == -(-durations.sum() // stride)
        assert (steps >= 0).all()
        apart = np.cumsum(steps)[:-1] * stride - np.cumsum(durations)[:-1]
        assert np.abs(apart).max(initial=0) <= stride
    assert (code_voice.code_durations(np.array([3, 4]), 1) == [3, 4]).all()


def test_f0_of_a_step_is_the_mean_of_its_voiced_frames():
    found = code_voice.code_f0(np.array([0.0, 200, 100, 200, 0, 0, 90]), 2)
    np.testing.assert_allclose(found, [200, 150, 0, 90])


def test_the_predictor_sees_codes():
    torch.manual_seed(0)
    net = SpeechAutoencoder("gaussian", **SMALL).eval()
    made = code_voice.code_example(example(41), net)
    assert made.log_mel.shape == (21, 16)
    assert made.durations.sum() == len(made.f0) == 21
    again = net.code_of(torch.from_numpy(example(41).log_mel), torch.from_numpy(example(41).f0)).code[0]
    np.testing.assert_array_equal(made.log_mel, again.numpy())


def test_an_interrupted_run_ends_with_the_same_weights(tmp_path):
    config = RunConfig(steps=6, learning_rate=1e-3, warmup_steps=2, checkpoint_every=3)

    def job():
        return recipe.AutoencoderTask([example(150), example(90, 1)], kind="vector", **SMALL)

    cut, calls = job(), []
    loss = cut.loss

    def stop_at_five(model, batch, step):
        calls.append(step)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return loss(model, batch, step)

    cut.loss = stop_at_five
    with pytest.raises(KeyboardInterrupt):
        fit(cut, config, tmp_path)
    resumed = fit(job(), config, tmp_path).model.state_dict()
    for name, tensor in fit(job(), config).model.state_dict().items():
        assert torch.equal(tensor, resumed[name]), name
