"""Pytest plugin: with `--nbval`, figures and players are compared too, by eye and ear instead of by byte.

nbval compares text and skips images; it would compare players byte by byte. Here both are decoded and
compared perceptually, in the same run. Per cell, metadata `{"deepsense": {"tolerance": 3}}` widens the
tolerance. Cells tagged `nbval-ignore-output` are compared loosely: as many pictures and sounds, alike.
With `--chapters-tolerant` (for a GPU, whose last digits differ), decimals in texts are not compared and all
pictures and sounds are compared loosely.
"""

import re

import nbval.plugin
import pytest

from deepsense_lib.book.perceptual import DEFAULT, LOOSE, difference, without_media

WIDGET = "application/vnd.jupyter.widget-view+json"
DECIMAL = re.compile(r"-?\d+\.\d+(e[+-]?\d+)?|-?\d+e[+-]?\d+")


def pytest_addoption(parser):
    """Add the option for runs on another kind of processor."""
    parser.getgroup("nbval").addoption(
        "--chapters-tolerant",
        action="store_true",
        help="compare chapters as far as a GPU can agree with a CPU",
    )


class ChapterCell(nbval.plugin.IPyNbCell):
    """A code cell whose pictures and sounds are compared as well as its text."""

    def runtest(self):
        """Execute the cell and compare; cells whose text is ignored get the loose comparison."""
        super().runtest()
        if not self.options["check"] and self.cell.execution_count is not None:
            said = difference(without_widgets(self.cell.outputs), without_widgets(self.test_outputs), LOOSE)
            if said:
                self.raise_cell_error("Cell outputs differ", said)

    def compare_outputs(self, test, ref, skip_compare=None):
        """Compare text as nbval does, then pictures and sounds."""
        test, ref = without_widgets(test), without_widgets(ref)
        if not super().compare_outputs(test, ref, skip_compare):
            return False
        said = difference(ref, test, self._tolerance())
        if said:
            self.comparison_traceback.append(said)
        return not said

    def sanitize(self, s):
        """Leave out of the text comparison what is compared in another way."""
        s = super().sanitize(s)
        if isinstance(s, str):
            s = without_media(s)
            if self._tolerant():
                s = DECIMAL.sub("<decimal>", s)
        return s

    def _tolerant(self) -> bool:
        return self.config.getoption("--chapters-tolerant")

    def _tolerance(self):
        if self._tolerant():
            return LOOSE
        return DEFAULT.times(self.cell.metadata.get("deepsense", {}).get("tolerance", 1))


def without_widgets(outputs: list) -> list:
    """Leave out progress bars and other live widgets, which are not stored."""
    return [output for output in outputs or [] if WIDGET not in output.get("data", {})]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Make nbval's cells ours, and refuse a chapter that was never executed.

    nbval compares nothing in a cell without an execution count, and passes.
    """
    for item in items:
        if not isinstance(item, nbval.plugin.IPyNbCell):
            continue
        # nbval's collector names its class itself and leaves no other way in.
        item.__class__ = ChapterCell
        if item.cell.execution_count is None and item.cell.source.strip():
            raise pytest.UsageError(
                f"{item.path}: code cell {item.cell_num} was never executed; run tools/run_chapter.py on it"
            )
