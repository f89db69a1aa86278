"""Faces in a row, each with its label below, that wraps on a narrow screen."""

from collections.abc import Sequence

import numpy as np

from deepsense_lib.book.markup import Html, data_address, escape, png
from deepsense_lib.errors import InputError


def show_faces(images: Sequence[np.ndarray], labels: Sequence[str], alt: str, *, width: int = 96) -> Html:
    """Show images side by side with a caption below each.

    Args:
        images: uint8 (n, height, width) or (n, height, width, 3); floats in 0 to 1 are converted.
        labels: n captions.
        alt: what the row shows as a whole, for readers who cannot see it.
        width: pixels per image on the page.

    Raises:
        InputError: if the numbers of images and labels differ, or `alt` is blank.
    """
    if not str(alt).strip():
        raise InputError("show_faces needs an alternative text: say what the row shows")
    if len(images) != len(labels) or not len(images):
        raise InputError(
            f"found {len(images)} images and {len(labels)} labels, expected the same number, not 0"
        )
    cells = []
    for number, (image, label) in enumerate(zip(images, labels, strict=True), start=1):
        source = data_address(png(as_uint8(image)), "image/png")
        cells.append(
            f'<figure class="ds-face"><img alt="{escape(f"Face {number}: {label}")}" width="{width}" '
            f'src="{source}"><figcaption>{escape(label)}</figcaption></figure>'
        )
    row = "display:flex;flex-wrap:wrap;gap:.75rem"
    opening = f'<div class="ds-faces" role="group" aria-label="{escape(alt)}" style="{row}">'
    return Html(
        f"{opening}{''.join(cells)}</div>",
        f"<faces: {alt}>",
    )


def as_uint8(image: np.ndarray) -> np.ndarray:
    """Turn a float image in 0 to 1 into uint8; hand uint8 on.

    Raises:
        InputError: if floats lie outside 0 to 1 or are not finite.
    """
    image = np.asarray(image)
    if image.dtype == np.uint8:
        return image
    if image.dtype.kind != "f" or not np.all((image >= 0) & (image <= 1)):
        raise InputError(
            f"found an image of {image.dtype} outside 0 to 1, expected uint8 or floats in 0 to 1"
        )
    return np.round(image * 255).astype(np.uint8)
