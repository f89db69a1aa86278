"""Bytes of sound files to samples and back; `audio` is the module to use."""

import io
import struct
from pathlib import Path

import numpy as np

from deepsense_lib.errors import InputError, MissingDependencyError

RATES = (1000, 192000)  # Hz; outside it, a sample rate is a damaged header rather than a choice
# ID3v1, the only tag that the MP3 writer fills, holds 30 bytes of comment.
SYNTHETIC_MARK = "synthetic speech (DeepSense)"
WRITABLE = {
    ".wav": ("WAV", "PCM_16"),
    ".flac": ("FLAC", "PCM_16"),
    ".ogg": ("OGG", "VORBIS"),
    ".mp3": ("MP3", "MPEG_LAYER_III"),
}

_READABLE = {"WAV": "wav", "WAVEX": "wav", "RF64": "wav", "FLAC": "flac", "OGG": "ogg", "MP3": "mp3"}
_WHAT_TO_DO = "Use a WAV, FLAC, OGG or MP3 file, or convert it: ffmpeg -i FILE -ac 1 -ar 16000 out.wav"


def read_bytes(path: Path) -> bytes:
    """Read a file, with errors that name it."""
    if path.is_dir():
        raise InputError(f"'{path}' is a folder, expected a sound file. {_WHAT_TO_DO}")
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"no file '{path}'. Check the name and the folder.") from None
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read '{path}': {error}. Check the name and its permissions.") from None
    if not data:
        raise InputError(f"'{path.name}' is empty (0 bytes), expected a sound file. {_WHAT_TO_DO}")
    return data


def open_sound(data: bytes, name: str):
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


def decode(data: bytes, name: str) -> tuple[np.ndarray, int]:
    """Decode bytes to float32 ``(samples,)`` at the file's own rate, or raise InputError."""
    soundfile = _soundfile()
    with open_sound(data, name) as file:
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


def encode(samples: np.ndarray, rate: int, kind: tuple[str, str], synthetic: bool) -> bytes:
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


def _soundfile():
    """Import soundfile late, so that the package works without it."""
    try:
        import soundfile
    except (ImportError, OSError):  # OSError: the package is there, its C library is not
        raise MissingDependencyError("soundfile") from None
    return soundfile
