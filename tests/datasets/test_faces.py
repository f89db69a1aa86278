import shutil
from itertools import pairwise

import numpy as np
import pytest

from deepsense_lib.datasets import registry
from deepsense_lib.datasets.faces import CLASSES, LEVELS, SPLITS, UNITS, faces_available, load_faces
from deepsense_lib.errors import DataError, InputError

SHIFTS = [name for name in faces_available() if name.startswith("shift-")]


@pytest.fixture(scope="module")
def lesson():
    return {split: load_faces("lesson", split) for split in SPLITS}


def every_set():
    for name in faces_available():
        for split in SPLITS if name in LEVELS else ("test",):
            yield load_faces(name, split)


def fingerprint(images):
    """Perceptual hash: which of 64 neighbouring cells of a 9 x 8 reduction grows brighter; (n, 64) bool."""
    n, side = images.shape[:2]
    small = images[:, : side // 8 * 8].reshape(n, 8, side // 8, side).mean(2)
    edges = np.linspace(0, side, 10).astype(int)
    cells = np.stack([small[:, :, a:b].mean(2) for a, b in pairwise(edges)], axis=2)
    return (np.diff(cells, axis=2) > 0).reshape(n, 64)


def test_all_promised_sets_are_there():
    names = faces_available()
    assert {"lesson", "medium", "hard", "colour"} <= set(names)
    kinds = "front yaw15 yaw30 yaw45 light-side light-dim light-low glasses mask hand".split()
    assert set(SHIFTS) == {f"shift-{kind}" for kind in kinds}


def test_the_lesson_level_has_about_seven_thousand_pictures(lesson):
    assert sum(map(len, lesson.values())) == 7000
    assert len(lesson["test"]) >= 1000


def test_the_data_card_counts_right():
    card = (registry.data_dir() / "faces" / "README.md").read_text(encoding="utf-8")
    for level in LEVELS:
        counts = [f"{len(load_faces(level, split)):,}" for split in SPLITS]
        assert f"| {level} | {' | '.join(counts)} |" in card
    assert f"| colour | | | {len(load_faces('colour'))} |" in card
    assert {len(load_faces(name)) for name in SHIFTS} == {210}


def test_all_sets_together_stay_small():
    files = (registry.data_dir() / "faces").iterdir()
    assert sum(file.stat().st_size for file in files) <= 15e6


def test_shapes_types_and_ranges_of_every_set():
    for faces in every_set():
        n, side = len(faces), 128 if faces.name == "colour" else 64
        assert faces.images.shape == ((n, side, side, 3) if faces.name == "colour" else (n, side, side))
        assert faces.images.dtype == np.uint8
        assert faces.labels.dtype == np.int64
        assert faces.action_units.shape == (n, len(UNITS))
        assert faces.action_units.dtype == np.float32
        assert 0 <= faces.action_units.min() <= faces.action_units.max() < 2.5
        assert (faces.eyes[:, 0, 0] < faces.eyes[:, 1, 0]).all()
        assert np.abs(faces.pose).max() <= 60
        assert {len(values) for values in faces.attributes.values()} == {n}
        shares = sum(faces.attributes[name] for name in ("african", "asian", "caucasian"))
        np.testing.assert_allclose(shares, 1, atol=0.002)
        assert (faces.landmarks is not None) == (faces.name == "colour")


def test_classes_are_balanced_in_every_set():
    for faces in every_set():
        assert len(set(np.bincount(faces.labels, minlength=len(CLASSES)))) == 1


def test_no_person_is_in_two_splits():
    persons = {split: set() for split in SPLITS}
    for faces in every_set():
        persons[faces.split] |= set(faces.identity.tolist())
    assert not persons["train"] & persons["validation"]
    assert not persons["train"] & persons["test"]
    assert not persons["validation"] & persons["test"]


@pytest.mark.parametrize("level", LEVELS)
def test_no_picture_of_the_test_split_is_nearly_one_of_the_training_split(level):
    train, test = (load_faces(level, split).images for split in ("train", "test"))
    prints = {"train": fingerprint(train), "test": fingerprint(test)}
    words = {split: np.packbits(bits, axis=1).view(np.uint64)[:, 0] for split, bits in prints.items()}
    distance = np.bitwise_count(words["test"][:, None] ^ words["train"][None])
    for row, other in np.argwhere(distance <= 3):
        assert np.abs(test[row].astype(int) - train[other]).mean() > 6


def test_a_person_shows_every_class_once_a_set(lesson):
    for faces in lesson.values():
        pairs = set(zip(faces.identity.tolist(), faces.labels.tolist(), strict=True))
        assert len(pairs) == len(faces)


def test_labels_agree_with_the_action_units(lesson):
    faces = lesson["test"]
    mean = {name: faces.action_units[faces.labels == k].mean(0) for k, name in enumerate(CLASSES)}
    unit = {number: k for k, number in enumerate(UNITS)}
    for name, mark in (("happiness", 12), ("sadness", 15), ("anger", 4), ("fear", 20), ("surprise", 2)):
        others = [mean[other][unit[mark]] for other in CLASSES if other != name]
        assert mean[name][unit[mark]] > 0.4
        assert mean[name][unit[mark]] > max(others)
    assert mean["neutral"].max() < 0.15


def test_shift_sets_show_the_same_persons_and_expressions():
    front = load_faces("shift-front")
    assert set(front.identity) <= set(load_faces("lesson", "test").identity)
    for name in SHIFTS:
        faces = load_faces(name)
        np.testing.assert_array_equal(faces.identity, front.identity)
        np.testing.assert_array_equal(faces.labels, front.labels)
        np.testing.assert_array_equal(faces.action_units, front.action_units)


@pytest.mark.parametrize("degrees", [15, 30, 45])
def test_turned_sets_are_turned_to_both_sides(degrees):
    yaw = load_faces(f"shift-yaw{degrees}").pose[:, 0]
    np.testing.assert_allclose(np.abs(yaw), degrees)
    assert np.abs(yaw.mean()) < 0.1 * degrees


def test_lights_and_occluders_are_what_the_name_says():
    for kind in ("side", "dim", "low"):
        assert set(load_faces(f"shift-light-{kind}").light) == {kind}
    for kind in ("glasses", "mask", "hand"):
        assert set(load_faces(f"shift-{kind}").occluder) == {kind}
    front, dim = load_faces("shift-front"), load_faces("shift-light-dim")
    assert set(front.light) == {"front"}
    assert set(front.occluder) == {"none"}
    assert front.images.mean() > 1.5 * dim.images.mean()


def test_harder_levels_turn_further():
    for split in SPLITS:
        spread = [load_faces(level, split).pose[:, 0].std() for level in LEVELS]
        assert spread[0] < spread[1] < spread[2]


def test_landmarks_of_the_colour_set_lie_on_the_face():
    faces = load_faces("colour")
    assert faces.landmarks.shape == (len(faces), 68, 2)
    eyes = np.stack([faces.landmarks[:, 36:42].mean(1), faces.landmarks[:, 42:48].mean(1)], axis=1)
    distance = np.linalg.norm(eyes[:, 1] - eyes[:, 0], axis=1, keepdims=True)
    assert (np.linalg.norm(eyes - faces.eyes, axis=2) < 0.25 * distance).all()


def test_a_stored_picture_is_what_the_renderer_draws(lesson):
    from deepsense_lib.faces.expressions import sample_expression
    from deepsense_lib.faces.identity import sample_identity
    from deepsense_lib.faces.renderer import render
    from deepsense_lib.faces.scene import sample_scene

    faces = lesson["test"]
    for row in (3, 500, 1049):
        person, label = int(faces.identity[row]), int(faces.labels[row])
        face, place = (np.random.Generator(np.random.PCG64([12, person, label, k])) for k in (0, 1))
        identity = sample_identity(person)
        expression = sample_expression(CLASSES[label], face, identity)
        drawn = render(identity, expression, sample_scene(place, "lesson"), 64).grey
        assert np.abs(drawn.astype(int) - faces.images[row]).mean() < 6  # WebP is lossy
        np.testing.assert_allclose(expression.vector(), faces.action_units[row], atol=6e-4)


def test_a_subset_keeps_the_rows_together(lesson):
    faces = lesson["test"]
    part = faces.subset(faces.labels == 2)
    assert set(part.labels) == {2}
    assert len(part) == 150
    assert len(part.attributes["age"]) == 150
    np.testing.assert_array_equal(part.images, faces.images[faces.labels == 2])


@pytest.mark.parametrize(
    ("level", "split"), [("easy", None), ("lesson", "exam"), ("shift-mask", "train"), ("colour", "train")]
)
def test_unknown_sets_and_splits_are_named(level, split):
    with pytest.raises(InputError, match="expected one of"):
        load_faces(level, split)


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """A copy of one small set that may be damaged."""
    source = registry.data_dir() / "faces"
    folder = tmp_path / "faces"
    folder.mkdir()
    for name in ("shift-front.csv", "shift-front.webp", "identities.csv"):
        shutil.copy(source / name, folder / name)
    registry.write_sums(folder)
    monkeypatch.setenv("DEEPSENSE_DATA", str(tmp_path))
    return folder


def test_a_copy_loads(copied):
    assert faces_available() == ("shift-front",)
    assert len(load_faces("shift-front")) == 210


@pytest.mark.parametrize("name", ["shift-front.csv", "shift-front.webp", "identities.csv"])
@pytest.mark.parametrize("damage", ["missing", "cut", "changed"])
def test_a_missing_or_damaged_file_is_named(copied, name, damage):
    path = copied / name
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(content[:1000] if damage == "cut" else content[:-9] + b"012345678")
    with pytest.raises(DataError, match=name):
        load_faces("shift-front")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("happiness", "joy"), "column or value"),
        (lambda text: text.replace("intensity", "strength"), "column or value"),
        (lambda text: text + "1,2,3\n", "line 212: 3 fields"),
        (lambda text: text[: len(text) // 2].rsplit("\n", 1)[0] + "\n", "not the sheet"),
        (lambda text: "", "not a readable table"),
    ],
)
def test_a_table_laid_out_in_another_way_is_refused(copied, change, message):
    path = copied / "shift-front.csv"
    path.write_text(change(path.read_text()))
    registry.write_sums(copied)
    with pytest.raises(DataError, match=message):
        load_faces("shift-front")


def test_a_folder_without_sets_is_reported(tmp_path, monkeypatch):
    monkeypatch.setenv("DEEPSENSE_DATA", str(tmp_path))
    (tmp_path / "faces").mkdir()
    with pytest.raises(DataError, match="cannot read the list"):
        faces_available()
    registry.write_sums(tmp_path / "faces")
    with pytest.raises(DataError, match="no face sets"):
        faces_available()
