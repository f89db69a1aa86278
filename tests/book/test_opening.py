"""The figures of the opening chapter."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from deepsense_lib.errors import InputError

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("agg")
from matplotlib import pyplot as plt  # noqa: E402

from deepsense_lib.book import opening, use_style  # noqa: E402

CHAPTER = Path(__file__).parents[2] / "chapters" / "foundations" / "two_machines.ipynb"


@pytest.fixture(autouse=True)
def clean_figures():
    with matplotlib.rc_context():
        use_style()
        yield
    plt.close("all")


def draw_all():
    opening.concept_map()
    opening.timeline()
    kernels = np.ones((4, 9, 9))
    opening.two_convolutions(
        np.eye(16), np.ones((2, 400)), np.eye(64), np.ones((4, 56, 56)), kernels, rate=16000
    )
    opening.two_attentions(
        np.eye(5), list("abcde"), np.arange(5), np.ones((3, 64, 64)), np.ones((3, 49)) / 49
    )
    return [plt.figure(number) for number in plt.get_fignums()]


def test_they_fit_a_phone_and_no_word_is_cut_or_small():
    drawn = draw_all()
    assert len(drawn) == 4
    for figure in drawn:
        assert figure.get_figwidth() * 90 <= 380
        figure.canvas.draw()
        for text in figure.findobj(matplotlib.text.Text):
            if text.get_visible() and text.get_text().strip():
                assert text.get_fontsize() >= 7
    for figure in drawn[:2]:
        for text in figure.axes[0].texts:
            box = text.get_window_extent()
            assert box.x0 >= 0
            assert box.x1 <= figure.bbox.x1


def test_what_is_shared_spans_both_columns():
    opening.concept_map()
    words = [text.get_text() for text in plt.gca().texts]
    for step in opening.STEPS:
        for word in set(step):
            assert words.count(word) == 1
    assert sum(left == right for left, right in opening.STEPS) == 2


def test_families_differ_without_colour():
    assert len({marker for marker, _ in opening.FAMILIES.values()}) == len(opening.FAMILIES)


def test_years_are_in_order_and_each_has_a_work_among_the_references():
    cells = json.loads(CHAPTER.read_text(encoding="utf-8"))["cells"]
    page = "".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    cited = {int(year) for year in re.findall(r"\((\d{4})\)", page.split("## References")[1])}
    for events in opening.HISTORY.values():
        years = [year for year, _, _ in events]
        assert years == sorted(years)
        assert set(years) <= cited


def test_a_timeline_needs_two_columns():
    with pytest.raises(InputError, match="two"):
        opening.timeline({"one": ()})
