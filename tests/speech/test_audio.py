import errno
import os
import struct
import sys

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsense_lib import files
from deepsense_lib.errors import DeepSenseError, InputError, MissingDependencyError, OutputError
from deepsense_lib.speech import audio

quick = settings(max_examples=40, derandomize=True, deadline=None)
FORMATS = ("wav", "flac", "ogg", "mp3")


def tone(rate=16000, seconds=1.0, hertz=440.0, level=0.5):
    """Return a sine, float32 (samples,)."""
    return (level * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)).astype(np.float32)


def write(path, samples, rate=16000, **options):
    soundfile.write(path, samples, rate, **options)
    return path


# ------------------------------------------------------------------ what is read


@pytest.mark.parametrize(
    ("suffix", "subtype", "tolerance"),
    [
        ("wav", "PCM_U8", 1 / 100),
        ("wav", "PCM_16", 1 / 30000),
        ("wav", "PCM_24", 1e-6),
        ("wav", "PCM_32", 1e-7),
        ("wav", "FLOAT", 0),
        ("wav", "DOUBLE", 0),
        ("flac", "PCM_16", 1 / 30000),
        ("flac", "PCM_24", 1e-6),
        ("ogg", "VORBIS", 0.1),
        ("mp3", "MPEG_LAYER_III", 0.1),
    ],
)
def test_every_format_is_read_at_full_scale_one(tmp_path, suffix, subtype, tolerance):
    expected = tone()
    read = audio.load(write(tmp_path / f"x.{suffix}", expected, subtype=subtype))
    assert read.dtype == np.float32
    assert read.shape == expected.shape
    np.testing.assert_allclose(read, expected, atol=tolerance)


def test_stereo_is_averaged(tmp_path):
    left, right = tone(hertz=300), tone(hertz=500)
    path = write(tmp_path / "x.wav", np.stack([left, right], axis=1), subtype="FLOAT")
    np.testing.assert_allclose(audio.load(path), (left + right) / 2, atol=1e-7)


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000])
def test_any_rate_is_resampled_without_delay(tmp_path, rate):
    path = write(tmp_path / "x.wav", tone(rate, 0.5), rate, subtype="FLOAT")
    read = audio.load(path)
    assert len(read) == 8000
    inside = slice(400, -400)
    np.testing.assert_allclose(read[inside], tone(16000, 0.5)[inside], atol=1e-4)
    assert audio.read_rate(path) == rate
    assert len(audio.load(path, sample_rate=None)) == rate // 2


def test_a_silent_file_loads_but_is_no_sound(tmp_path):
    silent = audio.load(write(tmp_path / "x.wav", np.zeros(800)))
    assert not silent.any()
    with pytest.raises(InputError, match=r"greeting is silent.*expected at least"):
        audio.require_sound(silent, "greeting")
    assert audio.require_sound(tone()) is not None


def test_float_files_may_exceed_full_scale(tmp_path):
    path = write(tmp_path / "x.wav", 3 * tone(), subtype="FLOAT")
    np.testing.assert_allclose(audio.load(path), 3 * tone(), atol=1e-6)


def test_a_stream_of_unknown_length_is_read(tmp_path):
    """Programs that write WAV into a pipe cannot know the length, and leave 4 GB in the header."""
    path = write(tmp_path / "x.wav", tone(), subtype="PCM_16")
    data = bytearray(path.read_bytes())
    at = data.index(b"data") + 4
    data[at : at + 4] = data[4:8] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    np.testing.assert_allclose(audio.load(path), tone(), atol=1e-4)


