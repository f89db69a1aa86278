"""The ladder and its probes, on the smallest listings that have the defect, in PyTorch and in Keras."""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import pytest
import torch
from torch import nn

from deepsense_lib.errors import InputError
from deepsense_lib.evaluation import probe
from deepsense_lib.formulas.autoencoder import principal_components
from deepsense_lib.torch_models.convolution import ExpressionCNN
from deepsense_lib.torch_models.probe import Subject as TorchSubject

keras = pytest.importorskip("keras")
from deepsense_lib.keras_models.probe import Subject as KerasSubject  # noqa: E402

L = keras.layers
RNG = np.random.default_rng


def frames(rows=16, width=8):
    return RNG(0).normal(size=(rows, width)).astype("float32")


def compiled(inputs, outputs, loss="mse", rate=0.02):
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.Adam(rate), loss)
    return model


class TwoDoors(nn.Module):
    """A net that is asked with two inputs and listens to one."""

    def __init__(self):
        super().__init__()
        self.used, self.unused = nn.Linear(8, 8), nn.Linear(8, 8)

    def forward(self, a, b):
        return self.used(a)


def mended_autoencoder(code=8):
    x = L.Input((8,))
    return KerasSubject(compiled(x, L.Dense(8)(L.Dense(code)(x))))


def broken_autoencoder():
    x, z = L.Input((8,)), L.Input((16,))
    encoder = L.Dense(3)
    encoder(x)
    return KerasSubject(compiled(z, L.Dense(8)(z)), also=[encoder])


def test_an_encoder_that_is_not_in_the_model_is_found():
    keras.utils.set_random_seed(0)
    x, noise = frames(), RNG(1).normal(size=(16, 16)).astype("float32")
    subject = broken_autoencoder()
    assert len(probe.dead_parameters(subject, [noise], x)) == 2
    assert probe.dead_parameters(mended_autoencoder(), [x], x) == []
    found = probe.climb(broken_autoencoder, [x], x)
    assert found.rung == "builds"
    assert "expected shape=(None, 16), found shape=(16, 8)" in found.said
    fed = probe.climb(broken_autoencoder, [noise], x, steps=400)
    assert fed.rung == "learns"  # a wrong listing whose loss falls
    assert "no gradient reaches" in fed.said
    assert probe.climb(mended_autoencoder, [x], x, steps=400) == ("holds", "")


