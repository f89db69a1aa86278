"""The vocoder: its source, its shapes, its export, its losses and its judge."""

import math

import numpy as np
import pytest
import torch

from deepsense_lib import weights
from deepsense_lib.errors import CheckpointError, InputError
from deepsense_lib.torch_models.discriminator import (
    MultiResolutionDiscriminator,
    feature_loss,
    fool_loss,
    judge_loss,
)
from deepsense_lib.torch_models.parallel_tts import ParallelTTS
from deepsense_lib.torch_models.vocoder import HarmonicSource, Vocoder
from deepsense_lib.training.recipes.vocoder import adversarial_losses, spectral_losses

SIZES = {"width": 16, "hidden": 24, "kernel": 5, "blocks": 2}


def vocoder(seed: int = 0) -> Vocoder:
    torch.manual_seed(seed)
    return Vocoder(**SIZES).eval()


def source(f0: torch.Tensor) -> np.ndarray:
    """The source without noise, for one row of F0 values."""
    return HarmonicSource()(f0[None], torch.zeros(1, (len(f0) - 1) * 200))[0].numpy()


@pytest.mark.parametrize("f0", [110.0, 200.0, 437.5])
def test_source_is_a_sum_of_cosines(f0):
    found = source(torch.full((9,), f0, dtype=torch.float64))
    n = int(7900 // f0)
    phase = 2 * math.pi * f0 * (np.arange(1600) + 1) / 16000
    expected = 0.3 * sum(np.cos(k * phase) for k in range(1, n + 1)) / math.sqrt(n + 1)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_source_has_lines_at_the_multiples_of_f0_and_nothing_above_its_limit():
    spectrum = np.abs(np.fft.rfft(source(torch.full((81,), 200.0, dtype=torch.float64))))
    lines = np.flatnonzero(spectrum > 0.5 * spectrum.max())
    np.testing.assert_array_equal(lines, 200 * np.arange(1, 40))  # one bin is one hertz


def test_source_is_silent_without_voice_and_noise():
    assert not source(torch.zeros(9)).any()
    half = source(torch.cat([torch.full((5,), 200.0), torch.zeros(5)]))
    assert half[:600].any()
    assert not half[1000:].any()


def test_noise_is_louder_where_there_is_no_voice():
    noise = torch.ones(1, 1600)
    assert HarmonicSource()(torch.zeros(1, 9), noise).max() > 4 * 0.03
    voiced = HarmonicSource()(torch.full((1, 9), 200.0), noise) - HarmonicSource()(
        torch.full((1, 9), 200.0), 0 * noise
    )
    torch.testing.assert_close(voiced, torch.full_like(voiced, 0.03), atol=1e-5, rtol=0)


def test_shapes_and_repeatability():
    net = vocoder()
    mel, f0 = torch.randn(12, 80), torch.full((12,), 180.0)
    sound = net.infer(mel, f0)
    assert sound.shape == (12 * 200,)
    assert torch.isfinite(sound).all()
    assert torch.equal(sound, net.infer(mel, f0))
    assert not torch.equal(sound, net.infer(mel, f0, seed=1))
    assert net(mel[None], f0[None]).shape == (1, 11 * 200)


def test_rows_of_a_batch_do_not_touch():
    net = vocoder()
    mel, f0 = torch.randn(3, 10, 80), torch.rand(3, 10) * 300 * (torch.rand(3, 10) > 0.3)
    noise = torch.randn(3, 1800)
    together = net(mel, f0, noise)
    for row in range(3):
        part = slice(row, row + 1)
        torch.testing.assert_close(together[part], net(mel[part], f0[part], noise[part]), atol=1e-6, rtol=0)


def test_pitch_of_the_output_follows_f0():
    """Whatever the weights: the phase turns by little at the start, so the source's period is heard."""
    net = vocoder()
    with torch.no_grad():
        net.network.out.weight.zero_()
        net.network.out.bias.zero_()
    for hertz in (160.0, 320.0):
        # Without noise: all bins are equally loud here, so noise between the harmonics would drown them.
        silent = torch.zeros(1, 79 * 200)
        with torch.no_grad():
            sound = net(torch.zeros(1, 80, 80), torch.full((1, 80), hertz), silent)[0, 2000:14000].double()
        correlation = torch.fft.irfft(torch.fft.rfft(sound, 24000).abs() ** 2)
        period = round(16000 / hertz)
        near = correlation[period - 20 : period + 21]
        assert int(near.argmax()) == 20


@pytest.mark.parametrize(
    ("mel", "f0"), [((5, 80), (4,)), ((1, 80), (1,)), ((2, 5, 80), (2, 5)), ((0, 80), (0,))]
)
def test_bad_shapes_are_named(mel, f0):
    with pytest.raises(InputError, match=r"with at least two frames"):
        vocoder().infer(torch.zeros(mel), torch.zeros(f0))


def test_checkpoint_of_another_model_is_refused(tmp_path):
    net = vocoder()
    card = weights.ModelCard(
        "vocoder", "Vocoder", net.configuration, "none", 0, 0, 0.0, {}, "none", "none", "none", "none"
    )
    weights.save(tmp_path / "vocoder", weights.to_arrays(net.state_dict()), card)
    arrays, card = weights.load(tmp_path / "vocoder")
    same = weights.build(Vocoder, arrays, card)
    mel, f0 = torch.randn(6, 80), torch.full((6,), 150.0)
    assert torch.equal(same.infer(mel, f0), net.infer(mel, f0))
    with pytest.raises(CheckpointError, match=r"holds a Vocoder\. Expected a ParallelTTS"):
        weights.build(ParallelTTS, arrays, card)


@pytest.mark.filterwarnings("ignore")
def test_onnx_network_gives_the_same_spectrum(tmp_path):
    import onnxruntime

    net = vocoder().network
    features = torch.randn(1, 9, 80 + 513 + 1)
    path = tmp_path / "network.onnx"
    torch.onnx.export(
        net,
        (features,),
        path,
        input_names=["features"],
        dynamic_axes={"features": {1: "frames"}},
        dynamo=False,
    )
    longer = torch.randn(1, 20, 594)
    found = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(
        None, {"features": longer.numpy()}
    )
    for a, b in zip(found, net(longer), strict=True):
        np.testing.assert_allclose(a, b.detach().numpy(), atol=1e-5)


def test_spectral_losses_are_zero_for_equal_sounds_and_see_level_in_decibels():
    sound = 0.3 * torch.randn(2, 4000)
    bank = torch.rand(80, 513)
    assert all(value == 0 for value in spectral_losses(sound, sound, bank))
    spectrum, mel = spectral_losses(sound / 2, sound, bank)
    # Half the amplitude: convergence 1/2, and every logarithm lower by ln 2.
    torch.testing.assert_close(spectrum, torch.tensor(0.5 + math.log(2)), atol=1e-3, rtol=0)
    torch.testing.assert_close(mel, torch.tensor(math.log(2)), atol=1e-3, rtol=0)


def test_adversarial_losses_reach_their_own_side_alone():
    judge = MultiResolutionDiscriminator(channels=2)
    found, wanted = torch.randn(1, 2400, requires_grad=True), torch.randn(1, 2400)
    parts = adversarial_losses(judge, found, wanted, part=1)
    parts["judge"].backward()
    assert found.grad is None
    assert all(p.grad.any() for p in judge.parts[1].parameters())
    judge.zero_grad()
    parts = adversarial_losses(judge, found, wanted, part=1)
    (parts["fool"] + parts["features"]).backward()
    assert found.grad.any()
    assert all(p.grad is None or not p.grad.any() for p in judge.parameters())
    assert all(p.requires_grad for p in judge.parameters())


def test_judge_learns_to_tell_noise_from_tones():
    torch.manual_seed(0)
    judge = MultiResolutionDiscriminator(channels=2)
    optimizer = torch.optim.Adam(judge.parameters(), 5e-3)
    tone = 0.5 * torch.sin(2 * math.pi * 300 * torch.arange(2400) / 16000)[None]
    for _ in range(40):
        optimizer.zero_grad()
        loss = judge_loss(judge(tone, 2)[0], judge(0.5 * torch.randn(1, 2400), 2)[0])
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.2


def test_adversarial_terms_by_hand():
    real, fake = torch.tensor([1.0, 0.5]), torch.tensor([0.0, 0.5])
    torch.testing.assert_close(judge_loss(real, fake), torch.tensor(0.125 + 0.125))
    torch.testing.assert_close(fool_loss(fake), torch.tensor((1 + 0.25) / 2))
    torch.testing.assert_close(
        feature_loss([torch.tensor([2.0, 2.0])], [torch.tensor([1.0, 4.0])]), torch.tensor(0.75)
    )