# ------------------------------------------------------------------ what is refused


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("share", [0.0005, 0.02, 0.3, 0.6, 0.9])
def test_a_truncated_file_is_refused(tmp_path, suffix, share):
    path = tmp_path / f"speech.{suffix}"
    audio.save(path, np.random.default_rng(0).uniform(-0.5, 0.5, 48000))
    data = path.read_bytes()
    path.write_bytes(data[: max(1, int(len(data) * share))])
    with pytest.raises(InputError, match=f"'speech.{suffix}' is "):
        audio.load(path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.wav", b"", "empty"),
        ("text.wav", b"Dear reader, this is a letter." * 50, "not a readable sound file"),
        ("zeros.mp3", bytes(5000), "not a readable sound file"),
        ("head.wav", b"RIFF\x00\x00\x00\x00WAVE", "truncated"),
        ("page.html", b"<html>404 not found</html>", "not a readable sound file"),
    ],
)
def test_what_is_no_sound_is_refused(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        audio.load(path)


def test_missing_file_and_folder_are_named(tmp_path):
    with pytest.raises(InputError, match=r"no file '.*nothing\.wav'"):
        audio.load(tmp_path / "nothing.wav")
    with pytest.raises(InputError, match="is a folder"):
        audio.load(tmp_path)
    with pytest.raises(InputError, match="cannot read"):
        audio.load("a\0b.wav")


def test_another_sound_format_is_named(tmp_path):
    path = write(tmp_path / "x.aiff", tone())
    with pytest.raises(InputError, match="format AIFF, expected WAV, FLAC, OGG or MP3"):
        audio.load(path)


@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_a_file_without_samples_is_refused(tmp_path, suffix):
    with pytest.raises(InputError, match="x"):
        audio.load(write(tmp_path / f"x.{suffix}", np.zeros(0)))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_are_refused(tmp_path, bad):
    samples = tone()
    samples[[3, 70]] = bad
    with pytest.raises(InputError, match="holds 2 samples that are NaN or infinite"):
        audio.load(write(tmp_path / "x.wav", samples, subtype="FLOAT"))


def test_an_impossible_rate_in_the_header_is_refused(tmp_path):
    path = write(tmp_path / "x.wav", tone(), subtype="PCM_16")
    data = bytearray(path.read_bytes())
    data[24:28] = struct.pack("<I", 7)
    path.write_bytes(data)
    with pytest.raises(InputError, match="sample rate of 7 Hz"):
        audio.load(path)


def assert_samples_or_our_error(path):
    try:
        samples, complaint = audio.load(path), path.name
    except DeepSenseError as error:
        samples, complaint = np.zeros(1), str(error)
    assert np.isfinite(samples).all()
    assert path.name in complaint


@quick
@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"RIFF\x24\x00\x00\x00WAVEfmt ", b"fLaC", b"OggS", b"ID3", b"\xff\xfb"]),
)
def test_random_bytes_never_escape_our_errors(tmp_path_factory, data, start):
    path = tmp_path_factory.getbasetemp() / "fuzz.wav"
    path.write_bytes(start + data)
    assert_samples_or_our_error(path)


@quick
@given(st.sampled_from(FORMATS), st.integers(0, 399), st.integers(0, 255))
def test_a_damaged_header_never_escapes_our_errors(tmp_path_factory, suffix, position, byte):
    path = tmp_path_factory.getbasetemp() / f"damaged.{suffix}"
    audio.save(path, tone(seconds=0.1))
    data = bytearray(path.read_bytes())
    data[position % len(data)] = byte
    path.write_bytes(data)
    assert_samples_or_our_error(path)


# ------------------------------------------------------------------ resampling


