"""Who the head is: its shape, its colours, its habits. One seed, one person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from deepsense_lib.faces.expressions import UNITS
from deepsense_lib.faces.rig import Head, load_head

ANCESTRIES = ("african", "asian", "caucasian")  # the names of MakeHuman's targets
AGES = ("child", "young", "old")
HAIR_STYLES = ("bald", "buzz", "short", "tied", "long")
SHAPE_FOLDERS = ("head", "cheek", "chin", "eyes", "forehead", "mouth", "nose", "eyebrows", "neck", "ears")

# Skin from dark to light, sRGB 0..255; hair and iris colours in plain words beside them.
SKIN = np.array(
    [
        [62, 40, 32],
        [96, 64, 48],
        [136, 94, 70],
        [174, 125, 96],
        [204, 158, 129],
        [225, 186, 161],
        [238, 207, 188],
    ]
)
HAIR = np.array(
    [
        [20, 16, 14],  # black
        [37, 26, 20],  # dark brown
        [72, 47, 30],  # brown
        [120, 83, 47],  # light brown
        [172, 134, 82],  # blond
        [148, 147, 145],  # grey
        [117, 53, 28],  # red
    ]
)
IRIS = np.array([[62, 40, 24], [42, 27, 17], [90, 71, 41], [82, 110, 128], [80, 99, 71]])


@dataclass(frozen=True)
class Look:
    """Colours (sRGB 0..255) and painted features of a person."""

    skin: np.ndarray
    skin_tone: float  # 0 darkest to 1 lightest
    hair: np.ndarray
    hair_style: str  # one of HAIR_STYLES
    hair_thickness: float  # decimetres above the scalp
    hair_length: float  # decimetres below the chin's height where long hair ends, negative: above
    iris: np.ndarray
    beard: float  # density, 0 to 1
    brow_density: float
    brow_thickness: float  # decimetres
    brow_arch: float
    brow_height: float
    lipstick: float  # 0 to 1
    wrinkles: float  # strength of the lines that expressions draw
    freckles: float
    shirt: np.ndarray
    texture_offset: int
    glasses: tuple[float, float, float, float] | None  # half width, half height, tube radius (dm), grey level


@dataclass(frozen=True)
class Identity:
    """A person: neutral mesh, look, and habits of movement.

    vertices: (vertices, 3) decimetres in rest space. ancestry: weights of `ANCESTRIES`, summing to 1. age:
    one of `AGES`; male: 0..1. gains: action unit -> factor; rest: action unit -> intensity that never
    relaxes; asymmetry: as in `Expression`.
    """

    seed: int
    vertices: np.ndarray
    ancestry: np.ndarray
    age: str
    male: float
    look: Look
    gains: Mapping[int, float]
    rest: Mapping[int, float]
    asymmetry: float


@lru_cache(maxsize=64)
def sample_identity(seed: int) -> Identity:
    """The person of a seed; always the same one."""
    rng = np.random.Generator(np.random.PCG64([2, int(seed)]))
    head = load_head()
    ancestry = rng.dirichlet([0.35] * 3)
    male = rng.beta(8, 1.3)
    male = float(male if rng.random() < 0.5 else 1 - male)
    age = AGES[rng.choice(3, p=[0.1, 0.55, 0.35])]
    vertices = head.vertices + head.displacement(_body_weights(rng, ancestry, male, age, head))
    vertices = vertices + head.displacement(_shape_weights(rng, head))
    return Identity(
        seed=int(seed),
        vertices=vertices.astype(np.float32),
        ancestry=ancestry,
        age=age,
        male=male,
        look=_look(rng, ancestry, male, age),
        gains={unit: float(np.clip(rng.normal(1, 0.22), 0.45, 1.4)) for unit in UNITS},
        rest=_rest(rng),
        asymmetry=float(rng.normal(0, 0.12)),
    )


def _rest(rng) -> dict[int, float]:
    """A few units that this person's neutral face already shows a little."""
    drawn = {unit: (rng.random(), abs(rng.normal(0, 0.1))) for unit in (2, 4, 7, 12, 15, 17, 24, 43)}
    return {unit: float(amount) for unit, (chance, amount) in drawn.items() if chance < 0.35}


def _body_weights(rng, ancestry, male, age, head: Head) -> dict[str, float]:
    """Weights of the ancestry, gender, age, muscle and weight targets: products, as MakeHuman blends them."""
    share = {"child": rng.uniform(0.35, 0.8), "young": 1.0, "old": rng.uniform(0.3, 1)}[age]
    ages = {age: share} | ({"young": 1 - share} if share < 1 else {})
    genders = {"male": male, "female": 1 - male}
    muscle, fat = (_tent(rng.random(), name) for name in ("muscle", "weight"))
    weights: dict[str, float] = {}
    for gender, g in genders.items():
        for years, a in ages.items():
            for origin, e in zip(ANCESTRIES, ancestry, strict=True):
                weights[f"macro/{origin}-{gender}-{years}"] = g * a * e
            for m_name, m in muscle.items():
                for f_name, f in fat.items():
                    weights[f"macro/universal-{gender}-{years}-{m_name}-{f_name}"] = g * a * m * f
    return {name: weight for name, weight in weights.items() if name in head.names}


