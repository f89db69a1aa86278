"""The PyTorch face autoencoders: what they see, what counts, what moves into a classifier, exported."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from deepsense_lib.errors import InputError
from deepsense_lib.formulas import face_autoencoder as f
from deepsense_lib.torch_models import face_autoencoder as m
from deepsense_lib.torch_models.convolution import ExpressionCNN
from deepsense_lib.torch_models.vision_transformer import VisionTransformer, cut_patches

CONV = {"code": 12, "channels": (4, 6), "size": 16, "narrow": 3}
MASKED = {"size": 16, "patch": 4, "width": 12, "depth": 2, "heads": 2, "decoder_width": 8}


def varied(model, seed=0):
    """Give every weight and statistic a value of its own, so that no mix-up can hide."""
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point():
            values = torch.rand(tensor.shape, generator=generator, dtype=torch.float64)
            tensor.copy_(values + 0.5 if name.endswith("running_var") else values - 0.5)
    return model


def faces(count=3, size=16, seed=1):
    return torch.tensor(np.random.default_rng(seed).normal(size=(count, 1, size, size)))


def seen(count=3, patches=16, seed=2, ratio=0.75):
    torch.manual_seed(seed)
    return m.draw_visible(count, patches, ratio)


@pytest.mark.parametrize("arguments", [CONV, {"code": 5, "channels": (3,), "size": 8, "kernel": 5}])
def test_a_reconstruction_lives_where_its_input_lives(arguments):
    model = varied(m.FaceAutoencoder(**arguments).double()).eval()
    x = faces(size=arguments["size"])
    assert model(x).shape == x.shape
    assert model.encode(x).shape == (3, arguments["code"])
    assert model.encode(x).shape[1] < x[0].numel()  # smaller than the picture
    torch.testing.assert_close(model(x), model.decode(model.encode(x)))


def test_the_decoder_is_made_of_the_books_transposed_convolution():
    model = varied(m.FaceAutoencoder(**CONV).double()).eval()
    x = faces(count=2, size=8)[:, :, :4, :4].repeat(1, 6, 1, 1)
    layer = model.ups[0].convolution
    found = f.transposed_conv2d(x.numpy(), layer.weight.detach().numpy(), None, 2, 1)
    np.testing.assert_allclose(layer(x).detach().numpy(), found, rtol=1e-10, atol=1e-12)


def test_one_pixel_reaches_every_number_of_the_code():
    model = varied(m.FaceAutoencoder(code=12).double()).eval()
    x = faces(count=1, size=64)
    other = x.clone()
    other[0, 0, 30, 30] += 3.0
    assert (model.encode(x) != model.encode(other)).all()


def test_the_code_is_nested():
    model = varied(m.FaceAutoencoder(**CONV).double()).eval()
    x = faces()
    code = model.encode(x)
    torch.testing.assert_close(model(x, 12), model(x))
    cut = code.clone()
    cut[:, 5:] = 0
    torch.testing.assert_close(model(x, 5), model.decode(cut))
    mixed = model(x, torch.tensor([5, 12, 5]))
    torch.testing.assert_close(mixed[0], model(x, 5)[0])
    torch.testing.assert_close(mixed[1], model(x)[1])
    assert not torch.allclose(model(x, 5), model(x))


def test_labels_have_no_place_in_the_loss():
    """An autoencoder's loss does not depend on labels, so no gradient can teach it to recognise (E9, E23)."""
    from deepsense_lib.training.recipes.face_autoencoder import train_autoencoder

    images = np.random.default_rng(0).integers(0, 256, (40, 16, 16), dtype=np.uint8)
    runs = [train_autoencoder(images, steps=2, code=6, channels=(3, 4), narrow=2) for _ in range(2)]
    for a, b in zip(*[run.model.state_dict().values() for run in runs], strict=True):
        assert torch.equal(a, b)
    out = runs[0].model(faces().float())
    assert out.shape == (3, 1, 16, 16)  # a picture, no scores for classes
    with pytest.raises(TypeError, match="labels"):
        train_autoencoder(images, labels=np.zeros(40))


