"""Files are written whole or not at all."""

import errno
import os
import stat

import pytest

from deepsense_lib.errors import OutputError
from deepsense_lib.files import write_atomically


def test_writes_and_replaces_and_makes_folders(tmp_path):
    path = tmp_path / "a" / "b.bin"
    assert write_atomically(path, b"one") == path
    write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert [p.name for p in path.parent.iterdir()] == ["b.bin"]


@pytest.mark.skipif(os.name != "posix", reason="permission bits are a POSIX feature")
def test_the_file_gets_the_permissions_of_any_new_file(tmp_path):
    (tmp_path / "plain").write_bytes(b"")
    write_atomically(tmp_path / "ours", b"")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("plain", "ours")}
    assert len(modes) == 1


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_full_disk_or_read_only_folder_leaves_the_old_file(tmp_path, monkeypatch, code):
    path = write_atomically(tmp_path / "x", b"old")

    def fail(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OutputError, match=f"could not write .*x: {os.strerror(code)}"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def test_interruption_leaves_nothing_behind(tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "x", b"new")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_that_name_is_not_overwritten(tmp_path):
    (tmp_path / "x").mkdir()
    with pytest.raises(OutputError, match="x"):
        write_atomically(tmp_path / "x", b"new")
    assert [p.name for p in tmp_path.iterdir()] == ["x"]
