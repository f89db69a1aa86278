import numpy as np
import pytest

from deepsense_lib.datasets.faces import load_faces
from deepsense_lib.errors import InputError
from deepsense_lib.faces.expressions import (
    CLASSES,
    EIGHT_CLASSES,
    EXTRA_PROTOTYPES,
    GAINS,
    PROTOTYPES,
    UNIT_TARGETS,
    UNITS,
    WEIGHT_LIMIT,
    Expression,
    prototype,
    sample_expression,
    target_weights,
)
from deepsense_lib.faces.identity import sample_identity
from deepsense_lib.faces.rig import load_head


def generator(seed):
    return np.random.Generator(np.random.PCG64(seed))


def test_there_are_seven_classes_with_variants():
    assert CLASSES == ("neutral", "happiness", "sadness", "anger", "fear", "disgust", "surprise")
    assert set(PROTOTYPES) == set(CLASSES)
    assert (*CLASSES, *EXTRA_PROTOTYPES) == EIGHT_CLASSES == (*CLASSES, "contempt")


def test_contempt_moves_one_corner_of_the_mouth_far_more_than_the_other():
    head = load_head()
    for variant in range(len(EXTRA_PROTOTYPES["contempt"])):
        weights = target_weights(prototype("contempt", variant=variant))
        assert weights["fu/mouthDimpleLeft"] > 4 * weights["fu/mouthDimpleRight"] > 0
    moved = np.linalg.norm(head.displacement(target_weights(prototype("contempt"))), axis=1)
    side = np.sign(head.vertices[:, 0])
    left, right = (moved[side == s].sum() for s in (1, -1))
    assert max(left, right) > 3 * min(left, right)


def test_contempt_is_drawn_to_either_side_and_the_others_are_not_touched():
    sides = [sample_expression("contempt", generator(k), noise=0).asymmetry for k in range(40)]
    assert {round(abs(side), 9) for side in sides} == {0.85}
    assert 8 < sum(side > 0 for side in sides) < 32
    # The seven classes are drawn as they were when the shipped pictures were rendered (stream 12).
    shipped = load_faces("lesson", "test")
    for row in range(0, 70, 3):
        person, label = int(shipped.identity[row]), int(shipped.labels[row])
        drawn = sample_expression(CLASSES[label], generator([12, person, label, 0]), sample_identity(person))
        np.testing.assert_allclose(drawn.vector(), shipped.action_units[row], atol=6e-4)


def test_every_unit_is_carried_out_by_targets_that_the_head_has():
    names = load_head().names
    assert all(f"fu/{target}" in names for targets in UNIT_TARGETS.values() for target in targets)


def test_neutral_shows_no_units():
    assert not prototype("neutral").vector().any()
    assert target_weights(prototype("neutral")) == {}


@pytest.mark.parametrize(
    ("name", "unit"),
    [("happiness", 12), ("sadness", 15), ("anger", 4), ("fear", 20), ("surprise", 2)],
)
def test_each_variant_of_a_class_shows_its_mark(name, unit):
    for variant in range(len(PROTOTYPES[name])):
        assert prototype(name, 1.0, variant).units[unit] > 0.5


@pytest.mark.parametrize("unit", UNITS)
def test_more_intensity_moves_the_face_further(unit):
    head = load_head()
    sizes = [
        np.linalg.norm(head.displacement(target_weights(Expression({unit: value}))))
        for value in (0, 0.25, 0.5, 0.75, 1.0)
    ]
    assert sizes[0] == 0
    assert (np.diff(sizes) > 0).all()


def test_weights_stay_within_their_limits():
    everything = Expression(dict.fromkeys(UNITS, 3.0), asymmetry=0.5)
    for name, weight in target_weights(everything).items():
        gain = next((g for start, g in GAINS.items() if name.startswith(f"fu/{start}")), 1.0)
        assert 0 <= weight <= WEIGHT_LIMIT * gain + 1e-9


@pytest.mark.parametrize("units", [{43: 1.4}, {43: 0.3, 7: 1.0, 6: 1.0}, {43: 1.0, 5: 1.0, 7: 1.0}])
def test_lids_never_close_further_than_shut(units):
    weights = target_weights(Expression(units))
    for side in ("Left", "Right"):
        blink = weights.get(f"fu/eyeBlink{side}", 0)
        assert blink <= 1
        assert blink + 0.55 * weights.get(f"fu/eyeSquint{side}", 0) <= max(blink, 0.75) + 1e-9
        assert weights.get(f"fu/eyeWide{side}", 0) <= 1.15 * GAINS["eyeWide"] * (1 - blink)


def test_asymmetry_moves_one_side_more():
    weights = target_weights(Expression({12: 0.5}, asymmetry=0.2))
    assert weights["fu/mouthSmileLeft"] == pytest.approx(0.6)
    assert weights["fu/mouthSmileRight"] == pytest.approx(0.4)


def test_the_same_seed_draws_the_same_expression():
    one, other, third = (sample_expression("fear", generator(seed)) for seed in (4, 4, 5))
    assert one == other
    assert one != third


def test_habits_scale_the_units_of_a_person():
    person = sample_identity(3)
    plain = sample_expression("anger", generator(1), noise=0)
    habitual = sample_expression("anger", generator(1), person, noise=0)
    for unit, value in plain.units.items():
        expected = value * person.gains[unit] + person.rest.get(unit, 0)
        assert habitual.units[unit] == pytest.approx(expected)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: prototype("boredom"),
        lambda: prototype("fear", variant=9),
        lambda: Expression({99: 1.0}),
        lambda: Expression({1: -0.1}),
        lambda: Expression({1: float("nan")}),
    ],
)
def test_what_cannot_be_is_refused_with_what_was_expected(wrong):
    with pytest.raises(InputError, match=r"expected|has variants"):
        wrong()
