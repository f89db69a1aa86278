"""Exercises whose answer is a letter or a number: explain what you hear or see, predict a value."""

from dataclasses import dataclass, field

import numpy as np

from deepsense_lib.exercises.verdicts import CORRECT, NOT_ATTEMPTED, WRONG, Result, Wrong


@dataclass(frozen=True)
class Option:
    """One answer of a choice: its text, and what to tell someone who picks it."""

    text: str
    feedback: str


@dataclass(frozen=True, kw_only=True)
class Choice:
    """An exercise of the kind "change one thing and explain what you hear or see".

    Args:
        title, level, task: as in `Exercise`; the task says what to change and asks the question.
        options: by letter, each with feedback that gives the reason.
        answer: the right letter.
        explanation: Markdown shown in the folded solution.
    """

    title: str
    level: int
    task: str
    options: dict[str, Option] = field(hash=False)
    answer: str
    explanation: str = ""

    def __post_init__(self):
        if self.answer not in self.options:
            raise ValueError(f"answer {self.answer!r} is not among the options {sorted(self.options)}")

    @property
    def reference(self) -> str:
        """The answer that passes."""
        return self.answer

    @property
    def wrong(self) -> tuple[Wrong, ...]:
        """Every other option, with its own feedback."""
        return tuple(
            Wrong(letter, option.feedback) for letter, option in self.options.items() if letter != self.answer
        )

    def attempt(self, answer: object = None) -> Result:
        """Check a letter."""
        if answer is None or answer is Ellipsis or (isinstance(answer, str) and not answer.strip()):
            return Result(NOT_ATTEMPTED, f"{self.title}: not answered yet. Choose {_either(self.options)}.")
        letter = answer.strip().strip("().").lower() if isinstance(answer, str) else answer
        if not isinstance(letter, str) or letter not in self.options:
            shown = repr(answer) if isinstance(answer, (str, int, float)) else f"a {type(answer).__name__}"
            return Result(WRONG, f"{self.title}: found {shown[:40]}, expected {_either(self.options)}.", 1)
        state = CORRECT if letter == self.answer else WRONG
        return Result(state, f"{self.title}: {self.options[letter].feedback}", 1)


@dataclass(frozen=True, kw_only=True)
class Number:
    """An exercise whose answer is a number worked out by hand or read from a plot.

    Args:
        title, level, task: as in `Exercise`.
        answer: the right value; `rtol` and `atol` say how near is near enough.
        unit: shown behind the number.
        feedback: the reason, shown with the tick.
        wrong: values that learners really give, each with the hint for it.
        hint: for every other value.
    """

    title: str
    level: int
    task: str
    answer: float
    feedback: str
    wrong: tuple[Wrong, ...]
    hint: str
    unit: str = ""
    rtol: float = 0.01
    atol: float = 0.0
    explanation: str = ""

    @property
    def reference(self) -> float:
        """The answer that passes."""
        return self.answer

    def attempt(self, answer: object = None) -> Result:
        """Check a number."""
        if answer is None or answer is Ellipsis:
            return Result(NOT_ATTEMPTED, f"{self.title}: not answered yet. Give a number{self._in_unit()}.")
        value = self._value(answer)
        if value is None:
            kind = f"{type(answer).__name__}" if not callable(answer) else "function"
            return Result(WRONG, f"{self.title}: found a {kind}, expected one number{self._in_unit()}.", 1)
        if self._near(value, self.answer):
            return Result(CORRECT, f"{self.title}: {self.feedback}", 1)
        for known in self.wrong:
            if self._near(value, float(known.answer)):
                return Result(WRONG, f"{self.title}: {known.hint}", 1)
        return Result(WRONG, f"{self.title}: {self.hint}", 1)

    def _value(self, answer: object) -> float | None:
        try:
            array = np.asarray(answer)
            if array.size != 1 or array.dtype.kind not in "iuf":
                return None
            value = float(array.reshape(()))
        except Exception:
            return None
        return value if np.isfinite(value) else None

    def _near(self, value: float, target: float) -> bool:
        return abs(value - target) <= self.atol + self.rtol * abs(target)

    def _in_unit(self) -> str:
        return f" in {self.unit}" if self.unit else ""


def _either(options: dict) -> str:
    letters = [f'"{letter}"' for letter in options]
    return f"{', '.join(letters[:-1])} or {letters[-1]}"
