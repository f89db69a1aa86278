"""From a person, an expression and a scene to a picture, with everything that is true about it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepsense_lib.errors import InputError
from deepsense_lib.faces import props
from deepsense_lib.faces.appearance import Surface, hairline, noise, paint
from deepsense_lib.faces.expressions import UNITS, Expression, target_weights
from deepsense_lib.faces.identity import Identity
from deepsense_lib.faces.raster import rasterize, vertex_normals
from deepsense_lib.faces.rig import Head, Part, load_head
from deepsense_lib.faces.scene import Scene, light_direction, rotation
from deepsense_lib.faces.shading import background, blur, develop, metering, shade, shadow

FACE_HEIGHT = 1.7  # of chin to forehead in view space, whatever the person's size
FILL = 0.8  # share of the picture that the face fills at zoom 1
PLAIN_GLASSES = (0.235, 0.19, 0.02, 28.0)
SIZES = (16, 1024)


@dataclass(frozen=True)
class Rendering:
    """A picture and its truth.

    image: (size, size, 3) uint8 sRGB. landmarks: (68, 2) column and row in pixels, hidden ones included; the
    centre of the top left pixel is (0.5, 0.5). skin: (size, size) bool, where bare skin of the face is seen.
    eyes: (2, 2) centres of the eyeballs in pixels, the viewer's left one first.
    """

    image: np.ndarray
    landmarks: np.ndarray
    skin: np.ndarray
    eyes: np.ndarray

    @property
    def grey(self) -> np.ndarray:
        """(size, size) uint8 luma, ITU-R BT.601 weights as in Pillow and OpenCV."""
        return np.rint(self.image @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)


@dataclass(frozen=True)
class _Scenery:
    """All triangles of one picture: vertices in rest space, on the screen and in view space."""

    rest: np.ndarray  # (n, 3) where the texture lives
    view: np.ndarray  # (n, 3)
    screen: np.ndarray  # (n, 3) column, row, depth
    triangles: np.ndarray
    parts: np.ndarray


@dataclass(frozen=True)
class _Visible:
    """The visible points of a scenery, one row each, in the order of the pixels where `where` is true."""

    where: np.ndarray  # (width, width) bool
    corners: np.ndarray  # (points, 3) vertices of the triangle
    weights: np.ndarray  # (points, 3) their shares
    part: np.ndarray  # (points,)
    vertices: int

    def across(self, values: np.ndarray, beyond: float = 0.0) -> np.ndarray:
        """Interpolate values (vertices, ...); the vertices of props, where none are given, have `beyond`."""
        missing = self.vertices - len(values)
        if missing:
            values = np.pad(values, (0, missing), constant_values=beyond)
        shares = self.weights.reshape(self.weights.shape + (1,) * (values.ndim - 1))
        return sum(values[self.corners[:, k]] * shares[:, k] for k in range(3))


def render(identity: Identity, expression: Expression, scene: Scene, size: int = 64) -> Rendering:
    """Draw a face. The same arguments give the same picture, to within 2 grey levels on other machines.

    Raises InputError if the size is not a whole number of 16 to 1024 pixels.
    """
    head, samples = load_head(), _samples(size)
    moved = identity.vertices + head.displacement(target_weights(expression))
    scenery = _assemble(identity, moved, scene, head, size * samples)
    visible = _visible(scenery, size * samples)
    lips, mouth, ears = (visible.across(head.masks[name]) for name in ("lips", "mouth", "ears"))
    surface = Surface(visible.part, visible.across(scenery.rest), lips, mouth, ears)
    material = paint(surface, identity, scene, head)
    folds = visible.across(_folds(identity.vertices, moved, head)) * (1 - material.hairy)
    openness = _openness(visible.across(head.openness, beyond=0.9), surface, folds, identity)
    colours = _lit(scenery, visible, material, openness, scene) * metering(identity.look.skin)
    _, y, z = surface.place.T
    bare = (visible.part == Part.SKIN) & (z > 0.6) & (y > 6.2) & (material.hairy < 0.1)
    skin = np.zeros(visible.where.shape)
    skin[visible.where] = bare
    points = (scenery.screen[: len(head.vertices), :2] / samples).astype(np.float32)
    return Rendering(
        image=_photograph(colours, visible.where, scene, size, samples),
        landmarks=points[head.landmarks],
        skin=_shrink(skin, samples) > 0.5,
        eyes=np.stack([points[head.vertex_parts == k].mean(0) for k in (Part.RIGHT_EYE, Part.LEFT_EYE)]),
    )


def _visible(scenery: _Scenery, width: int) -> _Visible:
    fragments = rasterize(scenery.screen, scenery.triangles, width, width)
    where = fragments.triangle >= 0
    row = fragments.triangle[where]
    return _Visible(
        where=where,
        corners=scenery.triangles[row],
        weights=fragments.weights[where].astype(float),
        part=scenery.parts[row],
        vertices=len(scenery.rest),
    )


def _lit(scenery: _Scenery, visible: _Visible, material, openness, scene: Scene) -> np.ndarray:
    """Linear RGB (points, 3) of the visible points under the scene's light."""
    normals = visible.across(vertex_normals(scenery.view, scenery.triangles))
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    light = light_direction(scene.azimuth, scene.elevation)
    casts = ~np.isin(scenery.parts, (Part.LASHES, Part.LEFT_EYE, Part.RIGHT_EYE))
    lit = shadow(scenery.view, scenery.triangles, casts, visible.corners, visible.weights, normals, light)
    return shade(material, visible.part, normals, lit, openness, scene)


