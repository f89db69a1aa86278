"""The Keras face autoencoders equal the PyTorch ones; and the article's listings fail as the book says."""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from deepsense_lib import weights
from deepsense_lib.errors import InputError

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

from deepsense_lib.keras_models import face_autoencoder as km  # noqa: E402
from deepsense_lib.torch_models import face_autoencoder as tm  # noqa: E402
from deepsense_lib.torch_models.vision_transformer import cut_patches  # noqa: E402

CONV = [
    {"code": 12, "channels": (4, 6), "size": 16, "narrow": 3},
    {"code": 5, "channels": (3,), "size": 8, "kernel": 5, "narrow": 2},
    {"code": 7, "channels": (2, 3, 5), "size": 24, "narrow": 4},
]
MASKED = [
    {"size": 16, "patch": 4, "width": 12, "depth": 2, "heads": 2, "decoder_width": 8},
    {"size": 12, "patch": 3, "width": 8, "depth": 1, "heads": 4, "ratio": 3, "decoder_width": 4},
    {"size": 16, "patch": 8, "width": 6, "depth": 1, "heads": 1, "decoder_width": 6, "decoder_depth": 2},
]
pytestmark = pytest.mark.usefixtures("double_precision")


def pair(name, arguments):
    """Both models in float64 with the same weights, each of its own value."""
    theirs = getattr(tm, name)(**arguments).double()
    generator = torch.Generator().manual_seed(0)
    for key, tensor in theirs.state_dict().items():
        if tensor.is_floating_point():
            values = torch.rand(tensor.shape, generator=generator, dtype=torch.float64)
            tensor.copy_(values + 0.5 if key.endswith("running_var") else values - 0.5)
    ours = getattr(km, name)(**arguments)
    weights.into_keras(ours, weights.to_arrays(theirs.state_dict()))
    return ours, theirs


def batch(arguments, count=3):
    size = arguments["size"]
    x = np.random.default_rng(1).normal(size=(count, 1, size, size))
    return x, x.transpose(0, 2, 3, 1)


