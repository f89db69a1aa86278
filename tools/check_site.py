"""Look at the built site's files: pages, links, anchors, alternative texts, loads from elsewhere."""

import re
import urllib.parse
from html.parser import HTMLParser
from pathlib import Path

# Attributes by which a page loads something, as opposed to <a href>, which waits for the reader.
LOADS = {
    ("audio", "src"),
    ("embed", "src"),
    ("iframe", "src"),
    ("img", "src"),
    ("img", "srcset"),
    ("input", "src"),
    ("link", "href"),
    ("object", "data"),
    ("script", "src"),
    ("source", "src"),
    ("source", "srcset"),
    ("track", "src"),
    ("video", "poster"),
    ("video", "src"),
}
# Only these kinds of <link> are fetched.
FETCHED = {
    "stylesheet",
    "icon",
    "preload",
    "modulepreload",
    "prefetch",
    "manifest",
    "preconnect",
    "dns-prefetch",
}
STYLE_LOAD = re.compile(r"(?:url\(\s*['\"]?|@import\s+['\"])((?:https?:)?//[^'\")\s]+)", re.IGNORECASE)
SCRIPT_LOAD = re.compile(r"""(?:\bimport\s*\(?|\bfetch\(|importScripts\()\s*['"]((?:https?:)?//[^'"]+)""")
# What every page of the table of contents says of itself, to search engines and where a link to it is shown.
DESCRIBED = ("description", "og:title", "og:description", "og:url", "og:image", "og:image:alt")
# Markup of a chapter that was not understood, and so stands on the page as it was typed.
RAW = re.compile(r"`{3,}|(?:^|\s):{3,}\s*\{|\{(?:eq|doc|ref|numref|cite(?::\w+)?)\}`")


class Page(HTMLParser):
    """What one page holds: anchors, links, loads, images, and markup left raw."""

    def __init__(self, text: str):
        super().__init__(convert_charrefs=True)
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.images: list[tuple[str, str | None]] = []
        self.players = 0
        self.unnamed_players = 0
        self.raw: list[str] = []
        self.described: dict[str, str] = {}
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """Note what the tag refers to."""
        values = dict(attrs)
        self._inside = tag if tag in ("style", "script") else ""
        self.anchors |= {values[key] for key in ("id", "name") if values.get(key)}
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        if tag == "meta" and (values.get("property") or values.get("name")) in DESCRIBED:
            self.described[values.get("property") or values["name"]] = (values.get("content") or "").strip()
        if tag == "link" and not FETCHED & set((values.get("rel") or "").split()):
            return
        self.loads += [values[key] for key in values if (tag, key) in LOADS and values[key]]
        self.loads += STYLE_LOAD.findall(values.get("style") or "")
        if tag == "img" and values.get("aria-hidden") != "true":
            self.images.append((values.get("src") or "", values.get("alt")))
        if tag == "audio":
            self.players += 1
            self.unnamed_players += "controls" not in values or not (values.get("aria-label") or "").strip()

    def handle_data(self, data):
        """Look for loads inside styles and scripts, and for raw markup in the text."""
        if self._inside == "style":
            self.loads += STYLE_LOAD.findall(data)
        if self._inside == "script":
            self.loads += SCRIPT_LOAD.findall(data)
        if not self._inside:
            self.raw += RAW.findall(data)

    def handle_endtag(self, tag):
        """Leave a style or script."""
        self._inside = ""


def check(site: Path, expected: list[str]) -> list[str]:
    """List everything that is wrong with a built site.

    Args:
        site: the folder with index.html.
        expected: pages of the table of contents, without suffix.
    """
    found = [f"{name}.html is missing" for name in expected if not (site / f"{name}.html").is_file()]
    parsed = {path.resolve(): Page(path.read_text(encoding="utf-8")) for path in _pages(site)}
    for path, page in parsed.items():
        name = path.relative_to(site.resolve()).as_posix()
        found += [f"{name}: {fault}" for fault in _page_faults(path, page, parsed, site.resolve())]
    for name in expected:
        page = parsed.get((site / f"{name}.html").resolve())
        found += [f"{name}.html: has no {key}" for key in DESCRIBED if page and not page.described.get(key)]
    for path in sorted(site.rglob("*.css")):
        for load in STYLE_LOAD.findall(path.read_text(encoding="utf-8", errors="replace")):
            found.append(f"{path.relative_to(site).as_posix()}: loads {load} from the network")
    return found


def _pages(site: Path) -> list[Path]:
    """List the pages; the theme leaves templates of its own in _static, which nobody opens."""
    return [path for path in sorted(site.rglob("*.html")) if "_static" not in path.relative_to(site).parts]


def _page_faults(path: Path, page: Page, parsed: dict[Path, Page], site: Path) -> list[str]:
    found = []
    for load in page.loads:
        if re.match(r"(?:https?:)?//", load):
            found.append(f"loads {load} from the network")
        elif not load.startswith("data:"):
            found += _missing(path, load, parsed, site, anchors=False)
    for link in page.links:
        if not re.match(r"[a-z][a-z0-9+.-]*:|//", link):
            found += _missing(path, link, parsed, site, anchors=True)
    for source, alt in page.images:
        if not (alt or "").strip() or alt.startswith("_images/") or alt == source:
            found.append(f"image {source[:60]} has no alternative text (found {alt!r})")
    if page.raw:
        found.append(f"{len(page.raw)} pieces of markup were not understood, the first is {page.raw[0]!r}")
    if page.unnamed_players:
        found.append(f"{page.unnamed_players} players without controls or name")
    return found


def _missing(path: Path, link: str, parsed: dict[Path, Page], site: Path, anchors: bool) -> list[str]:
    address, _, anchor = urllib.parse.unquote(link).partition("#")
    address = address.split("?")[0]
    if address.startswith("/"):
        return [f"link {link} starts at the server's root, so it breaks in a folder or as a file"]
    target = (path.parent / address).resolve() if address else path
    if target.is_dir():
        target = target / "index.html"
    if not target.is_file() or not target.is_relative_to(site):
        return [f"dead link {link}"]
    if anchors and anchor and target in parsed and anchor not in parsed[target].anchors:
        return [f"dead anchor {link}"]
    return []
