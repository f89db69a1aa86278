"""Keep exercises in notebooks equal to their files, and cut student and instructor editions.

    python tools/exercises.py add NOTEBOOK [NAME ...]   append the cells of exercises that are not there yet
    python tools/exercises.py sync NOTEBOOK ...         rewrite the exercise cells from their files
    python tools/exercises.py check NOTEBOOK ...        say what is out of step, change nothing
    python tools/exercises.py student OUT [NOTEBOOK ...]     solutions cut
    python tools/exercises.py instructor OUT [NOTEBOOK ...]  solutions filled into the stubs

An exercise cell carries metadata {"deepsense": {"exercise": "<chapter>/<name>", "part": "<part>"}} with the
part prompt, stub, check or solution. The chapter of a notebook is its file name.
"""

import argparse
import os
import sys
from pathlib import Path

import nbformat

from deepsense_lib import exercises
from deepsense_lib.errors import InputError
from deepsense_lib.exercises.cells import PARTS, solution_code, source

ROOT = Path(__file__).resolve().parents[1]


def part_of(cell) -> tuple[str, str, str] | None:
    """Give (chapter, exercise, part) of an exercise cell, or None.

    Raises:
        SystemExit: if the mark is not of the form that is documented above.
    """
    mark = cell.metadata.get("deepsense", {})
    if "exercise" not in mark:
        return None
    chapter, _, name = mark["exercise"].partition("/")
    if not name or mark.get("part") not in PARTS:
        sys.exit(f"cell {cell.get('id', '?')}: found {dict(mark)}, expected chapter/name and one of {PARTS}")
    return chapter, name, mark["part"]


def differing(notebook) -> list[str]:
    """List the exercise cells whose text is not what their exercise's file gives."""
    found = []
    for cell in notebook.cells:
        mark = part_of(cell)
        if mark and (cell.cell_type, cell.source) != source(*mark):
            found.append("/".join(mark))
    return found


def sync(notebook) -> list[str]:
    """Rewrite the exercise cells from their files, in place; give what was changed."""
    changed = differing(notebook)
    for cell in notebook.cells:
        mark = part_of(cell)
        if mark:
            cell.cell_type, cell.source = source(*mark)
    return changed


def add(notebook, chapter: str, names: list[str]) -> list[str]:
    """Append the four cells of each exercise that the notebook does not have; give their names."""
    present = {mark[:2] for mark in map(part_of, notebook.cells) if mark}
    added = [name for name in names or exercises.names(chapter) if (chapter, name) not in present]
    for name in added:
        for part in PARTS:
            kind, text = source(chapter, name, part)
            make = nbformat.v4.new_markdown_cell if kind == "markdown" else nbformat.v4.new_code_cell
            cell = make(text, metadata={"deepsense": {"exercise": f"{chapter}/{name}", "part": part}})
            cell.id = f"{name.replace('_', '-')}-{part}"[:64]
            notebook.cells.append(cell)
    return added


def edition(notebook, *, instructor: bool):
    """Give a copy without solutions, or with the solutions in place of the stubs; outputs are left out."""
    copy = nbformat.from_dict(notebook)
    kept = []
    for cell in copy.cells:
        mark = part_of(cell)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        if mark and mark[2] == "solution" and not instructor:
            continue
        if mark and mark[2] == "stub" and instructor:
            cell.source = solution_code(mark[1], exercises.get(*mark[:2]))
        kept.append(cell)
    copy.cells = kept
    return copy


def write(notebook, path: Path) -> None:
    """Write a notebook under a temporary name and rename it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(nbformat.writes(notebook, version=4) + "\n", encoding="utf-8", newline="\n")
    os.replace(temporary, path)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; give 1 if `check` finds a difference."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=("add", "sync", "check", "student", "instructor"))
    parser.add_argument("arguments", nargs="*")
    options = parser.parse_args(arguments)
    try:
        return _run(options.command, options.arguments)
    except InputError as error:
        sys.exit(str(error))


def _run(command: str, arguments: list[str]) -> int:
    chapters = sorted((ROOT / "chapters").rglob("*.ipynb"))
    if command in ("student", "instructor", "add") and not arguments:
        sys.exit(f"{command} needs a {'notebook' if command == 'add' else 'folder to write to'}")
    if command in ("student", "instructor"):
        out = Path(arguments[0])
        for path in [Path(name) for name in arguments[1:]] or chapters:
            notebook = nbformat.read(path, as_version=4)
            write(edition(notebook, instructor=command == "instructor"), out / path.name)
            print(out / path.name)
        return 0
    paths = [Path(arguments[0])] if command == "add" else [Path(name) for name in arguments] or chapters
    status = 0
    for path in paths:
        notebook = nbformat.read(path, as_version=4)
        if command == "check":
            changed = differing(notebook)
            status |= bool(changed)
        else:
            changed = add(notebook, path.stem, arguments[1:]) if command == "add" else sync(notebook)
            if changed:
                write(notebook, path)
        print(f"{path.name}: {', '.join(changed) or 'in step'}")
    return status


if __name__ == "__main__":
    sys.exit(main())
