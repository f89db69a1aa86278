"""From an expression to action units, and from action units to the weights of the head's targets.

Action units (AU) follow the Facial Action Coding System; intensity 0 is absent, 1 is the strongest usual one.
The prototypes follow the combinations listed for the basic emotions by Ekman, Friesen and Hager (EMFACS),
several variants each. They are posed prototypes: real faces show felt emotion in many other ways.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from deepsense_lib.errors import InputError

CLASSES = ("neutral", "happiness", "sadness", "anger", "fear", "disgust", "surprise")
EIGHT_CLASSES = (*CLASSES, "contempt")  # as in AffectNet and FER+; the shipped sets have the seven


def _both(name: str, weight: float = 1.0) -> dict[str, float]:
    return {f"{name}Left": weight, f"{name}Right": weight}


# Action unit -> the face units (ARKit names) that carry it out at intensity 1.
UNIT_TARGETS: dict[int, dict[str, float]] = {
    1: {"browInnerUp": 1},
    2: _both("browOuterUp"),
    4: _both("browDown"),
    5: _both("eyeWide"),
    6: _both("cheekSquint") | _both("eyeSquint", 0.3),
    7: _both("eyeSquint"),
    9: _both("noseSneer"),
    10: _both("mouthUpperUp"),
    12: _both("mouthSmile"),
    14: _both("mouthDimple"),
    15: _both("mouthFrown"),
    16: _both("mouthLowerDown"),
    17: {"mouthShrugLower": 1, "mouthShrugUpper": 0.4},
    18: {"mouthPucker": 1},
    20: _both("mouthStretch"),
    22: {"mouthFunnel": 1},
    23: {"mouthRollLower": 0.5, "mouthRollUpper": 0.5} | _both("mouthPress", 0.5),
    24: _both("mouthPress"),
    25: _both("mouthLowerDown", 0.5) | _both("mouthUpperUp", 0.25) | {"jawOpen": 0.06},
    26: {"jawOpen": 0.45},
    27: {"jawOpen": 0.9},
    28: {"mouthRollLower": 1, "mouthRollUpper": 1},
    43: _both("eyeBlink"),
}
UNITS: tuple[int, ...] = tuple(UNIT_TARGETS)

# The stored face units are mild. Independent recognisers read these regions better when they move more.
GAINS = {"brow": 2.0, "eyeWide": 1.5, "noseSneer": 1.5, "mouthUpperUp": 1.5}
WEIGHT_LIMIT = 1.15  # of a target before its gain; beyond it the mesh folds
SQUINT_CLOSES = 0.55  # a squint of 1 closes the lids as much as a blink of this weight
SQUEEZED = 0.75  # lids closed further than this only by the blink itself

# Class -> variants; a variant is a tuple of (action unit, intensity, probability).
PROTOTYPES: dict[str, tuple[tuple[tuple[int, float, float], ...], ...]] = {
    "neutral": ((),),
    "happiness": (
        ((6, 0.8, 0.85), (12, 0.8, 1)),
        ((6, 0.9, 0.9), (12, 0.9, 1), (25, 0.8, 1)),
        ((6, 0.9, 0.9), (12, 1, 1), (25, 0.8, 1), (26, 0.6, 0.8)),
    ),
    "sadness": (
        ((1, 1, 1), (4, 0.5, 0.8), (15, 0.9, 1)),
        ((1, 1, 1), (4, 0.6, 0.9), (15, 0.8, 1), (17, 0.6, 1), (43, 0.2, 0.5)),
        ((1, 0.9, 0.9), (15, 1, 1), (17, 0.7, 0.8), (43, 0.3, 0.6)),
    ),
    "anger": (
        ((4, 1, 1), (5, 0.6, 0.7), (7, 0.8, 1), (17, 0.5, 0.6), (23, 1, 1)),
        ((4, 1, 1), (5, 0.6, 0.7), (7, 0.8, 1), (17, 0.5, 0.6), (24, 1, 1)),
        (
            (4, 1, 1),
            (5, 0.6, 0.7),
            (7, 0.5, 0.9),
            (10, 0.5, 0.7),
            (22, 0.4, 0.5),
            (25, 0.9, 1),
            (26, 0.5, 0.8),
        ),
    ),
    "fear": (
        ((1, 1, 1), (2, 0.5, 0.8), (4, 0.6, 0.9), (5, 0.9, 1), (20, 0.9, 1), (25, 0.7, 1)),
        (
            (1, 1, 1),
            (2, 0.6, 0.8),
            (4, 0.5, 0.8),
            (5, 1, 1),
            (7, 0.2, 0.4),
            (20, 0.9, 1),
            (25, 0.7, 1),
            (26, 0.6, 1),
        ),
    ),
    "disgust": (
        ((9, 1, 1), (10, 0.7, 0.8), (17, 0.5, 0.7)),
        ((9, 1, 1), (10, 0.9, 1), (15, 0.4, 0.7)),
        ((10, 1, 1), (9, 0.7, 0.8), (25, 0.6, 0.9), (7, 0.4, 0.6)),
    ),
    "surprise": (
        ((1, 0.9, 1), (2, 1, 1), (5, 0.6, 0.9), (26, 0.9, 1)),
        ((1, 1, 1), (2, 1, 1), (5, 0.8, 1), (27, 0.8, 1)),
        ((1, 0.9, 1), (2, 0.9, 1), (5, 0.5, 0.8), (26, 0.5, 1), (18, 0.2, 0.4)),
    ),
}
# Classes beyond the seven of the shipped sets. Contempt is the one expression of the lists that is one-sided:
# a corner of the mouth is tightened (unit 14) and a little raised (unit 12).
EXTRA_PROTOTYPES: dict[str, tuple[tuple[tuple[int, float, float], ...], ...]] = {
    "contempt": (
        ((14, 0.9, 1), (12, 0.4, 1)),
        ((14, 1, 1), (12, 0.5, 0.8), (17, 0.3, 0.4)),
    ),
}
ONE_SIDED = {"contempt": 0.85}  # class -> asymmetry, to either side
DISTRACTORS = (1, 2, 4, 6, 7, 12, 14, 15, 17, 18, 24, 25, 26, 43)


@dataclass(frozen=True)
class Expression:
    """What a face does.

    units: action unit -> intensity (0 absent, 1 strongest usual one). name: its class, if it has one.
    intensity: the factor on the prototype it was drawn with. asymmetry: -1..1, share that the head's left
    side moves more (and its right side less).
    """

    units: Mapping[int, float] = field(default_factory=dict)
    name: str | None = None
    intensity: float = 0.0
    asymmetry: float = 0.0

    def __post_init__(self):
        for unit, value in self.units.items():
            if unit not in UNIT_TARGETS:
                raise InputError(
                    f"action unit {unit} is not rendered; expected one of {', '.join(map(str, UNITS))}"
                )
            if not (np.isfinite(value) and value >= 0):
                raise InputError(f"action unit {unit} has intensity {value}; expected a number of at least 0")

    def vector(self) -> np.ndarray:
        """Intensities (units,) float32 in the order of `UNITS`."""
        return np.array([self.units.get(unit, 0.0) for unit in UNITS], np.float32)


def target_weights(expression: Expression) -> dict[str, float]:
    """Weights of the head's targets (`fu/...`) that carry out an expression, gains and limits applied."""
    weights: dict[str, float] = {}
    for unit, value in expression.units.items():
        for name, share in UNIT_TARGETS[unit].items():
            weights[name] = weights.get(name, 0.0) + share * value
    for name in weights:
        side = name.endswith("Left") - name.endswith("Right")
        weights[name] = min(weights[name] * (1 + side * expression.asymmetry), WEIGHT_LIMIT)
    _limit_lids(weights)
    return {
        f"fu/{name}": value * next((gain for start, gain in GAINS.items() if name.startswith(start)), 1.0)
        for name, value in weights.items()
    }


