"""Find faces with the Haar cascade of OpenCV.

Source: Viola and Jones, Rapid object detection using a boosted cascade of simple features (CVPR 2001).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from deepsense_lib.errors import InputError, MissingDependencyError
from deepsense_lib.faces.images import to_grey

MARGIN = 0.35  # grey border, in shares of the larger side: a face that fills the picture is found with it
WORKING_SIZE = (180, 640)  # the larger side is brought into this range before the search, in pixels

LEAST_VOTES = 4  # overlapping windows that must agree; fewer find more faces, and more that are none
FEWEST_VOTES = 0.2  # of the best box's votes; windows that agree less are chance


@dataclass(frozen=True)
class Box:
    """A square around a face, in pixels of the picture; it may reach beyond the border.

    left, top: the upper left corner; size: the side. votes: how many overlapping windows agreed.
    """

    left: float
    top: float
    size: float
    votes: int = 0

    @property
    def centre(self) -> tuple[float, float]:
        """Column and row of the centre."""
        return self.left + self.size / 2, self.top + self.size / 2


def detect(image: np.ndarray) -> list[Box]:
    """Faces of a picture, the largest first.

    image: (height, width) grey or (height, width, 3) RGB, uint8.

    Raises:
        InputError: if it is not such a picture, or no face is found.
        MissingDependencyError: if OpenCV is not installed.
    """
    import_cv2()
    grey = to_grey(image)
    for equalized in (False, True):  # equalising helps in poor light and harms in good light
        boxes = _search(grey, equalized)
        if boxes:
            return sorted(boxes, key=lambda box: box.size, reverse=True)
    raise InputError(
        f"no face found in a picture of {grey.shape[1]} x {grey.shape[0]} pixels; expected an upright face "
        "seen from the front, at least about 40 pixels wide. Turn the picture upright, light the face, take "
        "away what covers it, or give the positions of the eyes to alignment.align."
    )


def import_cv2():
    """The OpenCV module. Raises MissingDependencyError if it is not installed."""
    try:
        import cv2
    except ImportError as fault:
        raise MissingDependencyError("opencv-python") from fault
    return cv2


@lru_cache(maxsize=1)
def _cascade():
    cv2 = import_cv2()
    folder = Path(getattr(getattr(cv2, "data", None), "haarcascades", ""))
    path = folder / "haarcascade_frontalface_default.xml"
    if not hasattr(cv2, "CascadeClassifier") or not path.is_file():
        raise MissingDependencyError("opencv-python<5")
    return cv2.CascadeClassifier(str(path))


def _search(grey: np.ndarray, equalized: bool) -> list[Box]:
    cv2 = import_cv2()
    largest = max(grey.shape)
    scale = np.clip(largest, *WORKING_SIZE) / largest
    margin = round(MARGIN * largest)
    framed = cv2.copyMakeBorder(grey, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
    smooth = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    framed = cv2.resize(framed, None, fx=scale, fy=scale, interpolation=smooth)
    if equalized:
        framed = cv2.equalizeHist(framed)
    least = max(24, round(0.1 * max(framed.shape)))
    found, agreed = _cascade().detectMultiScale2(framed, 1.08, LEAST_VOTES, minSize=(least, least))
    boxes = [
        Box(float(x / scale - margin), float(y / scale - margin), float(side / scale), int(count))
        for (x, y, side, _), count in zip(found, agreed, strict=True)
    ]
    return _distinct(boxes)


def _distinct(boxes: list[Box]) -> list[Box]:
    """Drop boxes that overlap one with more votes, and those with far fewer votes than the best."""
    kept: list[Box] = []
    for box in sorted(boxes, key=lambda box: box.votes, reverse=True):
        if box.votes < FEWEST_VOTES * (kept[0].votes if kept else 0):
            continue
        if all(_overlap(box, other) < 0.3 for other in kept):
            kept.append(box)
    return kept


def _overlap(a: Box, b: Box) -> float:
    """Shared area in shares of the smaller box."""
    across = min(a.left + a.size, b.left + b.size) - max(a.left, b.left)
    down = min(a.top + a.size, b.top + b.size) - max(a.top, b.top)
    return max(0.0, across) * max(0.0, down) / min(a.size, b.size) ** 2
