"""Every exercise keeps its promises: reference passes, stub is not attempted, wrong answers get hints."""

import ast
import functools

import pytest

from deepsense_lib import exercises
from deepsense_lib.exercises.cells import PARTS, exercise_files, source
from deepsense_lib.exercises.engine import CORRECT, NOT_ATTEMPTED, WRONG, Choice, Exercise

ALL = exercise_files()
IDS = [f"{chapter}/{name}" for chapter, name, _ in ALL]
every_exercise = pytest.mark.parametrize(("chapter", "name"), [entry[:2] for entry in ALL], ids=IDS)


@functools.cache
def code_cells(chapter, name):
    return {part: source(chapter, name, part)[1] for part in PARTS}


@pytest.mark.parametrize("chapter", exercises.chapters())
def test_a_chapter_has_four_exercises_graded_and_one_that_explains(chapter):
    found = [exercises.get(chapter, name) for name in exercises.names(chapter)]
    assert len(found) >= 4
    assert any(isinstance(exercise, Choice) for exercise in found), (
        "none asks to explain what one hears or sees"
    )
    assert len({exercise.level for exercise in found}) >= 2


@every_exercise
def test_form(chapter, name):
    exercise = exercises.get(chapter, name)
    assert exercise.level in (1, 2, 3)
    assert exercise.title.strip()
    assert len(exercise.wrong) >= 2
    if isinstance(exercise, Exercise):
        assert exercise.stages
        assert (exercise.solution.__doc__ or "").strip(), "the stub needs a docstring"
        for stage in exercise.stages:
            assert len(stage.hint) > 20
            assert stage.hint.rstrip()[-1] in ".?!)", stage.hint


@every_exercise
def test_reference_passes_twice(chapter, name):
    exercise = exercises.get(chapter, name)
    for _ in range(2):
        result = exercise.attempt(exercise.reference)
        assert result.state == CORRECT, result.text


@every_exercise
def test_stub_is_not_attempted(chapter, name):
    namespace = {}
    exercise = exercises.get(chapter, name)
    module = exercises.importlib.import_module(f"deepsense_lib.exercises.{chapter}.{name}")
    namespace.update(vars(module))
    exec(code_cells(chapter, name)["stub"], namespace)
    result = exercise.attempt(namespace[f"my_{name}"])
    assert result.state == NOT_ATTEMPTED
    assert "Replace" in result.text or "not answered yet" in result.text


@every_exercise
def test_folded_solution_passes(chapter, name):
    exercise = exercises.get(chapter, name)
    module = exercises.importlib.import_module(f"deepsense_lib.exercises.{chapter}.{name}")
    namespace = dict(vars(module))
    from deepsense_lib.exercises.cells import solution_code

    exec(solution_code(name, exercise), namespace)
    assert exercise.attempt(namespace[f"my_{name}"]).state == CORRECT


@every_exercise
def test_every_wrong_answer_gets_its_own_hint(chapter, name):
    exercise = exercises.get(chapter, name)
    for number, wrong in enumerate(exercise.wrong):
        result = exercise.attempt(wrong.answer)
        label = getattr(wrong.answer, "__name__", wrong.answer)
        assert result.state == WRONG, f"wrong answer {number} ({label}) passes"
        assert len(wrong.hint) >= 5
        assert wrong.hint in result.text, f"wrong answer {number} ({label}): {result.text}"
        if isinstance(exercise, Exercise):
            stage = exercise.stages[result.stage - 1]
            told = [other.hint for other in exercise.stages if other.hint != stage.hint]
            assert not any(wrong.hint in other for other in told), f"'{wrong.hint}' is in more than one hint"
        assert "Traceback" not in result.text


@every_exercise
def test_cells_are_well_formed(chapter, name):
    cells = code_cells(chapter, name)
    ast.parse(cells["stub"])
    ast.parse(cells["check"])
    assert cells["check"] == f"check.{name}(my_{name})"
    assert "summary>Solution" in cells["solution"]
    assert cells["solution"].count("```") % 2 == 0
