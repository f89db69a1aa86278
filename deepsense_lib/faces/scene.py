"""Where and how the head is seen: pose, light, occluder, camera."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from deepsense_lib.errors import InputError

LIGHTS = ("front", "side", "top", "low", "soft", "dim")
OCCLUDERS = ("none", "glasses", "mask", "hand")
# Nearer than this the camera would be inside the hair; smaller than this nothing is left to see.
LEAST = {"distance": 2.0, "zoom": 0.1, "exposure": 0.0, "key": 0.0, "ambient": 0.0, "blur": 0.0, "noise": 0.0}


@dataclass(frozen=True)
class Scene:
    """Everything but the person and the expression.

    Angles in degrees: yaw > 0 turns the head to its left (the viewer's right), pitch > 0 raises the chin,
    roll > 0 tilts it counter-clockwise on the screen; azimuth (0 in front, > 0 from the viewer's right) and
    elevation of the main light. key and ambient: strengths of main and surrounding light, 1 is full.
    warmth: -0.12 bluish to 0.12 reddish. distance: of the camera, in face widths times about 1.3. zoom: 1
    lets the face fill 0.8 of the picture. shift: (right, down) in shares of the picture. exposure: factor.
    blur and noise: standard deviations in pixels of a 96-pixel picture, and in grey levels. gaze: (left,
    up) offset of the eyes, tangent of the angle.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    light: str = "front"
    azimuth: float = 0.0
    elevation: float = 20.0
    key: float = 1.0
    ambient: float = 0.35
    warmth: float = 0.0
    distance: float = 7.0
    zoom: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)
    exposure: float = 1.0
    blur: float = 0.0
    noise: float = 0.0
    gaze: tuple[float, float] = (0.0, 0.0)
    occluder: str = "none"
    seed: int = 0  # of the background, the noise and the occluder's place

    def __post_init__(self):
        if self.light not in LIGHTS:
            raise InputError(f"light '{self.light}' is unknown; expected one of {', '.join(LIGHTS)}")
        if self.occluder not in OCCLUDERS:
            raise InputError(f"occluder '{self.occluder}' is unknown; expected one of {', '.join(OCCLUDERS)}")
        for name, value in vars(self).items():
            if not isinstance(value, str) and not np.all(np.isfinite(value)):
                raise InputError(f"{name} is {value}; expected finite numbers")
        for name, least in LEAST.items():
            if getattr(self, name) < least:
                raise InputError(f"{name} is {getattr(self, name)}; expected at least {least}")


@dataclass(frozen=True)
class Difficulty:
    """How far scenes stray: spread scales pose, blur and noise; lights are chances, ordered as `LIGHTS`."""

    spread: float
    zoom: float
    lights: tuple[float, ...]
    occluded: float


DIFFICULTIES = {
    "lesson": Difficulty(0.4, 1.22, (0.46, 0.13, 0.08, 0.0, 0.28, 0.05), 0.0),
    "medium": Difficulty(0.5, 1.1, (0.42, 0.15, 0.10, 0.03, 0.25, 0.05), 0.0),
    "hard": Difficulty(1.0, 1.0, (0.30, 0.25, 0.15, 0.05, 0.15, 0.10), 0.12),
}


def sample_light(kind: str, rng: np.random.Generator) -> dict[str, float]:
    """Azimuth and elevation (degrees), key and ambient of one draw of a kind of light."""
    if kind not in LIGHTS:
        raise InputError(f"light '{kind}' is unknown; expected one of {', '.join(LIGHTS)}")
    azimuth, elevation, key, ambient = {
        "front": lambda: (rng.normal(0, 20), rng.uniform(0, 35), 1.0, 0.35),
        "side": lambda: (
            rng.choice([-1, 1]) * rng.uniform(50, 90),
            rng.uniform(-5, 35),
            1.1,
            rng.uniform(0.08, 0.2),
        ),
        "top": lambda: (rng.normal(0, 25), rng.uniform(50, 78), 1.1, 0.2),
        "low": lambda: (rng.normal(0, 20), rng.uniform(-50, -25), 0.9, 0.16),
        "soft": lambda: (rng.normal(0, 40), rng.uniform(10, 50), 0.45, 0.6),
        "dim": lambda: (rng.normal(0, 40), rng.uniform(0, 50), 0.32, 0.1),
    }[kind]()
    return {
        "azimuth": float(azimuth),
        "elevation": float(elevation),
        "key": float(key * rng.uniform(0.85, 1.15)),
        "ambient": float(ambient * rng.uniform(0.85, 1.15)),
    }


def sample_scene(rng: np.random.Generator, difficulty: str = "lesson", **fixed) -> Scene:
    """Draw a scene; what is named in `fixed` is set to that value (a fixed `light` draws one of its kind).

    Raises InputError for an unknown difficulty, light or occluder.
    """
    if difficulty not in DIFFICULTIES:
        raise InputError(f"difficulty '{difficulty}' is unknown; expected one of {', '.join(DIFFICULTIES)}")
    level = DIFFICULTIES[difficulty]
    wide = level.spread
    drawn = {
        "yaw": float(np.clip(rng.normal(0, 18 * wide), -55, 55)),
        "pitch": float(np.clip(rng.normal(0, 8 * wide), -25, 25)),
        "roll": float(rng.normal(0, 5 * wide)),
        "distance": float(rng.uniform(5, 10)),
        "zoom": float(level.zoom * np.clip(rng.normal(1, 0.06 * wide), 0.85, 1.2)),
        "shift": tuple(rng.normal(0, 0.03 * wide, 2).tolist()),
        "exposure": float(np.exp(rng.normal(0, 0.2 * wide))),
        "blur": float(max(0.0, rng.normal(0.1, 0.4)) * wide),
        "noise": float(abs(rng.normal(0, 3.5)) * wide),
        "warmth": float(rng.uniform(-0.1, 0.1)),
        "gaze": (float(rng.normal(0, 0.1)), float(rng.normal(0, 0.06))),
    }
    light = str(LIGHTS[rng.choice(len(LIGHTS), p=level.lights)])
    light = fixed.get("light", light)
    hidden, kind = rng.random() < level.occluded, str(rng.choice(["hand", "mask"], p=[0.6, 0.4]))
    scene = Scene(
        light=light,
        occluder=kind if hidden else "none",
        seed=int(rng.integers(1 << 31)),
        **sample_light(light, rng),
        **drawn,
    )
    return replace(scene, **fixed)


def rotation(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """Rotation matrix (3, 3) of a pose in degrees: roll after pitch after yaw."""
    a, b, c = np.radians([yaw, -pitch, roll])
    about_y = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    about_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return about_z @ about_x @ about_y


def light_direction(azimuth: float, elevation: float) -> np.ndarray:
    """Unit vector (3,) towards the light, from degrees."""
    a, e = np.radians([azimuth, elevation])
    return np.array([np.sin(a) * np.cos(e), np.sin(e), np.cos(a) * np.cos(e)])
