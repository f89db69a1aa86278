"""Tables of results: every cell is there, escaped, and rows that do not fit are refused."""

from xml.etree import ElementTree

import pytest

from deepsense_lib.book import table
from deepsense_lib.errors import InputError


def test_a_table_holds_its_cells():
    shown = table(("what", "count"), [("a < b", 3), ("c & d", "<i>")], "two things")
    page = ElementTree.fromstring(shown._repr_html_())
    assert page.findtext("caption") == "two things"
    assert [th.text for th in page.iter("th")] == ["what", "count", "a < b", "c & d"]
    assert [td.text for td in page.iter("td")] == ["3", "<i>"]
    assert repr(shown) == "<table: two things, 2 rows>"


def test_a_row_that_does_not_fit_is_named():
    with pytest.raises(InputError, match="has 1 cells, expected 2"):
        table(("what", "count"), [("only",)], "broken")
