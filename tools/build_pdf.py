"""Print the whole book: a copy of its sources in which nothing needs a browser, then LaTeX.

Writes _build/deepsense.pdf. Needs latexmk and xelatex. Exit code 1, with a word on what to do, on any fault.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml
from build_book import generate, toc_pages
from paper import printable

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "_build" / "pdf"
PDF = ROOT / "_build" / "deepsense.pdf"
ONLY_ON_SCREEN = ("chapters/start/progress",)
UNUSED = re.compile(r"\\RequirePackage(\[.*\])?\{(bbm|pgfplots)\}|\\pgfplotsset|\\usepgfplotslibrary")
# DejaVu has the letters and signs that the chapters print; every LaTeX has Latin Modern.
FONTS = r"""
\IfFontExistsTF{DejaVu Serif}{\setmainfont{DejaVu Serif}[Scale=0.9]}{}
\IfFontExistsTF{DejaVu Sans}{\setsansfont{DejaVu Sans}[Scale=0.9]}{}
\IfFontExistsTF{DejaVu Sans Mono}{\setmonofont{DejaVu Sans Mono}[Scale=0.8]}{}
"""
PREAMBLE = r"""
\usepackage{xcolor}
\newcommand{\signal}[1]{{\color[HTML]{14375e}#1}}
\newcommand{\spectrum}[1]{{\color[HTML]{b8432a}#1}}
\newcommand{\mel}[1]{{\color[HTML]{1b7469}#1}}
\newcommand{\model}[1]{{\color[HTML]{6a4c93}#1}}
\newcommand{\target}[1]{{\color[HTML]{7f5c05}#1}}
\newcommand{\error}[1]{{\color[HTML]{a3195b}#1}}
\usepackage{newunicodechar}
\IfFontExistsTF{DejaVu Sans}{\newfontfamily\symbolfont{DejaVu Sans}}{\let\symbolfont\relax}
\newunicodechar{✓}{{\symbolfont ✓}}
\newunicodechar{✗}{{\symbolfont ✗}}
\newunicodechar{○}{{\symbolfont ○}}
\newunicodechar{→}{{\symbolfont →}}
\newunicodechar{≥}{{\symbolfont ≥}}
\newunicodechar{≤}{{\symbolfont ≤}}
\IfFontExistsTF{Noto Serif CJK SC}{\usepackage{xeCJK}\setCJKmainfont{Noto Serif CJK SC}%
\setCJKsansfont{Noto Serif CJK SC}\setCJKmonofont{Noto Serif CJK SC}}{}
"""


def main() -> int:
    """Copy, rewrite, let Sphinx write LaTeX, print; say where the book is."""
    missing = [program for program in ("latexmk", "xelatex") if shutil.which(program) is None]
    if missing:
        print(
            f"pdf: found no {' and no '.join(missing)}. Install LaTeX; on Debian and Ubuntu the packages "
            "texlive-xetex, texlive-latex-extra, latexmk, and fonts-noto-cjk for the Chinese terms.",
            file=sys.stderr,
        )
        return 1
    generate()
    prepare(WORK / "source")
    for step in (write_latex, print_latex):
        if step() != 0:
            return 1
    shutil.copyfile(WORK / "latex" / "deepsense.pdf", PDF)
    print(f"The book is printed:\n  {PDF}")
    return 0


def prepare(target: Path, root: Path = ROOT) -> None:
    """Copy the sources of the book and rewrite what needs a browser."""
    shutil.rmtree(target, ignore_errors=True)
    for name in ("chapters", "book", "deepsense_lib"):
        shutil.copytree(root / name, target / name, ignore=shutil.ignore_patterns("__pycache__", ".ipynb*"))
    for name in ("index.md", "references.bib"):
        shutil.copyfile(root / name, target / name)
    config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    web = config["sphinx"]["config"]["ogp_site_url"]
    _write(target / "_config.yml", yaml.safe_dump(printed_config(config), allow_unicode=True))
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    for part in toc["parts"]:
        part["chapters"] = [entry for entry in part["chapters"] if entry["file"] not in ONLY_ON_SCREEN]
    toc["parts"] = [part for part in toc["parts"] if part["chapters"]]
    _write(target / "_toc.yml", yaml.safe_dump(toc, allow_unicode=True))
    for page in toc_pages(root):
        address = f"{web}{page}.html"
        for suffix, rewrite in ((".ipynb", printed_notebook), (".md", printed_page)):
            path = target / f"{page}{suffix}"
            if path.is_file():
                sounds = root / "book" / "extra" / Path(page).parent
                text = rewrite(path.read_text(encoding="utf-8"), path.parent / "printed", address, sounds)
                _write(path, text)


def printed_config(config: dict) -> dict:
    """Give the settings of the printed book."""
    config = json.loads(json.dumps(config))
    config.pop("launch_buttons"), config.pop("repository")
    settings = config["sphinx"]
    settings["extra_extensions"] = [
        name for name in settings["extra_extensions"] if not name.startswith("sphinxext.")
    ]
    kept = ("nitpicky", "bibtex_reference_style", "bibtex_default_style")
    settings["config"] = {name: settings["config"][name] for name in kept} | {
        "nb_render_markdown_format": "gfm",  # tables
        "latex_engine": "xelatex",
        "latex_elements": {
            "preamble": PREAMBLE,
            "fontpkg": FONTS,
            "papersize": "a4paper",
            "figure_align": "H",
            "fncychap": "",
            "extraclassoptions": "openany,oneside",
        },
        "latex_show_urls": "no",
        "latex_table_style": [],
    }
    return config


def printed_notebook(text: str, folder: Path, address: str, sounds: Path) -> str:
    """Give a notebook whose outputs need no browser."""
    book = json.loads(text)
    for cell in book["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = printed_page("".join(cell["source"]), folder, address, sounds)
        for output in cell.get("outputs", ()):
            markup = "".join(output.get("data", {}).get("text/html", ""))
            if markup:
                output["data"] = {"text/markdown": printable(markup, folder, address, sounds)}
    return json.dumps(book)


# A solution is folded on the page and open on paper; its summary becomes a line of its own.
SUMMARY = re.compile(r"<summary>(.*?)</summary>", re.DOTALL)
FOLD = re.compile(r"</?details[^>]*>")
SHOWN = re.compile(r"^<(figure|table|div|p|h2|fieldset)\b.*?^(?=\n|\Z)", re.DOTALL | re.MULTILINE)
SKIPPED = re.compile(r"^</?(div|p|span|ul|li)\b[^>]*>\s*$", re.MULTILINE)


def printed_page(text: str, folder: Path, address: str, sounds: Path) -> str:
    """Give a page's Markdown without raw HTML."""
    text = FOLD.sub("", SUMMARY.sub(r"**\1**", text))
    text = SKIPPED.sub("", text)
    return SHOWN.sub(lambda match: printable(match[0], folder, address, sounds) + "\n", text)


def write_latex() -> int:
    """Let Sphinx write LaTeX; give its exit code."""
    source = WORK / "source"
    program = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]
    command = [
        *program,
        "build",
        str(source),
        "--path-output",
        str(WORK),
        "--builder",
        "latex",
        "--all",
        "-q",
    ]
    done = subprocess.run(
        command, env={**os.environ, "NO_COLOR": "1"}, capture_output=True, text=True, check=False
    )
    _write(WORK / "sphinx.log", done.stdout + done.stderr)
    made = WORK / "_build" / "latex"
    if done.returncode or not (made / "deepsense.tex").is_file():
        print(f"pdf: Sphinx failed; its log is {WORK / 'sphinx.log'}", file=sys.stderr)
        return 1
    shutil.rmtree(WORK / "latex", ignore_errors=True)
    shutil.copytree(made, WORK / "latex")
    # Jupyter Book's document class asks for packages that this book does not use and few machines have.
    style = WORK / "latex" / "jupyterBook.cls"
    lines = style.read_text(encoding="utf-8").splitlines(keepends=True)
    _write(style, "".join(line for line in lines if not UNUSED.match(line)))
    return 0


def print_latex() -> int:
    """Run latexmk; give 1 unless a PDF came out."""
    command = ["latexmk", "-xelatex", "-interaction=nonstopmode", "-f", "-silent", "deepsense.tex"]
    done = subprocess.run(command, cwd=WORK / "latex", capture_output=True, check=False)
    _write(WORK / "latex.log", (done.stdout + done.stderr).decode("utf-8", "replace"))
    if not (WORK / "latex" / "deepsense.pdf").is_file():
        print(f"pdf: LaTeX failed; its log is {WORK / 'latex' / 'deepsense.log'}", file=sys.stderr)
        return 1
    log = (WORK / "latex" / "deepsense.log").read_text(encoding="utf-8", errors="replace")
    found = faults(log)
    for fault in found:
        print(f"pdf: {fault}", file=sys.stderr)
    return int(bool(found))


def faults(log: str) -> list[str]:
    """List what LaTeX stumbled over: errors, references that lead nowhere, characters that no font has."""
    pattern = r"^! .*|^LaTeX Warning: Reference .* undefined.*|^Missing character: .*"
    return list(dict.fromkeys(re.findall(pattern, log, re.MULTILINE)))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    sys.exit(main())
