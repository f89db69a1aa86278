"""The PyTorch classifiers with attention: against NumPy and torch's layers, at the start, and exported."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from deepsense_lib.errors import InputError
from deepsense_lib.formulas import face_attention as formulas
from deepsense_lib.torch_models import face_attention as cnn
from deepsense_lib.torch_models import vision_transformer as vit
from deepsense_lib.weights import to_arrays

EXACT = {"rtol": 1e-10, "atol": 1e-12}
CBAM = (cnn.CBAMExpressionCNN, {"channels": (8, 8), "size": 16, "dropout": 0.0, "window": 3})
POOLING = (cnn.PoolingExpressionCNN, {"channels": (4, 6), "size": 16, "dropout": 0.0, "hidden": 5})
VIT = (vit.VisionTransformer, {"size": 16, "patch": 4, "width": 8, "depth": 2, "heads": 2, "dropout": 0.0})
TOKEN = (vit.VisionTransformer, {**VIT[1], "summary": "token"})
STEM = (vit.VisionTransformer, {**VIT[1], "stem": "convolution"})
KINDS = pytest.mark.parametrize(
    ("kind", "arguments"), [CBAM, POOLING, VIT, TOKEN, STEM], ids=["cbam", "pooling", "vit", "token", "stem"]
)


def trained_like(model, seed=0):
    """Give every weight and statistic a value of its own, so that no mix-up can hide."""
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point():
            values = torch.rand(tensor.shape, generator=generator, dtype=torch.float64)
            tensor.copy_(values + 0.5 if name.endswith("running_var") else values - 0.4)
    return model


def pictures(count=4, size=16, seed=1):
    x = np.random.default_rng(seed).normal(size=(count, 1, size, size))
    return torch.tensor(x)


@pytest.mark.parametrize(("places", "channels", "hidden"), [(1, 2, 3), (16, 6, 4)])
def test_pooling_equals_numpy(places, channels, hidden):
    pooling = trained_like(cnn.AttentionPooling(channels, hidden).double())
    h = torch.tensor(np.random.default_rng(0).normal(size=(3, places, channels)))
    project, score = pooling.project.weight.detach().numpy(), pooling.score.weight.detach().numpy()[0]
    with torch.no_grad():
        for n in range(3):
            pair = h[n].numpy(), project, score
            np.testing.assert_allclose(pooling.weigh(h)[n], formulas.pooling_weights(*pair), **EXACT)
            np.testing.assert_allclose(pooling(h)[n], formulas.attention_pooling(*pair), **EXACT)


@pytest.mark.parametrize(
    ("channels", "reduction", "window", "side"), [(4, 2, 3, 5), (8, 8, 7, 4), (3, 1, 1, 2)]
)
def test_gates_equal_numpy(channels, reduction, window, side):
    x = torch.tensor(np.random.default_rng(0).normal(size=(2, channels, side, side)))
    excite = trained_like(cnn.SqueezeExcitation(channels, reduction).double())
    gate = trained_like(cnn.CBAM(channels, reduction, window).double())
    with torch.no_grad():
        for n in range(2):
            arrays = to_arrays(excite.state_dict())
            pair = arrays["reduce.weight"], arrays["expand.weight"]
            gates = formulas.excitation_gates(x[n].numpy(), *pair)
            np.testing.assert_allclose(excite(x)[n], x[n].numpy() * gates[:, None, None], **EXACT)
            arrays = to_arrays(gate.state_dict())
            pair = arrays["reduce.weight"], arrays["expand.weight"]
            gated = x[n].numpy() * formulas.channel_gates(x[n].numpy(), *pair)[:, None, None]
            places = formulas.spatial_gates(gated, arrays["place.weight"], arrays["place.bias"][0])
            np.testing.assert_allclose(gate(x)[n], gated * places, **EXACT)


@pytest.mark.parametrize(("width", "heads"), [(6, 1), (8, 4)])
def test_self_attention_and_block_equal_numpy_and_torch(width, heads):
    x = torch.tensor(np.random.default_rng(0).normal(size=(2, 5, width)))
    block = trained_like(vit.TransformerBlock(width, heads, 2 * width).double()).eval()
    arrays = to_arrays(block.state_dict())
    with torch.no_grad():
        for n in range(2):
            expected = formulas.transformer_block(x[n].numpy(), arrays, heads)
            np.testing.assert_allclose(block(x)[n], expected, rtol=1e-9, atol=1e-11)
    ours = block.attention
    theirs = torch.nn.MultiheadAttention(width, heads, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        parts = (ours.query, ours.key, ours.value)
        theirs.in_proj_weight.copy_(torch.cat([part.weight for part in parts]))
        theirs.in_proj_bias.copy_(torch.cat([part.bias for part in parts]))
        theirs.out_proj.load_state_dict(ours.out.state_dict())
        found, weights = theirs(x, x, x, average_attn_weights=False)
        np.testing.assert_allclose(ours(x), found, **EXACT)
        np.testing.assert_allclose(ours.weigh(x), weights, **EXACT)


def test_patches_equal_numpy():
    images = pictures(2)[:, 0]
    for n in range(2):
        np.testing.assert_array_equal(
            vit.cut_patches(images, 4)[n], formulas.cut_patches(images[n].numpy(), 4)
        )


@KINDS
@pytest.mark.parametrize("classes", [2, 7])
def test_the_first_loss_is_log_k_and_the_configuration_rebuilds_the_model(kind, arguments, classes):
    torch.manual_seed(0)
    model = kind(classes=classes, **arguments)
    loss = F.cross_entropy(model(pictures(8).float()), torch.arange(8) % classes)
    assert np.isclose(loss.item(), np.log(classes), rtol=1e-6)
    again = kind(**model.configuration)
    assert {k: v.shape for k, v in again.state_dict().items()} == {
        k: v.shape for k, v in model.state_dict().items()
    }


@KINDS
def test_one_batch_can_be_learnt_by_heart(kind, arguments):
    torch.manual_seed(0)
    model, x, labels = kind(**arguments), pictures(14).float(), torch.arange(14) % 7
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(150):
        loss = F.cross_entropy(model(x), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.1
    assert torch.equal(model(x).argmax(1), labels)


@KINDS
def test_every_weight_gets_a_gradient(kind, arguments):
    model = trained_like(kind(**arguments).double()).train()
    F.cross_entropy(model(pictures(6)), torch.arange(6)).backward()
    silent = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.abs().max() > 0]
    # A key's bias moves all scores of a query alike, and softmax does not see that.
    assert all(name.endswith("key.bias") for name in silent), silent


@KINDS
def test_in_use_each_image_has_its_own_answer(kind, arguments):
    model, x = trained_like(kind(**arguments).double()).eval(), pictures(4)
    with torch.no_grad():
        together, alone = model(x), torch.cat([model(image[None]) for image in x])
    np.testing.assert_allclose(together, alone, **EXACT)


@KINDS
def test_weights_sum_to_one_and_gates_need_not(kind, arguments):
    model, x = trained_like(kind(**arguments).double()).eval(), pictures(4)
    maps = model.attention_maps(x)
    assert all(m.shape[0] == 4 and m.shape[1] == m.shape[2] for m in maps)
    assert all(((m > 0) & (m < 1)).all() for m in maps)
    for m in maps:
        sums = m.sum(dim=(1, 2)).numpy()
        if kind is cnn.CBAMExpressionCNN:
            assert (np.abs(sums - 1) > 0.5).all()
        else:
            np.testing.assert_allclose(sums, 1)


def test_the_maps_are_what_the_scores_come_from():
    pooling = trained_like(POOLING[0](**POOLING[1]).double()).eval()
    x = pictures()
    with torch.no_grad():
        weights = pooling.attention_maps(x)[0].flatten(1)
        mean = torch.einsum("bk,bkc->bc", weights, pooling.places(x))
        np.testing.assert_allclose(pooling.head(mean), pooling(x), **EXACT)
        gated = trained_like(CBAM[0](**CBAM[1]).double()).eval()
        first = gated.blocks[0]
        plain = F.max_pool2d(torch.relu(first.norm(first.convolution(x))), 2)
        plain = plain * first.attention.channel_gates(plain)[:, :, None, None]
        np.testing.assert_allclose(first(x), plain * gated.attention_maps(x)[0][:, None], **EXACT)


def shuffled(x, patch, order):
    """Images with their patches in another order."""
    size = x.shape[-1]
    columns = F.unfold(x, patch, stride=patch)[..., order]
    return F.fold(columns, (size, size), patch, stride=patch)


def test_without_positions_a_transformer_sees_a_bag_of_patches():
    model, x = trained_like(VIT[0](**VIT[1]).double()).eval(), pictures()
    order = torch.randperm(16, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert not np.allclose(model(shuffled(x, 4, order)), model(x))
        model.positions.zero_()
        np.testing.assert_allclose(model(shuffled(x, 4, order)), model(x), **EXACT)
        for there, here in zip(
            model.attention_weights(shuffled(x, 4, order)), model.attention_weights(x), strict=True
        ):
            np.testing.assert_allclose(there, here[:, :, order][..., order], **EXACT)


@KINDS
def test_onnx_gives_the_same_scores(kind, arguments, tmp_path):
    pytest.importorskip("onnxscript")
    runtime = pytest.importorskip("onnxruntime")
    model = trained_like(kind(**arguments)).eval()
    path = tmp_path / "model.onnx"
    batch = torch.export.Dim("batch", min=1, max=64)
    torch.onnx.export(
        model, (pictures(2).float(),), path, dynamic_shapes=({0: batch},), dynamo=True, verbose=False
    )
    session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
    x = pictures(5, seed=3).float()
    (theirs,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    with torch.no_grad():
        np.testing.assert_allclose(theirs, model(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        (cnn.CBAMExpressionCNN, {"reduction": 0}, "by the factor 0"),
        (cnn.CBAMExpressionCNN, {"reduction": 17}, "from 1 to 16"),
        (cnn.CBAMExpressionCNN, {"window": 4}, "odd number"),
        (cnn.PoolingExpressionCNN, {"size": 50}, "cannot halve"),
        (vit.VisionTransformer, {"patch": 7}, "do not tile"),
        (vit.VisionTransformer, {"patch": 0}, "do not tile"),
        (vit.VisionTransformer, {"heads": 5}, "5 heads"),
        (vit.VisionTransformer, {"summary": "last"}, "one of mean, token"),
    ],
)
def test_impossible_configurations_are_named(kind, arguments, message):
    with pytest.raises(InputError, match=message):
        kind(**arguments)


@KINDS
@pytest.mark.parametrize("shape", [(2, 16, 16), (2, 1, 12, 16), (2, 3, 16, 16)])
def test_images_of_another_shape_are_named(kind, arguments, shape):
    with pytest.raises(InputError, match="images have the shape"):
        kind(**arguments)(torch.zeros(shape))