def _limit_lids(weights: dict[str, float]) -> None:
    """Keep the lids from passing through each other when blink, squint and widening meet."""
    for side in ("Left", "Right"):
        blink = min(weights.get(f"eyeBlink{side}", 0.0), 1.0)
        if blink > 0:
            weights[f"eyeBlink{side}"] = blink
            weights[f"eyeWide{side}"] = weights.get(f"eyeWide{side}", 0.0) * (1 - blink)
        squint = weights.get(f"eyeSquint{side}", 0.0)
        room = max(0.0, SQUEEZED - blink) / SQUINT_CLOSES
        if squint > room:
            weights[f"eyeSquint{side}"] = room


def prototype(name: str, intensity: float = 1.0, variant: int = 0) -> Expression:
    """A class's textbook expression without chance: all units of one variant, at the given intensity.

    Raises InputError for an unknown class or variant.
    """
    variants = _variants(name)
    if not 0 <= variant < len(variants):
        raise InputError(f"'{name}' has variants 0 to {len(variants) - 1}; found {variant}")
    units = {unit: base * intensity for unit, base, _ in variants[variant]}
    return Expression(units, name, intensity, ONE_SIDED.get(name, 0.0))


def sample_expression(
    name: str, rng: np.random.Generator, habits=None, intensity=None, noise=0.5
) -> Expression:
    """Draw an expression of a class: a variant, jittered intensities, now and then an unrelated unit.

    habits: an `Identity` with `gains` and `rest` (units that this person moves more, or never quite relaxes).
    intensity: factor on the prototype, drawn from 0.6..1.1 if None. noise: 0 for none, 1 for much.
    """
    intensity = rng.uniform(0.6, 1.1) if intensity is None else intensity
    variants = _variants(name)
    units: dict[int, float] = {}
    for unit, base, probability in variants[rng.integers(len(variants))]:
        shown, jitter = rng.random() < probability, np.clip(rng.normal(1, 0.2), 0.4, 1.5)
        if noise == 0 or shown:
            units[unit] = base * intensity * (1 + noise * (jitter - 1))
    for unit in DISTRACTORS:
        shown, amount = rng.random() < 0.08 * noise, abs(rng.normal(0, 0.22))
        if shown:
            units[unit] = units.get(unit, 0.0) + amount
    asymmetry = noise * rng.normal(0, 0.08)
    if name in ONE_SIDED:
        asymmetry += ONE_SIDED[name] * rng.choice([-1, 1])
    if habits is not None:
        units = {unit: value * habits.gains.get(unit, 1.0) for unit, value in units.items()}
        for unit, value in habits.rest.items():
            units[unit] = units.get(unit, 0.0) + value
        asymmetry += habits.asymmetry
    return Expression(
        {u: float(v) for u, v in units.items()}, name, float(intensity), float(np.clip(asymmetry, -1, 1))
    )


def _variants(name: str):
    if name not in EIGHT_CLASSES:
        raise InputError(f"'{name}' is not an expression class; expected one of {', '.join(EIGHT_CLASSES)}")
    return (PROTOTYPES | EXTRA_PROTOTYPES)[name]
