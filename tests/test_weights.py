"""Checkpoints on disk, what is said about damaged ones, and the way between PyTorch and Keras."""

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsense_lib import weights
from deepsense_lib.errors import CheckpointError, InputError, OutputError

CARD = weights.ModelCard(
    name="toy",
    model="Toy",
    configuration={"width": 3},
    data="toy 0123",
    seed=1,
    steps=2,
    cpu_seconds=3.5,
    figures={"error": 0.25},
    command="python -m deepsense_lib train toy",
    licence="CC0-1.0",
    intended_use="tests",
    must_not="anything else",
)
ARRAYS = {
    "dense.weight": np.arange(6, dtype="float32").reshape(2, 3) / 7,
    "dense.bias": np.array([1e-5, -60000.0], "float32"),
    "count": np.array(9, "int64"),
}
QUICK = settings(max_examples=60, derandomize=True, deadline=None)


@pytest.fixture
def saved(tmp_path):
    weights.save(tmp_path / "toy", ARRAYS, CARD)
    return tmp_path / "toy.safetensors"


def test_round_trip_is_exact_and_completes_the_card(saved):
    arrays, card = weights.load(saved)
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype
        assert arrays[name].shape == array.shape
        np.testing.assert_array_equal(arrays[name], array)
    assert card == dataclasses.replace(CARD, sha256=weights.fingerprint(ARRAYS))


def test_a_path_may_end_in_either_suffix_or_in_none(saved):
    for path in (saved, saved.with_suffix(".json"), saved.with_suffix("")):
        assert weights.load(path)[1].name == "toy"


def test_half_precision_halves_the_file_and_rounds_as_float16_does(tmp_path):
    big = {"a": np.linspace(-3, 3, 4096, dtype="float32")}
    full, half = (
        weights.save(tmp_path / "full", big, CARD),
        weights.save(tmp_path / "half", big, CARD, half=True),
    )
    assert half.stat().st_size < 0.55 * full.stat().st_size
    arrays, card = weights.load(half)
    assert arrays["a"].dtype == np.float32
    assert card.storage == "float16"
    np.testing.assert_array_equal(arrays["a"], big["a"].astype("float16").astype("float32"))


def test_saving_twice_gives_the_same_bytes(tmp_path):
    a, b = (weights.save(tmp_path / name, ARRAYS, CARD).read_bytes() for name in ("one", "two"))
    assert a == b


def test_fingerprint_sees_names_shapes_types_and_values_but_not_order():
    a = {"x": np.zeros((2, 3), "float32"), "y": np.ones(2, "float32")}
    assert weights.fingerprint(a) == weights.fingerprint(dict(reversed(a.items())))
    others = [
        {"z": a["x"], "y": a["y"]},
        {**a, "x": a["x"].reshape(3, 2)},
        {**a, "x": a["x"].astype("float64")},
        {**a, "y": a["y"] + 1},
    ]
    assert len({weights.fingerprint(v) for v in [a, *others]}) == 5


@pytest.mark.parametrize(("value", "half"), [(np.nan, False), (np.inf, False), (70000.0, True)])
def test_values_that_cannot_be_stored_are_refused_by_name(tmp_path, value, half):
    with pytest.raises(InputError, match=r"'dense\.bias'"):
        weights.save(tmp_path / "toy", {"dense.bias": np.array([0, value], "float32")}, CARD, half=half)
    assert list(tmp_path.iterdir()) == []


def test_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="file"):
        weights.save(tmp_path / "file" / "toy", ARRAYS, CARD)


@pytest.mark.parametrize("suffix", [".safetensors", ".json"])
def test_missing_file_of_the_pair_is_named(saved, suffix):
    saved.with_suffix(suffix).unlink()
    with pytest.raises(CheckpointError, match=rf"toy\{suffix}"):
        weights.load(saved)


def test_weights_of_another_training_are_noticed(saved):
    other = saved.with_name("other")
    weights.save(other, {**ARRAYS, "dense.bias": ARRAYS["dense.bias"] / 2}, CARD)
    other.with_suffix(".safetensors").replace(saved)
    with pytest.raises(CheckpointError, match=r"does not belong to its card toy\.json"):
        weights.load(saved)