def _photograph(colours, where, scene: Scene, size: int, samples: int) -> np.ndarray:
    """The picture (size, size, 3) uint8: background, exposure, blur, film, noise."""
    rng = np.random.Generator(np.random.PCG64([5, scene.seed]))
    image = np.repeat(np.repeat(background(size, size, scene, rng), samples, 0), samples, 1)
    image[where] = colours
    image = blur(_shrink(image, samples) * scene.exposure, scene.blur * size / 96)
    image = 255 * develop(image) + rng.standard_normal((size, size, 1)) * scene.noise
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def _shrink(image: np.ndarray, samples: int) -> np.ndarray:
    """Mean over blocks of samples x samples pixels."""
    size = len(image) // samples
    return image.reshape(size, samples, size, samples, *image.shape[2:]).mean((1, 3))


def landmarks(identity: Identity, expression: Expression, scene: Scene, size: int = 64) -> np.ndarray:
    """The 68 landmarks (68, 2) of a picture without drawing it: those of `render`, some ten times faster.

    Raises InputError if the size is not a whole number of 16 to 1024 pixels.
    """
    head = load_head()
    _samples(size)
    moved = identity.vertices + head.displacement(target_weights(expression))
    return _assemble(identity, moved, scene, head, size).screen[head.landmarks, :2].astype(np.float32)


def movement_maps(identity: Identity, scene: Scene, size: int = 64) -> np.ndarray:
    """How far each action unit at intensity 1 moves what a pixel shows: (units, size, size), decimetres.

    Zero where the neutral face is not seen (background, hair, occluders). Units in the order of `UNITS`.
    """
    head = load_head()
    _samples(size)
    scenery = _assemble(identity, identity.vertices, scene, head, size)
    visible = _visible(scenery, size)
    maps = np.zeros((len(UNITS), size, size), np.float32)
    for k, unit in enumerate(UNITS):
        moved = head.displacement(target_weights(Expression({unit: 1.0})))
        maps[k][visible.where] = visible.across(np.linalg.norm(moved, axis=1))
    return maps


def _samples(size: int) -> int:
    """Samples along each side of a pixel."""
    if not isinstance(size, (int, np.integer)) or not SIZES[0] <= size <= SIZES[1]:
        raise InputError(f"size is {size!r}; expected a whole number of pixels from {SIZES[0]} to {SIZES[1]}")
    return 3 if size < 64 else 2


def _assemble(identity: Identity, moved: np.ndarray, scene: Scene, head: Head, width: int) -> _Scenery:
    """Head, hair and props in one list of triangles, placed before the camera."""
    look = identity.look
    skin = head.vertex_parts == Part.SKIN
    height = np.where(skin, hairline(head.vertices, head.masks["ears"]), -1.0)
    moved = moved.astype(float)
    if look.hair_style in ("short", "tied", "long"):
        x, y, z = head.vertices.T
        volume = look.hair_thickness * (0.45 if look.hair_style == "tied" else 1.0)
        tuft = 1 + 0.2 * noise(x + z, y, 40, 2, look.texture_offset)
        raised = volume * tuft * props.smoothstep(-0.02, 0.4, height)
        moved = moved + raised[:, None] * vertex_normals(moved, head.triangles)
    keep = head.parts != Part.HAIR
    pieces = []
    if look.hair_style == "long":
        pieces.append(props.long_hair(identity, head))
        keep = keep & ~(head.masks["ears"][head.triangles] > 0.5).all(1)
    if scene.occluder == "glasses" or look.glasses:
        pieces += props.glasses(identity, head, look.glasses or PLAIN_GLASSES)
    if scene.occluder == "mask":
        pieces += props.mask(identity, moved, head)
    if scene.occluder == "hand":
        pieces += props.hand(identity, head, np.random.Generator(np.random.PCG64([6, scene.seed])))
    rest, place = [head.vertices.astype(float)], [moved]
    triangles, parts, count = [head.triangles[keep]], [head.parts[keep]], len(moved)
    for piece in pieces:
        rest.append(piece.vertices)
        place.append(piece.vertices)
        triangles.append(piece.triangles + count)
        parts.append(np.full(len(piece.triangles), piece.part, np.uint8))
        count += len(piece.vertices)
    view, screen = _project(np.concatenate(place), identity, scene, head, width)
    return _Scenery(np.concatenate(rest), view, screen, np.concatenate(triangles), np.concatenate(parts))


