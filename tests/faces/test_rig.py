import numpy as np
import pytest

from deepsense_lib.errors import DataError, InputError
from deepsense_lib.faces.raster import vertex_normals
from deepsense_lib.faces.rig import Part, head_path, load_head, read_head


def test_the_head_has_all_parts_and_a_pair_of_eyes():
    head = load_head()
    assert set(range(Part.HAIR + 1)) == set(head.parts.tolist())
    left, right = head.eye_centre(Part.LEFT_EYE), head.eye_centre(Part.RIGHT_EYE)
    np.testing.assert_allclose(left * [-1, 1, 1], right, atol=1e-3)
    assert left[0] > 0  # x grows towards the head's left


def test_masks_and_openness_are_shares():
    head = load_head()
    for values in (*head.masks.values(), head.openness):
        assert values.shape == (len(head.vertices),)
        assert values.min() >= 0
        assert 0.1 < values.max() <= 1
    assert head.masks["lips"][head.landmarks[51]] > 0.4


def test_the_landmarks_are_mirror_images_and_all_different():
    head = load_head()
    place = head.vertices[head.landmarks]
    assert len(set(head.landmarks.tolist())) == 68
    pairs = [(k, 16 - k) for k in range(8)] + [(17 + k, 26 - k) for k in range(5)]
    pairs += [(36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46), (48, 54), (60, 64), (50, 52)]
    for right, left in pairs:
        np.testing.assert_allclose(place[right] * [-1, 1, 1], place[left], atol=0.12)


def test_the_jaw_opens_downwards_and_leaves_the_brows_alone():
    head = load_head()
    moved = head.target("fu/jawOpen")
    assert moved[head.landmarks[57], 1] < -0.1
    assert np.abs(moved[head.vertices[:, 1] > 7.4]).max() < 0.005


def test_displacement_is_linear():
    head = load_head()
    one, other = head.target("fu/jawOpen"), head.target("fu/browInnerUp")
    both = head.displacement({"fu/jawOpen": 0.5, "fu/browInnerUp": 2.0})
    np.testing.assert_allclose(both, 0.5 * one + 2 * other, atol=1e-6)


def test_skin_normals_point_away_from_the_middle_of_the_head():
    head = load_head()
    normals = vertex_normals(head.vertices, head.triangles)
    nose, back = head.landmarks[30], np.argmin(head.vertices[:, 2] + 10 * (head.vertex_parts != Part.SKIN))
    assert normals[nose, 2] > 0.5
    assert normals[back, 2] < -0.5


def test_an_unknown_target_is_named():
    with pytest.raises(InputError, match="fu/earWiggle"):
        load_head().target("fu/earWiggle")


def test_a_missing_head_says_where_it_was_expected(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_head(tmp_path / "head.npz")


@pytest.mark.parametrize("damage", ["empty", "text", "cut", "changed", "other arrays"])
def test_a_damaged_head_is_reported(tmp_path, damage):
    whole, path = head_path().read_bytes(), tmp_path / "head.npz"
    changed = bytearray(whole)
    changed[200_000:200_100] = bytes(100)
    content = {"empty": b"", "text": b"hello", "cut": whole[:50_000], "changed": bytes(changed)}
    if damage == "other arrays":
        np.savez(path, vertices=np.zeros((3, 3)))
    else:
        path.write_bytes(content[damage])
    with pytest.raises(DataError, match=r"head\.npz"):
        read_head(path)
