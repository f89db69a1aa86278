"""What colour each visible point has: skin, lips, brows, hair, eyes, teeth, cloth. All painted, no photo."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from deepsense_lib.faces.identity import Identity, Look
from deepsense_lib.faces.props import smoothstep
from deepsense_lib.faces.rig import Head, Part
from deepsense_lib.faces.scene import Scene

TILE = 256
MASK_COLOURS = np.array([[150, 186, 208], [228, 228, 224], [44, 44, 48]])


@dataclass(frozen=True)
class Surface:
    """The visible points, one row each.

    part: (points,) `Part` codes. place: (points, 3) rest position, decimetres. lips, mouth, ears: (points,)
    masks in 0..1.
    """

    part: np.ndarray
    place: np.ndarray
    lips: np.ndarray
    mouth: np.ndarray
    ears: np.ndarray


@dataclass(frozen=True)
class Material:
    """albedo (points, 3) linear; specular strength and gloss exponent (points,); hairy: (points,) 0..1."""

    albedo: np.ndarray
    specular: np.ndarray
    gloss: np.ndarray
    hairy: np.ndarray


def linear(srgb) -> np.ndarray:
    """Linear light 0..1 from sRGB 0..255 (pure power 2.2)."""
    return (np.asarray(srgb, float) / 255) ** 2.2


@lru_cache(maxsize=1)
def noise_tiles() -> np.ndarray:
    """Three periodic noise pictures (3, 256, 256), unit variance, from fine to coarse grain."""
    rng = np.random.Generator(np.random.PCG64(7))
    frequency = np.hypot(np.fft.fftfreq(TILE)[:, None], np.fft.fftfreq(TILE)[None])
    tiles = []
    for spread in (0.6, 2.0, 8.0):  # standard deviation of the blur in cells
        white = np.fft.fft2(rng.standard_normal((TILE, TILE)))
        tile = np.fft.ifft2(white * np.exp(-2 * (np.pi * frequency * spread) ** 2)).real
        tiles.append(tile / tile.std())
    return np.stack(tiles)


def noise(u: np.ndarray, v: np.ndarray, scale: float, grain: int, offset: float) -> np.ndarray:
    """Noise of unit variance at texture coordinates (u, v); scale: cells a unit; grain: 0 (fine) to 2."""
    rows = np.floor(v * scale + offset).astype(int) % TILE
    columns = np.floor(u * scale + 0.7 * offset).astype(int) % TILE
    return noise_tiles()[grain, rows, columns]


def hairline(place: np.ndarray, ears: np.ndarray) -> np.ndarray:
    """Height in decimetres above the hairline (negative: bare skin), for rest positions (points, 3)."""
    _, y, z = place.T
    line = np.interp(z, [-1, 0.35, 0.72, 0.85, 1.15, 1.4], [6.7, 6.85, 7.3, 7.62, 7.9, 7.95])
    return np.where(ears < 0.3, y - line, -1.0)


def paint(surface: Surface, identity: Identity, scene: Scene, head: Head) -> Material:
    """Colour and gloss of all visible points."""
    look = identity.look
    points = len(surface.part)
    skin = surface.part == Part.SKIN
    albedo = _skin(surface, look)
    albedo = _mix(albedo, _beard(surface, look) * skin, linear(look.hair * 0.8))
    lip = linear(look.skin) * [0.82, 0.5, 0.48] * (1 - look.lipstick) + look.lipstick * linear([165, 48, 58])
    albedo = _mix(albedo, surface.lips * skin, lip)
    albedo[(surface.mouth > 0.4) & skin] = linear([110, 44, 42])
    albedo = _mix(
        albedo, _brows(surface, look) * skin, np.minimum(linear(look.hair * 0.8), linear(look.skin) * 0.4)
    )
    hairy = _hair_cover(surface, look) * skin
    strands = linear(look.hair) * _strands(surface.place, look)[:, None]
    albedo = _mix(albedo, hairy, strands)
    albedo[skin & (surface.place[:, 1] < 5.9)] = linear(look.shirt)
    loose = surface.part == Part.HAIR
    albedo[loose] = 0.9 * strands[loose]
    hairy = np.where(loose, 1.0, hairy)
    specular = 0.2 * (1 - 0.6 * hairy)
    gloss = np.full(points, 16.0)
    for part in (Part.LEFT_EYE, Part.RIGHT_EYE):
        eye = surface.part == part
        albedo[eye] = _eye(surface.place[eye] - head.eye_centre(part), look, scene)
        specular[eye], gloss[eye] = 0.8, 60
    plain = {
        Part.UPPER_TEETH: [220, 212, 194],
        Part.LOWER_TEETH: [214, 206, 188],
        Part.TONGUE: [164, 80, 80],
        Part.LASHES: [26, 20, 17],
        Part.GLASSES: [(look.glasses or (0, 0, 0, 28.0))[3]] * 3,
        Part.MASK: MASK_COLOURS[scene.seed % 3],
    }
    for part, colour in plain.items():
        albedo[surface.part == part] = linear(colour)
    cloth = surface.part == Part.MASK
    albedo[cloth] *= (1 + 0.07 * np.sin(surface.place[cloth, 1] * 45))[:, None]
    specular[cloth] = 0.02
    specular[surface.part == Part.GLASSES], gloss[surface.part == Part.GLASSES] = 0.5, 40
    held = surface.part == Part.HAND
    albedo[held] = linear(look.skin) * [1.04, 0.97, 0.96]
    return Material(albedo, specular, gloss, hairy)


def _mix(base: np.ndarray, amount: np.ndarray, colour: np.ndarray) -> np.ndarray:
    return base * (1 - amount[:, None]) + amount[:, None] * colour


def _skin(surface: Surface, look: Look) -> np.ndarray:
    x, y, z = surface.place.T
    ax, offset = np.abs(x), look.texture_offset
    red = 0.25 * np.exp(-(((ax - 0.42) / 0.2) ** 2 + ((y - 6.98) / 0.17) ** 2)) * (z > 0.9)
    red = red + 0.2 * np.exp(-((ax / 0.14) ** 2 + ((y - 6.95) / 0.12) ** 2)) * (z > 1.4)
    shade = 1 - 0.16 * np.exp(-(((ax - 0.3) / 0.16) ** 2 + ((y - 7.14) / 0.05) ** 2))  # below the eyes
    shade = shade * (1 + 0.04 * noise(x, y, 60, 1, offset) + 0.03 * noise(x, y, 180, 0, offset))
    freckle = (noise(x, y, 150, 0, offset + 9) > 1.7) * np.exp(-(((y - 7) / 0.3) ** 2)) * look.freckles
    shade = shade * (1 - 0.3 * freckle)
    return linear(look.skin) * (1 + red[:, None] * [0.2, -0.2, -0.16]) * shade[:, None]


def _beard(surface: Surface, look: Look) -> np.ndarray:
    x, y, z = surface.place.T
    ax = np.abs(x)
    cheeks = smoothstep(6.92, 6.72, y - 0.18 * smoothstep(0.5, 0.75, ax)) * smoothstep(0.45, 0.7, z)
    cheeks = cheeks * smoothstep(6.05, 6.25, y)
    moustache = 0.9 * np.exp(-(((y - 6.87) / 0.05) ** 2)) * smoothstep(0.3, 0.2, ax) * (z > 1.2)
    cover = np.maximum(cheeks, moustache) * (1 - surface.lips)
    return cover * look.beard * np.clip(0.8 + 0.25 * noise(x, y, 200, 0, look.texture_offset + 3), 0, 1)


def _brows(surface: Surface, look: Look) -> np.ndarray:
    x, y, z = surface.place.T
    u = (np.abs(x) - 0.11) / 0.43  # 0 at the inner end, 1 at the outer
    middle = 7.445 + look.brow_height + look.brow_arch * np.sin(np.clip(u, 0, 1.15) * np.pi * 0.72)
    middle = middle - 0.03 * np.clip(u - 0.75, 0, 1)
    thickness = look.brow_thickness * np.interp(u, [-0.05, 0.1, 0.6, 1.0], [0.7, 1, 0.85, 0.25])
    cover = smoothstep(1.15, 0.45, np.abs(y - middle) / thickness)
    cover = cover * smoothstep(-0.06, 0.05, u) * smoothstep(1.05, 0.93, u) * (z > 0.9)
    hairs = np.clip(0.88 + 0.22 * noise(x + 2 * y, y - 0.5 * x, 220, 0, look.texture_offset + 5), 0, 1)
    return np.clip(1.25 * cover * hairs * look.brow_density, 0, 1)


def _hair_cover(surface: Surface, look: Look) -> np.ndarray:
    strength = {"bald": 0.0, "buzz": 0.72}.get(look.hair_style, 1.0)
    x, y, z = surface.place.T
    around = np.arctan2(x, z - 0.3)
    ragged = 0.018 * noise(around, 0.3 * y, 110, 1, look.texture_offset) + 0.012 * noise(around, y, 60, 2, 0)
    return strength * smoothstep(-0.05, 0.08, hairline(surface.place, surface.ears) + ragged)


def _strands(place: np.ndarray, look: Look) -> np.ndarray:
    """Brightness of hair: fine streaks that run down from the crown."""
    x, y, z = place.T
    around = np.arctan2(x, z - 0.3)
    streaks = 0.22 * noise(around, 0.1 * y, 150, 1, look.texture_offset + 7)
    return np.clip(1 + streaks + 0.16 * noise(around, 0.1 * y, 50, 2, look.texture_offset), 0.4, 1.8)


def _eye(offset: np.ndarray, look: Look, scene: Scene) -> np.ndarray:
    """Pupil, iris with its dark rim, and white, from the angle to the direction of gaze."""
    gaze = np.array([*scene.gaze, 1.0])
    gaze /= np.linalg.norm(gaze)
    angle = np.arccos(np.clip(offset @ gaze / np.linalg.norm(offset, axis=1), -1, 1))[:, None]
    iris = linear(look.iris) * (0.6 + 0.8 * smoothstep(0.5, 0.2, angle))
    colour = np.where(angle < 0.2, linear([9, 9, 9]), np.where(angle < 0.5, iris, linear([218, 211, 206])))
    return np.where(np.abs(angle - 0.5) < 0.05, 0.45 * colour, colour)
