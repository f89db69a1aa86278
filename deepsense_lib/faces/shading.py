"""How bright each visible point is: a main light with its shadow, light from around, highlights; the film."""

from __future__ import annotations

import numpy as np

from deepsense_lib.faces.appearance import Material, linear, noise_tiles
from deepsense_lib.faces.raster import rasterize
from deepsense_lib.faces.rig import Part
from deepsense_lib.faces.scene import Scene, light_direction

SHADOW_SIZE = 224
SHADOW_REACH = 4.6  # width of the shadow map in units of the view space
GREY_CARD = 0.30  # linear luminance that the camera's meter wants the skin to have
METER = 0.55  # 1: all skins come out equally bright; 0: no metering


def luminance(rgb: np.ndarray) -> np.ndarray:
    """Relative luminance of linear RGB (..., 3), ITU-R BT.709 weights."""
    return np.asarray(rgb) @ np.array([0.2126, 0.7152, 0.0722])


def metering(skin_srgb: np.ndarray) -> float:
    """Exposure factor of a camera that meters on the skin, so that no skin tone drowns or burns out."""
    return float((GREY_CARD / luminance(linear(skin_srgb))) ** METER)


def shadow(vertices, triangles, casts, corners, weights, normals, light) -> np.ndarray:
    """Share of the main light that reaches each point, 0..1 (3 x 3 samples of the light's depth map).

    vertices: (n, 3) view space. triangles: (m, 3); casts: (m,) bool. corners: (points, 3) vertices of each
    point's triangle; weights: (points, 3). normals: (points, 3) unit. light: (3,) unit vector.
    """
    right = np.cross([0.05, 1, 0.02], light)
    right /= np.linalg.norm(right)
    up = np.cross(light, right)
    scale = SHADOW_SIZE / SHADOW_REACH
    seen = np.stack(
        [
            SHADOW_SIZE / 2 + vertices @ right * scale,
            SHADOW_SIZE / 2 - vertices @ up * scale,
            vertices @ light,
        ],
        1,
    )
    depth = rasterize(seen, triangles[casts], SHADOW_SIZE, SHADOW_SIZE).depth
    here = sum(seen[corners[:, k]] * weights[:, k, None] for k in range(3))
    # A slanted surface passes through many cells of the map: it needs a larger margin against its own shadow.
    cosine = np.clip(normals @ light, 0.12, 1)
    bias = 0.03 + 0.022 * np.minimum(np.sqrt(1 - cosine**2) / cosine, 6)
    lit = np.zeros(len(corners))
    for down in (-1.0, 0, 1.0):
        for along in (-1.0, 0, 1.0):
            columns = np.clip((here[:, 0] + along).astype(int), 0, SHADOW_SIZE - 1)
            rows = np.clip((here[:, 1] + down).astype(int), 0, SHADOW_SIZE - 1)
            lit += here[:, 2] > depth[rows, columns] - bias
    return lit / 9


def shade(material: Material, part, normals, lit, openness, scene: Scene) -> np.ndarray:
    """Linear RGB (points, 3): wrapped diffuse light, surrounding light darkened in folds, and highlights."""
    light = light_direction(scene.azimuth, scene.elevation)
    tint = np.array([1 + scene.warmth, 1, 1 - scene.warmth])
    facing = (normals @ light)[:, None]
    skin = np.isin(part, (Part.SKIN, Part.HAND))[:, None]
    # Light that enters skin leaves it a little further on, red furthest: the terminator is soft and warm.
    wrap = np.where(skin, [0.32, 0.18, 0.12], 0.05)
    diffuse = np.clip((facing + wrap) / (1 + wrap), 0, 1) * (0.9 * lit[:, None])
    around = 0.6 + 0.4 * normals[:, 1] + 0.15 * normals[:, 2]
    half = light + np.array([0, 0, 1])
    half /= np.linalg.norm(half)
    highlight = material.specular * np.clip(normals @ half, 0, 1) ** material.gloss * lit
    incoming = 1.3 * scene.key * diffuse * tint + 1.1 * (scene.ambient * around * openness)[:, None]
    return (
        material.albedo * incoming * (0.5 + 0.5 * openness)[:, None]
        + 0.3 * scene.key * highlight[:, None] * tint
    )


def background(height: int, width: int, scene: Scene, rng: np.random.Generator) -> np.ndarray:
    """A blurred room, linear RGB (height, width, 3): a muted wall, a gradient, a few soft shapes."""
    rows, columns = np.mgrid[0:height, 0:width] / height
    wall = _muted(rng)
    image = np.ones((height, width, 3)) * wall
    image *= (1 + rng.uniform(-0.45, 0.45) * (columns - 0.5) + rng.uniform(-0.45, 0.45) * (rows - 0.5))[
        ..., None
    ]
    tile, start, spread = noise_tiles()[2], rng.integers(256, size=2), rng.uniform(25, 60)
    patch = tile[
        np.ix_(
            (start[0] + np.arange(height) * spread / height).astype(int) % 256,
            (start[1] + np.arange(width) * spread / height).astype(int) % 256,
        )
    ]
    image *= np.clip(1 + rng.uniform(0, 0.2) * patch, 0.3, 2)[..., None]
    for _ in range(rng.integers(0, 4)):
        centre, half, soft = rng.uniform(0, 1, 2), rng.uniform(0.08, 0.4, 2), rng.uniform(0.02, 0.06)
        inside = _edge(columns - centre[0], half[0], soft) * _edge(rows - centre[1], half[1], soft)
        image += inside[..., None] * 0.7 * (_muted(rng) - image)
    return image * np.clip(0.7 * scene.key + scene.ambient, 0.12, 1.0)


def _edge(distance, half, soft):
    return 1 / (1 + np.exp(np.clip((np.abs(distance) - half) / soft, -40, 40)))


def _muted(rng) -> np.ndarray:
    grey = rng.uniform(40, 215)
    warm, green = rng.normal(0, 0.05, 2)
    return linear(np.clip(grey * np.array([1 + warm, 1 + green, 1 - warm]), 5, 250))


def develop(image: np.ndarray) -> np.ndarray:
    """sRGB 0..1 from linear light; a soft shoulder keeps bright skin from burning out."""
    knee = 0.6
    bent = np.where(image > knee, knee + (1 - knee) * (1 - np.exp(-(image - knee) / (1 - knee))), image)
    bent = np.clip(bent, 0, 1)
    return np.where(bent <= 0.0031308, 12.92 * bent, 1.055 * np.maximum(bent, 1e-8) ** (1 / 2.4) - 0.055)


def blur(image: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur of (height, width, channels), sigma in pixels, edges repeated."""
    if sigma < 0.05:
        return image
    reach = max(1, int(np.ceil(3 * sigma)))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    for axis in (0, 1):
        padding = [(reach, reach) if a == axis else (0, 0) for a in range(3)]
        padded = np.pad(image, padding, mode="edge")
        length = image.shape[axis]
        image = sum(
            weight * np.take(padded, np.arange(k, k + length), axis=axis) for k, weight in enumerate(kernel)
        )
    return image
