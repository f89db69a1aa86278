"""Windows and rectangle features for a small face detector that is trained by boosting.

A window is a square of 24 x 24 grey pixels. Backgrounds are cut from photographs that scikit-image carries,
all of them in the public domain.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from deepsense_lib.errors import InputError, MissingDependencyError
from deepsense_lib.faces.detection import Box, import_cv2
from deepsense_lib.formulas.cascade import Rectangle, haar_feature, integral_image

SIDE = 24
FEWEST_GREYS = 10.0  # a window with a smaller deviation is flat, and is not stretched to full contrast
BORDER = 4  # pixels of a 64-pixel tile around the face that a window leaves out
EYES_TO_BOX = 2.79  # side of a window around a face, in distances of the eyes
EYES_TO_CENTRE = 0.41  # how far below the eyes its centre lies, likewise
PHOTOGRAPHS = ("brick", "grass", "gravel", "coffee", "rocket", "coins", "moon", "page")
# Kinds of features: rows and columns of parts, with the weight of each.
KINDS = {
    "two beside": np.array([[1, -1]]),
    "two stacked": np.array([[1], [-1]]),
    "three beside": np.array([[1, -2, 1]]),
    "three stacked": np.array([[1], [-2], [1]]),
    "four": np.array([[1, -1], [-1, 1]]),
}


def all_features(side: int = SIDE) -> Iterator[list[Rectangle]]:
    """Every feature that fits into a window, of every kind, size and place."""
    for weights in KINDS.values():
        rows, columns = weights.shape
        for height in range(1, side // rows + 1):
            for width in range(1, side // columns + 1):
                for top in range(side - rows * height + 1):
                    for left in range(side - columns * width + 1):
                        yield _feature(weights, top, left, height, width)


def some_features(count: int, seed: int = 0, side: int = SIDE) -> list[list[Rectangle]]:
    """`count` features drawn at random; parts of fewer than 8 pixels are left out, as they see only noise."""
    rng, found = np.random.default_rng(seed), []
    kinds = list(KINDS.values())
    while len(found) < count:
        weights = kinds[rng.integers(len(kinds))]
        rows, columns = weights.shape
        height, width = int(rng.integers(1, side // rows + 1)), int(rng.integers(1, side // columns + 1))
        if height * width >= 8:
            top, left = rng.integers(side - rows * height + 1), rng.integers(side - columns * width + 1)
            found.append(_feature(weights, int(top), int(left), height, width))
    return found


def feature_values(windows: np.ndarray, features: Sequence[list[Rectangle]]) -> np.ndarray:
    """Values float32 (n, features) of windows (n, 24, 24), each brought to mean 0 and deviation 1 first.

    Raises InputError for windows of another shape.
    """
    windows = np.asarray(windows, float)
    if windows.ndim != 3 or windows.shape[1:] != (SIDE, SIDE):
        raise InputError(f"found windows {windows.shape}; expected (n, {SIDE}, {SIDE})")
    spread = np.maximum(windows.std((1, 2), keepdims=True), FEWEST_GREYS)
    sums = integral_image((windows - windows.mean((1, 2), keepdims=True)) / spread)
    return np.stack([haar_feature(sums, feature) for feature in features], axis=1).astype(np.float32)


def face_windows(tiles: np.ndarray) -> np.ndarray:
    """Windows (n, 24, 24) uint8 of the faces in shipped tiles (n, 64, 64)."""
    cv2 = import_cv2()
    inside = slice(BORDER, -BORDER)
    small = [cv2.resize(tile[inside, inside], (SIDE, SIDE), interpolation=cv2.INTER_AREA) for tile in tiles]
    return np.array(small)


def photographs() -> list[np.ndarray]:
    """Grey photographs without people. Raises MissingDependencyError without scikit-image."""
    try:
        from skimage import data
    except ImportError:
        raise MissingDependencyError("scikit-image") from None
    cv2 = import_cv2()
    pictures = [np.asarray(getattr(data, name)()) for name in PHOTOGRAPHS]
    return [cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) if p.ndim == 3 else p for p in pictures]


def background_windows(pictures: Sequence[np.ndarray], count: int, seed: int = 0) -> np.ndarray:
    """Windows (count, 24, 24) uint8 from random places and sizes of pictures, half of them mirrored."""
    cv2, rng, found = import_cv2(), np.random.default_rng(seed), []
    for _ in range(count):
        picture = pictures[rng.integers(len(pictures))]
        size = int(np.exp(rng.uniform(np.log(SIDE), np.log(min(160, *picture.shape)))))
        top, left = (int(rng.integers(n - size + 1)) for n in picture.shape)
        cut = picture[top : top + size, left : left + size]
        window = cv2.resize(cut, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        found.append(window[:, ::-1] if rng.random() < 0.5 else window)
    return np.array(found)


def scan(picture: np.ndarray, sizes: Sequence[int], step: int = 2) -> tuple[np.ndarray, list[Box]]:
    """All windows (n, 24, 24) of a grey picture in some sizes, and where each lies.

    The picture is made smaller for larger windows; `step` counts pixels of the smaller picture.
    """
    cv2, windows, boxes = import_cv2(), [], []
    for size in sizes:
        scale = SIDE / size
        shape = [max(SIDE, round(n * scale)) for n in picture.shape]
        small = cv2.resize(picture, shape[::-1], interpolation=cv2.INTER_AREA)
        for top in range(0, shape[0] - SIDE + 1, step):
            for left in range(0, shape[1] - SIDE + 1, step):
                windows.append(small[top : top + SIDE, left : left + SIDE])
                boxes.append(Box(left / scale, top / scale, float(size)))
    return np.array(windows), boxes


def box_of(eyes: np.ndarray) -> Box:
    """The place of a window around a face whose eyes (2, 2) are known, as in the training."""
    eyes = np.asarray(eyes, float)
    distance = float(np.linalg.norm(eyes[1] - eyes[0]))
    size = EYES_TO_BOX * distance
    column, row = eyes.mean(0) + np.array([0, EYES_TO_CENTRE * distance])
    return Box(column - size / 2, row - size / 2, size)


def overlap(a: Box, b: Box) -> float:
    """Shared area of two boxes over the area that they cover together: 0 apart, 1 equal."""
    across = min(a.left + a.size, b.left + b.size) - max(a.left, b.left)
    down = min(a.top + a.size, b.top + b.size) - max(a.top, b.top)
    shared = max(0.0, across) * max(0.0, down)
    return shared / (a.size**2 + b.size**2 - shared)


def _feature(weights, top: int, left: int, height: int, width: int) -> list[Rectangle]:
    return [
        (float(weight), top + row * height, left + column * width, height, width)
        for (row, column), weight in np.ndenumerate(weights)
    ]
