"""A z-buffer: which triangle does each pixel see, and where on that triangle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepsense_lib.errors import MissingDependencyError

try:
    from numba import njit
except ImportError as fault:
    raise MissingDependencyError("numba") from fault

NOTHING = -1
FAR = np.float32(-1e9)


@dataclass(frozen=True)
class Fragments:
    """The visible surface, a value a pixel.

    triangle: (height, width) int32, row of the triangle list, or -1 where nothing is seen.
    weights: (height, width, 3) float32, barycentric weights of the three corners; they sum to 1.
    depth: (height, width) float32, larger is nearer; -1e9 where nothing is seen.
    """

    triangle: np.ndarray
    weights: np.ndarray
    depth: np.ndarray


def rasterize(points: np.ndarray, triangles: np.ndarray, height: int, width: int) -> Fragments:
    """Find the nearest front-facing triangle of every pixel centre.

    points: (vertices, 3) column, row and depth in pixels; the centre of the top left pixel is (0.5, 0.5),
    and a larger depth is nearer. triangles: (triangles, 3) indices; a triangle whose corners run clockwise
    as seen on the screen looks away and is left out. Weights are linear on the screen (no perspective
    correction: a triangle of the head is about a pixel large).
    """
    fragments = Fragments(
        np.full((height, width), NOTHING, np.int32),
        np.zeros((height, width, 3), np.float32),
        np.full((height, width), FAR, np.float32),
    )
    _fill(
        np.ascontiguousarray(points, np.float64),
        np.ascontiguousarray(triangles, np.int64),
        fragments.triangle,
        fragments.weights,
        fragments.depth,
    )
    return fragments


@njit(cache=True)
def _fill(points, triangles, triangle, weights, depth):
    height, width = depth.shape
    for t in range(len(triangles)):
        a, b, c = triangles[t]
        x0, y0, z0 = points[a]
        x1, y1, z1 = points[b]
        x2, y2, z2 = points[c]
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if area >= -1e-9:  # rows grow downwards, so a front face has a negative area
            continue
        left = max(0, int(np.floor(min(x0, x1, x2))))
        right = min(width - 1, int(np.ceil(max(x0, x1, x2))))
        top = max(0, int(np.floor(min(y0, y1, y2))))
        bottom = min(height - 1, int(np.ceil(max(y0, y1, y2))))
        for row in range(top, bottom + 1):
            y = row + 0.5
            for column in range(left, right + 1):
                x = column + 0.5
                w0 = ((x1 - x) * (y2 - y) - (x2 - x) * (y1 - y)) / area
                w1 = ((x2 - x) * (y0 - y) - (x0 - x) * (y2 - y)) / area
                w2 = 1.0 - w0 - w1
                if w0 < -1e-6 or w1 < -1e-6 or w2 < -1e-6:
                    continue
                z = w0 * z0 + w1 * z1 + w2 * z2
                if z > depth[row, column]:
                    depth[row, column] = z
                    triangle[row, column] = t
                    weights[row, column, 0] = w0
                    weights[row, column, 1] = w1
                    weights[row, column, 2] = w2


def vertex_normals(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Unit normals (vertices, 3): the mean of the neighbouring triangles' normals, weighted by their area."""
    normals = np.zeros((len(vertices), 3))
    _add_normals(
        np.ascontiguousarray(vertices, np.float64), np.ascontiguousarray(triangles, np.int64), normals
    )
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)


@njit(cache=True)
def _add_normals(vertices, triangles, normals):
    for t in range(len(triangles)):
        a, b, c = triangles[t]
        e0, e1, e2 = vertices[b] - vertices[a]
        f0, f1, f2 = vertices[c] - vertices[a]
        n0 = e1 * f2 - e2 * f1
        n1 = e2 * f0 - e0 * f2
        n2 = e0 * f1 - e1 * f0
        for k in (a, b, c):
            normals[k, 0] += n0
            normals[k, 1] += n1
            normals[k, 2] += n2