def _project(places, identity: Identity, scene: Scene, head: Head, width: int):
    """View space and screen positions; the neutral face decides the frame, so a moving jaw stays visible."""
    _, y, z = head.vertices.T
    front = (
        (head.vertex_parts == Part.SKIN) & (z > 0.85) & (y > 6.25) & (y < 7.95) & (head.masks["mouth"] < 0.2)
    )
    neutral = identity.vertices[front]
    scale = FACE_HEIGHT / np.ptp(neutral[:, 1])
    pivot = neutral.mean(0) - [0, 0, 0.6]
    turn = rotation(scene.yaw, scene.pitch, scene.roll)

    def before_camera(points):
        view = (points - pivot) @ turn.T * scale
        return view, view[:, :2] * (scene.distance / (scene.distance - view[:, 2:]))

    view, flat = before_camera(places)
    frame = before_camera(neutral)[1]
    centre = (frame.min(0) + frame.max(0)) / 2
    pixels = width * FILL / np.ptp(frame, axis=0).max() * scene.zoom
    columns = width / 2 + (flat[:, 0] - centre[0]) * pixels + scene.shift[0] * width
    rows = width / 2 - (flat[:, 1] - centre[1]) * pixels + scene.shift[1] * width
    return view, np.stack([columns, rows, view[:, 2]], 1)


def _folds(neutral: np.ndarray, moved: np.ndarray, head: Head) -> np.ndarray:
    """How much the skin around each vertex is compressed, 0..0.6, smoothed: there it folds."""
    z = head.vertices[:, 2]
    face = (head.parts == Part.SKIN) & (z[head.triangles].min(1) > 0.6)
    corners = head.triangles[face]
    before, after = (_areas(v, corners) for v in (neutral, moved))
    lost = np.clip(1 - after / np.maximum(before, 1e-9), 0, 0.6)
    total = np.bincount(corners.ravel(), np.repeat(lost, 3), len(neutral))
    count = np.maximum(np.bincount(corners.ravel(), minlength=len(neutral)), 1)
    folds = total / count
    for _ in range(4):  # where many triangles meet, single vertices would show as stars
        spread = np.bincount(corners.ravel(), np.repeat(folds[corners].mean(1), 3), len(neutral))
        folds = spread / count
    return folds * ((z > 0.8) & (head.masks["lips"] < 0.3) & (head.masks["mouth"] < 0.3))


def _areas(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    (x0, y0, z0), (x1, y1, z1), (x2, y2, z2) = (vertices[triangles[:, k]].T for k in range(3))
    ax, ay, az, bx, by, bz = x1 - x0, y1 - y0, z1 - z0, x2 - x0, y2 - y0, z2 - z0
    return np.sqrt((ay * bz - az * by) ** 2 + (az * bx - ax * bz) ** 2 + (ax * by - ay * bx) ** 2) / 2


def _openness(openness, surface: Surface, folds, identity: Identity) -> np.ndarray:
    """Share of the sky seen by each point: stored for skin, set for the parts that move, less in folds."""
    part, skin = surface.part, surface.part == Part.SKIN
    result = 0.25 + 0.75 * openness
    for parts, value in (
        ((Part.UPPER_TEETH, Part.LOWER_TEETH), 0.5),
        ((Part.TONGUE,), 0.4),
        ((Part.LEFT_EYE, Part.RIGHT_EYE), 0.7),
        ((Part.HAIR,), 0.75),
    ):
        result[np.isin(part, parts)] = value
    result = np.where(skin & (surface.mouth > 0.4), 0.12, result)
    # The forehead folds in lines across; the mesh is too coarse to show them, so they are painted.
    x, y, _ = surface.place.T
    lines = 0.5 + 0.5 * np.sin(2 * np.pi * (y - 0.12 * x**2) / 0.085)
    folds = folds * (1 - 0.75 * props.smoothstep(7.5, 7.6, y) * lines)
    depth = 0.9 * identity.look.wrinkles * props.smoothstep(0.055, 0.28, folds)
    return result * (1 - np.clip(depth, 0, 0.6) * skin)
