"""Hand-made descriptions of a grey face image, the features of the years before convolutional networks.

Images are uint8 `(n, height, width)`; height and width are multiples of 8.
"""

import numpy as np

from deepsense_lib.errors import InputError, MissingDependencyError
from deepsense_lib.formulas.descriptors import gabor_kernel

CELL = 8  # pixels a side of the squares whose histograms are taken
WAVES = (4.0, 6.0, 9.0, 13.5)  # wavelengths of the Gabor bank in pixels
DIRECTIONS = (0, 30, 60, 90, 120, 150)  # degrees
HALF = 10  # pixels from the middle of a Gabor kernel to its edge


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


def gabor(images: np.ndarray) -> np.ndarray:
    """Gabor energies: how strongly stripes of 4 widths and 6 directions are present in every cell.

    Returns float32 `(n, features)`, 1,536 features for 64 x 64 pixels: means over cells.
    Raises: InputError for images of another kind.
    Source: Lyons et al. (1998), "Coding facial expressions with Gabor wavelets", with cells in place of
    landmarks.
    """
    images = _checked(images)
    height, width = images.shape[1:]
    padded_size = (height + 2 * HALF, width + 2 * HALF)
    bank = np.array([_wave_pair(w, d) for w in WAVES for d in DIRECTIONS])
    bank = np.fft.fft2(bank[:, ::-1, ::-1], padded_size)
    found = np.empty((len(images), len(bank), height // CELL, width // CELL), np.float32)
    for row, image in zip(found, images, strict=True):
        padded = np.pad(image.astype(float), HALF, mode="reflect")
        answers = np.fft.ifft2(np.fft.fft2(padded) * bank)[:, 2 * HALF :, 2 * HALF :]  # what did not wrap
        row[:] = np.abs(answers).reshape(-1, height // CELL, CELL, width // CELL, CELL).mean((2, 4))
    return found.reshape(len(images), -1)


def _wave_pair(wavelength: float, degrees: float) -> np.ndarray:
    """Cosine and sine kernel as one complex kernel, without an answer to even light."""
    sigma = wavelength / 2
    even, odd, envelope = (
        gabor_kernel(length, degrees, sigma, phase=phase, half=HALF)
        for length, phase in ((wavelength, 0.0), (wavelength, -np.pi / 2), (1e9, 0.0))
    )
    return even - envelope * even.sum() / envelope.sum() + 1j * odd


def pixels(images: np.ndarray) -> np.ndarray:
    """The picture itself at half the size, float32 `(n, features)`: what every description must beat.

    Raises: InputError for images of another kind.
    """
    images = _checked(images)
    n, height, width = images.shape
    return images.reshape(n, height // 2, 2, width // 2, 2).mean((2, 4)).reshape(n, -1).astype(np.float32)


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
