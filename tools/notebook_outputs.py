"""Make the stored outputs of a notebook small and the same in every run."""

import base64
import hashlib
import io
import re
from pathlib import Path

from deepsense_lib.book.perceptual import LOOSE, difference, with_few_colours, without_media
from deepsense_lib.book.pytest_chapters import without_widgets

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
KEPT_METADATA = ("tags", "mystnb", "deepsense")
# Folders of a machine must not reach a reader: home, temporary and system folders, and installed packages.
MACHINE_PATH = re.compile(
    r"(/(?:home|root|Users|tmp|work|workspace|mnt|opt|private|var/folders)/[\w.\-/]+|[A-Z]:\\\\?[\w.\-\\]+"
    r"|site-packages)"
)
# What a framework's compiled part writes when it starts: times, process numbers, hints on its own settings.
START_UP = re.compile(r"^(?:WARNING: All log messages before absl|[IWE]\d{4} \d\d:\d\d).*\n?", re.MULTILINE)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")


def normalise(notebook) -> None:
    """Bring a freshly executed notebook into its stored form, in place."""
    notebook.metadata = type(notebook.metadata)(kernelspec=KERNEL, language_info={"name": "python"})
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    seen: set[str] = set()
    count = 0
    for position, cell in enumerate(notebook.cells):
        cell.id = _stable_id(cell, position, seen)
        cell.metadata = type(cell.metadata)(
            {key: value for key, value in cell.metadata.items() if key in KEPT_METADATA}
        )
        if cell.cell_type != "code":
            continue
        if cell.source.strip():
            count += 1
            cell.execution_count = count
        outputs = _without_start_up(_joined(without_widgets(cell.outputs)))
        cell.outputs = [_output(output, count) for output in outputs]


def _stable_id(cell, position: int, seen: set[str]) -> str:
    """Keep the id that a cell has; make one from its text where it is missing or used twice."""
    found = cell.get("id", "")
    if not found or found in seen:
        found = hashlib.sha256(f"{position}{cell.source}".encode()).hexdigest()[:8]
    seen.add(found)
    return found


def _joined(outputs: list) -> list:
    """Join all pieces of a stream into one output, at the place of the first."""
    joined, streams = [], {}
    for output in outputs:
        if output.output_type == "stream" and output.name in streams:
            streams[output.name].text += output.text
            continue
        if output.output_type == "stream":
            streams[output.name] = output
        joined.append(output)
    return joined


def _without_start_up(outputs: list) -> list:
    """Drop the compiled frameworks' first words, which differ between machines, and streams left empty."""
    kept = []
    for output in outputs:
        if output.output_type == "stream" and output.name == "stderr":
            output.text = START_UP.sub("", output.text)
            if not output.text:
                continue
        kept.append(output)
    return kept


def _output(output, count: int):
    if output.output_type == "error":
        # The trace names files of this machine; the reader needs what was raised and why.
        output.traceback = [f"{output.ename}: {output.evalue}"]
    if output.output_type == "execute_result":
        output.execution_count = count
    if "metadata" in output:
        output.metadata = type(output.metadata)()
    if "image/png" in output.get("data", {}):
        output.data["image/png"] = small_png(base64.b64decode(output.data["image/png"]))
    return output


def small_png(content: bytes) -> str:
    """Reduce a PNG to a palette; give base64 with a line break at the end, as Jupyter stores it."""
    from PIL import Image

    small = with_few_colours(Image.open(io.BytesIO(content)))
    stream = io.BytesIO()
    small.save(stream, "PNG", optimize=True)
    return base64.b64encode(stream.getvalue()).decode("ascii") + "\n"


def keep_stored(old, new) -> int:
    """Keep stored outputs that a reader could not tell from the new ones; give the number of cells kept.

    Each new picture stays in the history for ever, so a picture is replaced only when it changed. Outputs
    of cells tagged `nbval-ignore-output` (times, losses) are kept while their numbers stay within a factor
    of two.
    """
    before = {cell.get("id"): cell for cell in old.cells if cell.cell_type == "code"}
    kept = 0
    for cell in new.cells:
        stored = before.get(cell.id)
        if cell.cell_type != "code" or stored is None or stored.source != cell.source or not stored.outputs:
            continue
        loose = "nbval-ignore-output" in cell.metadata.get("tags", [])
        same_text = _alike if loose else str.__eq__
        same_media = not (
            difference(stored.outputs, cell.outputs, LOOSE)
            if loose
            else difference(stored.outputs, cell.outputs)
        )
        if cell.outputs != stored.outputs and same_media and same_text(_text(stored), _text(cell)):
            cell.outputs = stored.outputs
            for output in cell.outputs:
                if output.output_type == "execute_result":
                    output.execution_count = cell.execution_count
            kept += 1
    return kept


def _text(cell) -> str:
    """Give all text of a cell's outputs, without pictures and sounds."""
    parts = []
    for output in cell.outputs:
        parts.append(f"[{output.output_type}]{output.get('text', '')}{output.get('evalue', '')}")
        for kind, value in sorted(output.get("data", {}).items()):
            parts.append(f"[{kind}]" + ("" if kind.startswith("image/") else without_media("".join(value))))
    return "\n".join(parts)


def _alike(old: str, new: str) -> bool:
    """Compare texts whose numbers may differ by a factor of two (or by 0.05, for small ones)."""
    if NUMBER.sub("#", old) != NUMBER.sub("#", new):
        return False
    pairs = zip(NUMBER.findall(old), NUMBER.findall(new), strict=True)
    return all(abs(float(a) - float(b)) <= max(0.05, max(abs(float(a)), abs(float(b))) / 2) for a, b in pairs)


def faults(notebook, root: Path) -> list[str]:
    """List what must not be published: machine paths, addresses of objects, figures without a description."""
    found = []
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        text = _text(cell)
        place = MACHINE_PATH.search(text) or re.search(re.escape(str(root)), text)
        if place:
            found.append(f"cell {number} prints a path of this machine: {place[0]}")
        address = re.search(r"<[^<>]* at 0x[0-9a-f]+>", text)
        if address:
            found.append(f"cell {number} shows {address[0]}, which changes with each run; assign it to _")
        pictures = any("image/png" in output.get("data", {}) for output in cell.outputs)
        alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
        hidden = "remove-output" in cell.metadata.get("tags", []) or "remove-cell" in cell.metadata.get(
            "tags", []
        )
        if pictures and not hidden and not alt.strip():
            found.append(f'cell {number} draws a figure without metadata mystnb: {{image: {{alt: "..."}}}}')
    return found
