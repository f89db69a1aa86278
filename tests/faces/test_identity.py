import numpy as np
import pytest

from deepsense_lib.faces.expressions import UNITS
from deepsense_lib.faces.identity import AGES, HAIR_STYLES, sample_identity
from deepsense_lib.faces.rig import load_head

PERSONS = [sample_identity(seed) for seed in range(120)]


def test_a_seed_is_one_person():
    sample_identity.cache_clear()
    again = sample_identity(7)
    np.testing.assert_array_equal(again.vertices, PERSONS[7].vertices)
    assert again.look.hair_style == PERSONS[7].look.hair_style
    assert again.gains == PERSONS[7].gains


def test_persons_differ_in_shape():
    spread = np.std([person.vertices[load_head().landmarks] for person in PERSONS], axis=0)
    assert spread.mean() > 0.02  # decimetres


def test_attributes_are_in_their_ranges_and_all_occur():
    for person in PERSONS:
        assert person.ancestry.sum() == pytest.approx(1)
        assert 0 <= person.male <= 1
        assert 0 <= person.look.skin_tone <= 1
        assert ((person.look.skin >= 0) & (person.look.skin <= 255)).all()
        assert set(person.gains) == set(UNITS)
    assert {person.age for person in PERSONS} == set(AGES)
    assert {person.look.hair_style for person in PERSONS} == set(HAIR_STYLES)


def test_no_bearded_children_and_no_long_hair_over_a_beard():
    bearded = [person for person in PERSONS if person.look.beard > 0]
    assert bearded
    assert all(person.age != "child" and person.look.hair_style != "long" for person in bearded)


def test_skin_tones_reach_from_dark_to_light():
    tones = np.array([person.look.skin_tone for person in PERSONS])
    assert (tones < 0.25).sum() >= 5
    assert (tones > 0.7).sum() >= 5
