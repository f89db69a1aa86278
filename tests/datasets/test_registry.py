"""The registry names every damaged, missing or unlisted file, and trusts nothing else."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsense_lib.datasets import registry
from deepsense_lib.errors import DataError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("DEEPSENSE_DATA", str(tmp_path))
    place = tmp_path / "voice"
    (place / "audio").mkdir(parents=True)
    (place / "corpus.tsv").write_text("id\ttext\n")
    (place / "audio" / "a.opus").write_bytes(bytes(range(256)))
    registry.write_sums(place)
    return place


def test_untouched_folder_has_no_fault(folder):
    assert registry.verify(folder) == []
    assert registry.shipped_sets() == [folder]
    assert registry.checked(folder / "audio" / "a.opus").read_bytes() == bytes(range(256))


def test_sums_are_those_of_hashlib_and_exclude_themselves(folder):
    listed = registry.read_sums(folder)
    assert list(listed) == ["audio/a.opus", "corpus.tsv"]
    assert listed["audio/a.opus"] == hashlib.sha256(bytes(range(256))).hexdigest()


@given(position=st.integers(0, 255), bit=st.integers(0, 7))
@settings(max_examples=20, deadline=None, derandomize=True)
def test_every_single_flipped_bit_is_found(tmp_path_factory, position, bit):
    place = tmp_path_factory.mktemp("set")
    content = bytearray(range(256))
    (place / "x.bin").write_bytes(content)
    registry.write_sums(place)
    content[position] ^= 1 << bit
    (place / "x.bin").write_bytes(content)
    (fault,) = registry.verify(place)
    assert fault.path.name == "x.bin"
    assert "damaged" in fault.problem


def test_damage_is_found_although_the_file_was_verified_before(folder):
    path = folder / "corpus.tsv"
    registry.checked(path)
    path.write_text("id\ttext\tlonger\n")
    with pytest.raises(DataError, match=r"corpus.tsv.*damaged.*expected.*git checkout"):
        registry.checked(path)


def test_missing_file_is_named(folder):
    (folder / "audio" / "a.opus").unlink()
    with pytest.raises(DataError, match=r"a\.opus.*missing"):
        registry.checked(folder / "audio" / "a.opus")
    assert [fault.path.name for fault in registry.verify(folder)] == ["a.opus"]


def test_unlisted_file_is_refused(folder):
    (folder / "extra.txt").write_text("not shipped")
    with pytest.raises(DataError, match="not listed"):
        registry.checked(folder / "extra.txt")


def test_file_outside_every_set_is_refused(folder, tmp_path):
    (tmp_path / "stray.txt").write_text("x")
    with pytest.raises(DataError, match="no SHA256SUMS lists"):
        registry.checked(tmp_path / "stray.txt")


@pytest.mark.parametrize(
    "line", ["zz  a.txt", "0" * 64 + " a.txt", "0" * 64 + "  ../a.txt", "0" * 64 + "  /etc/x", ""]
)
def test_bad_lines_of_the_list_are_named_with_their_number(folder, line):
    (folder / registry.SUMS).write_text(f"{'0' * 64}  a.txt\n{line}\n")
    with pytest.raises(DataError, match="line 2"):
        registry.read_sums(folder)
    assert len(registry.verify(folder)) == 1


def test_missing_data_folder_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("DEEPSENSE_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match="DEEPSENSE_DATA"):
        registry.data_dir()
