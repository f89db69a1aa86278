"""The check engine: exercises in stages, each with a hint that tells what to do next.

An exercise is one file `deepsense_lib/exercises/<chapter>/<name>.py` with a module-level `EXERCISE`:

- `Exercise`: the learner writes a function; stages test it one after the other.
- `Choice`: the learner explains what they hear or see by picking one of several explained answers.
- `Number`: the learner predicts a number; near misses have feedback of their own.

All three answer `attempt(answer) -> Result`. A check prints one line and never a traceback for an ordinary
mistake; "not attempted" is a state of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass

from deepsense_lib.exercises.compare import CheckFailed, as_array, equal_arrays, require
from deepsense_lib.exercises.guard import (
    Finding,
    Guard,
    NotAttempted,
    OutOfTime,
    describe,
    quiet_and_restored,
    time_limit,
)
from deepsense_lib.exercises.questions import Choice, Number, Option
from deepsense_lib.exercises.verdicts import CORRECT, NOT_ATTEMPTED, WRONG, Result, Wrong

__all__ = [
    "CheckFailed",
    "Choice",
    "Exercise",
    "Number",
    "Option",
    "Result",
    "Stage",
    "Wrong",
    "as_array",
    "equal_arrays",
    "require",
]


@dataclass(frozen=True)
class Stage:
    """One step of a check.

    `test(candidate)` calls the learner's function and fails by `require`, `equal_arrays`, `assert`, or by
    returning False. `hint` is one or two sentences: what to look at next.
    """

    test: Callable[[Callable], object]
    hint: str


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """An exercise whose answer is a function.

    Args:
        title: what it is about, in a few words.
        level: 1 (a line), 2 (some lines), 3 (think first).
        solution: the reference; its signature and docstring make the stub.
        stages: run in order; the first that fails gives the hint.
        wrong: at least two wrong answers with the hint of each.
        task: Markdown shown above the stub; without it the docstring must say all.
        explanation: Markdown shown below the solution.
        seconds: time limit per stage.
        may_change_inputs: allow the function to work in place.
    """

    title: str
    level: int
    solution: Callable
    stages: tuple[Stage, ...]
    wrong: tuple[Wrong, ...]
    task: str = ""
    explanation: str = ""
    seconds: float = 10.0
    may_change_inputs: bool = False

    @property
    def reference(self) -> Callable:
        """The answer that passes."""
        return self.solution

    def attempt(self, answer: object = None) -> Result:
        """Check a candidate function stage by stage."""
        refusal = self._refuse(answer)
        if refusal:
            return Result(WRONG, f"{self.title}: {refusal}.")
        printed = 0
        for number, stage in enumerate(self.stages, start=1):
            verdict, lines = self._run(stage, answer)
            printed += lines
            if verdict is not None:
                return self._fail(verdict, number, printed)
        steps = "the step is" if len(self.stages) == 1 else f"all {len(self.stages)} steps are"
        return Result(CORRECT, f"{self.title}: {steps} right.{_about_prints(printed)}", len(self.stages))

    def _refuse(self, answer: object) -> str:
        if answer is None:
            return "nothing to check. Pass your function to the check, without calling it"
        if not callable(answer):
            return (
                f"the check needs your function itself, but it was given a {type(answer).__name__}. "
                "Pass the name alone, without parentheses and arguments"
            )
        return ""

    def _run(self, stage: Stage, candidate: Callable) -> tuple[BaseException | str | None, int]:
        """Run one stage; return (what went wrong or None, number of lines that the candidate printed)."""
        guard = Guard(candidate, self.may_change_inputs)
        with quiet_and_restored() as muted:
            try:
                with time_limit(self.seconds):
                    verdict = stage.test(guard)
                outcome = stage.hint if verdict is False else None
            except CheckFailed as failed:
                outcome = _sentence(stage.hint, str(failed))
            except (Finding, NotAttempted) as finding:
                outcome = finding if guard.calls < 2 else _later(finding, guard.candidate)
            except OutOfTime:
                outcome = f"{stage.hint} (Stopped after {self.seconds:g} s: does a loop never end?)"
            except KeyboardInterrupt:
                outcome = "stopped from the keyboard before there was a verdict."
            except SystemExit:
                outcome = "your function ends the whole program (`exit`, `quit`). Use `return` instead."
            except AssertionError as failed:
                outcome = _sentence(stage.hint, str(failed))
            except BaseException as error:
                outcome = self._explain(error, stage, guard)
        return outcome, muted.lines

    @staticmethod
    def _explain(error: BaseException, stage: Stage, guard: Guard) -> str:
        """Say whether the learner's own code raised, or whether its result could not be used."""
        own = describe(error, guard.candidate)
        if " in line " in own or guard.last is None:
            return f"your code raised {own}. {stage.hint}"
        return _sentence(
            stage.hint, f"a result of type {type(guard.last).__name__} cannot be used there: {own}"
        )

    def _fail(self, verdict: BaseException | str, number: int, printed: int) -> Result:
        if isinstance(verdict, NotAttempted) and number == 1:
            return Result(
                NOT_ATTEMPTED,
                f"{self.title}: not attempted yet. Replace `raise NotImplementedError` by your code, "
                "then run this cell again.",
                number,
            )
        if isinstance(verdict, NotAttempted):
            verdict = "your code still raises NotImplementedError for some input."
        text = _stop(str(verdict))
        place = f", step {number} of {len(self.stages)}" if len(self.stages) > 1 else ""
        return Result(WRONG, f"{self.title}{place}: {text}{_about_prints(printed)}", number)


def _later(finding: Exception, candidate: Callable) -> Exception | str:
    """Word a finding that appears only after the first call of a stage."""
    if not isinstance(finding, NotAttempted):
        return finding
    where = describe(finding.__cause__, candidate) if finding.__cause__ else "`...`"
    return f"your code is not complete for every input ({where})"


def _sentence(hint: str, detail: str) -> str:
    detail = detail.strip().splitlines()[0] if detail.strip() else ""
    return f"{hint} ({detail[0].upper()}{_stop(detail[1:])})" if detail else hint


def _stop(text: str) -> str:
    return text if text.endswith((".", "?", "!", ")")) else f"{text}."


def _about_prints(lines: int) -> str:
    return " (What your function printed is not shown here; call it yourself to see it.)" if lines else ""
