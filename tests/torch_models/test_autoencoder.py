"""The autoencoders of speech in PyTorch: padding, steps, bottlenecks, and what they must refuse."""

import numpy as np
import pytest
import torch

from deepsense_lib.errors import InputError
from deepsense_lib.formulas import autoencoder as f
from deepsense_lib.torch_models.autoencoder import (
    KINDS,
    GaussianBottleneck,
    LinearAutoencoder,
    SpeechAutoencoder,
    VectorQuantizer,
)

SMALL = {"code": 4, "groups": 2, "entries": 7, "width": 8, "hidden": 12, "kernel": 3, "blocks": 2, "mels": 5}


def model(kind: str, stride: int = 2, seed: int = 0) -> SpeechAutoencoder:
    torch.manual_seed(seed)
    return SpeechAutoencoder(kind, stride=stride, **SMALL).double().eval()


def frames(rows: int, length: int, seed: int = 0) -> torch.Tensor:
    return torch.tensor(np.random.default_rng(seed).normal(size=(rows, length, 7)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("length", [1, 5, 6])
def test_padding_changes_nothing(kind, stride, length):
    net, x = model(kind, stride), frames(1, length)
    alone = net(x, torch.ones(1, length, 1).double())
    filled = torch.cat([x, 9 * torch.ones(1, 4, 7).double()], 1)
    mask = torch.cat([torch.ones(1, length, 1), torch.zeros(1, 4, 1)], 1).double()
    padded = net(filled, mask)
    assert alone.frames.shape == x.shape
    torch.testing.assert_close(padded.frames[:, :length], alone.frames)
    assert (padded.frames[:, length:] == 0).all()
    steps = -(-length // stride)
    assert alone.step_mask.sum() == padded.step_mask.sum() == steps
    torch.testing.assert_close(padded.coded.code[:, :steps], alone.coded.code)


@pytest.mark.parametrize("kind", KINDS)
def test_all_that_the_decoder_sees_is_the_code(kind):
    net, x, y = model(kind), frames(1, 6), frames(1, 6, seed=1)
    ones = torch.ones(1, 6, 1).double()
    code = net.encode(x, ones)[0].code
    torch.testing.assert_close(net.decoder(code, ones), net(x, ones).frames)
    assert not torch.allclose(net(x, ones).frames, net(y, ones).frames)
    # The defect of a decoder that is fed by something else: its output would not depend on the encoder.
    gradient = torch.autograd.grad(net(x, ones).frames.sum(), net.encoder.first.weight)[0]
    assert gradient.abs().max() > 0


def test_gaussian_bottleneck_follows_the_formulas():
    torch.manual_seed(0)
    x, noise = torch.randn(2, 3, 8).double(), torch.randn(2, 3, 4).double()
    drawn = GaussianBottleneck()(x, noise)
    mean, log_variance = x.numpy()[..., :4], x.numpy()[..., 4:]
    np.testing.assert_allclose(drawn.code, f.reparameterize(mean, log_variance, noise.numpy()), rtol=1e-12)
    np.testing.assert_allclose(drawn.cost, f.gaussian_kl(mean, log_variance), rtol=1e-12)
    layer = GaussianBottleneck().eval()
    torch.testing.assert_close(layer(x).code, x[..., :4])
    layer.train()
    assert not torch.allclose(layer(x).code, layer(x).code)
    assert torch.isfinite(layer(100 * x).code).all()


@pytest.mark.parametrize("groups", [1, 3])
def test_quantizer_follows_the_formulas(groups):
    torch.manual_seed(0)
    layer = VectorQuantizer(groups, 6, 2).double().eval()
    x = torch.randn(2, 5, 2 * groups).double().requires_grad_()
    coded = layer(x)
    weight = torch.randn_like(coded.code)
    ((coded.code * weight).sum() + coded.cost.mean()).backward()
    for g in range(groups):
        part = slice(2 * g, 2 * g + 2)
        z, book = x.detach()[..., part].reshape(-1, 2).numpy(), layer.codebook[g].detach().numpy()
        np.testing.assert_array_equal(coded.indices[..., g].reshape(-1), f.quantize(z, book))
        by_z, by_book = f.quantizer_gradients(z, book, weight[..., part].reshape(-1, 2).numpy() * groups)
        np.testing.assert_allclose(x.grad[..., part].reshape(-1, 2), by_z / groups, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(layer.codebook.grad[g], by_book / groups, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(layer.look_up(coded.indices), coded.code)


def test_dead_entries_start_anew_and_living_ones_stay():
    torch.manual_seed(0)
    layer = VectorQuantizer(1, 4, 2).train()
    with torch.no_grad():
        layer.codebook[0] = torch.tensor([[0.0, 0], [1, 1], [50, 50], [-50, 50]])
    x = torch.cat([torch.zeros(1, 20, 2), torch.ones(1, 20, 2)], 1) + 0.01 * torch.randn(1, 40, 2)
    mask = torch.ones(1, 40)
    far = x.clone()
    far[:, 30:] = 99.0
    mask[:, 30:] = 0  # what is padded may never become an entry, nor count as a choice
    for _ in range(400):
        layer(far, mask)
    assert layer.codebook.abs().max() < 2
    assert (layer.usage > 0.0025).all()
    kept = layer.eval().codebook.detach().clone()
    layer(far, mask)
    torch.testing.assert_close(layer.codebook.detach(), kept)


def test_one_utterance_there_and_back():
    net = model("plain").float()
    net.mel_mean += 3.0
    net.mel_std *= 2.0
    mel, f0 = torch.randn(7, 5), torch.tensor([0.0, 200, 210, 0, 0, 190, 180])
    coded = net.code_of(mel, f0)
    assert coded.code.shape == (1, 4, 4)
    out, pitch = net.speech_of(coded.code[0])
    assert out.shape == (8, 5)
    assert pitch.shape == (8,)
    assert ((pitch == 0) | (pitch > 20)).all()
    voiced, ln = (f0 > 0).float(), torch.log(f0.clamp(min=1))
    pitch_in = (ln - net.pitch_stats[0]) / net.pitch_stats[1] * voiced
    x = torch.cat([(mel - 3) / 2, pitch_in[:, None], voiced[:, None]], -1)[None]
    torch.testing.assert_close(net(x, torch.ones(1, 7, 1)).frames[0, :, :5] * 2 + 3, out[:7])


def test_bad_input_is_named():
    with pytest.raises(InputError, match="kind 'gauss'"):
        SpeechAutoencoder("gauss")
    with pytest.raises(InputError, match="multiple of groups"):
        SpeechAutoencoder("vector", code=10, groups=4)
    net = model("plain").float()
    for mel, f0 in ((torch.zeros(3, 4), torch.zeros(3)), (torch.zeros(3, 5), torch.zeros(2))):
        with pytest.raises(InputError, match="one utterance"):
            net.code_of(mel, f0)


def test_linear_autoencoder_is_two_matrices():
    torch.manual_seed(0)
    net, x = LinearAutoencoder(5, 2).double(), torch.randn(9, 5).double()
    expected = x @ net.encoder.weight.T @ net.decoder.weight.T
    torch.testing.assert_close(net(x), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_onnx_says_the_same(kind, tmp_path):
    pytest.importorskip("onnxscript")
    runtime = pytest.importorskip("onnxruntime")

    class Frames(torch.nn.Module):
        def __init__(self, net):
            super().__init__()
            self.net = net

        def forward(self, x, mask):
            return self.net(x, mask).frames

    net = Frames(model(kind).float()).eval()
    x, mask = frames(2, 8).float(), torch.ones(2, 8, 1)
    path = tmp_path / "autoencoder.onnx"
    torch.onnx.export(net, (x, mask), path, input_names=["x", "mask"], dynamo=True, verbose=False)
    other = frames(2, 8, seed=5).float()
    mask[1, 5:] = 0
    found = runtime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(
        None, {"x": other.numpy(), "mask": mask.numpy()}
    )[0]
    np.testing.assert_allclose(found, net(other, mask).detach().numpy(), atol=1e-5)
