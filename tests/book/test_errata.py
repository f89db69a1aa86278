"""The register of errata: complete, true to the chapter, its mutants rejected by the tests it names."""

import ast
import importlib.util
import inspect
import itertools
import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import nbformat
import numpy as np
import pytest

from deepsense_lib.book import errata
from deepsense_lib.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import errata_pointers  # noqa: E402

CHAPTER = ROOT / "chapters" / "together" / "errata_lab.ipynb"
# What a test raises when it rejects; hypothesis gathers several findings into a group.
REJECTED = (AssertionError, ValueError, ExceptionGroup, pytest.fail.Exception)
by_number = pytest.mark.parametrize("erratum", errata.REGISTER, ids=str)
every_mutant = pytest.mark.parametrize("mutant", errata.MUTANTS, ids=lambda m: m.wrong.__name__)


def sections():
    """The chapter's Markdown and code by erratum."""
    cells = json.loads(CHAPTER.read_text(encoding="utf-8"))["cells"]
    found, number = {}, None
    for cell in cells:
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown" and re.match(r"#{1,3} ", text):
            heading = re.match(r"### E(\d+)\b", text)
            number = int(heading[1]) if heading else None
        if number:
            found.setdefault(number, []).append((cell["cell_type"], text))
    return found


SECTIONS = sections() if CHAPTER.is_file() else {}


def test_numbers_go_from_1_to_34_and_kinds_are_known():
    assert [erratum.number for erratum in errata.REGISTER] == list(range(1, 35))
    assert {erratum.kind for erratum in errata.REGISTER} == set(errata.KINDS)
    assert errata.get(34) is errata.REGISTER[-1]
    for number in (0, 35):
        with pytest.raises(InputError, match="from E1 to E34"):
            errata.get(number)


@by_number
def test_every_named_test_exists(erratum):
    assert erratum.tests
    for test in erratum.tests:
        file, _, name = test.partition("::")
        names = {
            node.name
            for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8")))
            if isinstance(node, ast.FunctionDef)
        }
        assert name in names, test


@by_number
def test_the_chapter_proves_it_and_names_what_keeps_it_repaired(erratum):
    cells = SECTIONS[erratum.number]
    words = "\n".join(text for kind, text in cells if kind == "markdown")
    code = "\n".join(text for kind, text in cells if kind == "code")
    assert "claim(" in code, "nothing is proved"
    for part in ("**The defect.**", "**The repair.**", "**Kept by**"):
        assert part in words, part
    assert errata_pointers.line(erratum) in words, "run: python tools/errata_pointers.py sync"


def test_pointers_follow_the_register(monkeypatch):
    """A page or test that changes in the register changes in the chapter, and nowhere else."""
    notebook = nbformat.read(CHAPTER, as_version=4)
    before = [cell.source for cell in notebook.cells]
    assert errata_pointers.put(notebook) == []
    moved = replace(errata.get(7), page="reference/data.md", tests=("tests/a.py::test_b",))
    monkeypatch.setattr(errata, "REGISTER", (*errata.REGISTER[:6], moved, *errata.REGISTER[7:]))
    assert errata_pointers.put(notebook) == ["E7"]
    changed = [cell.source for cell, old in zip(notebook.cells, before, strict=True) if cell.source != old]
    assert len(changed) == 1
    assert changed[0].endswith("**Kept by** `tests/a.py::test_b`. More: [Data cards](../reference/data.md).")


def test_every_formula_that_the_article_writes_has_a_mutant():
    """E9 has no formula of its own: its defect is that a word is missing from E1's."""
    wrong = {mutant.erratum for mutant in errata.MUTANTS}
    assert {e.number for e in errata.REGISTER if e.kind == "formula"} - wrong == {9}


@every_mutant
def test_a_mutant_is_called_like_the_right_function(mutant):
    wrong, right = (inspect.signature(f).parameters for f in (mutant.wrong, errata.resolve(mutant.right)))
    assert len(wrong) == len(right)
    assert f"E{mutant.erratum}" in mutant.wrong.__doc__
    named = {test.partition("::")[2] for test in errata.get(mutant.erratum).tests}
    assert set(mutant.tests) <= named


def load(mutant, name):
    """Import the file in which the register has a test."""
    (file,) = {
        file
        for file, _, found in (test.partition("::") for test in errata.get(mutant.erratum).tests)
        if found == name
    }
    path = ROOT / file
    spec = importlib.util.spec_from_file_location(f"mutated_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(test):
    """Call a test as pytest would, with every combination of its parameters."""
    marks = [mark for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]
    tables = []
    for mark in marks:
        names = (
            [n.strip() for n in mark.args[0].split(",")] if isinstance(mark.args[0], str) else mark.args[0]
        )
        tables.append(
            [dict(zip(names, row if len(names) > 1 else [row], strict=True)) for row in mark.args[1]]
        )
    for rows in itertools.product(*tables):
        test(**{name: value for row in rows for name, value in row.items()})


@every_mutant
def test_the_named_tests_pass_the_right_formula_and_reject_the_wrong_one(mutant, monkeypatch):
    tests = [getattr(load(mutant, name), name) for name in mutant.tests]
    for test in tests:
        run(test)
    home, _, attribute = mutant.right.partition(":")
    monkeypatch.setattr(f"deepsense_lib.{home}.{attribute}", mutant.wrong)
    for test in tests:
        with np.errstate(all="ignore"), pytest.raises(REJECTED):
            run(test)


@pytest.mark.parametrize("concept", errata.CONCEPTS)
def test_every_concept_of_the_map_is_in_the_package(concept):
    meaning, place = errata.CONCEPTS[concept]
    assert meaning
    assert errata.resolve(place) is not None
