"""The cell that fetches the package: quiet where it is installed, one pip call where it is not."""

import fnmatch
import importlib.util
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import fetch_cell  # noqa: E402

CHAPTERS = sorted((ROOT / "chapters").rglob("*.ipynb"))
ADDRESS = "https://example.org/course"


class Shell:
    """What a notebook's `get_ipython()` gives, as far as the cell needs it."""

    def __init__(self):
        self.called = []

    def run_line_magic(self, name, line):
        self.called.append((name, line))


def run(address=ADDRESS):
    shell = Shell()
    exec(fetch_cell.source(address), {"get_ipython": lambda: shell})
    return shell.called


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_every_chapter_begins_with_the_cell(path):
    notebook = nbformat.read(path, as_version=4)
    assert not fetch_cell.put(notebook, fetch_cell.repository())


def test_it_is_one_line_and_does_nothing_where_the_package_is_installed():
    assert "\n" not in fetch_cell.source(ADDRESS)
    assert run() == []


def test_it_installs_from_the_repository_where_the_package_is_missing(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert run() == [("pip", f"install -q deepsense-lib[run]@git+{ADDRESS}")]


def test_putting_it_in_moves_the_numbers_and_nothing_else():
    first = nbformat.v4.new_markdown_cell("# A chapter")
    result = nbformat.v4.new_output("execute_result", {"text/plain": "2"}, execution_count=1)
    second = nbformat.v4.new_code_cell("1 + 1", execution_count=1, outputs=[result])
    notebook = nbformat.v4.new_notebook(cells=[first, second])
    assert fetch_cell.put(notebook, ADDRESS)
    assert [c.get("execution_count") for c in notebook.cells] == [None, 1, 2]
    assert notebook.cells[2].outputs[0].execution_count == 2
    assert notebook.cells[2].source == "1 + 1"
    assert not fetch_cell.put(notebook, ADDRESS)
    assert fetch_cell.put(notebook, "https://example.org/elsewhere")


def test_the_wheel_carries_every_shipped_file():
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = listed["tool"]["setuptools"]["data-files"]
    for path in sorted((ROOT / "data").rglob("*")):
        if path.is_file() and not path.name.startswith(".") and path.name != "README.md":
            name = path.relative_to(ROOT)
            home = f"share/deepsense/{name.parent.as_posix()}"
            assert any(fnmatch.fnmatch(name.as_posix(), p) for p in patterns.get(home, ())), name


def test_installed_data_are_found_where_no_folder_stands_beside_the_package(tmp_path, monkeypatch):
    from deepsense_lib.datasets import registry

    installed = tmp_path / "share" / "deepsense" / "data"
    installed.mkdir(parents=True)
    monkeypatch.delenv("DEEPSENSE_DATA", raising=False)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert registry.data_dir() == ROOT / "data"
    monkeypatch.setattr(registry, "__file__", str(tmp_path / "a" / "b" / "registry.py"))
    assert registry.data_dir() == installed
