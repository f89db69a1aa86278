"""Are two pictures, or two sounds, the same to a reader? Used when chapters are run and tested."""

import base64
import io
import re
from dataclasses import dataclass

import numpy as np

COLOURS = 128
EMBEDDED = re.compile(r"data:(image/png|image/jpeg|audio/mpeg);base64,([A-Za-z0-9+/=]+)")


@dataclass(frozen=True)
class Tolerance:
    """How far two outputs may differ.

    block: mean difference of a block of 8 x 8 pixels, of 1.0, above which the block counts as changed.
    blocks: share of changed blocks allowed.
    decibel: root-mean-square difference of log spectra, over all points within 40 dB of the loudest.
    length: relative difference of sizes and durations.
    """

    block: float = 0.04
    blocks: float = 0.0015
    decibel: float = 4.0
    length: float = 0.02

    def times(self, factor: float) -> "Tolerance":
        """Give a tolerance `factor` times as wide."""
        return Tolerance(
            min(self.block * factor, 0.9), self.blocks * factor, self.decibel * factor, self.length * factor
        )


DEFAULT = Tolerance()
# What training on another processor may change: curves and voices move a little, but stay what they are.
LOOSE = Tolerance(block=0.12, blocks=0.1, decibel=14.0, length=0.25)


def media(outputs: list) -> list[tuple[str, bytes]]:
    """List the pictures and sounds in a cell's outputs as (media type, content), in order.

    Images stand in `image/png` and `image/jpeg`, players and rows of faces inside `text/html`.
    """
    found = []
    for output in outputs:
        data = output.get("data", {})
        for kind in ("image/png", "image/jpeg"):
            if kind in data:
                found.append((kind, base64.b64decode(data[kind])))
        markup = "".join(data.get("text/html", ""))
        found += [(match[1], base64.b64decode(match[2])) for match in EMBEDDED.finditer(markup)]
    return found


def without_media(text: str) -> str:
    """Replace embedded pictures and sounds by their media type, so that the rest compares as text."""
    return EMBEDDED.sub(lambda match: f"data:{match[1]}", text)


def difference(old: list, new: list, tolerance: Tolerance = DEFAULT) -> str:
    """Say how the pictures and sounds of two lists of outputs differ, or give an empty string."""
    before, after = media(old), media(new)
    if [kind for kind, _ in before] != [kind for kind, _ in after]:
        return f"stored {_count(before)}, now {_count(after)}"
    for number, ((kind, a), (_, b)) in enumerate(zip(before, after, strict=True), start=1):
        if a != b:
            compare = sound_difference if kind.startswith("audio") else picture_difference
            said = compare(a, b, tolerance)
            if said:
                return f"{'sound' if kind.startswith('audio') else 'picture'} {number} changed: {said}"
    return ""


def _count(found: list[tuple[str, bytes]]) -> str:
    sounds = sum(kind.startswith("audio") for kind, _ in found)
    return f"{len(found) - sounds} pictures and {sounds} sounds"


def picture_difference(old: bytes, new: bytes, tolerance: Tolerance = DEFAULT) -> str:
    """Say how two encoded images differ, or give an empty string.

    Large images are halved first, so that a line moved by less than a pixel does not count. Chapters store
    their figures with few colours; where one of the two is stored so, the other is first reduced alike.
    """
    from PIL import Image

    a, b = (Image.open(io.BytesIO(content)) for content in (old, new))
    if (a.mode == "P") != (b.mode == "P"):
        a, b = (image if image.mode == "P" else with_few_colours(image) for image in (a, b))
    a, b = a.convert("RGB"), b.convert("RGB")
    for x, y in zip(a.size, b.size, strict=True):
        if abs(x - y) > max(2, tolerance.length * x):
            return f"size {a.size} became {b.size}"
    shrink = 2 if min(a.size) >= 128 else 1
    size = (max(1, a.width // shrink), max(1, a.height // shrink))
    first, second = (np.asarray(image.resize(size, Image.Resampling.BOX), float) / 255 for image in (a, b))
    gap = np.abs(first - second).mean(axis=2)
    rows, columns = -(-gap.shape[0] // 8), -(-gap.shape[1] // 8)
    padded = np.pad(gap, ((0, rows * 8 - gap.shape[0]), (0, columns * 8 - gap.shape[1])), mode="edge")
    blocks = padded.reshape(rows, 8, columns, 8).mean(axis=(1, 3))
    share = float(np.mean(blocks > tolerance.block))
    return f"{share:.1%} of its area looks different" if share > tolerance.blocks else ""


def with_few_colours(image):
    """Reduce an image on white paper to a palette of at most 128 colours; give a PIL image of mode P."""
    from PIL import Image

    if image.mode == "RGBA":
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    image = image.convert("RGB")
    known = image.getcolors(maxcolors=COLOURS)
    return image.quantize(len(known) if known else COLOURS, dither=Image.Dither.NONE)


def sound_difference(old: bytes, new: bytes, tolerance: Tolerance = DEFAULT) -> str:
    """Say how two encoded sounds differ in length, rate or spectrum, or give an empty string."""
    import soundfile

    (a, rate_a), (b, rate_b) = (soundfile.read(io.BytesIO(content)) for content in (old, new))
    if rate_a != rate_b:
        return f"sample rate {rate_a} became {rate_b} Hz"
    if abs(len(a) - len(b)) > max(0.02 * rate_a, tolerance.length * len(a)):
        return f"length {len(a) / rate_a:.2f} s became {len(b) / rate_b:.2f} s"
    n = min(len(a), len(b))
    first, second = _log_spectrum(a[:n]), _log_spectrum(b[:n])
    loudest = max(first.max(), second.max())
    if loudest < -100:
        return ""
    floor = loudest - 40
    heard = (first > floor) | (second > floor)
    gap = np.maximum(first, floor) - np.maximum(second, floor)
    distance = float(np.sqrt(np.mean(gap[heard] ** 2)))
    return f"its spectrum is {distance:.1f} dB away" if distance > tolerance.decibel else ""


def _log_spectrum(samples: np.ndarray, size: int = 1024, hop: int = 512) -> np.ndarray:
    padded = np.pad(samples, (size // 2, size))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop] * np.hanning(size)
    return 20 * np.log10(np.abs(np.fft.rfft(frames)) / (size / 4) + 1e-7)