def test_both_frameworks_give_the_same_gradients_and_verdicts():
    x, y = frames(), frames()[:, ::-1].copy()
    torch.manual_seed(0)
    first = TorchSubject(nn.Linear(8, 8), nn.functional.mse_loss)
    inputs = L.Input((8,))
    second = KerasSubject(compiled(inputs, L.Dense(8)(inputs)))
    second.model.layers[1].set_weights(
        [first.model.weight.detach().numpy().T, first.model.bias.detach().numpy()]
    )
    np.testing.assert_allclose(first.output([x]), second.output([x]), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(first.loss([x], y), second.loss([x], y), rtol=1e-5)
    (weight, bias), (kernel, other) = first.gradients([x], y).values(), second.gradients([x], y).values()
    np.testing.assert_allclose(weight, kernel.T, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(bias, other, rtol=1e-4, atol=1e-6)


def test_gradients_are_those_of_small_nudges():
    torch.manual_seed(0)
    subject = TorchSubject(nn.Sequential(nn.Linear(8, 3), nn.Tanh(), nn.Linear(3, 8)).double(), nn.MSELoss())
    x = frames().astype("float64")
    found = subject.gradients([x], x)
    for name, parameter in subject.model.named_parameters():
        flat = parameter.data.view(-1)
        flat[0] += 1e-5
        up = subject.loss([x], x)
        flat[0] -= 2e-5
        down = subject.loss([x], x)
        flat[0] += 1e-5
        np.testing.assert_allclose(found[name].ravel()[0], (up - down) / 2e-5, rtol=1e-6, atol=1e-9)


def test_deaf_inputs_and_dead_parts_are_named():
    torch.manual_seed(0)
    subject = TorchSubject(TwoDoors(), nn.functional.mse_loss)
    a, b = frames(), frames()[::-1].copy()
    assert probe.ignored_inputs(subject, [a, b]) == [1]
    assert probe.dead_parameters(subject, [a, b], a) == ["unused.weight", "unused.bias"]
    said = probe.dead_or_deaf(subject, [a, b], a)
    assert "unused.weight" in said
    assert "input 1" in said
    with pytest.raises(InputError, match="rows that differ"):
        probe.ignored_inputs(subject, [a, np.ones_like(b)])


def test_a_part_that_starts_at_zero_is_not_dead():
    torch.manual_seed(0)
    inner, gate = nn.Linear(8, 8), nn.Linear(8, 8)
    nn.init.zeros_(gate.weight)
    subject = TorchSubject(nn.Sequential(inner, gate), nn.functional.mse_loss)
    x = frames()
    assert probe.dead_parameters(subject, [x], x) == ["0.weight", "0.bias"]
    assert probe.dead_parameters(subject, [x], x, after=2) == []


def test_a_model_without_parameters_is_refused():
    subject = TorchSubject(nn.Linear(8, 8), nn.functional.mse_loss)
    subject.parts = nn.ModuleDict()
    with pytest.raises(InputError, match="no parameters"):
        probe.dead_parameters(subject, [frames()], frames())


def test_the_ladder_says_where_a_model_stops():
    x = frames()

    def never():
        raise NameError("name 'encoder_outputs' is not defined")

    assert probe.climb(never, [x], x) == ("nothing", "NameError: name 'encoder_outputs' is not defined")
    torch.manual_seed(0)
    assert probe.climb(lambda: TorchSubject(nn.Linear(9, 8), nn.MSELoss()), [x], x).height == 1
    explodes = probe.climb(lambda: TorchSubject(nn.Linear(8, 8), lambda y, t: (y * np.inf).sum()), [x], x)
    assert explodes.rung == "builds"
    assert "finite" in explodes.said
    few = probe.climb(lambda: TorchSubject(nn.Linear(8, 1), lambda y, t: ((y - t) ** 2).mean()), [x], x)
    assert few.rung == "builds"  # (16, 1) against (16, 8) would be stretched
    good = probe.climb(lambda: TorchSubject(nn.Linear(8, 8), nn.MSELoss(), rate=0.05), [x], x, steps=300)
    assert good == ("holds", "")
    asked = probe.climb(
        lambda: TorchSubject(nn.Linear(8, 8), nn.MSELoss(), rate=0.05),
        [x],
        x,
        steps=300,
        holds=lambda s: "no",
    )
    assert asked == ("learns", "no")


@pytest.mark.filterwarnings("ignore:Using a target size")
def test_shapes_that_a_loss_would_stretch_are_refused():
    subject = TorchSubject(nn.Linear(8, 1), nn.functional.mse_loss)
    column = frames()[:, :1]
    assert "expected one" in probe.climb(lambda: subject, [frames()], column[:, 0]).said
    labels = RNG(0).integers(0, 3, 16)
    found = probe.climb(
        lambda: TorchSubject(nn.Linear(8, 3), nn.functional.cross_entropy, rate=0.3),
        [frames()],
        labels,
        steps=200,
        share=0.2,
    )
    assert found.height >= 2  # class numbers have one axis less, and that is right


def test_a_squashed_output_does_not_learn_standardised_frames():
    keras.utils.set_random_seed(0)

    def build(activation):
        x = L.Input((8,))
        return KerasSubject(compiled(x, L.Dense(8, activation=activation)(x), rate=0.05))

    x = frames()
    assert probe.climb(lambda: build("sigmoid"), [x], x, steps=300).rung == "runs"
    assert probe.climb(lambda: build(None), [x], x, steps=300).rung == "holds"


def test_unshifted_targets_are_found():
    target = RNG(0).normal(size=(6, 3))
    copy = target.cumsum(0)
    assert not np.array_equal(copy, target)
    assert probe.seen_steps(lambda y: y.cumsum(0), target, 2) == [0, 1, 2]
    assert probe.seen_steps(lambda y: np.concatenate([0 * y[:1], y[:-1]]).cumsum(0), target, 2) == [0, 1]
    assert probe.seen_steps(lambda y: y[::-1], target, 0) == [5]


def test_padding_that_changes_an_answer_is_measured():
    rows = RNG(0).normal(size=(2, 5, 3))
    assert probe.padding_error(lambda y: y.cumsum(1), rows, 4) == 0
    assert probe.padding_error(lambda y: y.mean(1), rows, 4) > 0.01
    assert probe.padding_error(lambda y: y.sum(1), rows, 4) < 1e-12


def test_shift_error_tells_a_filter_from_a_map_of_places():
    x = RNG(0).normal(size=(20, 20))
    assert probe.shift_error(lambda y: y + np.roll(y, 1, 0), x, 3, 4) < 1e-12
    assert probe.shift_error(lambda y: y * np.arange(20), x, 3, 4) > 0.5


def test_attention_over_one_vector_looks_at_other_examples():
    keras.utils.set_random_seed(0)

    def build(whole):
        x, y = L.Input((None, 6)), L.Input((None, 6))
        states, h, c = L.LSTM(5, return_sequences=True, return_state=True)(x)
        seen = L.LSTM(5, return_sequences=True)(y, initial_state=[h, c])
        memory = states if whole else h
        return keras.Model([x, y], L.Attention()([seen, memory]))

    source, target = RNG(0).normal(size=(2, 4, 7, 6)).astype("float32")
    other = source.copy()
    other[1:] += 1  # the neighbours change, the first example does not
    for whole in (False, True):
        model = build(whole)
        before, after = (np.asarray(model([s, target]))[0] for s in (source, other))
        assert np.allclose(before, after, atol=1e-6) == whole


def test_a_dense_layer_on_an_image_sees_one_pixel():
    keras.utils.set_random_seed(0)
    image = RNG(0).uniform(size=(1, 8, 8, 3)).astype("float32")
    changed = image.copy()
    changed[0, 4, 4] += 0.5  # on an even place, two windows of stride 2 overlap
    dense, strided = L.Dense(16), L.Conv2D(16, 3, strides=2, padding="same")
    for layer, cells in ((dense, 1), (strided, 2)):
        moved = np.asarray(layer(image)) != np.asarray(layer(changed))
        assert moved.any(-1).sum() >= cells
        assert (moved.any(-1).sum() == 1) == (layer is dense)
    assert np.asarray(dense(image)).size > image.size > np.asarray(strided(image)).size / 2


def test_a_reconstruction_loss_cannot_know_a_label():
    x, labels = frames(40), RNG(0).integers(0, 2, 40)
    first = principal_components(x, 2)[0]
    order = np.argsort(labels, kind="stable")  # the rows sorted by label: the same rows
    np.testing.assert_allclose(np.abs(principal_components(x[order], 2)[0] @ first.T), np.eye(2), atol=1e-5)


def test_our_own_classifier_climbs_to_the_top():
    torch.manual_seed(0)
    images = RNG(0).normal(size=(7, 1, 32, 32)).astype("float32")
    labels = np.arange(7)
    small = {"classes": 7, "channels": (8, 8), "size": 32, "kernel": 3, "dropout": 0.0}
    found = probe.climb(
        lambda: TorchSubject(ExpressionCNN(**small), nn.functional.cross_entropy), [images], labels
    )
    assert found == ("holds", "")
