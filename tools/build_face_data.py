"""Render the frozen face sets of `data/faces`: sprite sheets (WebP) with a table of truth (CSV) beside each.

Usage: python tools/build_face_data.py [SET ...]      (all sets when none is named; about 10 CPU-minutes)
Every picture has its own seed, made of the set, the person and the class, so a set can be rebuilt alone.
"""

from __future__ import annotations

import argparse
import csv
import os
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from deepsense_lib.datasets.registry import write_sums
from deepsense_lib.faces.expressions import CLASSES, UNITS, sample_expression
from deepsense_lib.faces.identity import sample_identity
from deepsense_lib.faces.renderer import render
from deepsense_lib.faces.scene import sample_scene

OUT = Path(__file__).resolve().parents[1] / "data" / "faces"
COLUMNS = 70  # ten persons a row of the sheet
QUALITY = 82
TRAIN, VALIDATION, TEST = 0, 1000, 2000  # first identity of each split


@dataclass(frozen=True)
class Plan:
    """One sheet: its name, the persons, the difficulty, what is fixed in every scene, and the random stream.

    Sheets with the same stream draw the same expressions and scenes, and so differ only in what is fixed.
    """

    name: str
    persons: range
    stream: int
    difficulty: str = "lesson"
    fixed: dict = field(default_factory=dict)
    size: int = 64
    colour: bool = False


def _shift(name: str, **fixed) -> Plan:
    fixed = {"yaw": 0.0, "pitch": 0.0, "light": "front"} | fixed
    return Plan(f"shift-{name}", range(TEST, TEST + 30), 40, fixed=fixed)


PLANS = (
    Plan("lesson-train", range(TRAIN, TRAIN + 750), 10),
    Plan("lesson-validation", range(VALIDATION, VALIDATION + 100), 11),
    Plan("lesson-test", range(TEST, TEST + 150), 12),
    Plan("medium-train", range(TRAIN, TRAIN + 250), 20, "medium"),
    Plan("medium-validation", range(VALIDATION, VALIDATION + 50), 21, "medium"),
    Plan("medium-test", range(TEST, TEST + 100), 22, "medium"),
    Plan("hard-train", range(TRAIN, TRAIN + 300), 30, "hard"),
    Plan("hard-validation", range(VALIDATION, VALIDATION + 50), 31, "hard"),
    Plan("hard-test", range(TEST, TEST + 100), 32, "hard"),
    _shift("front"),
    _shift("yaw15", yaw=15.0),
    _shift("yaw30", yaw=30.0),
    _shift("yaw45", yaw=45.0),
    _shift("light-side", light="side"),
    _shift("light-low", light="low"),
    _shift("light-dim", light="dim"),
    _shift("glasses", occluder="glasses"),
    _shift("mask", occluder="mask"),
    _shift("hand", occluder="hand"),
    Plan("colour", range(TEST + 150, TEST + 193), 50, size=128, colour=True),
)


def staged(plan: Plan, person: int, label: int):
    """Who does what where in one picture: identity, expression and scene."""
    identity = sample_identity(person)
    stream = [plan.stream, person, label]
    face = np.random.Generator(np.random.PCG64([*stream, 0]))
    place = np.random.Generator(np.random.PCG64([*stream, 1]))
    expression = sample_expression(CLASSES[label], face, identity)
    scene = sample_scene(place, plan.difficulty, **plan.fixed)
    if plan.name.startswith("shift-yaw") and (person + label) % 2:
        scene = replace(scene, yaw=-scene.yaw)
    return identity, expression, scene


def draw(plan: Plan, person: int, label: int):
    """The picture of one person and class, with its expression and scene."""
    identity, expression, scene = staged(plan, person, label)
    return render(identity, expression, scene, plan.size), expression, scene


def truth(person: int, label: int, rendering, expression, scene, with_landmarks: bool) -> dict:
    """One row of the table."""
    row = {"class": CLASSES[label], "identity": person, "intensity": f"{expression.intensity:.3f}"}
    row |= {
        f"au{unit}": f"{value:.3f}".rstrip("0").rstrip(".")
        for unit, value in zip(UNITS, expression.vector(), strict=True)
    }
    row |= {name: f"{getattr(scene, name):.1f}" for name in ("yaw", "pitch", "roll", "azimuth", "elevation")}
    row |= {"light": scene.light, "occluder": scene.occluder}
    eyes = rendering.eyes.ravel()
    row |= {
        name: f"{value:.1f}"
        for name, value in zip(("eye0_x", "eye0_y", "eye1_x", "eye1_y"), eyes, strict=True)
    }
    if with_landmarks:
        for k, (x, y) in enumerate(rendering.landmarks):
            row |= {f"x{k}": f"{x:.1f}", f"y{k}": f"{y:.1f}"}
    return row


def write_csv(path: Path, rows: list[dict]) -> None:
    part = path.with_suffix(".part")
    with open(part, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    os.replace(part, path)


def build(plan: Plan, out: Path) -> None:
    """Render a set and write NAME.webp and NAME.csv."""
    jobs = [(person, label) for person in plan.persons for label in range(len(CLASSES))]
    columns = COLUMNS if not plan.colour else 21
    rows_of_tiles = -(-len(jobs) // columns)
    shape = (rows_of_tiles * plan.size, columns * plan.size) + ((3,) if plan.colour else ())
    sheet, rows = np.zeros(shape, np.uint8), []
    for k, (person, label) in enumerate(tqdm(jobs, desc=plan.name, mininterval=10)):
        rendering, expression, scene = draw(plan, person, label)
        top, left = (k // columns) * plan.size, (k % columns) * plan.size
        tile = rendering.image if plan.colour else rendering.grey
        sheet[top : top + plan.size, left : left + plan.size] = tile
        rows.append(truth(person, label, rendering, expression, scene, plan.colour))
    part = out / f"{plan.name}.part"
    Image.fromarray(sheet).save(part, "WEBP", quality=QUALITY, method=6)
    os.replace(part, out / f"{plan.name}.webp")
    write_csv(out / f"{plan.name}.csv", rows)


def persons_table(out: Path) -> None:
    """identities.csv: who the persons are."""
    rows = []
    for person in sorted({person for plan in PLANS for person in plan.persons}):
        identity = sample_identity(person)
        look = identity.look
        split = ("train", "validation", "test")[person // 1000]
        african, asian, caucasian = (f"{share:.3f}" for share in identity.ancestry)
        rows.append(
            {
                "identity": person,
                "split": split,
                "age": identity.age,
                "male": f"{identity.male:.3f}",
                "african": african,
                "asian": asian,
                "caucasian": caucasian,
                "skin_tone": f"{look.skin_tone:.3f}",
                "hair_style": look.hair_style,
                "beard": f"{look.beard:.2f}",
                "glasses": int(look.glasses is not None),
            }
        )
    write_csv(out / "identities.csv", rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="*", help="names of sets; all when none is named")
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    known = {plan.name: plan for plan in PLANS}
    unknown = set(arguments.sets) - set(known)
    if unknown:
        raise SystemExit(f"unknown sets: {', '.join(sorted(unknown))}; known are {', '.join(known)}")
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name in arguments.sets or known:
        build(known[name], arguments.out)
    persons_table(arguments.out)
    write_sums(arguments.out)


if __name__ == "__main__":
    main()