def test_the_encoder_sees_visible_patches_only():
    model = varied(m.MaskedAutoencoder(**MASKED).double()).eval()
    x, visible = faces().requires_grad_(), seen()
    model.encode(x, visible).square().sum().backward()
    by_patch = cut_patches(x.grad[:, 0], 4).abs().amax(2) > 0
    expected = torch.zeros(3, 16, dtype=torch.bool).scatter(1, visible, True)
    assert torch.equal(by_patch, expected)
    # And whatever stands in a masked patch changes nothing, neither the items nor what is made of them.
    patches = cut_patches(x.detach()[:, 0], 4)
    patches[~expected] = 99.0
    other = torch.tensor(f.join_patches(patches.numpy(), 16, 16))[:, None]
    assert torch.equal(model(other, visible), model(x, visible))


def test_a_mask_by_zeros_would_be_seen():
    """The mutant: an encoder of all patches whose masked ones are set to 0 is another function."""
    model = varied(m.MaskedAutoencoder(**MASKED).double()).eval()
    x, visible = faces(), seen()
    shown = torch.zeros(3, 16, dtype=torch.bool).scatter(1, visible, True)
    zeroed = torch.tensor(f.join_patches((cut_patches(x[:, 0], 4) * shown[..., None]).numpy(), 16, 16))
    everything = torch.arange(16).expand(3, -1)
    as_zeros = m.gather(model.encode(zeroed[:, None], everything), visible)
    assert not torch.allclose(as_zeros, model.encode(x, visible))


def test_only_masked_patches_count():
    visible = seen()
    predicted, patches = torch.randn(2, 3, 16, 5, dtype=torch.float64, generator=torch.manual_seed(3))
    masked = np.ones((3, 16), bool)
    np.put_along_axis(masked, visible.numpy(), False, 1)
    loss = m.masked_loss(predicted, patches, visible)
    np.testing.assert_allclose(loss, f.masked_reconstruction(predicted, patches, masked), rtol=1e-12)
    changed = patches.clone()
    changed[~torch.tensor(masked)] += 50
    assert torch.equal(m.masked_loss(predicted, changed, visible), loss)
    predicted.requires_grad_()
    m.masked_loss(predicted, patches, visible).backward()
    expected = f.masked_reconstruction_gradient(predicted.detach(), patches, masked)
    np.testing.assert_allclose(predicted.grad, expected, rtol=1e-12, atol=1e-15)


def test_the_order_of_visible_patches_does_not_matter():
    model = varied(m.MaskedAutoencoder(**MASKED).double()).eval()
    x, visible = faces(), seen()
    torch.testing.assert_close(model(x, visible), model(x, visible.flip(1)), rtol=1e-9, atol=1e-11)
    moved = (visible + 1) % 16  # but their places do
    assert not torch.allclose(model(x, visible), model(x, moved))


@pytest.mark.parametrize(("ratio", "left"), [(0.75, 4), (0.5, 8), (0.9, 2)])
def test_every_patch_is_seen_equally_often(ratio, left):
    drawn = seen(4000, 16, 4, ratio)
    assert drawn.shape == (4000, left)
    assert (drawn.diff(dim=1) > 0).all()  # sorted, each once
    share = torch.bincount(drawn.flatten(), minlength=16) / 4000
    assert (share - left / 16).abs().max() < 0.04


@pytest.mark.parametrize("ratio", [0.0, 1.0, 0.99, -1.0])
def test_a_mask_of_all_or_nothing_is_named(ratio):
    with pytest.raises(InputError, match="between 0 and 1"):
        m.draw_visible(2, 16, ratio)


