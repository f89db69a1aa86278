import numpy as np
import pytest

from deepsense_lib.errors import InputError
from deepsense_lib.faces.scene import (
    DIFFICULTIES,
    Scene,
    light_direction,
    rotation,
    sample_light,
    sample_scene,
)


def generator(seed):
    return np.random.Generator(np.random.PCG64(seed))


@pytest.mark.parametrize("pose", [(0, 0, 0), (30, 0, 0), (-20, 10, 5), (80, -25, 40)])
def test_a_pose_is_a_rotation(pose):
    turn = rotation(*pose)
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(turn) == pytest.approx(1)


def test_the_signs_of_the_angles_are_as_described():
    forward, up = np.array([0, 0, 1.0]), np.array([0, 1.0, 0])
    assert (rotation(30, 0, 0) @ forward)[0] == pytest.approx(0.5)  # the head's left
    assert (rotation(0, 30, 0) @ forward)[1] == pytest.approx(0.5)  # chin up
    assert (rotation(0, 0, 30) @ up)[0] == pytest.approx(-0.5)  # counter-clockwise as seen by the viewer


def test_the_light_direction_is_a_unit_vector_with_the_given_angles():
    np.testing.assert_allclose(light_direction(0, 0), [0, 0, 1], atol=1e-12)
    np.testing.assert_allclose(light_direction(90, 0), [1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(light_direction(17, 90), [0, 1, 0], atol=1e-12)
    assert np.linalg.norm(light_direction(40, 25)) == pytest.approx(1)


def test_the_same_seed_draws_the_same_scene():
    assert sample_scene(generator(1), "hard") == sample_scene(generator(1), "hard")
    assert sample_scene(generator(1), "hard") != sample_scene(generator(2), "hard")


def test_fixing_one_thing_leaves_the_rest_as_it_was():
    plain = sample_scene(generator(9), "lesson", light="front")
    turned = sample_scene(generator(9), "lesson", light="front", yaw=30.0, occluder="mask")
    differing = {k for k in vars(plain) if vars(plain)[k] != vars(turned)[k]}
    assert differing == {"yaw", "occluder"}


def test_harder_levels_stray_further():
    spread = {
        level: np.std([sample_scene(generator(seed), level).yaw for seed in range(300)])
        for level in DIFFICULTIES
    }
    assert spread["lesson"] == pytest.approx(7.2, rel=0.15)
    assert spread["medium"] == pytest.approx(9, rel=0.15)
    assert spread["hard"] == pytest.approx(18, rel=0.15)
    assert not any(sample_scene(generator(s), "lesson").occluder != "none" for s in range(100))


@pytest.mark.parametrize(
    ("kind", "test"),
    [
        ("side", lambda light: abs(light["azimuth"]) >= 50),
        ("low", lambda light: light["elevation"] <= -25),
        ("top", lambda light: light["elevation"] >= 50),
        ("dim", lambda light: light["key"] < 0.5 and light["ambient"] < 0.2),
    ],
)
def test_lights_are_what_they_are_called(kind, test):
    assert all(test(sample_light(kind, generator(seed))) for seed in range(50))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Scene(light="disco"),
        lambda: Scene(occluder="scarf"),
        lambda: Scene(zoom=0),
        lambda: Scene(distance=1.5),
        lambda: Scene(noise=-1),
        lambda: Scene(yaw=float("nan")),
        lambda: Scene(gaze=(0, float("inf"))),
        lambda: sample_scene(generator(0), "impossible"),
        lambda: sample_scene(generator(0), "lesson", light="disco"),
    ],
)
def test_what_cannot_be_is_refused_with_what_was_expected(wrong):
    with pytest.raises(InputError, match="expected"):
        wrong()
