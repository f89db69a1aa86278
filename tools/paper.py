"""Turn what a page shows with HTML into Markdown that can be printed.

Players become their spectrogram and a link to the page that plays them, rows of faces one picture, questions
a list with the right answer below, tables stay tables. Pictures are written beside the page.
"""

import base64
import hashlib
import io
import os
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
from PIL import Image

from deepsense_lib.book.audio import spectrogram_image


class Element:
    """One element of an HTML tree: its tag, attributes, and children, which are elements or text."""

    def __init__(self, tag: str, attributes: dict[str, str]):
        self.tag, self.attributes, self.children = tag, attributes, []

    def text(self) -> str:
        """Give all text inside, on one line."""
        parts = [part if isinstance(part, str) else f" {part.text()} " for part in self.children]
        return " ".join("".join(parts).split())

    def all(self, *tags: str) -> list["Element"]:
        """List the elements inside with one of these tags, in reading order."""
        found = []
        for part in self.children:
            if isinstance(part, Element):
                found += [part] * (part.tag in tags) + part.all(*tags)
        return found

    def of_class(self, name: str) -> list["Element"]:
        """List the elements inside that carry this class."""
        inside = [part for part in self.children if isinstance(part, Element)]
        hits = [part for part in inside if name in part.attributes.get("class", "").split()]
        return hits + [hit for part in inside for hit in part.of_class(name)]


VOID = {"img", "input", "br", "hr", "source", "meta", "link"}


class _Tree(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self.open = [self.root]

    def handle_starttag(self, tag, attrs):
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag):
        if any(element.tag == tag for element in self.open):
            while self.open.pop().tag != tag:
                pass

    def handle_data(self, data):
        self.open[-1].children.append(data)


def tree(markup: str) -> Element:
    """Parse a piece of HTML."""
    parser = _Tree()
    parser.feed(markup)
    parser.close()
    return parser.root


def printable(markup: str, folder: Path, address: str, sounds: Path | None = None) -> str:
    """Give Markdown for a piece of HTML.

    Args:
        markup: what a cell or a page shows.
        folder: where pictures are written; the Markdown names them relative to its parent.
        address: of the page on the web, which the players' links lead to.
        sounds: folder that relative addresses of sounds and pictures start from.
    """
    return "\n\n".join(_blocks(tree(markup), folder, address, sounds))


def _blocks(root: Element, folder: Path, address: str, sounds: Path | None) -> list[str]:
    found: list[str] = []
    row = Element("div", {})
    for part in root.children:
        if isinstance(part, str):
            found += [_escaped(part)] if part.strip() else []
        elif "ds-player" in part.attributes.get("class", "").split():
            found.append(_player(part, folder, address, sounds))
        elif "ds-faces" in part.attributes.get("class", "") or "ds-row" in part.attributes.get("class", ""):
            found.append(_faces(part, folder, sounds))
        elif "ds-quiz" in part.attributes.get("class", "").split():
            found.append(_quiz(part))
        elif part.tag == "table":
            found.append(_table(part))
        elif part.tag == "figure" and part.all("img"):
            row.children.append(part)
        elif part.tag in ("style", "script", "audio", "button", "input"):
            continue
        elif part.tag in ("h2", "h3", "h4"):
            found.append(f"{'#' * int(part.tag[1])} {_escaped(part.text())}")
        elif part.tag in ("p", "span", "q", "figcaption", "label", "li"):
            found.append(_escaped(part.text()))
        else:
            found += _blocks(part, folder, address, sounds)
    return found + ([_faces(row, folder, sounds)] if row.children else [])


def _player(figure: Element, folder: Path, address: str, sounds: Path | None) -> str:
    caption = figure.all("figcaption")[0]
    words = caption.of_class("ds-words")
    said = f" “{_escaped(words[0].text())}”" if words else ""
    name = _escaped(caption.text().removesuffix(words[0].text()).strip() if words else caption.text())
    import soundfile

    content = _content(figure.all("audio")[0].attributes["src"], sounds)
    samples, _ = soundfile.read(io.BytesIO(content))
    picture = _write(spectrogram_image(np.asarray(samples, float)), folder)
    return f"**{name}**{said} [Listen to it on the page]({address}).\n\n![Spectrogram of: {name}]({picture})"


def _faces(row: Element, folder: Path, sounds: Path | None) -> str:
    figures = row.all("figure") or [row]
    pictures, names = [], []
    for figure in figures:
        image = figure.all("img")[0]
        pixels = Image.open(io.BytesIO(_content(image.attributes["src"], sounds))).convert("RGB")
        pictures.append(pixels.resize((96, 96)))
        captions = figure.all("figcaption")
        names.append(captions[0].text() if captions else image.attributes.get("alt", ""))
    columns = min(7, len(pictures))
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (columns * 100, rows * 100), "white")
    for number, picture in enumerate(pictures):
        sheet.paste(picture, (number % columns * 100 + 2, number // columns * 100 + 2))
    told = _escaped(", ".join(names))
    return f"![{told}]({_write(np.asarray(sheet), folder)})\n\n*From left to right: {told}.*"


def _quiz(fieldset: Element) -> str:
    lines, right = [f"**{_escaped(fieldset.all('legend')[0].text())}**", ""], ""
    for number, option in enumerate(fieldset.of_class("ds-option")):
        answer = option.all("label")[0].text()
        lines.append(f"- {chr(97 + number)}) {_escaped(answer)}")
        good = option.of_class("ds-right")
        if good:
            right = f"*{chr(97 + number)}) {_escaped(good[0].text())}*"
    return "\n".join([*lines, "", right])


def _table(table: Element) -> str:
    rows = [[_escaped(cell.text()) for cell in row.all("th", "td")] for row in table.all("tr")]
    width = max(map(len, rows))
    rows = [row + [""] * (width - len(row)) for row in rows]
    caption = table.all("caption")
    lines = [f"**{_escaped(caption[0].text())}**", ""] if caption else []
    lines += [f"| {' | '.join(rows[0])} |", f"|{'---|' * width}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows[1:])])


def _content(source: str, sounds: Path | None) -> bytes:
    if source.startswith("data:"):
        return base64.b64decode(source.partition(",")[2])
    if sounds is None:
        raise ValueError(f"found the address {source}, expected data inside the page")
    # A page may lie in a folder that its sounds do not have: fold "..", do not walk it.
    return Path(os.path.normpath(sounds / source)).read_bytes()


def _write(pixels: np.ndarray, folder: Path) -> str:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{hashlib.sha256(stream.getvalue()).hexdigest()[:16]}.png"
    (folder / name).write_bytes(stream.getvalue())
    return f"{folder.name}/{name}"


def _escaped(text: str) -> str:
    line = " ".join(text.split())
    for mark in ("\\", "`", "*", "_", "$", "|", "[", "]", "{", "}", "<", "#"):
        line = line.replace(mark, f"\\{mark}")
    return line
