import numpy as np
import pytest

from deepsense_lib.errors import InputError
from deepsense_lib.faces.expressions import UNITS, Expression, prototype
from deepsense_lib.faces.identity import sample_identity
from deepsense_lib.faces.renderer import movement_maps, render
from deepsense_lib.faces.rig import Part, load_head
from deepsense_lib.faces.scene import Scene, rotation

NEUTRAL = prototype("neutral")


def far_away(**kwargs):
    """A scene almost without perspective, noise or blur."""
    return Scene(distance=1e6, **kwargs)


def test_the_same_arguments_give_the_same_picture():
    one, other = (render(sample_identity(5), prototype("fear"), Scene(noise=4, seed=2), 32) for _ in range(2))
    np.testing.assert_array_equal(one.image, other.image)
    np.testing.assert_array_equal(one.landmarks, other.landmarks)


def test_another_background_seed_leaves_the_face_alone():
    one, other = (render(sample_identity(5), NEUTRAL, Scene(seed=seed), 48) for seed in (1, 2))
    face = one.skin & other.skin
    assert face.sum() > 400
    same = (one.image[face] == other.image[face]).all(1)
    assert same.mean() > 0.97  # pixels at the outline mix face and background
    assert not np.array_equal(one.image, other.image)


def test_yaw_turns_the_landmarks_as_the_rotation_matrix_says():
    person, head = sample_identity(8), load_head()
    place = person.vertices[head.landmarks]
    place = place - place[30]  # the tip of the nose, so that framing drops out
    straight = render(person, NEUTRAL, far_away(), 64).landmarks
    scale = np.ptp(straight[:, 1]) / np.ptp(place[:, 1])
    for yaw in (-30.0, 20.0, 45.0):
        found = render(person, NEUTRAL, far_away(yaw=yaw), 64).landmarks
        expected = (place @ rotation(yaw, 0, 0).T)[:, :2] * [1, -1] * scale
        np.testing.assert_allclose(found - found[30], expected, atol=0.02)


def test_a_mirrored_light_mirrors_the_light_on_a_symmetric_face():
    head = load_head()
    person = sample_identity(5)
    plain = type(person)(**{**vars(person), "vertices": head.vertices, "asymmetry": 0.0})
    left, right = (
        render(plain, NEUTRAL, Scene(azimuth=azimuth, elevation=0, ambient=0.1, gaze=(0, 0)), 48)
        for azimuth in (-60.0, 60.0)
    )
    face = left.skin & right.skin[:, ::-1]
    difference = np.abs(left.grey[face].astype(float) - right.grey[:, ::-1][face])
    assert np.median(difference) < 8
    halves = left.grey[:, :24][left.skin[:, :24]].mean(), left.grey[:, 24:][left.skin[:, 24:]].mean()
    assert halves[0] > 1.4 * halves[1]


def test_the_jaw_opens_without_moving_the_frame():
    person = sample_identity(5)
    shut, opened = (render(person, Expression({26: value}), Scene(), 64) for value in (0.0, 1.0))
    np.testing.assert_allclose(shut.eyes, opened.eyes, atol=1e-4)
    assert opened.landmarks[57, 1] > shut.landmarks[57, 1] + 2


@pytest.mark.parametrize(("occluder", "covered"), [("mask", 62), ("glasses", None), ("hand", None)])
def test_an_occluder_covers_skin_and_moves_no_landmark(occluder, covered):
    person = next(p for p in map(sample_identity, range(40, 80)) if p.look.glasses is None)
    free, hidden = (render(person, NEUTRAL, Scene(occluder=o, seed=4), 64) for o in ("none", occluder))
    np.testing.assert_array_equal(free.landmarks, hidden.landmarks)
    changed = np.abs(free.grey.astype(int) - hidden.grey) > 12
    least = {"mask": 0.2, "glasses": 0.02, "hand": 0.1}[occluder]
    assert (changed & free.skin).sum() > least * free.skin.sum()
    if covered:
        column, row = hidden.landmarks[covered].astype(int)
        assert not hidden.skin[row, column]


def test_more_zoom_makes_the_face_larger_and_shift_moves_it():
    person = sample_identity(5)
    plain, large, moved = (
        render(person, NEUTRAL, scene, 64) for scene in (Scene(), Scene(zoom=1.2), Scene(shift=(0.1, -0.05)))
    )
    eyes = [np.linalg.norm(np.diff(r.eyes, axis=0)) for r in (plain, large)]
    assert eyes[1] == pytest.approx(1.2 * eyes[0], rel=1e-4)
    np.testing.assert_allclose(moved.landmarks - plain.landmarks, np.tile([6.4, -3.2], (68, 1)), atol=1e-3)


def test_the_viewers_left_eye_comes_first_and_lies_between_its_corners():
    shown = render(sample_identity(5), NEUTRAL, Scene(), 64)
    assert shown.eyes[0, 0] < shown.eyes[1, 0]
    assert shown.landmarks[36, 0] < shown.eyes[0, 0] < shown.landmarks[39, 0]


def test_all_skin_tones_are_readable():
    persons = sorted(map(sample_identity, range(300, 340)), key=lambda person: person.look.skin_tone)
    for person in (*persons[:3], *persons[-3:]):
        shown = render(person, NEUTRAL, Scene(), 48)
        levels = shown.grey[shown.skin]
        assert 70 < levels.mean() < 200
        assert np.mean((levels < 8) | (levels > 250)) < 0.02


def test_movement_maps_show_where_each_unit_acts():
    person = sample_identity(5)
    maps = dict(zip(UNITS, movement_maps(person, Scene(), 64), strict=True))
    marks = render(person, NEUTRAL, Scene(), 64).landmarks
    eyes, mouth = marks[36:48, 1].mean(), marks[48:, 1].mean()
    middle = (eyes + mouth) / 2
    rows = np.arange(64)[:, None] + 0.5
    for unit, above in ((1, True), (2, True), (4, True), (12, False), (15, False), (26, False)):
        centre = (maps[unit] * rows).sum() / maps[unit].sum()
        assert (centre < middle) == above
    assert all(m.min() == 0 and m.max() > 0 for m in maps.values())


def test_grey_is_the_luma_of_the_picture(portrait):
    from PIL import Image

    expected = np.asarray(Image.fromarray(portrait.image).convert("L")).astype(int)
    assert np.abs(expected - portrait.grey).max() <= 1


def test_hair_glasses_and_hands_are_seen_from_outside():
    from deepsense_lib.faces import props
    from deepsense_lib.faces.raster import vertex_normals

    path = np.stack([np.zeros(9), np.arange(9.0), np.zeros(9)], axis=1)
    for closed in (False, True):
        angle = np.arange(9) * 2 * np.pi / 9
        line = np.stack([3 * np.cos(angle), 3 * np.sin(angle), 0 * angle], 1) if closed else path
        tube = props.tube(line, 0.2, Part.HAND, closed=closed)
        outwards = tube.vertices - np.repeat(line, 8, axis=0)
        assert ((vertex_normals(tube.vertices, tube.triangles) * outwards).sum(1) > 0).all()


@pytest.mark.parametrize("size", [0, 15, 1025, 64.0, "64"])
def test_an_impossible_size_is_refused(size):
    with pytest.raises(InputError, match="expected a whole number of pixels"):
        render(sample_identity(5), NEUTRAL, Scene(), size)
