"""The notation page holds every symbol that a chapter declares, and only text that a reader can read."""

import json

import pytest

pytest.importorskip("yaml")
import notation
from build_book import ROOT, toc_pages

from deepsense_lib.book.style import COLOURS, symbol_table
from deepsense_lib.errors import InputError

CHAPTERS = [page for page in toc_pages() if (ROOT / f"{page}.ipynb").is_file()]


def _notebook(path, code):
    cells = [
        {"cell_type": "markdown", "source": ["# A chapter\n"]},
        {"cell_type": "code", "source": [code]},
    ]
    path.write_text(json.dumps({"cells": cells}), encoding="utf-8")


@pytest.mark.parametrize("page", CHAPTERS)
def test_a_chapter_that_derives_equations_declares_its_symbols(page):
    text = (ROOT / f"{page}.ipynb").read_text(encoding="utf-8")
    if "(eq-" in text:
        assert notation.symbols(ROOT / f"{page}.ipynb"), "expected a call of symbol_table({...})"


def test_the_page_has_each_symbol_with_its_identifier_and_colour():
    page = notation.notation_page(CHAPTERS)
    for chapter in CHAPTERS:
        for row in notation.symbols(ROOT / f"{chapter}.ipynb"):
            assert f"`{row.identifier}`" in page
            assert row.role in ("", *COLOURS)
            assert "\\" not in row.symbol
    assert set(notation.ROLES) == set(COLOURS)


def test_letters_that_serve_twice_are_listed_and_others_are_not(tmp_path):
    for name, meaning in (("one", "a width"), ("two", "a wish")):
        _notebook(
            tmp_path / f"{name}.ipynb",
            f'symbol_table({{"w": ("w", "{meaning}", ""), "x": ("x", "input", "")}})',
        )
    twice = notation.notation_page(["one", "two"], tmp_path).split("## Letters that serve twice")[1]
    assert "| w | {doc}`/one` | a width |" in twice
    assert "| w | {doc}`/two` | a wish |" in twice
    assert "| x |" not in twice


def test_a_table_that_cannot_be_read_is_named(tmp_path):
    _notebook(tmp_path / "hidden.ipynb", "symbol_table(SYMBOLS)")
    with pytest.raises(ValueError, match=r"hidden\.ipynb: symbol_table needs a dictionary"):
        notation.symbols(tmp_path / "hidden.ipynb")


def test_tex_is_refused_where_text_is_shown():
    with pytest.raises(InputError, match=r"\\hat x in TeX, expected text"):
        symbol_table({"x": (r"\hat x", "an estimate", "")})
