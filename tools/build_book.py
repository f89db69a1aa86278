"""Render the site from the stored outputs, warnings as errors, and look at what came out.

Writes the generated reference pages, builds from scratch into _build/html, then checks pages, links, anchors,
alternative texts, and that no page loads anything from the network. Exit code 1 on any fault.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import yaml
from cards import data_page, model_page
from check_site import check
from formula_index import collect, faults, render
from grade_graders import graders_page
from ladders import ladders_page
from notation import notation_page
from progress_page import progress_page

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "_build" / "html"


def toc_pages(root: Path = ROOT) -> list[str]:
    """List the pages of the table of contents, without suffix."""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    found = [toc["root"]]

    def walk(node):
        if isinstance(node, dict):
            if "file" in node:
                found.append(node["file"])
            for key in ("parts", "chapters", "sections"):
                walk(node.get(key))
        for item in node if isinstance(node, list) else ():
            walk(item)

    walk({key: toc.get(key) for key in ("parts", "chapters")})
    return found


def generate(root: Path = ROOT) -> list[str]:
    """Write the generated pages; give the gaps in the formula index."""
    equations = collect(root)
    for name, text in (
        ("reference/formulas.md", render(equations)),
        ("reference/data.md", data_page(root)),
        ("reference/models.md", model_page(root)),
        ("reference/graders.md", graders_page()),
        ("reference/notation.md", notation_page(toc_pages(root), root)),
        ("reference/ladders.md", ladders_page(root)),
        ("start/progress.md", progress_page(toc_pages(root), root)),
    ):
        target = root / "chapters" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="\n")
    return faults(equations)


def build(root: Path = ROOT) -> int:
    """Run Jupyter Book on an empty build folder; give its exit code."""
    for leftover in ("html", ".doctrees", "jupyter_execute"):
        shutil.rmtree(root / "_build" / leftover, ignore_errors=True)
    log = root / "_build" / "book.log"
    log.parent.mkdir(exist_ok=True)
    program = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]
    command = [*program, "build", str(root), "--all", "-W", "--keep-going", "-q"]
    environment = {**os.environ, "NO_COLOR": "1", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    log.write_text(done.stdout + done.stderr, encoding="utf-8")
    if done.returncode:
        print("\n".join((done.stdout + done.stderr).splitlines()[-40:]), file=sys.stderr)
    return done.returncode


def main() -> int:
    """Generate, build, check; print where to open the book."""
    started = time.monotonic()
    found = generate()
    status = build()
    if status == 0:
        found += check(SITE, toc_pages())
    for fault in found:
        print(f"book: {fault}", file=sys.stderr)
    if status or found:
        print(f"book: the build failed with {len(found)} faults; its log is _build/book.log", file=sys.stderr)
        return 1
    seconds = time.monotonic() - started
    print(f"The book is ready ({seconds:.0f} s). Open it with a browser:\n  {SITE / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
