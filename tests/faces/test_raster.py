import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsense_lib.faces.raster import FAR, NOTHING, rasterize, vertex_normals


def brute_force(points, triangles, height, width):
    """Test every pixel centre against every triangle with a linear solve."""
    owner, depth = np.full((height, width), NOTHING), np.full((height, width), float(FAR))
    for row in range(height):
        for column in range(width):
            for t, corners in enumerate(triangles):
                a, b, c = points[corners]
                edges = np.stack([b[:2] - a[:2], c[:2] - a[:2]], axis=1)
                if np.linalg.det(edges) > -1e-9:
                    continue
                u, v = np.linalg.solve(edges, np.array([column + 0.5, row + 0.5]) - a[:2])
                z = a[2] + u * (b[2] - a[2]) + v * (c[2] - a[2])
                if min(u, v, 1 - u - v) >= 0 and z > depth[row, column]:
                    owner[row, column], depth[row, column] = t, z
    return owner, depth


@settings(max_examples=20, derandomize=True, deadline=None)
@given(st.integers(0, 10**6))
def test_equals_brute_force(seed):
    rng = np.random.default_rng(seed)
    points = np.concatenate([rng.uniform(-3, 14, (12, 2)), rng.uniform(-5, 5, (12, 1))], axis=1)
    triangles = np.stack([rng.permutation(12)[:3] for _ in range(8)])
    found = rasterize(points, triangles, 9, 11)
    owner, depth = brute_force(points, triangles, 9, 11)
    np.testing.assert_array_equal(found.triangle, owner)
    np.testing.assert_allclose(found.depth, depth, rtol=1e-5)


def test_weights_reproduce_the_pixel_centre():
    points = np.array([[1.0, 9, 0], [9, 9, 0], [4, 1, 0]])
    found = rasterize(points, np.array([[0, 1, 2]]), 10, 10)
    rows, columns = np.nonzero(found.triangle == 0)
    place = found.weights[rows, columns] @ points[:, :2]
    np.testing.assert_allclose(place, np.stack([columns, rows], 1) + 0.5, atol=1e-5)
    np.testing.assert_allclose(found.weights[rows, columns].sum(1), 1, atol=1e-6)


@pytest.mark.parametrize("order", [[0, 1, 2], [0, 2, 1]])
def test_only_front_faces_are_drawn(order):
    points = np.array([[1.0, 9, 0], [9, 9, 0], [4, 1, 0]])
    seen = (rasterize(points, np.array([order]), 10, 10).triangle >= 0).any()
    assert seen == (order == [0, 1, 2])


def test_the_nearer_triangle_hides_the_farther_one_in_either_order():
    points = np.array([[0.0, 8, 1], [8, 8, 1], [4, 0, 1], [0, 8, 2], [8, 8, 2], [4, 0, 2]])
    for triangles in ([[0, 1, 2], [3, 4, 5]], [[3, 4, 5], [0, 1, 2]]):
        found = rasterize(points, np.array(triangles), 8, 8)
        assert set(found.depth[found.triangle >= 0]) == {2.0}


def test_normals_are_unit_and_point_outwards_on_a_ball():
    polar, around = np.meshgrid(
        np.linspace(0.1, np.pi - 0.1, 20), np.linspace(0, 2 * np.pi, 30), indexing="ij"
    )
    ball = np.stack(
        [np.sin(polar) * np.cos(around), np.cos(polar), np.sin(polar) * np.sin(around)], -1
    ).reshape(-1, 3)
    row, column = np.meshgrid(np.arange(19), np.arange(29), indexing="ij")
    a = (row * 30 + column).ravel()
    triangles = np.concatenate([np.stack([a, a + 1, a + 30], 1), np.stack([a + 1, a + 31, a + 30], 1)])
    normals = vertex_normals(ball, triangles)
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-12)
    assert (np.sum(normals * ball, axis=1) > 0.98).all()
