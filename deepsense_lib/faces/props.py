"""What is put on the head: long hair, glasses, a mask, a hand; each a small mesh in the head's rest space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepsense_lib.faces.identity import Identity
from deepsense_lib.faces.raster import rasterize
from deepsense_lib.faces.rig import Head, Part


@dataclass(frozen=True)
class Piece:
    """A mesh: vertices (n, 3) decimetres, triangles (m, 3) indices into them, and the part they are."""

    vertices: np.ndarray
    triangles: np.ndarray
    part: Part


def smoothstep(low: float, high: float, x: np.ndarray) -> np.ndarray:
    """0 at `low`, 1 at `high`, smooth between; a falling step if high < low."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def grid_triangles(rows: int, columns: int, closed: bool) -> np.ndarray:
    """Triangles of a (rows, columns) grid of vertices; `closed` joins the last column to the first."""
    across = columns if closed else columns - 1
    row, column = np.meshgrid(np.arange(rows - 1), np.arange(across), indexing="ij")
    after = (column + 1) % columns
    a, b = row * columns + column, row * columns + after
    c, d = a + columns, b + columns
    return np.stack([np.stack([a, c, b], -1), np.stack([b, c, d], -1)], 2).reshape(-1, 3)


def tube(path: np.ndarray, radii, part: Part, sides: int = 8, closed: bool = False) -> Piece:
    """A tube along a path (n, 3); radii: one number or (n,). Open ends are drawn to a point."""
    path = np.asarray(path, float)
    radii = np.broadcast_to(np.asarray(radii, float), len(path))
    along = np.roll(path, -1, 0) - np.roll(path, 1, 0) if closed else np.gradient(path, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    helper = np.where(np.abs(along[:, 2:]) < 0.9, [[0.0, 0.0, 1.0]], [[0.0, 1.0, 0.0]])
    first = np.cross(along, helper)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second = np.cross(first, along)
    angle = 2 * np.pi * np.arange(sides) / sides
    ring = np.cos(angle)[:, None] * first[:, None] + np.sin(angle)[:, None] * second[:, None]
    vertices = (path[:, None] + radii[:, None, None] * ring).reshape(-1, 3)
    triangles = grid_triangles(len(path), sides, closed=True)
    if closed:
        last, start = (len(path) - 1) * sides + np.arange(sides), np.arange(sides)
        a, b, c, d = last, np.roll(last, -1), start, np.roll(start, -1)
        triangles = np.concatenate([triangles, np.stack([a, c, b], 1), np.stack([b, c, d], 1)])
    return Piece(vertices, triangles, part)


def two_sided(piece: Piece) -> Piece:
    """The same mesh seen from both sides."""
    inner = piece.triangles[:, ::-1] + len(piece.vertices)
    return Piece(np.concatenate([piece.vertices] * 2), np.concatenate([piece.triangles, inner]), piece.part)


def long_hair(identity: Identity, head: Head) -> Piece:
    """A curtain of hair around the back and the sides, fitted to this person's skull."""
    v, look = identity.vertices, identity.look
    rest_y = head.vertices[:, 1]
    skull = (head.vertex_parts == Part.SKIN) & (rest_y > 7.3) & (head.masks["ears"] < 0.3)
    half_width = np.abs(v[skull, 0]).max() + 0.8 * look.hair_thickness
    back, crown = v[skull, 2].min() - look.hair_thickness, v[skull, 1].max() + 0.5 * look.hair_thickness
    widest = v[skull][np.abs(v[skull, 0]) > 0.93 * (half_width - 0.8 * look.hair_thickness)]
    middle_z, temple = widest[:, 2].mean(), v[skull, 1].min() + 0.35
    chin = v[head.landmarks[8], 1]
    rng = np.random.Generator(np.random.PCG64([3, identity.seed]))
    columns, rows = 72, 22
    phi = np.linspace(np.radians(76), np.radians(284), columns)
    ends = chin - look.hair_length + np.interp(phi, np.linspace(phi[0], phi[-1], 25), rng.normal(0, 0.05, 25))
    ends = ends + 0.35 * np.exp(
        -(((np.minimum(phi - phi[0], phi[-1] - phi)) / 0.12) ** 2)
    )  # rounded front corners
    t = np.linspace(0, 1, rows)[:, None]
    y = crown + (ends - crown) * t
    rise = np.clip((y - temple) / (crown - temple + 0.02), 0, 1)
    radius = np.sqrt(1 - rise**2) * (1 + 0.10 * smoothstep(temple, temple - 1.2, y))
    wave = (
        1
        + 0.012 * np.sin(3 * y + 5 * phi)
        + 0.010 * np.interp(phi * 9 % (2 * np.pi), [0, 3.14, 6.28], [-1, 1, -1])
    )
    x = np.sin(phi) * half_width * radius * wave
    z = middle_z + np.cos(phi) * (middle_z - back) * radius * wave
    vertices = np.stack([x, y, z], -1).reshape(-1, 3)
    return two_sided(Piece(vertices, grid_triangles(rows, columns, closed=False), Part.HAIR))


def glasses(identity: Identity, head: Head, shape: tuple[float, float, float, float]) -> list[Piece]:
    """Two rims, a bridge and the temples, in front of this person's eyes."""
    half_width, half_height, radius, _ = shape
    v = identity.vertices
    pieces, rims = [], []
    angle = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    for part in (Part.RIGHT_EYE, Part.LEFT_EYE):
        x, y, z = v[head.vertex_parts == part].mean(0) + np.array([0, -0.03, 0.27])
        side = np.sign(x)
        across = np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** 0.75 * half_width
        up = np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** 0.75 * half_height
        rim = np.stack([x + across, y + up, z - 0.25 * np.abs(x + across - x) * (side * across > 0)], 1)
        pieces.append(tube(rim, radius, Part.GLASSES, closed=True))
        rims.append((x, y, z, side))
        outer = np.array([x + side * half_width, y + 0.05, z - 0.25 * half_width])
        ear = np.array([side * (np.abs(v[head.masks["ears"] > 0.5, 0]).max() - 0.06), y + 0.06, 0.55])
        pieces.append(tube(np.linspace(outer, ear, 6), radius, Part.GLASSES))
    (xr, y, z, _), (xl, *_) = rims
    t = np.linspace(0, 1, 7)
    bridge_x = xr + half_width + (xl - xr - 2 * half_width) * t
    bridge = np.stack([bridge_x, y + 0.05 + 0.04 * np.sin(np.pi * t), np.full(7, z + 0.02)], 1)
    pieces.append(tube(bridge, radius, Part.GLASSES))
    return pieces


def mask(identity: Identity, moved: np.ndarray, head: Head) -> list[Piece]:
    """A cloth over nose, mouth and chin: a smooth shell before the lower face, following the jaw a little.

    moved: (vertices, 3) the deformed face, decimetres.
    """
    face = (head.parts == Part.SKIN) & (head.vertices[:, 2][head.triangles].min(1) > 0.45)
    shape = 0.6 * identity.vertices + 0.4 * moved
    bridge, chin = shape[head.landmarks[28]], shape[head.landmarks[8]]
    half = 0.9 * np.abs(shape[head.landmarks[[3, 13]], 0]).mean()
    v, u = np.meshgrid(np.linspace(0, 1, 25), np.linspace(-1, 1, 33), indexing="ij")
    top = bridge[1] - 0.28 * u**2
    bottom = chin[1] - 0.05 + 0.3 * np.abs(u) ** 3
    x = u * half * (1 - 0.2 * smoothstep(0.4, 1, v))
    y = top + (bottom - top) * v
    z = _front_depth(np.maximum(shape[:, 2], moved[:, 2]), shape, head.triangles[face], x, y)
    smooth = z
    for _ in range(12):  # the cloth spans the hollows beside nose and lips
        padded = np.pad(smooth, 1, mode="edge")
        mean = (padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]) / 4
        smooth = np.maximum(mean, z)
    cloth = np.stack([x, y, smooth + 0.05], -1)
    pieces = [two_sided(Piece(cloth.reshape(-1, 3), grid_triangles(25, 33, closed=False), Part.MASK))]
    ears = shape[head.masks["ears"] > 0.5]
    for column, side in ((0, -1), (-1, 1)):
        ear = ears[side * ears[:, 0] > 0].mean(0) + np.array([side * 0.05, 0, 0])
        for row in (1, -4):
            pieces.append(tube(np.linspace(cloth[row, column], ear, 6), 0.012, Part.MASK))
    return pieces


