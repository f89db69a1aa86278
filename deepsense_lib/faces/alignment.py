"""Bring a face to the place and size of the training pictures: eyes on fixed points, by a similarity."""

from __future__ import annotations

import numpy as np

from deepsense_lib.errors import InputError
from deepsense_lib.faces.detection import Box, import_cv2
from deepsense_lib.faces.images import to_grey

# Centres of the eyeballs, (column, row) in shares of the side, the viewer's left eye first.
EYES_IN_CROP = np.array([[0.343, 0.37], [0.657, 0.37]])  # mean of the lesson set
EYES_IN_BOX = np.array([[0.333, 0.39], [0.667, 0.39]])  # mean of the boxes that the cascade draws around them


def eyes_in(box: Box) -> np.ndarray:
    """Where the eyes of a detected face usually are: (2, 2) column and row in pixels."""
    return np.array([box.left, box.top]) + EYES_IN_BOX * box.size


def align(image: np.ndarray, box: Box | None = None, size: int = 64, *, eyes=None) -> np.ndarray:
    """Cut out a face, upright, (size, size) uint8 grey, with its eyes on `EYES_IN_CROP`.

    image: (height, width) grey or (height, width, 3) RGB, uint8. Give the box from `detection.detect`, or
    better the eyes: (2, 2) column and row of both eye centres in pixels, the viewer's left one first; the
    centre of the top left pixel is (0.5, 0.5). What lies outside the picture repeats its border.

    Raises:
        InputError: if neither or both of box and eyes are given, if the eyes coincide or stand in the wrong
            order, or if image or size cannot be used.
        MissingDependencyError: if OpenCV is not installed.
    """
    cv2 = import_cv2()
    grey = to_grey(image)
    if (box is None) == (eyes is None):
        raise InputError("align needs either a box or the eyes of the face; give exactly one of them")
    if not isinstance(size, (int, np.integer)) or not 16 <= size <= 1024:
        raise InputError(f"size is {size!r}; expected a whole number of pixels from 16 to 1024")
    source = eyes_in(box) if eyes is None else np.asarray(eyes, float)
    if source.shape != (2, 2) or not np.isfinite(source).all():
        raise InputError(f"eyes are {eyes!r}; expected two pairs (column, row) of finite numbers")
    target = EYES_IN_CROP * size
    distance = np.linalg.norm(source[1] - source[0])
    if distance < 1 or source[1, 0] <= source[0, 0]:
        raise InputError(
            f"eyes at {source.tolist()}; expected the viewer's left eye first, at least a pixel apart"
        )
    shrink = min(1.0, 1.5 * np.linalg.norm(target[1] - target[0]) / distance)
    if shrink < 1:  # average over pixels before they are sampled, or fine detail would turn into noise
        height, width = (max(1, round(side * shrink)) for side in grey.shape)
        source = source * [width / grey.shape[1], height / grey.shape[0]]
        grey = cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA)
    matrix = similarity(source - 0.5, target - 0.5)  # OpenCV puts the centre of the first pixel at 0
    return cv2.warpAffine(grey, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def similarity(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The rotation, scale and shift (2, 3) that carries two points onto two others: target = A source + b."""
    (a, b), (c, d) = (complex(*p) for p in source), (complex(*p) for p in target)
    turn = (d - c) / (b - a)
    shift = c - turn * a
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])
