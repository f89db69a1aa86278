"""The glossary: enough terms, each with its Chinese name, and the links that lead to it from every page."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("sphinx")
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book" / "extensions"))
import glossary_links  # noqa: E402

TEXT = (ROOT / "chapters" / "reference" / "glossary.md").read_text(encoding="utf-8")
ENTRIES = re.findall(r"^([^\s:#][^\n]*)\n  (\S[^\n]*)$", TEXT, re.MULTILINE)


def test_there_are_enough_terms_and_none_twice():
    names = [name.lower() for name, _ in ENTRIES]
    assert len(names) >= 120
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(("name", "meaning"), ENTRIES, ids=[name for name, _ in ENTRIES])
def test_each_term_has_a_chinese_name_and_a_meaning(name, meaning):
    chinese, _, words = meaning.partition(". ")
    assert re.search(r"[\u4e00-\u9fff]", chinese), "expected the Chinese term first, then a full stop"
    assert len(words.split()) >= 3


def test_the_longest_term_wins_and_plurals_count():
    found = glossary_links.pattern(["frame", "go frame", "loss"]).findall(
        "Go frames, frames, losses, framework"
    )
    assert [word.lower() for word in found] == ["go frame", "frame", "loss"]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    home = folder / "chapters" / "reference"
    home.mkdir(parents=True)
    extensions = ["myst_parser", "glossary_links"]
    (folder / "conf.py").write_text(
        f"import sys\nsys.path.insert(0, {str(ROOT / 'book' / 'extensions')!r})\nextensions = {extensions}\n"
        "myst_enable_extensions = ['dollarmath']\n"
    )
    (home / "glossary.md").write_text("# Glossary\n\n```{glossary}\nframe\n  帧. A stretch.\n```\n")
    (folder / "index.md").write_text(
        "# A frame in a title\n\n`frame` and $frame$ first, then [a frame](https://example.org).\n\n"
        "Now Frames for real, and a frame again.\n\n```{toctree}\nchapters/reference/glossary\n```\n"
    )
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "html", str(folder), str(folder / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return (folder / "out" / "index.html").read_text(encoding="utf-8")


def test_only_the_first_use_in_plain_text_is_a_link(page):
    assert page.count("ds-term") == 1
    link = re.search(r'<a [^>]*href="([^"]+)"[^>]*><span class="ds-term">([^<]+)<', page)
    assert link.groups() == ("chapters/reference/glossary.html#term-frame", "Frames")