def test_a_pickle_under_our_name_is_not_executed(saved, tmp_path):
    mark = tmp_path / "executed"
    saved.write_bytes(f"cposix\nsystem\n(S'touch {mark}'\ntR.".encode())
    with pytest.raises(CheckpointError, match="not a readable safetensors"):
        weights.load(saved)
    assert not mark.exists()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"name": "toy"}', "null", "[" * 100_000, "\x00\xff"])
def test_damaged_card_is_named(saved, text):
    saved.with_suffix(".json").write_text(text, encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"toy\.json is not a model card"):
        weights.load(saved)


@QUICK
@given(st.data())
def test_any_damage_gives_one_kind_of_error(tmp_path_factory, data):
    path = weights.save(tmp_path_factory.mktemp("fuzz") / "toy", ARRAYS, CARD)
    good = path.read_bytes()
    kind = data.draw(st.sampled_from(["cut", "flip", "noise", "grow", "header"]))
    if kind == "cut":
        bad = good[: data.draw(st.integers(0, len(good) - 1))]
    elif kind == "flip":
        at = data.draw(st.integers(0, len(good) - 1))
        bad = good[:at] + bytes([good[at] ^ data.draw(st.integers(1, 255))]) + good[at + 1 :]
    elif kind == "noise":
        bad = data.draw(st.binary(max_size=300))
    elif kind == "grow":
        bad = good + data.draw(st.binary(min_size=1, max_size=9))
    else:  # a header that is valid JSON and nonsense
        text = json.dumps(
            data.draw(st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=3)))
        ).encode()
        bad = len(text).to_bytes(8, "little") + text
    path.write_bytes(bad)
    try:
        arrays, _ = weights.load(path)
    except CheckpointError as error:
        assert "toy.safetensors" in str(error)  # noqa: PT017
    else:  # a flip inside the header's free text does no harm
        assert kind == "flip"
        assert weights.fingerprint(arrays) == weights.fingerprint(ARRAYS)


# ---- PyTorch ----


@pytest.fixture
def toy_class():
    torch = pytest.importorskip("torch")

    class Toy(torch.nn.Module):
        def __init__(self, width):
            super().__init__()
            self.dense = torch.nn.Linear(width, 2)
            self.register_buffer("count", torch.tensor(0))

    return Toy


def test_build_makes_and_fills_the_model(saved, toy_class):
    model = weights.build(toy_class, *weights.load(saved))
    assert not model.training
    back = weights.to_arrays(model.state_dict())
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(back[name], array)


def test_checkpoint_of_another_class_is_refused(saved, toy_class):
    toy_class.__name__ = "Voice"
    with pytest.raises(CheckpointError, match=r"holds a Toy\. Expected a Voice"):
        weights.build(toy_class, *weights.load(saved))


def test_configuration_that_the_class_does_not_take_is_refused(toy_class):
    with pytest.raises(CheckpointError, match="depth"):
        weights.build(toy_class, ARRAYS, dataclasses.replace(CARD, configuration={"depth": 3}))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"dense.bias": None}, "'dense.bias' is missing"),
        ({"extra": np.zeros(1)}, "'extra' is unknown"),
        ({"dense.weight": np.zeros((3, 2))}, r"'dense.weight' has shape \(3, 2\). Expected \(2, 3\)"),
    ],
)
def test_misfit_names_the_array_and_changes_nothing(toy_class, change, named):
    model = toy_class(3)
    before = weights.to_arrays(model.state_dict())
    arrays = {k: v for k, v in {**ARRAYS, **change}.items() if v is not None}
    with pytest.raises(CheckpointError, match=named):
        weights.into_torch(model, arrays)
    for name, array in weights.to_arrays(model.state_dict()).items():
        np.testing.assert_array_equal(array, before[name])


# ---- layouts ----