def test_what_was_learned_moves_into_the_classifier():
    autoencoder = varied(m.FaceAutoencoder(**CONV).double()).eval()
    model = m.transfer(autoencoder).double().eval()
    x = faces()
    assert isinstance(model, ExpressionCNN)
    torch.testing.assert_close(model.features(x), autoencoder.features(x))
    assert not model(x).any()  # the head knows nothing
    with torch.no_grad():
        model.blocks[0].convolution.weight.zero_()
    assert autoencoder.blocks[0].convolution.weight.any()  # a copy

    masked = varied(m.MaskedAutoencoder(**MASKED).double()).eval()
    model = m.transfer(masked, classes=3, dropout=0.0).double().eval()
    assert isinstance(model, VisionTransformer)
    everything = torch.arange(16).expand(3, -1)
    with torch.no_grad():
        model.head.weight.copy_(torch.eye(12, dtype=torch.float64)[:3])
    torch.testing.assert_close(model(x), masked.encode(x, everything).mean(1)[:, :3])


def test_one_batch_can_be_learnt_by_heart():
    torch.manual_seed(0)
    x = F.interpolate(torch.randn(4, 1, 4, 4), 16, mode="bilinear")
    x = (x - x.mean()) / x.std()
    visible = seen(4)
    cases = {
        "conv": (m.FaceAutoencoder(**CONV), lambda model: F.mse_loss(model(x), x)),
        "masked": (
            m.MaskedAutoencoder(**MASKED),
            lambda model: m.masked_loss(model(x, visible), cut_patches(x[:, 0], 4), visible),
        ),
    }
    for name, (model, loss_of) in cases.items():
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        first = loss_of(model).item()
        for _ in range(300):
            optimizer.zero_grad()
            loss = loss_of(model)
            loss.backward()
            optimizer.step()
        assert loss.item() < 0.1 * first, name


def test_every_weight_gets_a_gradient():
    x, visible = faces(), seen()
    masked = varied(m.MaskedAutoencoder(**MASKED).double())
    m.masked_loss(masked(x, visible), cut_patches(x[:, 0], 4), visible).backward()
    conv = varied(m.FaceAutoencoder(**CONV).double())
    F.mse_loss(conv(x), x).backward()
    for model in (masked, conv):
        for name, p in model.named_parameters():
            assert p.grad is not None, name
            # Attention does not change when the same number is added to all of a row's scores.
            assert name.endswith("key.bias") or p.grad.abs().max() > 0, name


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: m.FaceAutoencoder(size=20), "cannot halve"),
        (lambda: m.FaceAutoencoder(code=0), "at least 1"),
        (lambda: m.MaskedAutoencoder(patch=7), "do not tile"),
        (lambda: m.MaskedAutoencoder(decoder_width=10), "cannot share"),
        (lambda: m.FaceAutoencoder(**CONV)(torch.zeros(1, 1, 12, 12)), "images have the shape"),
        (lambda: m.MaskedAutoencoder(**MASKED)(torch.zeros(1, 16, 16), seen(1)), "images have the shape"),
    ],
)
def test_what_cannot_be_is_named(build, message):
    with pytest.raises(InputError, match=message):
        build()


@pytest.mark.parametrize("kind", ["conv", "masked"])
def test_onnx_gives_the_same_reconstructions(kind, tmp_path):
    pytest.importorskip("onnxscript")
    runtime = pytest.importorskip("onnxruntime")
    if kind == "conv":
        model, inputs, other = varied(m.FaceAutoencoder(**CONV)).eval(), (faces(2),), (faces(5, seed=7),)
    else:
        model = varied(m.MaskedAutoencoder(**MASKED)).eval()
        inputs, other = (faces(2), seen(2)), (faces(5, seed=7), seen(5, seed=8))
    inputs, other = [[a.float() if a.is_floating_point() else a for a in both] for both in (inputs, other)]
    batch = torch.export.Dim("batch", min=1, max=64)
    path = tmp_path / "model.onnx"
    shapes = tuple({0: batch} for _ in inputs)
    torch.onnx.export(model, tuple(inputs), path, dynamic_shapes=shapes, dynamo=True, verbose=False)
    session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [i.name for i in session.get_inputs()]
    (found,) = session.run(None, dict(zip(names, [a.numpy() for a in other], strict=True)))
    with torch.no_grad():
        np.testing.assert_allclose(found, model(*other), rtol=1e-3, atol=1e-5)
