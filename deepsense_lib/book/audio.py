"""Audio players for chapters: MP3 inside the page, with a caption and the words that are spoken."""

import io
import itertools
from collections.abc import Mapping

import numpy as np

from deepsense_lib.book.markup import Html, data_address, escape, png
from deepsense_lib.errors import InputError, MissingDependencyError

PEAK = 0.9
FLOOR_DB = -70.0


def player(
    samples: np.ndarray,
    caption: str,
    *,
    text: str | None = None,
    normalize: bool = True,
    sample_rate: int = 16000,
    spectrogram: bool = False,
) -> Html:
    """Show a player with a caption, the spoken words, and optionally a small spectrogram.

    Args:
        samples: float (samples,), full scale 1.
        caption: what one hears and what to listen for; also the accessible name.
        text: the words that are spoken, if any.
        normalize: scale the peak to 0.9. Switch it off wherever levels are compared.
        sample_rate: in Hz, one that MP3 knows.
        spectrogram: draw the spectrogram (0 Hz to half the sample rate, 70 dB) below the player.

    Raises:
        InputError: on empty, many-channel or non-finite sound, or a peak over 1 with `normalize=False`.
    """
    return Html(_figure(samples, caption, text, normalize, sample_rate, spectrogram), f"<player: {caption}>")


def players(
    sounds: Mapping[str, object],
    *,
    text: str | None = None,
    normalize: bool = True,
    sample_rate: int = 16000,
    spectrogram: bool = False,
) -> Html:
    """Show several players below each other, to compare: `players({"before": a, "after": b})`.

    Args:
        sounds: caption -> samples, or caption -> (samples, spoken words).
        text: the spoken words, where all of them say the same.
        normalize, sample_rate, spectrogram: as in `player`.
    """
    if not sounds:
        raise InputError("found no sounds, expected at least one caption -> samples")
    figures = []
    for caption, sound in sounds.items():
        samples, words = sound if isinstance(sound, tuple) else (sound, text)
        figures.append(_figure(samples, caption, words, normalize, sample_rate, spectrogram))
    return Html(f'<div class="ds-players">{"".join(figures)}</div>', f"<players: {'; '.join(sounds)}>")


def mp3(samples: np.ndarray, sample_rate: int = 16000) -> bytes:
    """Encode float samples (samples,) in -1 to 1 as MP3, the same bytes for the same input.

    Raises:
        InputError: if the sample rate is none that MP3 knows.
    """
    try:
        import soundfile
    except ImportError:
        raise MissingDependencyError("soundfile") from None
    stream = io.BytesIO()
    try:
        soundfile.write(
            stream, samples, sample_rate, format="MP3", subtype="MPEG_LAYER_III", compression_level=0.7
        )
    except (soundfile.LibsndfileError, ValueError) as error:
        raise InputError(f"found a sample rate of {sample_rate} Hz, which MP3 refuses ({error})") from None
    return stream.getvalue()


def _figure(samples, caption, text, normalize, sample_rate, spectrogram) -> str:
    samples = _level(_checked(samples, caption), caption, normalize)
    words = f' <q class="ds-words">{escape(text)}</q>' if text else ""
    picture = ""
    if spectrogram:
        described = f"Spectrogram of: {caption}"
        source = data_address(png(spectrogram_image(samples)), "image/png")
        picture = f'<img class="ds-spectrogram" alt="{escape(described)}" src="{source}">'
    return (
        f'<figure class="ds-player"><figcaption>{escape(caption)}{words}</figcaption>'
        f'<audio controls preload="metadata" aria-label="{escape(caption)}" '
        f'src="{data_address(mp3(samples, sample_rate), "audio/mpeg")}"></audio>{picture}</figure>'
    )


def _checked(samples: object, caption: str) -> np.ndarray:
    if not str(caption).strip():
        raise InputError("a player needs a caption: say what one hears")
    array = np.asarray(samples)
    if array.dtype.kind not in "iuf":
        raise InputError(f"sound '{caption}': found {array.dtype}, expected real numbers (samples,)")
    if array.dtype.kind in "iu":
        raise InputError(f"sound '{caption}': found {array.dtype}, expected floats in -1 to 1")
    if array.ndim != 1 or array.size == 0:
        raise InputError(f"sound '{caption}': found shape {array.shape}, expected (samples,), not empty")
    if not np.all(np.isfinite(array)):
        raise InputError(f"sound '{caption}': found NaN or infinity, expected finite samples")
    return array.astype(np.float64)


def _level(samples: np.ndarray, caption: str, normalize: bool) -> np.ndarray:
    peak = float(np.max(np.abs(samples)))
    if normalize:
        return samples * (PEAK / peak) if peak > 0 else samples
    if peak > 1:
        raise InputError(
            f"sound '{caption}': found a peak of {peak:.3g}, expected at most 1. Scale all sounds of the "
            "comparison by one factor."
        )
    return samples


def spectrogram_image(samples: np.ndarray, height: int = 64, width: int = 360) -> np.ndarray:
    """Draw a small grey spectrogram, uint8 (height, width): low frequencies below, loud is dark.

    The range is 70 dB below the loudest point; silence gives a white image.
    """
    size, bins = 512, 257
    hop = max(1, len(samples) // width)
    padded = np.pad(samples, (size // 2, size))
    starts = np.linspace(0, max(len(samples) - hop, 0), width).astype(int)
    frames = padded[starts[:, None] + np.arange(size)] * np.hanning(size)
    level = 20 * np.log10(np.abs(np.fft.rfft(frames)).T + 1e-10)
    level = np.clip((level - level.max()) / -FLOOR_DB + 1, 0, 1) if np.any(samples) else level * 0
    edges = np.linspace(0, bins - 1, height + 1).astype(int)
    rows = np.stack([level[a : max(b, a + 1)].max(axis=0) for a, b in itertools.pairwise(edges)])
    return np.round(255 * (1 - rows[::-1])).astype(np.uint8)
