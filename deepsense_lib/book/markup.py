"""HTML that a chapter shows: escaping, images as data addresses, and an object with a stable text form."""

import base64
import html
import io
from collections.abc import Sequence

import numpy as np

from deepsense_lib.errors import InputError


class Html:
    """A piece of HTML with a plain text form that is the same in every run."""

    def __init__(self, markup: str, text: str):
        self.markup, self.text = markup, text

    def _repr_html_(self) -> str:
        return self.markup

    def __repr__(self) -> str:
        return self.text


def escape(text: object) -> str:
    """Escape text for HTML content and quoted attributes."""
    return html.escape(str(text), quote=True)


def table(head: Sequence[str], rows: Sequence[Sequence[object]], caption: str) -> Html:
    """Show results as a table that scrolls where a page is narrow; the first cell of a row names it.

    Raises:
        InputError: when a row has another number of cells than the head.
    """
    lines = []
    for row in rows:
        if len(row) != len(head):
            raise InputError(f"the row {list(row)} has {len(row)} cells, expected {len(head)} as in the head")
        cells = "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
        lines.append(f"<tr><th scope='row'>{escape(row[0])}</th>{cells}</tr>")
    columns = "".join(f"<th scope='col'>{escape(name)}</th>" for name in head)
    return Html(
        f"<table><caption>{escape(caption)}</caption><thead><tr>{columns}</tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table>",
        f"<table: {caption}, {len(rows)} rows>",
    )


def data_address(content: bytes, kind: str) -> str:
    """Give `content` as a data address of the media type `kind`."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def png(image: np.ndarray) -> bytes:
    """Encode an image, uint8 (height, width) or (height, width, 3), as a small PNG.

    Raises:
        InputError: on another shape or dtype.
    """
    from PIL import Image

    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or image.size == 0:
        raise InputError(f"found an image {image.dtype} {image.shape}, expected uint8 (height, width[, 3])")
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image)).save(stream, "PNG", optimize=True)
    return stream.getvalue()
