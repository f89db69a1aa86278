"""Exercises that check themselves: `check = load("spectrum")`, then `check.parseval(my_parseval)`."""

import difflib
import importlib
import pkgutil
from pathlib import Path

from deepsense_lib.errors import InputError

FOLDER = Path(__file__).parent


def chapters() -> list[str]:
    """List the chapters that have exercises."""
    return sorted(folder.name for folder in FOLDER.iterdir() if (folder / "__init__.py").is_file())


def names(chapter: str) -> list[str]:
    """List the exercises of a chapter in alphabetical order."""
    if chapter not in chapters():
        raise InputError(f"no exercises for chapter '{chapter}'; there are: {', '.join(chapters())}")
    return sorted(
        module.name for module in pkgutil.iter_modules([str(FOLDER / chapter)]) if module.name[0] != "_"
    )


def get(chapter: str, name: str):
    """Import one exercise and return its `EXERCISE`."""
    if name not in names(chapter):
        near = difflib.get_close_matches(name, names(chapter), 1)
        meant = f" Did you mean '{near[0]}'?" if near else ""
        raise InputError(
            f"no exercise '{name}' in '{chapter}'; there are: {', '.join(names(chapter))}.{meant}"
        )
    return importlib.import_module(f"{__name__}.{chapter}.{name}").EXERCISE


class Check:
    """The check of one exercise: call it with an answer and it prints one line."""

    def __init__(self, chapter: str, name: str):
        self.exercise = get(chapter, name)
        self.name = name

    def __call__(self, answer: object = None) -> None:
        """Check `answer` and print the verdict."""
        print(self.exercise.attempt(answer))

    def hint(self, step: int = 1) -> None:
        """Print the hint of a step without checking anything."""
        hints = [stage.hint for stage in getattr(self.exercise, "stages", ())]
        hints = hints or [getattr(self.exercise, "hint", "Read the task again, and try it out in a cell.")]
        number = min(max(step, 1), len(hints))
        print(f"Hint {number} of {len(hints)}: {hints[number - 1]}")

    def solution(self) -> None:
        """Print the reference solution."""
        from deepsense_lib.exercises.cells import solution_code

        print(solution_code(self.name, self.exercise))

    def __repr__(self) -> str:
        return f"check of '{self.exercise.title}' (level {self.exercise.level})"


class Checks:
    """All checks of a chapter, as attributes."""

    def __init__(self, chapter: str):
        self._chapter, self._names = chapter, names(chapter)

    def __getattr__(self, name: str) -> Check:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            check = Check(self._chapter, name)
        except InputError as error:
            raise AttributeError(str(error)) from None
        setattr(self, name, check)
        return check

    def __dir__(self) -> list[str]:
        return self._names

    def __repr__(self) -> str:
        return f"exercises of '{self._chapter}': {', '.join(self._names)}"


def load(chapter: str) -> Checks:
    """Give the checks of a chapter, for instance `check = load("spectrum")`.

    Raises:
        InputError: if the chapter has no exercises.
    """
    return Checks(chapter)
