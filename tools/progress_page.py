"""The page "Your progress": each chapter and each exercise with a place for a tick that the browser keeps."""

import html
import json
from pathlib import Path

from docutils.nodes import make_id

from deepsense_lib import exercises

ROOT = Path(__file__).resolve().parents[1]
HEAD = """# Your progress

Ticks that you set in the chapters are kept in this browser and nowhere else. Nothing is sent. Another
browser, or another address of the book, does not know them: save them to a file, and read the file there.

<p id="ds-progress-total" role="status"></p>

<div class="ds-progress-tools">
<button type="button" id="ds-export">Save to a file</button>
<label class="ds-file">Read from a file
<input type="file" id="ds-import" accept="application/json,.json"></label>
<button type="button" id="ds-clear">Forget everything</button>
</div>

<p id="ds-progress-said" role="status"></p>
"""


def progress_page(pages: list[str], root: Path = ROOT) -> str:
    """Write the page in Markdown.

    Args:
        pages: pages of the table of contents, without suffix; those that are notebooks are chapters.
        root: the project's folder.
    """
    lines = [HEAD, '<div id="ds-progress">', ""]
    for page in pages:
        notebook = root / f"{page}.ipynb"
        if notebook.is_file() and "/reference/" not in page:
            lines += _chapter(page, _title(notebook))
    return "\n".join([*lines, "</div>", ""])


def _chapter(page: str, title: str) -> list[str]:
    stem = Path(page).name
    address = f"../../{page}.html"
    lines = [
        f'<h2 data-kind="read" data-key="{stem}"><a href="{address}">{html.escape(title)}</a></h2>',
        "<ul>",
    ]
    for name in exercises.names(stem):
        anchor = make_id(f"Exercise: {exercises.get(stem, name).title}")
        text = html.escape(exercises.get(stem, name).title)
        link = f'<a href="{address}#{anchor}">{text}</a>'
        lines.append(f'<li data-kind="done" data-key="{stem}#{anchor}">{link}</li>')
    return [*lines, "</ul>", ""]


def _title(notebook: Path) -> str:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    text = "".join("".join(cell["source"]) for cell in cells[:1])
    return text.splitlines()[0].removeprefix("# ")
