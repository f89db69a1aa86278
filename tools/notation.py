"""The page "Notation": every symbol of the book, its identifier in code, its shape and its colour.

Collected from the calls `symbol_table({identifier: (symbol, meaning, role)})` in the chapters' cells.
"""

import ast
import html
import json
from dataclasses import dataclass
from pathlib import Path

from deepsense_lib.book.style import COLOURS

ROOT = Path(__file__).resolve().parents[1]
HEAD = ROOT / "tools" / "heads" / "notation.md"
ROLES = {
    "signal": "what comes in: a waveform, an image, an input",
    "spectrum": "what is computed on the way: a spectrum, a map of features",
    "mel": "a mel spectrogram, weights of an attention, what a model says",
    "model": "what was learned: weights, states, keys",
    "target": "what should come out: recordings, labels, alignments",
    "error": "what is wrong: a loss, a residual, an error",
}


@dataclass(frozen=True)
class Symbol:
    """One row: the symbol as text, its identifier, its meaning with its shape, its role or nothing."""

    symbol: str
    identifier: str
    meaning: str
    role: str


def symbols(notebook: Path) -> list[Symbol]:
    """Read the symbols that a chapter declares.

    Raises:
        ValueError: when a chapter's table is not written out, so that it cannot be read without running it.
    """
    found = []
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] != "code" or "symbol_table(" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "symbol_table":
                try:
                    rows = ast.literal_eval(node.args[0])
                except (ValueError, IndexError):
                    raise ValueError(
                        f"{notebook.name}: symbol_table needs a dictionary written out"
                    ) from None
                found += [Symbol(row[0], name, row[1], row[2]) for name, row in rows.items()]
    return found


def notation_page(pages: list[str], root: Path = ROOT) -> str:
    """Write the page in Markdown, for the pages of the table of contents that are notebooks."""
    lines = [HEAD.read_text(encoding="utf-8") + "\n| role | what it stands for |", "|---|---|"]
    for role in COLOURS:
        lines.append(f'| <span class="sym-{role}">**{role}**</span> | {ROLES[role]} |')
    places: dict[str, list[tuple[str, str]]] = {}
    for page in pages:
        notebook = root / f"{page}.ipynb"
        rows = symbols(notebook) if notebook.is_file() else []
        if not rows:
            continue
        lines += ["", f"## {_title(notebook)}", "", f"From {{doc}}`/{page}`.", "", *_table(rows)]
        for row in rows:
            for letter in row.symbol.split(", "):
                places.setdefault(letter, []).append((page, row.meaning))
    lines += ["", "## Letters that serve twice", "", "| symbol | chapter | meaning |", "|---|---|---|"]
    for letter, uses in sorted(places.items()):
        if len({meaning for _, meaning in uses}) > 1:
            for page, meaning in uses:
                lines.append(f"| {_text(letter)} | {{doc}}`/{page}` | {_text(meaning)} |")
    return "\n".join(lines) + "\n"


def _table(rows: list[Symbol]) -> list[str]:
    lines = ["| symbol | in code | meaning |", "|---|---|---|"]
    for row in rows:
        shown = _text(row.symbol)
        if row.role:
            shown = f'<span class="sym-{row.role}">{shown}</span>'
        lines.append(f"| {shown} | `{row.identifier}` | {_text(row.meaning)} |")
    return lines


def _text(text: str) -> str:
    return html.escape(text, quote=False).replace("|", "\\|").replace("*", "\\*").replace("_", "\\_")


def _title(notebook: Path) -> str:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    first = next(cell for cell in cells if "".join(cell["source"]).startswith("# "))
    return "".join(first["source"]).splitlines()[0].removeprefix("# ")
