"""The head: a mesh, the targets that deform it, and painted masks, read from `data/faces/head.npz`.

Rest space, used in all face modules: x to the head's left, y up, z forward, one unit = one decimetre.
Source: MakeHuman / MPFB2 base mesh and targets, face units by Mika Suominen (all CC0);
`tools/build_face_head.py`.
"""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from pathlib import Path

import numpy as np

from deepsense_lib.errors import DataError, InputError


class Part(IntEnum):
    """What a triangle belongs to; the parts from GLASSES on are added by `props`."""

    SKIN = 0
    LEFT_EYE = 1
    RIGHT_EYE = 2
    UPPER_TEETH = 3
    LOWER_TEETH = 4
    TONGUE = 5
    LASHES = 6
    HAIR = 7
    GLASSES = 8
    MASK = 9
    HAND = 10


@dataclass(frozen=True)
class Head:
    """The neutral mesh and everything that can be done to it.

    vertices: (vertices, 3) decimetres. triangles: (triangles, 3) indices. parts: (triangles,) `Part` codes.
    vertex_parts: (vertices,) the part of each vertex. targets: (targets, vertices, 3) displacements in
    decimetres at weight 1; names: their names, such as `fu/jawOpen`. masks: name -> (vertices,) in 0..1, of
    `lips`, `mouth` (its inside), `lids`, `ears`. openness: (vertices,) share of the sky that a point sees.
    landmarks: (68,) vertices in the usual order: jaw 0-16, brows 17-26, nose 27-35, eyes 36-47, mouth 48-67.
    """

    vertices: np.ndarray
    triangles: np.ndarray
    parts: np.ndarray
    vertex_parts: np.ndarray
    targets: np.ndarray
    names: Mapping[str, int]
    masks: Mapping[str, np.ndarray]
    openness: np.ndarray
    landmarks: np.ndarray

    def target(self, name: str) -> np.ndarray:
        """Displacement (vertices, 3) in decimetres of a target at weight 1. Raises InputError if unknown."""
        if name not in self.names:
            raise InputError(
                f"the head has no target '{name}'; expected one of head.names, e.g. 'fu/jawOpen'"
            )
        return self.targets[self.names[name]]

    def displacement(self, weights: Mapping[str, float]) -> np.ndarray:
        """Sum of weighted targets, (vertices, 3) decimetres."""
        total = np.zeros_like(self.vertices)
        for name, weight in weights.items():
            if weight:
                total += np.float32(weight) * self.target(name)
        return total

    def eye_centre(self, part: Part) -> np.ndarray:
        """Centre (3,) of an eyeball of the rest mesh, decimetres."""
        return self.vertices[self.vertex_parts == part].mean(0)


def head_path() -> Path:
    """Where the head lies: $DEEPSENSE_DATA/faces/head.npz, or `data/faces` of the repository."""
    root = os.environ.get("DEEPSENSE_DATA")
    base = Path(root) if root else Path(__file__).resolve().parents[2] / "data"
    return base / "faces" / "head.npz"


def read_head(path: str | Path) -> Head:
    """Read a head file. Raises DataError if it is missing or damaged."""
    path = Path(path)
    if not path.is_file():
        raise DataError(
            f"{path.name}: no such file in {path.parent}; the head of the face renderer was expected there. "
            "Restore data/faces from the repository, or build it with tools/build_face_head.py."
        )
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        return _head(arrays)
    except (OSError, ValueError, KeyError, IndexError, EOFError, zipfile.BadZipFile, zlib.error) as fault:
        raise DataError(
            f"{path}: not a readable head file ({type(fault).__name__}: {fault}). Restore data/faces from "
            "the repository, or build it with tools/build_face_head.py."
        ) from fault


def _head(arrays: Mapping[str, np.ndarray]) -> Head:
    vertices, triangles, parts = arrays["vertices"], arrays["triangles"].astype(np.int32), arrays["parts"]
    targets = np.zeros((len(arrays["names"]), *vertices.shape), np.float32)
    # Most vertices stay where they are under most targets, so only those that move are stored.
    targets[arrays["moved_target"], arrays["moved_vertex"]] = arrays["moved_by"].astype(np.float32)
    vertex_parts = np.zeros(len(vertices), np.uint8)
    for part in Part:
        vertex_parts[np.unique(triangles[parts == part])] = part
    return Head(
        vertices=vertices.astype(np.float32),
        triangles=triangles,
        parts=parts,
        vertex_parts=vertex_parts,
        targets=targets,
        names={str(name): k for k, name in enumerate(arrays["names"])},
        masks={k: arrays[f"mask_{k}"].astype(np.float32) / 255 for k in ("lips", "mouth", "lids", "ears")},
        openness=arrays["openness"].astype(np.float32) / 255,
        landmarks=arrays["landmarks"].astype(np.int64),
    )


@lru_cache(maxsize=1)
def load_head() -> Head:
    """The shipped head, read once. Raises DataError if it is missing or damaged."""
    return read_head(head_path())
