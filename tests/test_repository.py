"""What must hold for the whole repository: nothing of a machine in it, notebooks executed, sums right."""

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

TEXT = {
    ".py",
    ".md",
    ".ipynb",
    ".toml",
    ".yml",
    ".yaml",
    ".txt",
    ".css",
    ".bib",
    ".json",
    ".cff",
    ".csv",
    ".tsv",
    "",
}
# Third-party files that are served as they are.
VENDORED = ("book/extra/mathjax/", "book/css/fonts/")
MACHINE = re.compile(r"(?<![\w.~$}])/(?:work|root|home/\w+|Users/\w+|tmp)/[\w.-]+")
REGISTRIES = re.compile(
    r"(pypi\.org|files\.pythonhosted\.org|registry\.npmjs\.org|download\.pytorch\.org|deb\.debian\.org"
    r"|conda\.anaconda\.org|cdn\.jsdelivr\.net|unpkg\.com|cdnjs\.cloudflare\.com)"
)
# These lines are about such paths, so they must name them.
ALLOWED = {"tests/test_repository.py", "tools/notebook_outputs.py", "tests/book/test_run_chapter.py"}


def tracked():
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    names = done.stdout.decode().split("\0") if done.returncode == 0 else []
    names = names or [p.relative_to(ROOT).as_posix() for p in ROOT.rglob("*") if ".venv" not in p.parts]
    return [name for name in names if name and (ROOT / name).is_file()]


FILES = tracked()
NOTEBOOKS = [name for name in FILES if name.startswith("chapters/") and name.endswith(".ipynb")]
CHAPTERS = [name for name in NOTEBOOKS if "/reference/" not in name]
DATA = [name for name in FILES if name.startswith("data/") and name.endswith("SHA256SUMS")]


def text_files():
    return [n for n in FILES if Path(n).suffix in TEXT and not n.startswith(VENDORED) and n not in ALLOWED]


@pytest.mark.parametrize("name", text_files())
def test_no_machine_and_no_registry_in_it(name):
    text = (ROOT / name).read_text(encoding="utf-8", errors="replace")
    assert not MACHINE.search(text), MACHINE.search(text)
    assert not REGISTRIES.search(text), REGISTRIES.search(text)


def test_constraints_hold_versions_and_no_addresses():
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        assert re.match(r"^[A-Za-z0-9._-]+==[\w.!+]+( ; .+)?$", line), line
        assert "://" not in line
        assert "+cpu" not in line


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_chapter_is_executed_described_and_small(name):
    import notebook_outputs
    from nbformat import from_dict

    path = ROOT / name
    assert path.stat().st_size <= 800_000
    book = json.loads(path.read_text(encoding="utf-8"))
    cells = [
        cell for cell in book["cells"] if cell["cell_type"] == "code" and "".join(cell["source"]).strip()
    ]
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    for cell in cells:
        error = [out for out in cell["outputs"] if out["output_type"] == "error"]
        assert not error or "raises-exception" in cell["metadata"].get("tags", []), error
    ids = [cell["id"] for cell in book["cells"]]
    assert len(set(ids)) == len(ids)
    assert notebook_outputs.faults(from_dict(book), ROOT) == []


@pytest.mark.parametrize("name", CHAPTERS)
def test_chapter_follows_the_skeleton(name):
    from formula_index import page_text

    text = page_text(ROOT / name).lower()
    for part in (
        "what you will be able to do",
        "exercise",
        "summary",
        "in the article",
        "references",
        "how it fails",
    ):
        assert part in text, f"{name} has no part '{part}'"


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_exercise_cells_are_those_of_their_files(name):
    import exercises as tool
    import nbformat

    assert tool.differing(nbformat.read(ROOT / name, as_version=4)) == []


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_exercise_of_the_chapter_is_in_it(name):
    import exercises as tool
    import nbformat

    from deepsense_lib import exercises

    chapter = Path(name).stem
    book = nbformat.read(ROOT / name, as_version=4)
    found = {mark for mark in map(tool.part_of, book.cells) if mark}
    wanted = {(chapter, n, part) for n in exercises.names(chapter) for part in tool.PARTS}
    assert wanted == found


def test_there_are_data_to_verify():
    assert DATA


@pytest.mark.parametrize("name", DATA)
def test_data_are_what_their_sums_say(name):
    folder = (ROOT / name).parent
    listed = set()
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        digest, file = line.split("  ", 1)
        listed.add(file)
        assert hashlib.sha256((folder / file).read_bytes()).hexdigest() == digest, file
    for path in folder.iterdir():
        if path.is_file() and path.name != "SHA256SUMS" and not path.name.startswith("."):
            assert path.name in listed or path.suffix == ".md" or path.name.startswith("LICENSE"), path.name


@pytest.mark.parametrize("folder", sorted({Path(name).parts[1] for name in DATA}))
def test_data_have_card_and_licence(folder):
    top = ROOT / "data" / folder
    assert list(top.rglob("README.md"))
    assert list(top.rglob("LICENSE*"))


def test_licences_and_papers_are_there():
    for name in ("LICENSE", "LICENSE-TEXT", "CITATION.cff", "CONTRIBUTING.md", "CHANGELOG.md", "README.md"):
        assert (ROOT / name).stat().st_size > 100, name
    for name in ("book/extra/mathjax/LICENSE", "book/css/fonts/LICENSE-OFL"):
        assert (ROOT / name).is_file()


def test_shipped_data_stay_small():
    size = sum((ROOT / name).stat().st_size for name in FILES if name.startswith("data/"))
    assert size < 60e6


def test_makefile_and_readme_agree():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"`?make ([a-z-]+)", (ROOT / "README.md").read_text(encoding="utf-8")):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"README names make {target}"
