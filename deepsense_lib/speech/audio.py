"""Sound in and out: WAV, FLAC, OGG and MP3 files as mono float arrays, and resampling.

Samples are float32 in the range -1 to 1, shape ``(samples,)``. Files are read whole.
"""

import io
import math
import os
import struct
import uuid
import warnings
from pathlib import Path

import numpy as np

from deepsense_lib.errors import InputError, MissingDependencyError, OutputError

SAMPLE_RATE = 16000
RATES = (1000, 384000)  # Hz; outside it, a sample rate is a damaged header rather than a choice
# ID3v1, the only tag that the MP3 writer fills, holds 30 bytes of comment.
SYNTHETIC_MARK = "synthetic speech (DeepSense)"
SILENCE = 1e-4  # full scale 1: -80 dB, below the noise floor of any recording in a room

_READABLE = {"WAV": "wav", "WAVEX": "wav", "RF64": "wav", "FLAC": "flac", "OGG": "ogg", "MP3": "mp3"}
_WRITABLE = {
    ".wav": ("WAV", "PCM_16"),
    ".flac": ("FLAC", "PCM_16"),
    ".ogg": ("OGG", "VORBIS"),
    ".mp3": ("MP3", "MPEG_LAYER_III"),
}
_MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
_WHAT_TO_DO = "Use a WAV, FLAC, OGG or MP3 file, or convert it: ffmpeg -i FILE -ac 1 -ar 16000 out.wav"


def load(path: str | os.PathLike, sample_rate: int | None = SAMPLE_RATE) -> np.ndarray:
    """Read a WAV, FLAC, OGG or MP3 file as mono samples at `sample_rate`.

    Channels are averaged. Integer formats (8 to 32 bit) are scaled so that full scale is 1; float
    files are kept as they are, also beyond 1. ``sample_rate=None`` keeps the file's own rate
    (`read_rate` tells it).

    Returns:
        float32 ``(samples,)``.

    Raises:
        InputError: the file is missing, empty, truncated, not a sound file, holds no samples, or
            holds NaN or infinity.
    """
    path = Path(path)
    samples, own_rate = _decode(_read_bytes(path), path.name)
    if sample_rate is None:
        return samples
    return resample(samples, own_rate, sample_rate)


def read_rate(path: str | os.PathLike) -> int:
    """Tell the sample rate of a sound file in Hz; raises InputError as `load` does."""
    path = Path(path)
    return _decode(_read_bytes(path), path.name)[1]


def require_sound(samples: np.ndarray, name: str = "the sound") -> np.ndarray:
    """Return `samples` unchanged, or raise InputError if they are silent (peak below -80 dB)."""
    samples = _checked_samples(samples)
    peak = float(np.max(np.abs(samples)))
    if peak < SILENCE:
        raise InputError(
            f"{name} is silent: its largest sample is {peak:.1e} of full scale, expected at least "
            f"{SILENCE:.0e}. Check the recording level, or choose another file."
        )
    return samples


def resample(x: np.ndarray, from_rate: int, to_rate: int) -> np.ndarray:
    """Resample ``(samples,)`` from one rate to another, both whole numbers of Hz.

    A polyphase filter: upsample by `up`, low-pass once, keep every `down`-th sample. It is exact in
    time (no delay), linear in phase, and the same on every machine. The low-pass (Kaiser window) is
    flat up to 90 % of the lower Nyquist frequency and 90 dB down at that frequency.

    Returns:
        float32 ``(ceil(samples * to_rate / from_rate),)``.

    Raises:
        InputError: a rate is not a whole number from 1,000 to 384,000 Hz, or `x` is not a finite,
            non-empty vector.

    Source: Oppenheim and Schafer, Discrete-Time Signal Processing, sections on changing the
    sampling rate by a noninteger factor, and on the Kaiser window.
    """
    from_rate, to_rate = _checked_rate(from_rate), _checked_rate(to_rate)
    x = _checked_samples(x)
    if from_rate == to_rate:
        return x.astype(np.float32)
    signal = _scipy_signal()
    common = math.gcd(from_rate, to_rate)
    up, down = to_rate // common, from_rate // common
    slower = max(up, down)
    low_pass = signal.firwin(2 * 64 * slower + 1, 0.95 / slower, window=("kaiser", 9.0))
    return signal.resample_poly(x.astype(np.float64), up, down, window=low_pass).astype(np.float32)


