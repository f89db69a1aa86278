"""The shipped face sets: pictures, labels and everything that is true about them.

Each set is a sheet of square tiles (`NAME.webp`) and a table with one line a tile (`NAME.csv`), in reading
order; `identities.csv` describes the persons. Files are compared with their hashes before they are read.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from deepsense_lib.datasets.registry import checked, data_dir, read_sums
from deepsense_lib.errors import DataError, InputError, MissingDependencyError
from deepsense_lib.faces.expressions import CLASSES, UNITS

LEVELS = ("lesson", "medium", "hard")
SPLITS = ("train", "validation", "test")
TILE = {"colour": 128}  # side in pixels; 64 where a set is not named
LANDMARKS = 68
_TEXT = ("age", "hair_style")  # attributes that are words; the others are numbers


@dataclass(frozen=True)
class FaceSet:
    """A set of faces with known truth, one row a picture.

    images: (n, side, side) uint8 grey, or (n, side, side, 3) RGB for the colour set. labels: (n,) int64,
    indices into `CLASSES`. identity: (n,) int64. action_units: (n, units) float32, in the order of `UNITS`,
    0 absent, 1 strongest usual. intensity: (n,) float32, factor on the class's prototype. pose: (n, 3)
    float32 yaw, pitch, roll in degrees. light_angle: (n, 2) float32 azimuth and elevation in degrees.
    light, occluder: (n,) words. eyes: (n, 2, 2) float32 column and row of the eyeballs in pixels, the
    viewer's left one first. landmarks: (n, 68, 2) float32 in pixels for the colour set, else None.
    attributes: name -> (n,) of the person: age, male, african, asian, caucasian, skin_tone, hair_style,
    beard, glasses.
    """

    name: str
    split: str
    images: np.ndarray
    labels: np.ndarray
    identity: np.ndarray
    action_units: np.ndarray
    intensity: np.ndarray
    pose: np.ndarray
    light_angle: np.ndarray
    light: np.ndarray
    occluder: np.ndarray
    eyes: np.ndarray
    landmarks: np.ndarray | None
    attributes: Mapping[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.labels)

    def subset(self, rows) -> FaceSet:
        """The same set with only some rows: indices or a boolean mask."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        chosen = {k: v[rows] if isinstance(v, np.ndarray) else v for k, v in values.items()}
        chosen["attributes"] = {k: v[rows] for k, v in self.attributes.items()}
        return FaceSet(**chosen)


def faces_available() -> tuple[str, ...]:
    """Names of the shipped sets that `load_faces` accepts. Raises DataError if none is listed."""
    names = _sheets()
    levels = [level for level in LEVELS if _splits(level)]
    others = sorted(n for n in names if n == "colour" or n.startswith("shift-"))
    if not (levels or others):
        raise DataError(f"no face sets in {_folder()}; restore data/faces, or rebuild it with `make data`")
    return (*levels, *others)


def _splits(level: str) -> list[str]:
    """Splits of a set: those of a level that ship; shift sets and the colour set are for tests only."""
    if level not in LEVELS:
        return ["test"]
    return [split for split in SPLITS if f"{level}-{split}" in _sheets()]


def _sheets() -> set[str]:
    """Names of the sheets that ship, by the list of hashes: a lost sheet is missed, not forgotten."""
    return {name.removesuffix(".webp") for name in read_sums(_folder()) if name.endswith(".webp")}


def load_faces(level: str = "lesson", split: str | None = None) -> FaceSet:
    """Load a face set.

    level: one of `faces_available()`. split: train, validation or test; the first that the set has if None.
    The three levels have all of them; the shift sets and the colour set are for tests.

    Raises:
        InputError: for an unknown set or split.
        DataError: if a file is missing, damaged or laid out in another way.
        MissingDependencyError: if Pillow is not installed.
    """
    known = faces_available()
    if level not in known:
        raise InputError(f"face set '{level}' is unknown; expected one of {', '.join(known)}")
    allowed = _splits(level)
    split = allowed[0] if split is None else split
    if split not in allowed:
        raise InputError(f"face set '{level}' has no split '{split}'; expected one of {', '.join(allowed)}")
    name = f"{level}-{split}" if level in LEVELS else level
    table = _read_table(checked(_folder() / f"{name}.csv"))
    images = _read_tiles(
        checked(_folder() / f"{name}.webp"), len(table["class"]), TILE.get(level, 64), level == "colour"
    )
    return _face_set(level, split, images, table, _folder() / f"{name}.csv")