@quick
@given(
    st.integers(1, 3000),
    st.sampled_from([8000, 16000, 22050, 44100, 48000]),
    st.sampled_from([8000, 16000, 24000]),
)
def test_resampling_gives_the_stated_length(samples, from_rate, to_rate):
    out = audio.resample(np.ones(samples, np.float32), from_rate, to_rate)
    assert out.shape == (-(-samples * to_rate // from_rate),)
    assert out.dtype == np.float32


def test_resampling_keeps_the_pass_band_and_stops_the_rest():
    inside = slice(2000, -2000)
    kept = audio.resample(tone(48000, 1, 7000), 48000, 16000)
    np.testing.assert_allclose(kept[inside], tone(16000, 1, 7000)[inside], atol=1e-4)
    stopped = audio.resample(tone(48000, 1, 8100), 48000, 16000)
    assert np.abs(stopped[inside]).max() < 0.5 * 10 ** (-85 / 20)


def test_resampling_agrees_with_soxr():
    soxr = pytest.importorskip("soxr")
    x = audio.resample(np.random.default_rng(0).standard_normal(16000) * 0.1, 16000, 48000)  # below 8 kHz
    ours, theirs = audio.resample(x, 48000, 24000), soxr.resample(x, 48000, 24000)
    np.testing.assert_allclose(ours[500:-500], theirs[500:-500], atol=2e-4)


def test_resampling_is_linear_and_there_and_back_again():
    x = audio.resample(np.random.default_rng(1).standard_normal(4000), 8000, 16000)
    back = audio.resample(audio.resample(x, 16000, 44100), 44100, 16000)
    np.testing.assert_allclose(back[: len(x)][300:-300], x[300:-300], atol=1e-3)
    np.testing.assert_allclose(
        audio.resample(2 * x, 16000, 8000), 2 * audio.resample(x, 16000, 8000), atol=1e-5
    )


@pytest.mark.parametrize("rate", [0, -16000, 16000.0, "16000", None, True, 500, 10**9])
def test_impossible_rates_are_refused(rate):
    with pytest.raises(InputError, match="sample rate is"):
        audio.resample(tone(), rate, 8000)


# ------------------------------------------------------------------ what is written


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("rate", [16000, 22050])
def test_what_is_saved_is_read_back(tmp_path, suffix, rate):
    path = tmp_path / f"x.{suffix.upper()}"
    audio.save(path, tone(rate), rate)
    assert audio.read_rate(path) == rate
    exact = suffix in ("wav", "flac")
    read = audio.load(path, rate)
    np.testing.assert_allclose(read, tone(rate), atol=1 / 30000 if exact else 0.1)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", FORMATS)
def test_synthetic_sound_says_so(tmp_path, suffix):
    plain, marked = tmp_path / f"plain.{suffix}", tmp_path / f"marked.{suffix}"
    audio.save(plain, tone())
    audio.save(marked, tone(), synthetic=True)
    assert not audio.is_marked_synthetic(plain)
    assert audio.is_marked_synthetic(marked)
    assert audio.SYNTHETIC_MARK.encode() in marked.read_bytes()
    assert soundfile.SoundFile(marked).comment == audio.SYNTHETIC_MARK
    np.testing.assert_array_equal(audio.load(plain), audio.load(marked))


def test_a_long_ogg_file_is_written(tmp_path):
    path = tmp_path / "long.ogg"
    audio.save(path, np.zeros(16000 * 240, np.float32))
    assert len(audio.load(path)) == 16000 * 240


def test_clipping_warns_and_tells_the_peak(tmp_path):
    with pytest.warns(UserWarning, match="samples reach 2.5 and are clipped"):
        audio.save(tmp_path / "x.wav", 5 * tone())
    assert np.abs(audio.load(tmp_path / "x.wav")).max() <= 1


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.array([0.1, np.nan]), "1 samples are NaN"),
        (np.array([0.1, np.inf]), "NaN or infinite"),
        (np.zeros(0), "shape"),
        (np.zeros((2, 100)), r"shape \(2, 100\)"),
        (np.zeros(100, np.int16), "int16.*32768"),
        ("hello", "type"),
        (np.zeros(4, complex), "complex"),
        (None, "type"),
    ],
)
def test_samples_that_are_no_sound_are_refused(tmp_path, samples, message):
    with pytest.raises(InputError, match=message):
        audio.save(tmp_path / "x.wav", samples)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["x", "x.txt", "x.aac", "x.opus", ".wav"])
def test_unknown_suffix_is_refused(tmp_path, name):
    with pytest.raises(OutputError, match=r"expected one of \.wav, \.flac, \.ogg, \.mp3"):
        audio.save(tmp_path / name, tone())


def test_mp3_names_the_rates_it_has(tmp_path):
    with pytest.raises(OutputError, match=r"no sample rate of 16001 Hz.*48000"):
        audio.save(tmp_path / "x.mp3", tone(), 16001)


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(OutputError, match=r"no folder '.*nowhere'"):
        audio.save(tmp_path / "nowhere" / "x.wav", tone())


def test_a_folder_in_the_way_is_named(tmp_path):
    (tmp_path / "x.wav").mkdir()
    with pytest.raises(OutputError, match=r"x\.wav"):
        audio.save(tmp_path / "x.wav", tone())


def failing(code):
    """Return a stand-in for os.fsync that fails as a full disk or a read-only folder does."""

    def fsync(descriptor):
        raise OSError(code, os.strerror(code))

    return fsync


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_a_full_disk_leaves_the_old_file_whole(tmp_path, monkeypatch, code):
    path = tmp_path / "x.wav"
    audio.save(path, tone())
    before = path.read_bytes()
    monkeypatch.setattr(files.os, "fsync", failing(code))
    with pytest.raises(OutputError, match=os.strerror(code)):
        audio.save(path, tone(hertz=880))
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["x.wav"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="Permission denied"):
        audio.save(tmp_path / "x.wav", tone())
    tmp_path.chmod(0o700)


def test_an_interrupt_leaves_nothing_behind(tmp_path, monkeypatch):
    def interrupt(source, target):
        raise KeyboardInterrupt

    monkeypatch.setattr(files.os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        audio.save(tmp_path / "x.wav", tone())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("package", "call"),
    [
        ("soundfile", lambda path: audio.load(path)),
        ("scipy", lambda path: audio.resample(tone(), 8000, 16000)),
    ],
)
def test_a_missing_package_is_named_with_its_extra(tmp_path, monkeypatch, package, call):
    path = tmp_path / "x.wav"
    audio.save(path, tone())
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingDependencyError, match=rf"'{package}'.*\[run\]"):
        call(path)