def save(
    path: str | os.PathLike,
    samples: np.ndarray,
    sample_rate: int = SAMPLE_RATE,
    synthetic: bool = False,
) -> None:
    """Write mono samples to a file whose suffix names the format: wav, flac, ogg or mp3.

    WAV and FLAC hold 16 bits. The file appears whole or not at all: it is encoded in memory,
    written under a temporary name in the same folder, and renamed. Samples beyond -1 to 1 are
    clipped, with a warning that tells the peak. With `synthetic` the file carries the comment
    `SYNTHETIC_MARK` (RIFF ICMT, Vorbis comment, or ID3v1), which `is_marked_synthetic` finds.

    Raises:
        InputError: samples are not a finite, non-empty float vector, or the rate is impossible.
        OutputError: unknown suffix, missing or read-only folder, full disk, a rate that MP3 lacks.
    """
    path = Path(path)
    samples = _checked_samples(samples)
    sample_rate = _checked_rate(sample_rate)
    kind = _WRITABLE.get(path.suffix.lower())
    if kind is None:
        raise OutputError(
            f"cannot write '{path.name}': its suffix is '{path.suffix}', expected one of "
            f"{', '.join(_WRITABLE)}. Give the file one of these suffixes."
        )
    if kind[0] == "MP3" and sample_rate not in _MP3_RATES:
        raise OutputError(
            f"cannot write '{path.name}': MP3 has no sample rate of {sample_rate} Hz, expected one of "
            f"{', '.join(map(str, _MP3_RATES))}. Resample first, or write a .wav file."
        )
    peak = float(np.max(np.abs(samples)))
    if peak > 1:
        warnings.warn(f"samples reach {peak:.3g} and are clipped to 1 in '{path.name}'", stacklevel=2)
    encoded = _encode(np.clip(samples, -1, 1).astype(np.float32), sample_rate, kind, synthetic)
    _write_atomically(path, encoded)


def is_marked_synthetic(path: str | os.PathLike) -> bool:
    """Tell whether a sound file carries the mark that `save` writes; raises InputError as `load` does."""
    path = Path(path)
    with _open(_read_bytes(path), path.name) as file:
        return SYNTHETIC_MARK in file.comment


# ------------------------------------------------------------------ reading


def _read_bytes(path: Path) -> bytes:
    """Read a file, with errors that name it."""
    try:
        if path.is_dir():
            raise InputError(f"'{path}' is a folder, expected a sound file. {_WHAT_TO_DO}")
        data = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"no file '{path}'. Check the name and the folder.") from None
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read '{path}': {error}. Check the name and its permissions.") from None
    if not data:
        raise InputError(f"'{path.name}' is empty (0 bytes), expected a sound file. {_WHAT_TO_DO}")
    return data


def _open(data: bytes, name: str):
    """Open encoded bytes with soundfile, or raise InputError."""
    soundfile = _soundfile()
    try:
        file = soundfile.SoundFile(io.BytesIO(data))
    except (soundfile.SoundFileError, RuntimeError, TypeError, ValueError) as error:
        reason = str(error).rpartition(": ")[2].strip() or "not recognised"
        part = "truncated or not a sound file" if _looks_cut(data) else "not a readable sound file"
        raise InputError(f"'{name}' is {part} ({reason}). {_WHAT_TO_DO}") from None
    if file.format not in _READABLE:
        file.close()
        raise InputError(
            f"'{name}' is of format {file.format}, expected WAV, FLAC, OGG or MP3. {_WHAT_TO_DO}"
        )
    return file


