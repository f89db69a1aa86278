"""Keep the lines "Kept by" of the chapter "Errata laboratory" in step with the register of errata.

    python tools/errata_pointers.py sync     write the lines anew from `deepsense_lib/book/errata.json`
    python tools/errata_pointers.py check    say which lines differ, change nothing

The register names for each erratum the tests that keep it repaired, and the page that goes on from there.
When a chapter comes that treats an erratum better, change `page` or `tests` in the register and run `sync`.
Only Markdown changes, so the chapter need not run again.
"""

import argparse
import os
import re
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from deepsense_lib.book import errata  # noqa: E402

CHAPTER = ROOT / "chapters" / "together" / "errata_lab.ipynb"
LINE = re.compile(r"^\*\*Kept by\*\*.*$", re.MULTILINE)
# Pages that exist only in the built site.
GENERATED = {
    "reference/data.md": "Data cards",
    "reference/formulas.md": "Formula index",
    "reference/graders.md": "How well the exercises' checks refuse spoilt answers",
    "reference/models.md": "Model cards",
    "reference/notation.md": "Notation",
}


def title(page: str) -> str:
    """Give the heading of a page, named by its path below `chapters/`."""
    if page in GENERATED:
        return GENERATED[page]
    path = ROOT / "chapters" / page
    if path.suffix == ".ipynb":
        cells = nbformat.read(path, as_version=4).cells
        text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    else:
        text = path.read_text(encoding="utf-8")
    return re.search(r"^# (.+)$", text, re.MULTILINE)[1].strip()


def line(erratum: errata.Erratum) -> str:
    """Give the line for an erratum."""
    tests = ", ".join(f"`{test}`" for test in erratum.tests)
    return f"**Kept by** {tests}. More: [{title(erratum.page)}](../{erratum.page})."


def put(notebook) -> list[str]:
    """Write the lines into a notebook, in place; name the errata whose line changed."""
    changed, number = [], None
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            continue
        for heading in re.finditer(r"^#{1,3} (?:E(\d+)\b)?", cell.source, re.MULTILINE):
            number = int(heading[1]) if heading[1] else None
        if number and LINE.search(cell.source):
            text = LINE.sub(lambda _, n=number: line(errata.get(n)), cell.source)
            if text != cell.source:
                changed.append(f"E{number}")
                cell.source = text
    return changed


def main(arguments: list[str] | None = None) -> int:
    """Run one command; give 1 if `check` finds a line out of step."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=("sync", "check"))
    command = parser.parse_args(arguments).command
    notebook = nbformat.read(CHAPTER, as_version=4)
    changed = put(notebook)
    if changed and command == "sync":
        temporary = CHAPTER.with_name(f".{CHAPTER.name}.tmp")
        temporary.write_text(nbformat.writes(notebook, version=4) + "\n", encoding="utf-8", newline="\n")
        os.replace(temporary, CHAPTER)
    print(f"{CHAPTER.name}: {', '.join(changed) + ' changed' if changed else 'in step'}")
    return int(bool(changed) and command == "check")


if __name__ == "__main__":
    sys.exit(main())
