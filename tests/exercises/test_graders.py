"""The report on the exercises' checks is current, complete, and says nothing that is not so."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import grade_graders
from mutants import mutants

from deepsense_lib import exercises

ROWS = {(row["chapter"], row["name"]): row for row in grade_graders.load()}
JUDGED = grade_graders.judgements()
EVERY = [(chapter, name) for chapter in exercises.chapters() for name in exercises.names(chapter)]


def test_every_exercise_is_in_the_report_and_nothing_else():
    assert sorted(ROWS) == sorted(EVERY), "run: python tools/grade_graders.py"


@pytest.mark.parametrize("chapter", exercises.chapters())
def test_the_report_says_what_is_measured_now(chapter):
    for name in exercises.names(chapter):
        assert ROWS[chapter, name] == grade_graders.measure(chapter, name), (
            "run: python tools/grade_graders.py"
        )


def test_no_reference_fails_no_stub_is_left_alone_no_wrong_answer_slips_through():
    for row in ROWS.values():
        assert row["reference_passes"], row["name"]
        assert row["stub_helps"], row["name"]
        assert row["wrong_answers_caught"] == row["wrong_answers"] >= 2, row["name"]


def test_the_checks_refuse_nineteen_of_twenty_spoilt_copies():
    refused, total = grade_graders.refused(list(ROWS.values()))
    assert total > 10 * len(exercises.chapters())
    assert refused >= 0.95 * total


def test_every_copy_that_passes_is_judged_and_no_judgement_is_left_over():
    passing = {f"{row['chapter']}/{row['name']}": set(row["survivors"]) for row in ROWS.values()}
    judged = {exercise: set(names) for exercise, names in JUDGED.items()}
    assert judged == {exercise: names for exercise, names in passing.items() if names}
    for names in JUDGED.values():
        for verdict in names.values():
            assert verdict.startswith(("Nothing changes: ", "Accepted: "))


SOURCE = '''
def mean_square(x, axis=-1):
    """Give the mean of the squares, not below 0."""
    total = (x**2).sum(axis=axis, keepdims=True)
    if total.size > 1:
        total = total / x.shape[axis]
    return max(total, 0)
'''


def test_mutants_differ_from_the_original_and_from_each_other():
    found = mutants(SOURCE)
    codes = [mutant.code for mutant in found]
    assert len(set(codes)) == len(codes)
    for mutant in found:
        compile(mutant.code, "<mutant>", "exec")
        assert "Give the mean of the squares" in mutant.code


@pytest.mark.parametrize(
    "change",
    [
        "total = (x ** 2).sum(axis=axis, keepdims=True) → total = (x * 2).sum(axis=axis, keepdims=True)",
        "total = (x ** 2).sum(axis=axis, keepdims=True) → total = (x ** 3).sum(axis=axis, keepdims=True)",
        "total = (x ** 2).sum(axis=axis, keepdims=True) → total = (x ** 2).mean(axis=axis, keepdims=True)",
        "total = (x ** 2).sum(axis=axis, keepdims=True) → total = (x ** 2).sum(axis=axis)",
        "total = (x ** 2).sum(axis=axis, keepdims=True) → total = (x ** 2).sum(keepdims=True)",
        "if total.size > 1: → if total.size >= 1:",
        "if total.size > 1: → if not total.size > 1:",
        "total = total / x.shape[axis] → total = total * x.shape[axis]",
        "total = total / x.shape[axis] → pass",
        "return max(total, 0) → return min(total, 0)",
        "def mean_square(x, axis=-1): → def mean_square(x, axis=1):",
    ],
)
def test_mutants_hold_the_usual_faults(change):
    assert change in [mutant.name for mutant in mutants(SOURCE)]