def _front_depth(z, vertices, triangles, x, y) -> np.ndarray:
    """Height of the face towards the viewer above (x, y) of rest space; the lowest one beside the face."""
    scale, size = 60.0, 160  # cells a decimetre, cells
    low = np.array([x.min() - 0.3, y.max() + 0.3])
    points = np.stack([(vertices[:, 0] - low[0]) * scale, (low[1] - vertices[:, 1]) * scale, z], 1)
    depth = rasterize(points, triangles, size, size).depth
    columns = np.clip(((x - low[0]) * scale).astype(int), 0, size - 1)
    rows = np.clip(((low[1] - y) * scale).astype(int), 0, size - 1)
    found = depth[rows, columns].astype(float)
    return np.where(found > -100, found, found[found > -100].min())


def hand(identity: Identity, head: Head, rng: np.random.Generator) -> list[Piece]:
    """A hand before the face: palm, thumb, four bent fingers, a piece of the arm."""
    turn = np.linspace(0, np.pi, 13)
    palm_path = np.stack([0 * turn, 0.18 - 0.45 * np.cos(turn), 0.02 + 0 * turn], 1)
    palm = tube(palm_path, 0.42 * np.maximum(np.sin(turn), 1e-3) ** 0.45, Part.HAND, sides=20)
    palm = Piece(palm.vertices * [1, 1, 0.36], palm.triangles, palm.part)
    arm = np.array([[0, 0.1, 0], [0.0, -0.3, 0.02], [0.02, -0.8, 0.1], [0.05, -1.8, 0.3]])
    pieces = [palm, tube(arm, [0.2, 0.22, 0.25, 0.34], Part.HAND, sides=16)]
    spread, bend = rng.uniform(0.02, 0.10), rng.uniform(0.3, 0.8)
    fingers = (
        (-0.29, 0.2, 0.86, 0.1),
        (-0.1, 0.24, 0.98, 0.106),
        (0.1, 0.22, 0.94, 0.102),
        (0.28, 0.16, 0.78, 0.092),
    )
    for k, (x, y, length, radius) in enumerate(fingers):
        pieces.append(_finger((x, y, 0.0), spread * (k - 1.5), length, radius, bend))
    pieces.append(_finger((-0.2, -0.12, 0.0), -0.62, 0.78, 0.115, 0.3))
    side, tilt = rng.choice([-1, 1]), rng.uniform(-0.5, 0.5)
    turned = np.array([[np.cos(tilt), -np.sin(tilt), 0], [np.sin(tilt), np.cos(tilt), 0], [0, 0, 1]])
    nose = identity.vertices[head.landmarks[33]]
    place = [rng.uniform(-0.45, 0.45), nose[1] - rng.uniform(0.5, 0.95), nose[2] + 0.22]
    # Mirroring turns the triangles inside out, so they are reversed with it.
    return [
        Piece(p.vertices * [side, 1, 1] @ turned.T + place, p.triangles[:, ::side], p.part) for p in pieces
    ]


def _finger(base, lean: float, length: float, radius: float, bend: float) -> Piece:
    """One finger: a tube that bends towards the face, a little thicker at the joints, with a round tip."""
    t = np.concatenate([np.linspace(0, 0.9, 12), 0.9 + 0.1 * np.sin(np.linspace(0.3, np.pi / 2, 5))])
    curl = bend * t**2.5
    step = np.gradient(t)[:, None] * length
    way = np.stack([np.sin(lean) * np.cos(curl), np.cos(lean) * np.cos(curl), -np.sin(curl)], 1) * step
    path = np.asarray(base) + np.cumsum(way, 0) - way[0]
    joints = 0.015 * (np.exp(-(((t - 0.42) / 0.07) ** 2)) + np.exp(-(((t - 0.72) / 0.06) ** 2)))
    tip = np.sqrt(np.clip(1 - np.clip((t - 0.88) / 0.121, 0, 1) ** 2, 1e-4, 1))
    return tube(path, radius * (1.04 - 0.16 * t + joints) * tip, Part.HAND, sides=14)