def masked_batch(arguments):
    x, x_last = batch(arguments)
    torch.manual_seed(2)
    return x, x_last, tm.draw_visible(3, (arguments["size"] // arguments["patch"]) ** 2, 0.6)


@pytest.mark.parametrize("arguments", CONV)
@pytest.mark.parametrize("keep", [None, 3, (1, 5, 2)])
def test_codes_and_reconstructions_are_equal(arguments, keep):
    ours, theirs = pair("FaceAutoencoder", arguments)
    theirs.eval()
    x, x_last = batch(arguments)
    with torch.no_grad():
        kept = keep if keep is None else torch.tensor(keep)
        code, back = theirs.encode(torch.tensor(x)), theirs(torch.tensor(x), kept)
    np.testing.assert_allclose(np.array(ours.encode(x_last)), code, rtol=1e-9, atol=1e-11)
    found = np.array(ours(x_last, keep=keep)).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(found, back, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("arguments", CONV)
def test_gradients_of_a_training_step_are_equal(arguments, demand_equal_gradients):
    ours, theirs = pair("FaceAutoencoder", arguments)
    x, x_last = batch(arguments)
    F.mse_loss(theirs.train()(torch.tensor(x)), torch.tensor(x)).backward()

    def loss():
        return tf.reduce_mean((ours(x_last, training=True) - x_last) ** 2)

    arrays = weights.to_arrays(dict(theirs.named_parameters()))
    demand_equal_gradients(theirs, ours, arrays, loss, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("arguments", MASKED)
def test_masked_outputs_loss_and_gradients_are_equal(arguments, demand_equal_gradients):
    ours, theirs = pair("MaskedAutoencoder", arguments)
    x, x_last, visible = masked_batch(arguments)
    items = theirs.encode(torch.tensor(x), visible)
    predicted, patches = (
        theirs(torch.tensor(x), visible),
        cut_patches(torch.tensor(x[:, 0]), arguments["patch"]),
    )
    value = tm.masked_loss(predicted, patches, visible)
    value.backward()
    np.testing.assert_allclose(
        np.array(ours.encode(x_last, visible.numpy())), items.detach(), rtol=1e-6, atol=1e-8
    )
    found = ours(x_last, visible.numpy())
    np.testing.assert_allclose(np.array(found), predicted.detach(), rtol=1e-6, atol=1e-8)

    def loss():
        return km.masked_loss(ours(x_last, visible.numpy()), tf.constant(patches.numpy()), visible.numpy())

    np.testing.assert_allclose(float(loss()), value.item(), rtol=1e-8)
    arrays = weights.to_arrays(theirs.state_dict())
    demand_equal_gradients(theirs, ours, arrays, loss, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(
    ("name", "arguments"), [("FaceAutoencoder", CONV[0]), ("MaskedAutoencoder", MASKED[0])]
)
def test_weights_come_back_unchanged_and_move_into_the_classifier(name, arguments):
    ours, theirs = pair(name, arguments)
    state = weights.to_arrays(theirs.state_dict())
    back = weights.from_keras(ours, {key: array.shape for key, array in state.items()})
    assert set(back) == {key for key in state if not key.endswith("num_batches_tracked")}
    for key, array in back.items():
        np.testing.assert_array_equal(array, state[key], err_msg=key)

    x, x_last = batch(arguments)
    first, second = tm.transfer(theirs).double().eval(), km.transfer(ours)
    with torch.no_grad():
        first.head.weight.copy_(torch.rand(first.head.weight.shape, dtype=torch.float64))
        second.head.kernel.assign(first.head.weight.numpy().T)
        np.testing.assert_allclose(np.array(second(x_last)), first(torch.tensor(x)), rtol=1e-6, atol=1e-8)


def test_the_keras_encoder_sees_visible_patches_only():
    ours, _ = pair("MaskedAutoencoder", MASKED[0])
    _, x_last, visible = masked_batch(MASKED[0])
    x_last = tf.constant(x_last)
    with tf.GradientTape() as tape:
        tape.watch(x_last)
        value = tf.reduce_sum(ours.encode(x_last, visible.numpy()) ** 2)
    by_pixel = np.array(tape.gradient(value, x_last))[..., 0]
    by_patch = cut_patches(torch.tensor(by_pixel), 4).abs().amax(2) > 0
    assert torch.equal(by_patch, torch.zeros(3, 16, dtype=torch.bool).scatter(1, visible, True))


def test_drawing_is_fair_and_impossible_things_are_named():
    drawn = np.array(km.draw_visible(4000, 16, 0.75, seed=0))
    assert (np.diff(drawn, axis=1) > 0).all()
    assert np.abs(np.bincount(drawn.ravel(), minlength=16) / 4000 - 0.25).max() < 0.04
    builds = [
        lambda m: m.draw_visible(2, 16, 1.0),
        lambda m: m.FaceAutoencoder(code=0),
        lambda m: m.FaceAutoencoder(size=20),
        lambda m: m.MaskedAutoencoder(patch=7),
    ]
    for build in builds:
        messages = []
        for module in (km, tm):
            with pytest.raises(InputError) as caught:
                build(module)
            messages.append(str(caught.value))
        assert messages[0] == messages[1]


def test_fit_learns_one_batch():
    keras.utils.set_random_seed(0)
    model = km.FaceAutoencoder(**CONV[0])
    x = np.repeat(np.repeat(np.random.default_rng(3).normal(size=(4, 4, 4, 1)), 4, 1), 4, 2)
    model.compile(keras.optimizers.Adam(0.01), loss="mse")
    losses = model.fit(x, x, batch_size=4, epochs=80, verbose=0).history["loss"]
    assert losses[-1] < 0.2 * losses[0]


# The article's listing, in our words: two inputs, dense layers on the last axis of (64, 64, 3).
def article(width=64):
    image, code = keras.Input((64, 64, 3)), keras.Input((width,))
    encoded = keras.layers.Dense(width, activation="relu")(image)
    decoded = keras.layers.Dense(64, activation="sigmoid")(code)
    return image, code, encoded, decoded


def test_mutant_two_inputs_leave_the_encoder_out():
    image, code, _, decoded = article()
    model = keras.Model([image, code], decoded)
    model.compile("adam", loss="mse")
    x = np.zeros((2, 64, 64, 3))
    with pytest.raises(ValueError, match=r"(?i)expected shape.{0,2}\(None, 64\)"):
        model.fit([x, x], x, verbose=0)
    # Fed with a vector it runs, and the picture has no say.
    z, other = np.ones((2, 64)), np.ones((2, 64, 64, 3))
    np.testing.assert_array_equal(np.array(model([x, z])), np.array(model([other, z])))
    assert model.count_params() == 64 * 64 + 64  # the decoder's alone


def test_mutant_a_dense_code_of_an_image_is_larger_than_it_and_sees_one_pixel():
    image, _, encoded, _ = article()
    encoder = keras.Model(image, encoded)
    x = np.random.default_rng(4).random((1, 64, 64, 3))
    other = x.copy()
    other[0, 20, 41] += 0.5
    changed = np.abs(np.array(encoder(x)) - np.array(encoder(other))).max(-1) > 0
    assert encoder(x).shape == (1, 64, 64, 64)
    assert changed.sum() == 1


def test_mutant_output_and_target_have_different_shapes():
    _, code, _, decoded = article()
    model = keras.Model(code, decoded)
    model.compile("adam", loss="mse")
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError)):
        model.fit(np.zeros((2, 64)), np.zeros((2, 64, 64, 3)), verbose=0)
