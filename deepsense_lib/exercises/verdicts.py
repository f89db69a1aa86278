"""What every kind of exercise shares: the verdict on an attempt, and the wrong answers it must know."""

from dataclasses import dataclass

CORRECT, WRONG, NOT_ATTEMPTED = "correct", "wrong", "not attempted"
MARKS = {CORRECT: "✓", WRONG: "✗", NOT_ATTEMPTED: "○"}


@dataclass(frozen=True)
class Result:
    """The verdict on one attempt: `state`, the one line that is shown, and the stage reached (from 1)."""

    state: str
    text: str
    stage: int = 0

    def __str__(self) -> str:
        return f"{MARKS[self.state]} {self.text}"


@dataclass(frozen=True)
class Wrong:
    """An answer that learners really give, and a part of the hint that it must trigger."""

    answer: object
    hint: str
