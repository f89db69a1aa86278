"""Claims: every number in the prose is checked when its chapter runs, and prints one stable line."""

import math
from dataclasses import dataclass

from deepsense_lib.errors import DeepSenseError, InputError


class ClaimError(DeepSenseError):
    """A statement of the book that the measured value contradicts."""


@dataclass(frozen=True)
class Claim:
    """A statement that held: its name, the bound in words, and the value that was found."""

    name: str
    bound: str
    value: object

    def __str__(self) -> str:
        return f"✓ {self.name}{f' {self.bound}' if self.bound else ''}"


_made: list[Claim] = []


def claims_made() -> tuple[Claim, ...]:
    """Give all claims that this process has checked, in order."""
    return tuple(_made)


def claim(
    name: str,
    value: object,
    *,
    at_most: float | None = None,
    at_least: float | None = None,
    between: tuple[float, float] | None = None,
    equals: object = None,
    within: float = 0.0,
    unit: str = "",
) -> None:
    """Check a statement of the prose and print it without the value, so that the line is always the same.

    Args:
        name: what is measured, worded so that "NAME is at most 0.05" is a sentence.
        value: the measured number; without a bound, a truth value.
        at_most, at_least, between, equals: exactly one bound, or none for a truth value.
        within: absolute tolerance of `equals`.
        unit: printed behind the bound.

    Raises:
        ClaimError: if the statement is false; the text holds the value.
        InputError: on NaN, on a value that is no number, or on more than one bound.
    """
    given = {"at_most": at_most, "at_least": at_least, "between": between, "equals": equals}
    chosen = [key for key, bound in given.items() if bound is not None]
    if len(chosen) > 1:
        raise InputError(
            f"claim '{name}': found the bounds {', '.join(chosen)}, expected only one. Split it."
        )
    if not chosen:
        holds, words = _truth(name, value), ""
    elif chosen == ["equals"] and not _is_number(equals):
        holds, words = _same(value, equals), f"is {equals}"
    else:
        holds, words = _compare(name, _number(name, value), chosen[0], given[chosen[0]], within)
        words = f"{words}{f' {unit}' if unit else ''}"
    made = Claim(name, words, value)
    if not holds:
        raise ClaimError(f"the claim '{name}{f' {words}' if words else ''}' is false: found {_shown(value)}")
    _made.append(made)
    print(made)


def _truth(name: str, value: object) -> bool:
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    if isinstance(value, bool) or (kind == "b" and getattr(value, "size", 2) == 1):
        return bool(value)
    raise InputError(
        f"claim '{name}': found {type(value).__name__} without a bound, expected True or False. "
        "Give at_most, at_least, between or equals."
    )


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _same(value: object, expected: object) -> bool:
    try:
        return bool(value == expected)
    except ValueError:  # arrays have no single truth value
        return False


def _number(name: str, value: object) -> float:
    if isinstance(value, (str, bytes, bool)) or value is None:
        raise InputError(f"claim '{name}': found {value!r}, expected a number")
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise InputError(f"claim '{name}': found a {type(value).__name__}, expected one number") from None
    if math.isnan(number):
        raise InputError(f"claim '{name}': found NaN, expected a number. Look for 0/0 or log(0) before it.")
    return number


def _compare(name: str, number: float, kind: str, bound: object, within: float) -> tuple[bool, str]:
    limits = [_number(f"{name}, bound", limit) for limit in (bound if kind == "between" else (bound,))]
    if kind == "at_most":
        return number <= limits[0], f"is at most {limits[0]:g}"
    if kind == "at_least":
        return number >= limits[0], f"is at least {limits[0]:g}"
    if kind == "equals":
        near = f" (to {within:g})" if within else ""
        return abs(number - limits[0]) <= within, f"is {limits[0]:g}{near}"
    if len(limits) != 2 or limits[0] > limits[1]:
        raise InputError(f"claim '{name}': found between={bound}, expected (lower, upper)")
    return limits[0] <= number <= limits[1], f"is between {limits[0]:g} and {limits[1]:g}"


def _shown(value: object) -> str:
    try:
        return f"{float(value):.6g}"
    except (TypeError, ValueError):
        return repr(value)[:200]