def _decode(data: bytes, name: str) -> tuple[np.ndarray, int]:
    """Decode bytes to float32 ``(samples,)`` at the file's own rate, or raise InputError."""
    soundfile = _soundfile()
    with _open(data, name) as file:
        rate, promised, kind = file.samplerate, file.frames, _READABLE[file.format]
        if not RATES[0] <= rate <= RATES[1]:
            raise InputError(
                f"'{name}' states a sample rate of {rate} Hz, expected {RATES[0]} to {RATES[1]}. "
                f"Its header is damaged. {_WHAT_TO_DO}"
            )
        blocks = []
        try:
            # A damaged header can promise any length, so memory is taken block by block.
            while len(block := file.read(max(1, 2**18 // file.channels), dtype="float32", always_2d=True)):
                blocks.append(block.mean(axis=1, dtype=np.float64).astype(np.float32))
        except (soundfile.SoundFileError, RuntimeError, ValueError) as error:
            reason = str(error).rpartition(": ")[2].strip()
            raise InputError(f"'{name}' is truncated or damaged ({reason}). {_WHAT_TO_DO}") from None
    samples = np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
    short = len(samples) < promised and (kind != "mp3" or _has_xing_header(data))
    if short or _looks_cut(data):
        raise InputError(
            f"'{name}' is truncated: {len(samples)} samples could be read, and its header promises more. "
            "Copy or download the file again."
        )
    if not len(samples):
        raise InputError(f"'{name}' holds no samples, expected at least one. Choose another file.")
    if not np.isfinite(samples).all():
        raise InputError(
            f"'{name}' holds {np.count_nonzero(~np.isfinite(samples))} samples that are NaN or infinite, "
            "expected finite numbers. Export the sound again."
        )
    return samples, rate


def _looks_cut(data: bytes) -> bool:
    """Tell whether a WAV or OGG file ends before its own headers say; the decoder hides it."""
    if data[:4] in (b"RIFF", b"RIFX") and data[8:12] == b"WAVE":
        order = "<I" if data[:4] == b"RIFF" else ">I"
        position = 12
        while position + 8 <= len(data):
            size = struct.unpack(order, data[position + 4 : position + 8])[0]
            if data[position : position + 4] == b"data":
                # Programs that write into a pipe leave a placeholder of 2 or 4 GB as the size.
                return size < 0x7FFF0000 and position + 8 + size > len(data)
            position += 8 + size + size % 2
        return True
    if data[:4] == b"OggS":
        last = data.rfind(b"OggS")
        head = data[last : last + 27]
        if len(head) < 27:
            return True
        lacing = data[last + 27 : last + 27 + head[26]]
        whole = len(lacing) == head[26] and last + 27 + head[26] + sum(lacing) <= len(data)
        return not (whole and head[5] & 4)  # 4: the flag of the stream's last page
    return False


def _has_xing_header(data: bytes) -> bool:
    """Tell whether an MP3 file states its length; without, the decoder's figure is an estimate."""
    start = 0
    if data[:3] == b"ID3" and len(data) >= 10:
        start = 10 + sum(
            (byte & 127) << shift for byte, shift in zip(data[6:10], (21, 14, 7, 0), strict=True)
        )
    first_frame = data[start : start + 256]
    return b"Xing" in first_frame or b"Info" in first_frame


# ------------------------------------------------------------------ writing


def _encode(samples: np.ndarray, rate: int, kind: tuple[str, str], synthetic: bool) -> bytes:
    """Encode ``(samples,)`` in memory."""
    soundfile = _soundfile()
    buffer = io.BytesIO()
    file_format, subtype = kind
    with soundfile.SoundFile(buffer, "w", rate, 1, subtype=subtype, format=file_format) as file:
        if synthetic:
            file.comment = SYNTHETIC_MARK
        # libsndfile's Vorbis encoder overflows its stack on one very long write.
        for start in range(0, len(samples), 2**16):
            file.write(samples[start : start + 2**16])
    return buffer.getvalue()


def _write_atomically(path: Path, data: bytes) -> None:
    """Write bytes under a temporary name beside `path`, then rename; nothing half-written stays."""
    path = Path(os.path.realpath(path))
    if not path.parent.is_dir():
        raise OutputError(f"cannot write '{path.name}': no folder '{path.parent}'. Make the folder first.")
    if path.is_dir():
        raise OutputError(f"cannot write '{path}': it is a folder, expected a file name.")
    temporary = path.parent / f".deepsense-{uuid.uuid4().hex}.part"
    try:
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise OutputError(
            f"cannot write '{path}': {error.strerror or error}. "
            "Check that the folder may be written and the disk has room."
        ) from None
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


# ------------------------------------------------------------------ arguments


def _checked_samples(samples: np.ndarray) -> np.ndarray:
    """Return `samples` as a float vector, or raise InputError."""
    samples = np.asarray(samples)
    if samples.dtype.kind != "f":
        raise InputError(
            f"samples are of type {samples.dtype}, expected floats from -1 to 1. "
            "Divide 16-bit integers by 32768."
        )
    if samples.ndim != 1 or not len(samples):
        raise InputError(f"samples have shape {samples.shape}, expected (samples,) with at least one sample.")
    if not np.isfinite(samples).all():
        raise InputError(
            f"{np.count_nonzero(~np.isfinite(samples))} samples are NaN or infinite, expected finite numbers."
        )
    return samples


def _checked_rate(rate: int) -> int:
    """Return a sample rate as int, or raise InputError."""
    whole = isinstance(rate, (int, np.integer)) and not isinstance(rate, bool)
    if not whole or not RATES[0] <= rate <= RATES[1]:
        raise InputError(f"sample rate is {rate!r}, expected a whole number of Hz, {RATES[0]} to {RATES[1]}.")
    return int(rate)


def _soundfile():
    """Import soundfile late, so that the package works without it."""
    try:
        import soundfile
    except (ImportError, OSError):  # OSError: the package is there, its C library is not
        raise MissingDependencyError("soundfile") from None
    return soundfile


def _scipy_signal():
    """Import scipy.signal late, so that the package works without it."""
    try:
        from scipy import signal
    except ImportError:
        raise MissingDependencyError("scipy") from None
    return signal
