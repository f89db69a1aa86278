"""Pictures in and out: files become uint8 arrays, whatever their depth, palette, alpha or orientation."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import numpy as np

from deepsense_lib.errors import InputError, MissingDependencyError, OutputError

FORMATS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".bmp": "BMP",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
}
LEAST_SIDE = 16  # pixels; no face can be read in less
MOST_PIXELS = 50_000_000  # a small file can unpack to gigabytes: refuse before unpacking
_READABLE = "PNG, JPEG, BMP, WebP or TIFF"


def load_image(path: str | Path, grey: bool = True) -> np.ndarray:
    """Read a picture file, upright, 8 bits a channel.

    Returns (height, width) uint8 luma, or (height, width, 3) uint8 RGB if `grey` is false. 16-bit values
    are divided by 257, transparent pixels laid on white, the camera's orientation mark is followed, and of
    several pages the first is read.

    Raises:
        InputError: if the file is missing, empty, cut off, not a picture, too small or too large.
        MissingDependencyError: if Pillow is not installed.
    """
    image_module = _pillow()
    from PIL import ImageOps

    path = Path(path)
    _check_file(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of large pictures (our own limit is lower) and odd metadata
            with image_module.open(path, formats=sorted(set(FORMATS.values()))) as picture:
                _check_size(picture.size, path)
                picture.load()
                upright = ImageOps.exif_transpose(picture)
                return _to_array(upright, grey, path)
    except InputError:
        raise
    except image_module.UnidentifiedImageError as fault:
        raise InputError(
            f"{path.name}: not a picture that can be read; expected a {_READABLE} file. "
            "Open it in an image editor and save it as PNG."
        ) from fault
    except image_module.DecompressionBombError as fault:
        raise InputError(_too_large(path, "more than 170 million")) from fault
    except Exception as fault:  # decoders of damaged files raise nearly anything: OSError, SyntaxError, ...
        raise InputError(
            f"{path.name}: the picture is damaged or cut off ({fault}). Fetch or save the file again."
        ) from fault


def save_image(path: str | Path, image: np.ndarray) -> Path:
    """Write a picture; the suffix chooses the format. Nothing is left behind if writing fails.

    image: (height, width) grey or (height, width, 3) RGB, uint8.

    Raises:
        InputError: if the array is not a picture or the suffix is unknown.
        OutputError: if the file cannot be written.
        MissingDependencyError: if Pillow is not installed.
    """
    image_module, path, image = _pillow(), Path(path), np.asarray(image)
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        found = f"suffix '{path.suffix}'" if path.suffix else "no suffix"
        raise InputError(
            f"{path.name}: {found}; expected one of {', '.join(FORMATS)}. Rename the output file."
        )
    if image.dtype != np.uint8 or not image.size or not (image.ndim == 2 or image.shape[2:] == (3,)):
        raise InputError(
            f"found an array {image.shape} of {image.dtype}; expected a picture of shape (height, width) or "
            "(height, width, 3), uint8. Scale it to 0..255 and use .astype('uint8')."
        )
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    options = {"JPEG": {"quality": 95}, "WEBP": {"quality": 90}}.get(kind, {})
    try:
        with open(part, "xb") as file:
            image_module.fromarray(image).save(file, kind, **options)
        os.replace(part, path)
    except OSError as fault:
        raise OutputError(
            f"{path}: could not be written ({fault.strerror or fault}). Check that the folder exists, that "
            "you may write there, and that the disk is not full."
        ) from fault
    finally:
        part.unlink(missing_ok=True)
    return path


def to_grey(image: np.ndarray) -> np.ndarray:
    """(height, width) uint8 luma of a grey or RGB picture. Raises InputError if it is neither."""
    image = np.asarray(image)
    if (
        image.dtype != np.uint8
        or image.ndim not in (2, 3)
        or (image.ndim == 3 and image.shape[2] != 3)
        or not image.size
    ):
        raise InputError(
            f"found an array {image.shape} of {image.dtype}; expected a picture of shape (height, width) or "
            "(height, width, 3), uint8. Read pictures with faces.images.load_image."
        )
    if image.ndim == 2:
        return image
    return np.rint(image @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)


def _pillow():
    try:
        from PIL import Image
    except ImportError as fault:
        raise MissingDependencyError("pillow") from fault
    return Image


def _check_file(path: Path) -> None:
    if not path.exists():
        raise InputError(
            f"{path}: no such file; expected a {_READABLE} picture. Check the name and the folder."
        )
    if not path.is_file():
        raise InputError(
            f"{path}: a folder, not a file; expected one {_READABLE} picture. Name a file in it."
        )
    try:
        empty = path.stat().st_size == 0
        with open(path, "rb"):
            pass
    except OSError as fault:
        raise InputError(
            f"{path}: cannot be opened ({fault.strerror}). Check that you may read it."
        ) from fault
    if empty:
        raise InputError(
            f"{path.name}: the file is empty; expected a {_READABLE} picture. Save or fetch it again."
        )


def _check_size(size: tuple[int, int], path: Path) -> None:
    width, height = size
    if min(size) < LEAST_SIDE:
        raise InputError(
            f"{path.name}: {width} x {height} pixels; expected at least {LEAST_SIDE} x {LEAST_SIDE}. "
            "Use a larger original: enlarging brings back no detail."
        )
    if width * height > MOST_PIXELS:
        raise InputError(_too_large(path, f"{width} x {height} ="))


def _too_large(path: Path, found: str) -> str:
    return (
        f"{path.name}: {found} pixels; expected at most {MOST_PIXELS // 1_000_000} million. "
        "Make the picture smaller, or cut out the face."
    )


def _to_array(picture, grey: bool, path: Path) -> np.ndarray:
    """8-bit luma or RGB of an opened Pillow picture of any mode."""
    mode = picture.mode
    if mode == "F":
        raise InputError(
            f"{path.name}: pixels are floating-point numbers, whose range is not known; expected 8 or "
            "16 bits a channel. Save the picture as 8-bit PNG."
        )
    if mode.startswith("I"):
        deep = np.asarray(picture).astype(np.int64)
        if deep.min() < 0 or deep.max() > 65535:
            raise InputError(
                f"{path.name}: pixel values from {deep.min()} to {deep.max()}; expected 8 or 16 bits a "
                "channel. Save the picture as 8-bit PNG."
            )
        levels = np.rint(deep / 257).astype(np.uint8)
        return levels if grey else np.repeat(levels[..., None], 3, axis=2)
    if mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info:
        image_module = _pillow()
        layer = picture.convert("RGBA")
        white = image_module.new("RGBA", layer.size, "white")
        picture = image_module.alpha_composite(white, layer)
    return np.array(picture.convert("RGB").convert("L") if grey else picture.convert("RGB"))
