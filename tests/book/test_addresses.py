"""Addresses stay: every page that was ever published is there, or leads to where it went."""

import sys
from pathlib import Path

import pytest

yaml = pytest.importorskip("yaml")
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
from build_book import toc_pages  # noqa: E402

PAGES = set(toc_pages(ROOT))
LISTED = [
    line
    for line in (ROOT / "book" / "addresses.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
REDIRECTS = CONFIG["sphinx"]["config"]["rediraffe_redirects"]


def without_suffix(name):
    return name.removesuffix(".md").removesuffix(".ipynb")


def test_no_address_is_listed_twice_and_new_pages_are_listed():
    assert len(set(LISTED)) == len(LISTED)
    assert set(LISTED) >= PAGES, "add the new pages to book/addresses.txt"


@pytest.mark.parametrize("name", LISTED)
def test_address_is_a_page_or_leads_to_one(name):
    moved = {without_suffix(old): without_suffix(new) for old, new in REDIRECTS.items()}
    assert name in PAGES or moved.get(name) in PAGES, f"{name} is gone: add a redirect to _config.yml"


def test_a_redirect_reaches_the_new_page(tmp_path):
    """The extension itself, on a small site: the old address answers with the new one."""
    import subprocess

    (tmp_path / "conf.py").write_text(
        "extensions = ['sphinxext.rediraffe']\nrediraffe_redirects = {'old.rst': 'new.rst'}\n"
        "rediraffe_branch = ''\n"
    )
    (tmp_path / "index.rst").write_text("Start\n=====\n\n.. toctree::\n\n   new\n")
    (tmp_path / "new.rst").write_text("New\n===\n")
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "html", str(tmp_path), str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "new.html" in (tmp_path / "out" / "old.html").read_text(encoding="utf-8")