CASES = {  # PyTorch shape, Keras path, Keras shape
    "dense": ((5, 3), "m/a/kernel", (3, 5)),
    "convolution 1-D": ((5, 3, 7), "m/a/kernel", (7, 3, 5)),
    "convolution 2-D": ((5, 3, 7, 9), "m/a/kernel", (7, 9, 3, 5)),
    "grouped": ((6, 1, 7), "m/a/kernel", (7, 1, 6)),
    "depthwise 1-D": ((6, 1, 7), "m/a/kernel", (7, 3, 2)),
    "depthwise 2-D": ((6, 1, 7, 9), "m/a/kernel", (7, 9, 6, 1)),
    "embedding": ((5, 3), "m/a/embeddings", (5, 3)),
    "norm": ((5,), "m/a/gamma", (5,)),
}


@pytest.mark.parametrize("case", CASES)
def test_layouts_there_and_back(case):
    torch_shape, path, keras_shape = CASES[case]
    array = np.arange(np.prod(torch_shape)).reshape(torch_shape)
    turned = weights.to_keras_layout("a", array, path, keras_shape)
    assert turned.shape == keras_shape
    np.testing.assert_array_equal(weights.to_torch_layout("a", turned, path, torch_shape), array)


def test_kernel_that_cannot_be_turned_is_named():
    with pytest.raises(CheckpointError, match=r"'a' has shape \(3, 5\). Expected \(4, 5\)"):
        weights.to_keras_layout("a", np.zeros((5, 3)), "m/a/kernel", (4, 5))


def test_names():
    assert weights.canonical_name("m/blocks.0/norm/gamma") == "blocks.0.norm.weight"
    assert weights.canonical_name("m/mel_mean") == "mel_mean"
    assert weights.canonical_name("m/bn/moving_variance") == "bn.running_var"


@pytest.mark.slow
def test_both_frameworks_compute_the_same_with_carried_weights():
    torch = pytest.importorskip("torch")
    keras = pytest.importorskip("keras")
    nn, L = torch.nn, keras.layers

    class Twin(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Embedding(9, 6)
            self.conv = nn.Conv1d(6, 8, 3, padding=1)
            self.depthwise = nn.Conv1d(8, 16, 5, padding=2, groups=8)
            self.norm = nn.LayerNorm(16)
            self.batch = nn.BatchNorm1d(16)
            self.dense = nn.Linear(16, 4)

        def forward(self, x):
            x = self.depthwise(self.conv(self.embed(x).transpose(1, 2)))
            return self.dense(self.batch(self.norm(x.transpose(1, 2)).transpose(1, 2)).transpose(1, 2))

    twin = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            L.Embedding(9, 6, name="embed"),
            L.Conv1D(8, 3, padding="same", name="conv"),
            L.DepthwiseConv1D(5, depth_multiplier=2, padding="same", name="depthwise"),
            L.LayerNormalization(epsilon=1e-5, name="norm"),
            L.BatchNormalization(epsilon=1e-5, name="batch"),
            L.Dropout(0.5, name="drop"),
            L.Dense(4, name="dense"),
        ],
        name="twin",
    )
    torch.manual_seed(0)
    model = Twin().eval()
    with torch.no_grad():
        model.batch.running_mean.normal_()
        model.batch.running_var.uniform_(0.5, 2)
        model.norm.weight.uniform_(0.5, 2)
    arrays = weights.to_arrays(model.state_dict())
    weights.into_keras(twin, arrays)
    ids = np.arange(22).reshape(2, 11) % 9
    np.testing.assert_allclose(
        model(torch.as_tensor(ids)).detach().numpy(), twin(ids, training=False), rtol=1e-4, atol=1e-5
    )
    back = weights.from_keras(twin, {k: v.shape for k, v in arrays.items()})
    for name, array in back.items():
        np.testing.assert_array_equal(array, arrays[name])
    assert set(arrays) - set(back) == {"batch.num_batches_tracked"}
    with pytest.raises(CheckpointError, match=r"'dense\.bias' is missing"):
        weights.into_keras(twin, {k: v for k, v in arrays.items() if k != "dense.bias"})


@pytest.mark.slow
def test_keras_model_that_is_not_built_is_refused():
    keras = pytest.importorskip("keras")
    with pytest.raises(InputError, match="call it once"):
        weights.into_keras(keras.Sequential([keras.layers.Dense(2)], name="empty"), {})