def _folder() -> Path:
    return data_dir() / "faces"


def _read_table(path: Path) -> dict[str, list[str]]:
    """Columns of a CSV file with a header line."""
    try:
        with open(path, newline="", encoding="utf-8") as file:
            reader = csv.reader(file)
            header = next(reader)
            lines = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error, StopIteration) as fault:
        raise DataError(f"{path}: not a readable table ({fault!r}); restore data/faces") from fault
    for number, line in enumerate(lines, start=2):
        if len(line) != len(header):
            raise DataError(
                f"{path}, line {number}: {len(line)} fields, expected {len(header)}; restore data/faces"
            )
    return {name: [line[k] for line in lines] for k, name in enumerate(header)}


def _read_tiles(path: Path, count: int, side: int, colour: bool) -> np.ndarray:
    """The first `count` tiles of a sheet, in reading order."""
    try:
        from PIL import Image
    except ImportError as fault:
        raise MissingDependencyError("pillow") from fault
    try:
        with Image.open(path, formats=["WEBP"]) as picture:
            sheet = np.asarray(picture.convert("RGB" if colour else "L"))
    except (OSError, ValueError, SyntaxError) as fault:
        raise DataError(f"{path}: not a readable WebP sheet ({fault}); restore data/faces") from fault
    rows, columns = sheet.shape[0] // side, sheet.shape[1] // side
    if sheet.shape[0] % side or sheet.shape[1] % side or not 0 <= rows * columns - count < columns:
        raise DataError(
            f"{path}: {sheet.shape[1]} x {sheet.shape[0]} pixels, which is not the sheet of {count} tiles of "
            f"{side} pixels that its table describes; restore data/faces"
        )
    tiles = sheet.reshape(rows, side, columns, side, *sheet.shape[2:]).swapaxes(1, 2)
    return np.ascontiguousarray(tiles.reshape(rows * columns, side, side, *sheet.shape[2:])[:count])


def _face_set(level: str, split: str, images: np.ndarray, table: dict[str, list[str]], path: Path) -> FaceSet:
    def numbers(*names: str) -> np.ndarray:
        return np.array([table[name] for name in names], np.float32).T

    try:
        labels = np.array([CLASSES.index(name) for name in table["class"]], np.int64)
        identity = np.array(table["identity"], np.int64)
        marks = [f"{axis}{k}" for k in range(LANDMARKS) for axis in "xy"]
        return FaceSet(
            name=level,
            split=split,
            images=images,
            labels=labels,
            identity=identity,
            action_units=numbers(*(f"au{unit}" for unit in UNITS)),
            intensity=numbers("intensity")[:, 0],
            pose=numbers("yaw", "pitch", "roll"),
            light_angle=numbers("azimuth", "elevation"),
            light=np.array(table["light"]),
            occluder=np.array(table["occluder"]),
            eyes=numbers("eye0_x", "eye0_y", "eye1_x", "eye1_y").reshape(-1, 2, 2),
            landmarks=numbers(*marks).reshape(-1, LANDMARKS, 2) if "x0" in table else None,
            attributes=_attributes(identity),
        )
    except (KeyError, ValueError) as fault:
        raise DataError(
            f"{path}: a column or value is not as described ({fault!r}); restore data/faces"
        ) from fault


def _attributes(identity: np.ndarray) -> dict[str, np.ndarray]:
    """What is known of the persons, a row a picture."""
    table = _read_table(checked(_folder() / "identities.csv"))
    row = {int(person): k for k, person in enumerate(table.pop("identity"))}
    rows = np.array([row[int(person)] for person in identity])
    table.pop("split")
    return {
        name: np.array(values)[rows] if name in _TEXT else np.array(values, np.float32)[rows]
        for name, values in table.items()
    }
