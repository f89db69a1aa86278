import io
import os
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from deepsense_lib.errors import InputError, OutputError
from deepsense_lib.faces import images
from deepsense_lib.faces.images import load_image, save_image

RAMP = np.tile(np.arange(0, 240, 10, dtype=np.uint8), (20, 1))  # 20 rows, 24 columns
COLOUR = np.stack([RAMP, RAMP[:, ::-1], np.full_like(RAMP, 90)], axis=2)


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".tiff", ".jpg", ".jpeg", ".webp", ".PNG"])
@pytest.mark.parametrize("picture", [RAMP, COLOUR], ids=["grey", "colour"])
def test_round_trip(tmp_path, suffix, picture):
    path = save_image(tmp_path / f"face{suffix}", picture)
    grey = picture.ndim == 2
    found = load_image(path, grey=grey)
    assert found.dtype == np.uint8
    assert found.shape == picture.shape
    lossy = suffix in (".jpg", ".jpeg", ".webp")
    error = np.abs(found.astype(int) - picture)
    assert error.max() == 0 if not lossy else error.mean() < 6
    assert os.listdir(tmp_path) == [path.name]


def test_colour_becomes_luma_and_grey_becomes_colour(tmp_path):
    colour = load_image(save_image(tmp_path / "c.png", COLOUR))
    np.testing.assert_allclose(colour, COLOUR @ [0.299, 0.587, 0.114], atol=1)
    assert load_image(save_image(tmp_path / "g.png", RAMP), grey=False).shape == (20, 24, 3)


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bits_are_scaled_to_eight(tmp_path, suffix):
    path = tmp_path / f"deep.{suffix}"
    Image.fromarray(RAMP.astype(np.uint16) * 257).save(path)
    np.testing.assert_array_equal(load_image(path), RAMP)


def test_transparent_pixels_lie_on_white(tmp_path):
    layer = np.zeros((20, 20, 4), np.uint8)
    layer[:, :10, 3] = 255
    Image.fromarray(layer, "RGBA").save(tmp_path / "a.png")
    found = load_image(tmp_path / "a.png")
    assert (found[:, :10] == 0).all()
    assert (found[:, 10:] == 255).all()


def test_palettes_with_and_without_transparency_are_read(tmp_path):
    indexed = Image.fromarray(COLOUR).quantize(8)
    indexed.save(tmp_path / "p.png")
    expected = np.asarray(indexed.convert("RGB"))
    np.testing.assert_array_equal(load_image(tmp_path / "p.png", grey=False), expected)
    indexed.save(tmp_path / "t.png", transparency=int(np.asarray(indexed)[0, 0]))
    assert (load_image(tmp_path / "t.png", grey=False)[0, 0] == 255).all()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "CMYK", "YCbCr"])
def test_other_modes_are_read(tmp_path, mode):
    path = tmp_path / ("x.tif" if mode in ("CMYK", "YCbCr") else "x.png")
    Image.fromarray(COLOUR).convert(mode).save(path)
    assert load_image(path).shape == (20, 24)


@pytest.mark.parametrize(("orientation", "turns"), [(1, 0), (3, 2), (6, 3), (8, 1)])
def test_the_cameras_orientation_is_followed(tmp_path, orientation, turns):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(RAMP).save(tmp_path / "o.png", exif=exif)
    np.testing.assert_array_equal(load_image(tmp_path / "o.png"), np.rot90(RAMP, turns))


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        load_image(tmp_path / "none.png")
    with pytest.raises(InputError, match="a folder"):
        load_image(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "empty"), (b"hello, this is text", "not a picture"), (b"GIF89a" + bytes(60), "not a picture")],
)
def test_what_is_no_picture_is_refused(tmp_path, content, message):
    path = tmp_path / "x.png"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        load_image(path)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".webp", ".tif"])
def test_a_cut_off_file_is_refused(tmp_path, suffix):
    path = save_image(tmp_path / f"x{suffix}", np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match=r"damaged or cut off|not a picture"):
        load_image(path)


def test_a_tiny_picture_is_refused(tmp_path):
    Image.fromarray(RAMP[:15]).save(tmp_path / "x.png")
    with pytest.raises(InputError, match="24 x 15 pixels; expected at least 16 x 16"):
        load_image(tmp_path / "x.png")


@pytest.mark.parametrize("sides", [(8000, 7000), (40_000, 40_000)])
def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, sides):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", *sides, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")
    (tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    with pytest.raises(InputError, match="expected at most 50 million"):
        load_image(tmp_path / "bomb.png")


def test_floating_point_pixels_are_refused(tmp_path):
    Image.fromarray(np.zeros((20, 20), np.float32)).save(tmp_path / "f.tif")
    with pytest.raises(InputError, match="floating-point"):
        load_image(tmp_path / "f.tif")


@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.sampled_from(["PNG", "JPEG", "BMP", "WEBP", "TIFF"]), st.integers(0, 10**6))
def test_damaged_bytes_give_a_picture_or_our_error(tmp_path_factory, kind, seed):
    stream, rng = io.BytesIO(), np.random.default_rng(seed)
    Image.fromarray(COLOUR).save(stream, kind)
    content = bytearray(stream.getvalue())
    for place in rng.integers(0, len(content), 6):
        content[place] = rng.integers(256)
    path = tmp_path_factory.mktemp("fuzz") / "x.png"
    path.write_bytes(content)
    try:
        found = load_image(path)
    except InputError:
        return
    assert found.dtype == np.uint8
    assert found.ndim == 2


@pytest.mark.parametrize("name", ["x", "x.gif", "x.txt"])
def test_an_unknown_suffix_is_refused(tmp_path, name):
    with pytest.raises(InputError, match=r"expected one of \.png"):
        save_image(tmp_path / name, RAMP)


@pytest.mark.parametrize(
    "array", [RAMP.astype(float), RAMP[0], np.zeros((4, 4, 4), np.uint8), np.zeros((0, 5), np.uint8)]
)
def test_what_is_no_picture_is_not_written(tmp_path, array):
    with pytest.raises(InputError, match="expected a picture"):
        save_image(tmp_path / "x.png", array)
    assert not os.listdir(tmp_path)


def test_a_folder_that_does_not_exist_is_reported(tmp_path):
    with pytest.raises(OutputError, match="could not be written"):
        save_image(tmp_path / "none" / "x.png", RAMP)


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = save_image(tmp_path / "x.png", RAMP)
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(images.os, "replace", full)
    with pytest.raises(OutputError, match="No space left"):
        save_image(path, 255 - RAMP)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["x.png"]
