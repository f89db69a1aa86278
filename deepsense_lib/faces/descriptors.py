"""Hand-made descriptions of a grey face image, the features of the years before convolutional networks.

Images are uint8 `(n, height, width)`; height and width are multiples of 8.
"""

import numpy as np

from deepsense_lib.errors import InputError, MissingDependencyError

CELL = 8  # pixels a side of the squares whose histograms are taken


def hog(images: np.ndarray) -> np.ndarray:
    """Histograms of oriented gradients: 9 directions in every cell, normalised in blocks of 2 x 2 cells.

    Returns float32 `(n, features)`, 1,764 features for 64 x 64 pixels.
    Raises: InputError for images of another kind; MissingDependencyError without OpenCV.
    Source: Dalal, Triggs (2005), "Histograms of oriented gradients for human detection".
    """
    try:
        import cv2
    except ImportError:
        raise MissingDependencyError("opencv-python") from None
    images = _checked(images)
    height, width = images.shape[1:]
    describe = cv2.HOGDescriptor((width, height), (2 * CELL, 2 * CELL), (CELL, CELL), (CELL, CELL), 9)
    return np.array([describe.compute(np.ascontiguousarray(image)).ravel() for image in images], np.float32)


def lbp(images: np.ndarray) -> np.ndarray:
    """Local binary patterns: in every cell, how often each of 59 patterns of brighter neighbours occurs.

    Returns float32 `(n, features)`, 3,776 features for 64 x 64 pixels; square roots of shares.
    Raises: InputError for images of another kind; MissingDependencyError without scikit-image.
    Source: Ahonen, Hadid, Pietikainen (2006), "Face description with local binary patterns".
    """
    try:
        from skimage.feature import local_binary_pattern
    except ImportError:
        raise MissingDependencyError("scikit-image") from None
    images = _checked(images)
    height, width = images.shape[1:]
    cell = np.arange(height)[:, None] // CELL * (width // CELL) + np.arange(width) // CELL
    cells = cell.max() + 1
    found = np.empty((len(images), cells * 59), np.float32)
    for row, image in zip(found, images, strict=True):
        # "nri_uniform" keeps the 58 patterns with at most two changes apart and puts the rest into one.
        patterns = local_binary_pattern(image, 8, 1, "nri_uniform").astype(np.int64)
        counts = np.bincount((cell * 59 + patterns).ravel(), minlength=cells * 59)
        row[:] = np.sqrt(counts / CELL**2)
    return found


def _checked(images: np.ndarray) -> np.ndarray:
    images = np.asarray(images)
    fits = (
        images.ndim == 3
        and len(images)
        and not any(side % CELL or side < 2 * CELL for side in images.shape[1:])
    )
    if not fits or images.dtype != np.uint8:
        raise InputError(
            f"found images of {images.dtype} with the shape {images.shape}. Expected uint8 "
            f"(n, height, width), not empty, with sides of at least {2 * CELL} that {CELL} divides."
        )
    return images
