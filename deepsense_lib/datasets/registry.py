"""Where the shipped data lie, and whether they are what was shipped.

Every folder of data carries a file `SHA256SUMS` in the format of `sha256sum`. Nothing is read from such a
folder before its bytes have been compared with that list, so a damaged file is named instead of misread.
"""

import hashlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from deepsense_lib.errors import DataError

SUMS = "SHA256SUMS"
_REMEDY = "Restore it with `git checkout -- data`, or rebuild it with `make data`."
_verified: dict[Path, tuple[int, int]] = {}


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a shipped file: its path, and what was found."""

    path: Path
    problem: str

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}"


def data_dir() -> Path:
    """Return the folder that holds the shipped data.

    The environment variable DEEPSENSE_DATA wins; otherwise it is `data/` beside the package, or, where only
    the package was installed, the folder that its wheel brought along.

    Raises:
        DataError: when there is no such folder.
    """
    chosen = os.environ.get("DEEPSENSE_DATA")
    folder = Path(chosen) if chosen else Path(__file__).resolve().parents[2] / "data"
    installed = Path(sys.prefix) / "share" / "deepsense" / "data"
    if not chosen and not folder.is_dir() and installed.is_dir():
        return installed
    if not folder.is_dir():
        cause = (
            "the environment variable DEEPSENSE_DATA names it" if chosen else "it ships beside the package"
        )
        raise DataError(
            f"the data folder '{folder}' does not exist ({cause}). "
            "Clone the whole project, or set DEEPSENSE_DATA to the folder that holds speech/ and faces/."
        )
    return folder


def shipped_sets() -> list[Path]:
    """Return every folder below the data folder that lists its files in SHA256SUMS."""
    return sorted(path.parent for path in data_dir().rglob(SUMS))


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_sums(folder: Path) -> dict[str, str]:
    """Return the listed hashes of a data folder: relative file name -> SHA-256.

    Raises:
        DataError: when the list is missing, or a line is not `hash  name` with a name inside the folder.
    """
    sums = Path(folder) / SUMS
    try:
        lines = sums.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read the list of hashes '{sums}': {error}. {_REMEDY}") from error
    listed = {}
    for number, line in enumerate(lines, start=1):
        digest, _, name = line.partition("  ")
        inside = name and not Path(name).is_absolute() and ".." not in Path(name).parts
        if len(digest) != 64 or set(digest) - set("0123456789abcdef") or not inside:
            raise DataError(
                f"{sums}, line {number}: found {line!r}, expected 64 hexadecimal digits, two spaces and a "
                f"file name inside the folder. {_REMEDY}"
            )
        listed[name] = digest
    return listed


def write_sums(folder: Path) -> Path:
    """Write SHA256SUMS for every file below a folder, sorted by name, and return its path."""
    folder = Path(folder)
    names = sorted(
        p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file() and p.name != SUMS
    )
    unfinished = folder / f"{SUMS}.part"
    text = "".join(f"{file_hash(folder / name)}  {name}\n" for name in names if name != unfinished.name)
    unfinished.write_text(text, encoding="utf-8")
    return unfinished.replace(folder / SUMS)


def verify(folder: Path) -> list[Fault]:
    """Compare every listed file of a data folder with its hash and return what is wrong (empty: nothing)."""
    folder = Path(folder)
    try:
        listed = read_sums(folder)
    except DataError as error:
        return [Fault(folder / SUMS, str(error))]
    return [fault for name, digest in listed.items() if (fault := _fault(folder / name, digest))]


def checked(path: Path) -> Path:
    """Return the path of a shipped file once its bytes match the hash that its folder lists.

    A file is hashed once per process and again only when its size or time of change differ.

    Raises:
        DataError: naming the file, the expected and the found hash, and the remedy.
    """
    path = Path(path)
    folder = _listing_folder(path)
    name = path.relative_to(folder).as_posix()
    listed = read_sums(folder)
    if name not in listed:
        raise DataError(f"'{path}' is not listed in '{folder / SUMS}', so it cannot be verified. {_REMEDY}")
    stamp = None
    if path.is_file():
        status = path.stat()
        stamp = (status.st_size, status.st_mtime_ns)
    if stamp is None or _verified.get(path) != stamp:
        if fault := _fault(path, listed[name]):
            raise DataError(f"{fault}. {_REMEDY}")
        _verified[path] = stamp
    return path


def _fault(path: Path, expected: str) -> Fault | None:
    if not path.is_file():
        return Fault(path, f"the file is missing (expected SHA-256 {expected})")
    try:
        found = file_hash(path)
    except OSError as error:
        return Fault(path, f"the file cannot be read ({error})")
    if found != expected:
        return Fault(path, f"the file is damaged: SHA-256 found {found}, expected {expected}")
    return None


def _listing_folder(path: Path) -> Path:
    root = data_dir()
    for folder in path.parents:
        if (folder / SUMS).is_file():
            return folder
        if folder == root:
            break
    raise DataError(
        f"no {SUMS} lists '{path}': expected one in its folder or above, up to '{root}'. {_REMEDY}"
    )
