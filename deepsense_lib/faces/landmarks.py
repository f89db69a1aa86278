"""What 68 landmarks say of a face: distances and heights, whatever its place, size and tilt.

The points are numbered as in the iBUG annotations: jaw 0 to 16, brows 17 to 26, nose 27 to 35, eyes 36 to 47,
mouth 48 to 67; the viewer's left first.
"""

from __future__ import annotations

import numpy as np

from deepsense_lib.errors import InputError
from deepsense_lib.formulas.shape import apply_similarity, fit_similarity

COUNT = 68
GROUPS = {
    "jaw": range(17),
    "brows": range(17, 27),
    "nose": range(27, 36),
    "eyes": range(36, 48),
    "mouth": range(48, 68),
}
OUTLINES = (  # chains of points to draw, each with whether it is closed
    (range(17), False),
    (range(17, 22), False),
    (range(22, 27), False),
    (range(27, 31), False),
    (range(31, 36), False),
    (range(36, 42), True),
    (range(42, 48), True),
    (range(48, 60), True),
    (range(60, 68), True),
)
MEASURES = (
    "inner brows above eyes",
    "outer brows above eyes",
    "gap between brows",
    "eye opening",
    "nose wings below bridge",
    "nose to upper lip",
    "mouth width",
    "mouth corners above middle",
    "upper lip",
    "lower lip",
    "mouth opening",
    "lower lip to chin",
    "bridge to chin",
)
# Action unit -> its name in the Facial Action Coding System, for the units that the renderer knows.
UNIT_NAMES = {
    1: "inner brow raiser",
    2: "outer brow raiser",
    4: "brow lowerer",
    5: "upper lid raiser",
    6: "cheek raiser",
    7: "lid tightener",
    9: "nose wrinkler",
    10: "upper lip raiser",
    12: "lip corner puller",
    14: "dimpler",
    15: "lip corner depressor",
    16: "lower lip depressor",
    17: "chin raiser",
    18: "lip pucker",
    20: "lip stretcher",
    22: "lip funneler",
    23: "lip tightener",
    24: "lip pressor",
    25: "lips part",
    26: "jaw drop",
    27: "mouth stretch",
    28: "lip suck",
    43: "eyes closed",
}


def upright(landmarks: np.ndarray) -> np.ndarray:
    """Landmarks (n, 68, 2) with the eyes' centres on (-0.5, 0) and (0.5, 0): the unit is the eyes' distance.

    Raises InputError for another shape, or eyes that coincide.
    """
    landmarks = _checked(landmarks)
    fixed = np.array([[-0.5, 0.0], [0.5, 0.0]])
    eyes = np.stack([landmarks[:, 36:42].mean(1), landmarks[:, 42:48].mean(1)], 1)
    if np.any(np.linalg.norm(eyes[:, 1] - eyes[:, 0], axis=1) < 1e-6):
        raise InputError("the eyes of a face coincide; expected landmarks of a face")
    pairs = zip(landmarks, eyes, strict=True)
    return np.array([apply_similarity(points, fit_similarity(pair, fixed)) for points, pair in pairs])


def measures(landmarks: np.ndarray) -> np.ndarray:
    """The distances and heights named in `MEASURES`: (n, 13), in shares of the distance of the eyes.

    landmarks: (n, 68, 2) column and row. Raises InputError as `upright`.
    """
    points = upright(landmarks)

    def row(*which):
        return points[:, list(which), 1].mean(1)

    def apart(a, b):
        return np.linalg.norm(points[:, a] - points[:, b], axis=1)

    return np.stack(
        [
            row(39, 42) - row(20, 21, 22, 23),
            row(36, 45) - row(17, 18, 25, 26),
            apart(21, 22),
            (apart(37, 41) + apart(38, 40) + apart(43, 47) + apart(44, 46)) / 4,
            row(31, 35) - row(27),
            apart(33, 51),
            apart(48, 54),
            row(62, 66) - row(48, 54),
            apart(51, 62),
            apart(57, 66),
            apart(62, 66),
            apart(57, 8),
            apart(27, 8),
        ],
        axis=1,
    )


def _checked(landmarks: np.ndarray) -> np.ndarray:
    landmarks = np.asarray(landmarks, float)
    if landmarks.ndim != 3 or landmarks.shape[1:] != (COUNT, 2) or not np.isfinite(landmarks).all():
        raise InputError(f"found landmarks {landmarks.shape}; expected finite numbers (n, {COUNT}, 2)")
    return landmarks
