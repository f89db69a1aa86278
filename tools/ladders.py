"""Write the page "Two ladders": what every voice and every recogniser of the course reaches, side by side.

    python tools/ladders.py [--root FOLDER]      writes chapters/reference/ladders.md

The prose stands in `tools/heads/ladders.md`, the figures come from `ladder_sources.py`. A system that appears
there appears on the page; a figure that was not measured is a dash. The same files give the same page.
"""

import argparse
import html
import string
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # its parts are tools beside this one

from ladder_markup import Interval, matrix, players, remark, shown, table
from ladder_sources import name_of, recognisers, title, voices

from deepsense_lib.datasets.faces import CLASSES, LEVELS
from deepsense_lib.evaluation.classification import over_seeds, wilson

ROOT = Path(__file__).resolve().parents[1]
HEAD = Path(__file__).parent / "heads" / "ladders.md"
LESSON_PICTURES = 1050  # in the test part
SHIFT_PICTURES = 210  # in each shift set
SOUNDS = "../../ladders"  # from the page
MEASURES = {  # key -> (head of the column, words in a remark, which is best, unit)
    "cer_test": ("errors: recordings' texts", "Errors on the recordings' texts", "lowest", "%"),
    "cer_in": ("errors: new sentences", "Errors on new sentences", "lowest", "%"),
    "cer_outside": ("errors: other domains", "Errors in other domains", "lowest", "%"),
    "dnsmos": ("DNSMOS", "DNSMOS", "highest", "2"),
    "mcd_db": ("MCD (dB)", "Mel-cepstral distortion", "lowest", "2"),
}


def speech(root: Path) -> dict[str, str]:
    """Write the slots of the half about voices."""
    rungs, sentences = voices(root)
    listen = []
    for sentence, words in sentences.items():
        sounds = {n: f"{SOUNDS}/{r['sounds'][sentence]}" for n, r in rungs.items() if "sounds" in r}
        listen += ["", f"#### “{words}”", "", players(words, sounds)]
    rows, costs = [], []
    for name, row in rungs.items():
        figures = [shown(_interval(row.get(key)), unit) for key, (_, _, _, unit) in MEASURES.items()]
        rows.append([title(name, root), *figures, _plain(row.get("focus_rate"), "{:.2f}")])
        costs.append(
            [
                title(name, root),
                html.escape(", ".join(row["parts"]) or "none"),
                _plain(row["parameters"], "{:,}"),
                _plain(row["minutes"], "{:.1f}"),
                _plain(row.get("real_time_factor_one_core"), "{:.3f}"),
            ]
        )
    heads = [f"{head} (%)" if unit == "%" else head for head, _, _, unit in MEASURES.values()]
    counts = {
        key: max(row.get(f"sentences_{key}", 0) for row in rungs.values())
        for key in ("test", "in", "outside")
    }
    return {
        "listen": "\n".join(listen),
        "test": str(counts["test"]),
        "new": str(counts["in"]),
        "outside": str(counts["outside"]),
        "voices": table("Voices: errors, quality, distortion", ["system", *heads, "focus rate"], rows),
        "voice_remarks": _voice_remarks(rungs),
        "voice_costs": table(
            "Voices: size, training and speed",
            ["system", "checkpoints", "parameters", "training (CPU-minutes)", "real-time factor"],
            costs,
        ),
    }


def _voice_remarks(rungs: dict[str, dict]) -> str:
    """Compare the systems that start from a recording with each other, and those that start from text."""
    remarks = []
    for key, (_, words, best, unit) in MEASURES.items():
        for kind, reads in (("from a recording", False), ("from text", True)):
            found = {n: Interval(*r[key]) for n, r in rungs.items() if r["from_text"] is reads and r.get(key)}
            remarks.append(remark(f"{words}, {kind}", found, best=best, unit=unit))
    return _bullets(remarks)


def estimate(runs: list[dict], figure: Callable[[dict], object], pictures: int) -> Interval | None:
    """Mean over the runs, with the wider of two intervals: over the seeds, and over the pictures.

    `figure` gives a run's share of right answers, alone or with its own interval, or None if not measured.
    """
    values = [figure(run) for run in runs]
    values = [value[0] if isinstance(value, list) else value for value in values if value is not None]
    if not values:
        return None
    mean = sum(values) / len(values)
    by_picture = wilson(round(mean * pictures), pictures)
    low, high = by_picture.low, by_picture.high
    if len(values) > 1:
        by_seed = over_seeds(values)
        low, high = min(low, by_seed.low), max(high, by_seed.high)
    return Interval(mean, max(low, 0.0), min(high, 1.0))


