"""Notebook cells of an exercise, generated from its file: prompt, stub, check and folded solution."""

import ast
import inspect
import textwrap
from pathlib import Path

from deepsense_lib import exercises
from deepsense_lib.exercises.engine import Choice, Exercise, Number

PARTS = ("prompt", "stub", "check", "solution")
LEVELS = {1: "a line or two", 2: "some lines", 3: "think first"}


def source(chapter: str, name: str, part: str) -> tuple[str, str]:
    """Give (cell type, source) of one part of an exercise.

    Raises:
        InputError: if there is no such exercise.
        KeyError: if there is no such part.
    """
    exercise = exercises.get(chapter, name)
    make = {"prompt": _prompt, "stub": _stub, "check": _check, "solution": _solution}[part]
    return ("markdown" if part in ("prompt", "solution") else "code"), make(name, exercise).strip()


def solution_code(name: str, exercise: Exercise | Choice | Number) -> str:
    """Give the reference answer as code that fits into the stub's cell."""
    if isinstance(exercise, Exercise):
        return _renamed(exercise.solution, f"my_{name}")
    return f"my_{name} = {exercise.reference!r}"


def _prompt(name: str, exercise) -> str:
    level = f"*Level {exercise.level} of 3: {LEVELS[exercise.level]}.*"
    task = exercise.task or f"Write `my_{name}` so that it does what its docstring says."
    lines = [f"### Exercise: {exercise.title}", level, textwrap.dedent(task).strip()]
    if isinstance(exercise, Choice):
        lines.append(
            "\n".join(f"- **{letter}**: {option.text}" for letter, option in exercise.options.items())
        )
    return "\n\n".join(lines)


def _stub(name: str, exercise) -> str:
    if isinstance(exercise, Choice):
        letters = ", ".join(f'"{letter}"' for letter in exercise.options)
        return f"my_{name} = None  # one of {letters}"
    if isinstance(exercise, Number):
        return f"my_{name} = None  # a number{f' in {exercise.unit}' if exercise.unit else ''}"
    return stub_code(exercise.solution, f"my_{name}")


def _check(name: str, exercise) -> str:
    return f"check.{name}(my_{name})"


def _solution(name: str, exercise) -> str:
    after = f"\n\n{textwrap.dedent(exercise.explanation).strip()}" if exercise.explanation else ""
    if isinstance(exercise, Choice):
        right = exercise.options[exercise.answer]
        body = f"**{exercise.answer}**: {right.text} {right.feedback}"
    elif isinstance(exercise, Number):
        body = f"**{exercise.answer:g}{f' {exercise.unit}' if exercise.unit else ''}**. {exercise.feedback}"
    else:
        body = f"```python\n{solution_code(name, exercise)}\n```"
    # HTML, so that it folds in JupyterLab as well as on the page; the blank lines keep the inside Markdown.
    return (
        f'<details class="solution">\n<summary>Solution: {exercise.title}</summary>\n\n'
        f"{body}{after}\n\n</details>"
    )


def stub_code(function, name: str) -> str:
    """Cut a function down to signature, docstring and `raise NotImplementedError`."""
    code = _renamed(function, name)
    definition = ast.parse(code).body[0]
    first = definition.body[0]
    has_docstring = ast.get_docstring(definition) is not None
    end = first.end_lineno if has_docstring else first.lineno - 1
    return "\n".join([*code.splitlines()[:end], "    raise NotImplementedError"])


def _renamed(function, name: str) -> str:
    """Give the source of a function under another name, recursive calls included, without decorators."""
    code = textwrap.dedent(inspect.getsource(function)).rstrip()
    definition = ast.parse(code).body[0]
    lines = code.splitlines()
    spots = [(definition.lineno, lines[definition.lineno - 1].index("def ") + 4)]
    spots += [
        (node.lineno, node.col_offset)
        for node in ast.walk(definition)
        if isinstance(node, ast.Name) and node.id == function.__name__
    ]
    for row, column in sorted(spots, reverse=True):
        # Columns of the syntax tree count bytes.
        line = lines[row - 1].encode()
        assert line[column:].startswith(function.__name__.encode()), lines[row - 1]
        lines[row - 1] = (line[:column] + name.encode() + line[column + len(function.__name__) :]).decode()
    return "\n".join(lines[definition.lineno - 1 :])


def exercise_files() -> list[tuple[str, str, Path]]:
    """List every exercise as (chapter, name, file)."""
    return [
        (chapter, name, exercises.FOLDER / chapter / f"{name}.py")
        for chapter in exercises.chapters()
        for name in exercises.names(chapter)
    ]