def _tent(x: float, what: str) -> dict[str, float]:
    return {
        f"min{what}": max(0, 1 - 2 * x),
        f"average{what}": 1 - abs(2 * x - 1),
        f"max{what}": max(0, 2 * x - 1),
    }


def _shape_weights(rng, head: Head) -> dict[str, float]:
    """A sparse random choice of local shape targets; left and right move nearly together."""
    weights: dict[str, float] = {}
    for name in head.names:
        folder, target = name.split("/")
        if folder == "asym":
            chance, amount = rng.random(), abs(rng.normal(0, 0.18))
            if chance < 0.3:
                weights[name] = min(0.5, amount)
        if folder not in SHAPE_FOLDERS or target.startswith("r-"):
            continue
        if "trans" in target and folder in ("head", "neck"):
            continue
        chance, amount, ratio = rng.random(), min(0.75, abs(rng.normal(0, 0.28))), rng.normal(1, 0.12)
        if chance >= (0.08 if folder == "ears" else 0.22):
            continue
        # A mouth whose corners hang or rise at rest would read as sadness or happiness.
        amount *= 0.5 if target.startswith("mouth-angles") else 1
        weights[name] = amount
        if target.startswith("l-"):
            weights[f"{folder}/r-{target[2:]}"] = float(np.clip(amount * ratio, 0, 1))
    return {name: weight for name, weight in weights.items() if name in head.names}


def _look(rng, ancestry, male, age) -> Look:
    tone = float(np.clip(0.2 + ancestry @ [0.1, 0.47, 0.6] + rng.normal(0, 0.12) - 0.1, 0.0, 1))
    skin = np.array([np.interp(tone * 6, range(7), SKIN[:, k]) for k in range(3)]) * rng.normal(1, 0.025, 3)
    light_hair = ancestry[2] > 0.4
    chances = np.array(
        [0.28, 0.25, 0.18, 0.09, 0.09, 0.05, 0.06] if light_hair else [0.62, 0.28, 0.05, 0, 0, 0.05, 0]
    )
    if age == "old":
        chances = chances * [0.5, 0.5, 0.7, 0.7, 0.7, 9, 0.5]
    hair = HAIR[rng.choice(len(HAIR), p=chances / chances.sum())] * rng.uniform(0.85, 1.15)
    masculine = male > 0.5
    beard = float(rng.choice([0, 0.35, 0.7, 1.0], p=[0.5, 0.22, 0.15, 0.13]))
    beard = beard if male > 0.6 and age != "child" else 0.0
    styles = [0.13, 0.25, 0.56, 0.04, 0.02] if masculine else [0, 0.03, 0.27, 0.25, 0.45]
    style = HAIR_STYLES[rng.choice(5, p=styles)]
    if style == "long" and beard > 0:
        style = "short"
    iris = IRIS[rng.choice(5, p=[0.42, 0.28, 0.12, 0.12, 0.06] if light_hair else [0.5, 0.46, 0.04, 0, 0])]
    wears = rng.random() < 0.15
    glasses = (
        rng.uniform(0.2, 0.26),
        rng.uniform(0.15, 0.22),
        rng.uniform(0.014, 0.024),
        rng.uniform(15, 70),
    )
    return Look(
        skin=skin,
        skin_tone=tone,
        hair=hair,
        hair_style=style,
        hair_thickness=float(rng.uniform(0.06, 0.15)),
        hair_length=float(rng.uniform(-0.25, 0.6)),
        iris=iris.astype(float),
        beard=beard,
        brow_density=float(rng.uniform(0.55, 1.0)),
        brow_thickness=float(rng.uniform(0.03, 0.056) * (1.2 if masculine else 0.9)),
        brow_arch=float(rng.uniform(0.03, 0.1)),
        brow_height=float(rng.uniform(-0.02, 0.03)),
        lipstick=float(rng.uniform(0, 0.2) if masculine else rng.uniform(0, 0.55)),
        wrinkles=float(rng.uniform(0.35, 0.8)) * {"child": 0.4, "young": 1.0, "old": 1.5}[age],
        freckles=float(rng.uniform(0.3, 1.0) * (rng.random() < 0.15)),
        shirt=_muted(rng),
        texture_offset=int(rng.integers(251)),
        glasses=tuple(map(float, glasses)) if wears else None,
    )


def _muted(rng) -> np.ndarray:
    """A cloth colour of low saturation, sRGB."""
    grey = rng.uniform(35, 200)
    return np.clip(grey + rng.normal(0, 18, 3), 10, 230)
