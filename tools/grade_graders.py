"""Measure how good the exercises' checks are: write data/experiments/graders.json, and make a page of it.

    python tools/grade_graders.py [CHAPTER ...]

For each exercise: the reference must pass, the stub must be told what to do, each wrong answer must get its
own hint. Then the reference is spoilt in small ways (tools/mutants.py), and the spoilt copies must be
refused. Each copy that passes is judged by hand in tools/judged_mutants.json. Without chapters, the exercises
whose files have changed since the last measurement are measured again.
"""

import dataclasses
import hashlib
import importlib
import inspect
import json
import sys
from pathlib import Path

from mutants import mutants

from deepsense_lib import exercises
from deepsense_lib.datasets.registry import write_sums
from deepsense_lib.exercises.cells import source
from deepsense_lib.exercises.engine import CORRECT, NOT_ATTEMPTED, WRONG, Choice, Exercise, Number
from deepsense_lib.files import write_atomically

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "data" / "experiments" / "graders.json"
JUDGED = ROOT / "tools" / "judged_mutants.json"
SECONDS = 3.0
HEAD = ROOT / "tools" / "heads" / "graders.md"


def fingerprint(chapter: str, name: str) -> str:
    """Give the SHA-256 sum of an exercise's file, the same on every system."""
    path = exercises.FOLDER / chapter / f"{name}.py"
    return hashlib.sha256(path.read_text(encoding="utf-8").encode("utf-8")).hexdigest()


def measure(chapter: str, name: str) -> dict:
    """Measure one exercise; give its row of the report."""
    exercise = exercises.get(chapter, name)
    module = importlib.import_module(f"deepsense_lib.exercises.{chapter}.{name}")
    namespace = dict(vars(module))
    exec(source(chapter, name, "stub")[1], namespace)
    caught = [_own_hint(exercise, wrong) for wrong in exercise.wrong]
    row = {
        "chapter": chapter,
        "name": name,
        "title": exercise.title,
        "kind": type(exercise).__name__,
        "level": exercise.level,
        "sha256": fingerprint(chapter, name),
        "reference_passes": exercise.attempt(exercise.reference).state == CORRECT,
        "stub_helps": exercise.attempt(namespace[f"my_{name}"]).state == NOT_ATTEMPTED,
        "wrong_answers": len(caught),
        "wrong_answers_caught": sum(caught),
        "mutants": 0,
        "survivors": [],
    }
    if isinstance(exercise, Exercise):
        row["mutants"], row["survivors"] = _survivors(exercise, vars(module))
    elif isinstance(exercise, Number):
        near = [exercise.answer * factor for factor in (0.5, 0.9, 1.1, 2.0, -1.0)]
        # One more or less is a fault only where it is a large part of the answer.
        near += [exercise.answer + 1, exercise.answer - 1] if abs(exercise.answer) < 20 else []
        near = [value for value in near if value != exercise.answer]
        row["mutants"] = len(near)
        row["survivors"] = [f"{value:g}" for value in near if exercise.attempt(value).state == CORRECT]
    return row


def _own_hint(exercise: Exercise | Choice | Number, wrong) -> bool:
    result = exercise.attempt(wrong.answer)
    return result.state == WRONG and wrong.hint in result.text


def _survivors(exercise: Exercise, names: dict) -> tuple[int, list[str]]:
    strict = dataclasses.replace(exercise, seconds=SECONDS)
    function = inspect.unwrap(exercise.solution)
    found, passed = mutants(inspect.getsource(function)), []
    for mutant in found:
        namespace = dict(names)
        exec(compile(mutant.code, "<mutant>", "exec"), namespace)
        if strict.attempt(namespace[function.__name__]).state == CORRECT:
            passed.append(mutant.name)
    return len(found), passed


def load() -> list[dict]:
    """Read the rows of the last measurement."""
    return json.loads(RESULT.read_text(encoding="utf-8"))["exercises"] if RESULT.is_file() else []


def judgements() -> dict[str, dict[str, str]]:
    """Read, for each exercise, what was found about each copy that passes."""
    return json.loads(JUDGED.read_text(encoding="utf-8"))


def refused(rows: list[dict]) -> tuple[int, int]:
    """Count (copies that were refused, copies)."""
    total = sum(row["mutants"] for row in rows)
    return total - sum(len(row["survivors"]) for row in rows), total


def graders_page() -> str:
    """Write the page "How good are the checks?" in Markdown."""
    rows, judged = load(), judgements()
    known, total = refused(rows)
    lines = [
        HEAD.read_text(encoding="utf-8").format(
            exercises=len(rows), refused=known, copies=total, share=known / total
        )
    ]
    for chapter in dict.fromkeys(row["chapter"] for row in rows):
        here = [row for row in rows if row["chapter"] == chapter]
        lines += ["", f"## {chapter.replace('_', ' ').capitalize()}", ""]
        lines += [
            "| exercise | level | reference | stub | wrong answers | spoilt copies |",
            "|---|---|---|---|---|---|",
        ]
        for row in here:
            marks = ["✓" if row[key] else "✗" for key in ("reference_passes", "stub_helps")]
            caught = f"{row['wrong_answers_caught']} of {row['wrong_answers']}"
            copies = f"{row['mutants'] - len(row['survivors'])} of {row['mutants']}" if row["mutants"] else ""
            lines.append(
                f"| {row['title']} | {row['level']} | {marks[0]} | {marks[1]} | {caught} | {copies} |"
            )
        for row in here:
            for name in row["survivors"]:
                verdict = judged[f"{row['chapter']}/{row['name']}"][name]
                before, _, after = name.partition(" → ")
                lines += ["", f"*{row['title']}*: a copy passes. {verdict}", ""]
                lines += [
                    "```python",
                    before,
                    f"{after}  # spoilt" if after != "left out" else "# left out",
                    "```",
                ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Measure, write, print the share of copies that the checks refuse and those that pass."""
    wanted = sys.argv[1:]
    known = {(row["chapter"], row["name"]): row for row in load()}
    rows = []
    for chapter in exercises.chapters():
        for name in exercises.names(chapter):
            row = known.get((chapter, name))
            if row is None or row["sha256"] != fingerprint(chapter, name) or chapter in wanted:
                row = measure(chapter, name)
                print(f"{chapter}/{name}: {row['mutants']} copies, {len(row['survivors'])} pass", flush=True)
            rows.append(row)
    text = json.dumps({"exercises": rows}, indent=1, ensure_ascii=False) + "\n"
    write_atomically(RESULT, text.encode("utf-8"))
    write_sums(RESULT.parent)
    judged = judgements()
    good, total = refused(rows)
    print(f"{good} of {total} spoilt copies are refused ({good / total:.1%}); these pass:")
    for row in rows:
        for name in row["survivors"]:
            exercise = f"{row['chapter']}/{row['name']}"
            print(f"  {exercise}: {name}\n    {judged.get(exercise, {}).get(name, 'NOT JUDGED')}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
