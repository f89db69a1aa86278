"""Landmarks: blind to place, size and tilt; moved by the units that should move them."""

import numpy as np
import pytest

from deepsense_lib.errors import InputError
from deepsense_lib.faces.expressions import UNITS, Expression, prototype
from deepsense_lib.faces.identity import sample_identity
from deepsense_lib.faces.landmarks import GROUPS, MEASURES, OUTLINES, UNIT_NAMES, measures, upright
from deepsense_lib.faces.renderer import landmarks, render
from deepsense_lib.faces.scene import Scene, sample_scene


def points(seed=0, units=(), **scene):
    return landmarks(sample_identity(seed), Expression(dict(units)), Scene(**scene))


@pytest.mark.parametrize("seed", [3, 2000])
def test_landmarks_without_drawing_are_those_of_the_picture(seed):
    person, scene = sample_identity(seed), sample_scene(np.random.default_rng(seed), "hard")
    drawn = render(person, prototype("surprise"), scene, 64).landmarks
    np.testing.assert_allclose(landmarks(person, prototype("surprise"), scene, 64), drawn, atol=1e-3)
    with pytest.raises(InputError, match="pixels"):
        landmarks(person, prototype("surprise"), scene, 3)


def test_measures_ignore_place_size_and_tilt():
    first = points()
    a = np.deg2rad(25)
    moved = 3 * first @ np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]]) + [40, -7]
    found = measures(np.array([first, moved]))
    assert found.shape == (2, len(MEASURES))
    np.testing.assert_allclose(found[0], found[1], atol=1e-5)
    np.testing.assert_allclose(upright(moved[None])[0, 36:42].mean(0), [-0.5, 0], atol=1e-6)


@pytest.mark.parametrize(
    ("unit", "measure", "sign"),
    [
        (1, "inner brows above eyes", 1),
        (2, "outer brows above eyes", 1),
        (4, "inner brows above eyes", -1),
        (5, "eye opening", 1),
        (10, "nose to upper lip", -1),
        (12, "mouth corners above middle", 1),
        (12, "mouth width", 1),
        (15, "mouth corners above middle", -1),
        (18, "mouth width", -1),
        (20, "mouth width", 1),
        (25, "mouth opening", 1),
        (26, "bridge to chin", 1),
        (27, "mouth opening", 1),
        (43, "eye opening", -1),
    ],
)
def test_units_move_what_they_should(unit, measure, sign):
    for person in (0, 5):
        before, after = measures(np.array([points(person), points(person, {unit: 1.0})]))
        assert sign * (after - before)[MEASURES.index(measure)] > 0.01


def test_names_are_complete():
    assert tuple(UNIT_NAMES) == UNITS
    assert sorted(k for group in GROUPS.values() for k in group) == list(range(68))
    assert sorted(k for chain, _ in OUTLINES for k in chain) == list(range(68))


@pytest.mark.parametrize("bad", [np.zeros((68, 2)), np.zeros((1, 5, 2)), np.full((1, 68, 2), np.nan)])
def test_other_landmarks_are_named(bad):
    with pytest.raises(InputError, match="expected finite numbers"):
        measures(bad)
    with pytest.raises(InputError, match="coincide"):
        upright(np.zeros((1, 68, 2)))
