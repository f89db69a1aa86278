"""Keep the cell at the top of each chapter that fetches the package and its data where they are missing.

    python tools/fetch_cell.py sync [NOTEBOOK ...]    put the cell into chapters, or renew it
    python tools/fetch_cell.py check [NOTEBOOK ...]   say which chapters lack it, change nothing

The cell does nothing where the package is installed. Elsewhere, as on Colab, it installs the package from the
repository that `pyproject.toml` names; the wheel carries the shipped data. Putting the cell in moves the
numbers of the other cells up and changes nothing else, so no chapter has to run again.
"""

import argparse
import os
import sys
import tomllib
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]
CELL_ID = "fetch-deepsense"


def repository(root: Path = ROOT) -> str:
    """Give the address of the public repository, as `pyproject.toml` names it."""
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"][
        "Repository"
    ]


def source(address: str) -> str:
    """Give the code of the cell, one line, for a repository's address."""
    install = f"install -q deepsense-lib[run]@git+{address}"
    return (
        '_ = __import__("importlib.util").util.find_spec("deepsense_lib") or '
        f'get_ipython().run_line_magic("pip", "{install}")  # fmt: skip # noqa: E501'
    )


def put(notebook, address: str) -> bool:
    """Put the cell before the first code cell, or renew it, in place; say whether anything changed."""
    codes = [cell for cell in notebook.cells if cell.cell_type == "code"]
    text = source(address)
    if codes and codes[0].get("id") == CELL_ID:
        changed = codes[0].source != text
        codes[0].source = text
        return changed
    cell = nbformat.v4.new_code_cell(text, execution_count=1, metadata={"tags": ["hide-input"]})
    cell.id = CELL_ID
    for other in codes:
        if other.execution_count is not None:
            other.execution_count += 1
            for output in other.outputs:
                if output.output_type == "execute_result":
                    output.execution_count += 1
    first = next((k for k, c in enumerate(notebook.cells) if c.cell_type == "code"), len(notebook.cells))
    notebook.cells.insert(first, cell)
    return True


def main(arguments: list[str] | None = None) -> int:
    """Run one command; give 1 if `check` finds a chapter without the cell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=("sync", "check"))
    parser.add_argument("notebooks", nargs="*", type=Path)
    options = parser.parse_args(arguments)
    status = 0
    for path in options.notebooks or sorted((ROOT / "chapters").rglob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        changed = put(notebook, repository())
        if options.command == "check":
            status |= changed
        elif changed:
            temporary = path.with_name(f".{path.name}.tmp")
            temporary.write_text(nbformat.writes(notebook, version=4) + "\n", encoding="utf-8", newline="\n")
            os.replace(temporary, path)
        word = {"check": "lacks the cell", "sync": "changed"}[options.command]
        print(f"{path.name}: {word if changed else 'in step'}")
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