def faces(root: Path) -> dict[str, str]:
    """Write the slots of the half about recognisers."""
    systems = recognisers(root)
    levels = {
        level: {
            system: estimate(runs.get(level, []), lambda run: run["accuracy"], _pictures(runs.get(level, [])))
            for system, runs in systems.items()
        }
        for level in LEVELS
    }
    rows = [
        [
            title(system, root),
            str(max(map(len, runs.values()))),
            *(shown(levels[level][system], "%") for level in LEVELS),
        ]
        for system, runs in systems.items()
    ]
    remarks = [_compared(f"Level {level}", found) for level, found in levels.items()]
    pictures = [_matrices(systems, level) for level in LEVELS]
    return {
        "levels": table(
            "Recognisers: accuracy (%)",
            ["system", "runs", *LEVELS],
            rows,
        ),
        "level_remarks": _bullets(remarks),
        "costs": _costs(systems, root),
        "matrices": "\n".join(text for text in pictures if text),
        **_shifts(systems, root),
    }


def _shifts(systems: dict, root: Path) -> dict[str, str]:
    """Write the accuracy of what was trained on the lesson, when one thing changes."""
    trained = {s: runs["lesson"] for s, runs in systems.items() if "lesson" in runs}
    every = [run.get("shift_accuracy", {}) for runs in trained.values() for run in runs]
    trained = {s: runs for s, runs in trained.items() if any("shift_accuracy" in run for run in runs)}
    rows, remarks = [], []
    for shift in dict.fromkeys(name for measured in every for name in measured):

        def right(run, shift=shift):
            return run.get("shift_accuracy", {}).get(shift)

        found = {s: estimate(runs, right, SHIFT_PICTURES) for s, runs in trained.items()}
        rows.append([shift, *(shown(interval, "%") for interval in found.values())])
        remarks.append(_compared(shift, found))
    heads = ["shift", *(title(system, root) for system in trained)]
    return {
        "shift_pictures": str(SHIFT_PICTURES),
        "shifts": table("Recognisers under shifts: accuracy (%)", heads, rows),
        "shift_remarks": _bullets(remarks),
    }


def _costs(systems: dict, root: Path) -> str:
    """Write the table of size, training and speed of the recognisers."""
    rows = []
    for system, levels in systems.items():
        every = [run for runs in levels.values() for run in runs]
        spent = [_mean([run.get("cpu_seconds") for run in levels.get(level, [])]) for level in LEVELS]
        speeds = [_mean([run.get("images_per_second", {}).get(n) for run in every]) for n in ("1", "64")]
        rows.append(
            [
                title(system, root),
                _plain(every[0].get("parameters"), "{:,}"),
                *(_plain(None if s is None else s / 60, "{:.1f}") for s in spent),
                *(_plain(speed, "{:,.0f}") for speed in speeds),
            ]
        )
    training = [f"training, {level} (CPU-minutes)" for level in LEVELS]
    heads = ["system", "parameters", *training, "pictures per second, singly", "in batches of 64"]
    return table("Recognisers: size, training and speed", heads, rows)


def _matrices(systems: dict, level: str) -> str:
    """Write the confusion matrices of one level, each summed over the runs of a system."""
    tables = []
    for system, runs in systems.items():
        counts = [run["confusion"] for run in runs.get(level, []) if "confusion" in run]
        if counts:
            added = [[sum(cell) for cell in zip(*rows, strict=True)] for rows in zip(*counts, strict=True)]
            tables.append(matrix(name_of(system), added, CLASSES))
    if not tables:
        return ""
    return f'\n#### Level {level}\n\n<div class="ds-matrices">{"".join(tables)}</div>'


def _compared(words: str, found: dict[str, Interval | None]) -> str:
    known = {name_of(system): interval for system, interval in found.items() if interval}
    return remark(words, known, best="highest", unit="%")


def _pictures(runs: list[dict]) -> int:
    """Count the test pictures behind one run's accuracy; baselines in cards have no matrix to count."""
    return next((sum(map(sum, run["confusion"])) for run in runs if "confusion" in run), LESSON_PICTURES)


def _bullets(remarks: list[str]) -> str:
    return "\n".join(f"- {text}" for text in remarks if text)


def _interval(figure: list | None) -> Interval | None:
    return Interval(*figure) if figure else None


def _plain(value: float | None, form: str) -> str:
    return "–" if value is None else form.format(value)


def _mean(values: list) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def ladders_page(root: Path = ROOT) -> str:
    """Write the page in Markdown.

    Raises:
        DataError: when a file that the page needs is missing; names it, and the command that makes it.
    """
    return string.Template(HEAD.read_text(encoding="utf-8")).substitute(speech(root) | faces(root))


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=ROOT)
    root = parser.parse_args().root
    target = root / "chapters" / "reference" / "ladders.md"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(ladders_page(root), encoding="utf-8", newline="\n")
    print(f"wrote {target.relative_to(root)}")


if __name__ == "__main__":
    main()
