"""Comparisons whose failure tells a learner what differs, where, and which slip usually causes it."""

import numpy as np


class CheckFailed(AssertionError):  # noqa: N818 - it is a verdict on an answer, not an error of the program
    """A requirement of an exercise that the candidate does not meet; its text is shown to the learner."""


def require(condition: object, message: str = "") -> None:
    """Fail the present stage with `message` unless `condition` is true.

    Args:
        condition: anything with a truth value; an array counts as true when all of its elements are.
        message: what was found and what was expected, in one sentence (the stage's hint comes before it).

    Raises:
        CheckFailed: if the condition is false.
    """
    if not np.all(condition):
        raise CheckFailed(message)


def equal_arrays(
    found: object,
    expected: object,
    rtol: float = 1e-6,
    what: str = "the result",
    *,
    atol: float | None = None,
    dtype: bool = False,
) -> None:
    """Fail the present stage unless `found` equals `expected` in shape and value.

    Args:
        found: what the candidate returned: an array, a number, or nested lists of numbers.
        expected: the array to compare with, of any shape.
        rtol: relative tolerance per element.
        what: how the message names the thing compared.
        atol: absolute tolerance; default `rtol` times the largest expected magnitude.
        dtype: also require the same dtype.

    Raises:
        CheckFailed: with shape, dtype or first differing index, and a typical cause where one is recognised.
    """
    want = np.asarray(expected)
    got = as_array(found, what)
    if got.shape != want.shape:
        raise CheckFailed(
            f"{what} has shape {got.shape}, expected {want.shape}{_shape_cause(got.shape, want.shape)}"
        )
    if dtype and got.dtype != want.dtype:
        raise CheckFailed(f"{what} has dtype {got.dtype}, expected {want.dtype}")
    if want.dtype.kind in "US" or got.dtype.kind in "US":
        different = got != want
    else:
        _refuse_imaginary(got, want, what)
        if atol is None:
            finite = np.abs(want[np.isfinite(want)])
            atol = rtol * float(finite.max()) if finite.size else 0.0
        different = ~np.isclose(got, want, rtol=rtol, atol=atol, equal_nan=True)
    if np.any(different):
        place = tuple(int(i) for i in np.argwhere(different)[0])
        where = f" at index {place[0] if len(place) == 1 else place}" if place else ""
        raise CheckFailed(
            f"{what}{where} is {_number(got[place])}, expected {_number(want[place])}"
            f"{_value_cause(got, want, rtol, atol)}"
        )


def as_array(found: object, what: str = "the result") -> np.ndarray:
    """Turn a candidate's result into an array of numbers or strings, or fail with a readable message.

    Raises:
        CheckFailed: if the value is missing, ragged, or not made of numbers.
    """
    if found is None:
        raise CheckFailed(f"{what} is None: did you forget `return`?")
    if isinstance(found, (set, frozenset, dict)) or callable(found):
        raise CheckFailed(f"{what} is a {type(found).__name__}, expected an array or a number")
    try:
        array = np.asarray(found)
    except ValueError:
        raise CheckFailed(f"{what} has rows of different lengths, expected a rectangular array") from None
    except Exception as error:
        raise CheckFailed(f"{what} cannot be read as an array ({_first_line(error)})") from None
    if array.dtype.kind not in "biufcUS":
        raise CheckFailed(f"{what} is a {type(found).__name__} without numbers in it, expected an array")
    return array


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:120]


def _number(value: object) -> str:
    """Format one element so that it is short and the same on every platform."""
    value = np.asarray(value)
    if value.dtype.kind in "biu":
        return str(value.item())
    if value.dtype.kind in "US":
        return repr(str(value))
    if value.dtype.kind == "c":
        return f"{value.real:.6g}{value.imag:+.6g}j"
    return f"{value:.6g}"


def _refuse_imaginary(got: np.ndarray, want: np.ndarray, what: str) -> None:
    if got.dtype.kind == "c" and want.dtype.kind != "c" and np.any(got.imag != 0):
        raise CheckFailed(
            f"{what} is complex, expected real numbers: is a magnitude (`abs`) or a real part missing?"
        )


def _shape_cause(got: tuple[int, ...], want: tuple[int, ...]) -> str:
    """Name the slip behind a wrong shape, where it is one of the usual ones."""
    if len(got) == 2 and got == want[::-1]:
        return ": it is transposed"
    if tuple(n for n in got if n != 1) == tuple(n for n in want if n != 1):
        return ": an axis of length 1 is too many or too few (`keepdims`, `squeeze`, `[:, None]`)"
    if len(got) == len(want) and sum(a != b for a, b in zip(got, want, strict=True)) == 1:
        axis = next(i for i, (a, b) in enumerate(zip(got, want, strict=True)) if a != b)
        difference = got[axis] - want[axis]
        if abs(difference) == 1:
            return f": axis {axis} is one too {'long' if difference > 0 else 'short'}"
    if len(got) < len(want):
        return ": did you sum or average over an axis too many?"
    if len(got) > len(want):
        return ": is a sum or mean over an axis missing?"
    return ""


def _value_cause(got: np.ndarray, want: np.ndarray, rtol: float, atol: float) -> str:
    """Name the slip behind wrong values, where one simple operation would mend all of them."""
    if got.dtype.kind not in "iufc" or want.dtype.kind not in "iufc":
        return ""
    bad = got[~np.isfinite(got)]
    if bad.size and np.all(np.isfinite(want)):
        return ": NaN or infinity usually comes from 0/0, from log(0) or from an overflowing exponential"

    def mends(candidate: np.ndarray) -> bool:
        return bool(np.allclose(candidate, want, rtol=max(rtol, 1e-6), atol=atol))

    with np.errstate(all="ignore"):
        if not np.any(got) and np.any(want):
            return ": all your values are zero"
        if mends(-got):
            return ": the sign is wrong everywhere"
        if got.dtype.kind == "c" and mends(np.conj(got)):
            return ": it is the complex conjugate, so the sign in the exponent is wrong"
        if got.ndim and any(mends(np.flip(got, axis)) for axis in range(got.ndim)):
            return ": the order is reversed"
        if got.ndim and any(mends(np.roll(got, step, axis)) for axis in range(got.ndim) for step in (1, -1)):
            return ": everything is shifted by one place"
        if got.size > 1:
            return _factor_or_offset(got, want, mends)
    return ""


def _factor_or_offset(got: np.ndarray, want: np.ndarray, mends) -> str:
    """Recognise a constant factor, a constant offset, or a missing root or logarithm."""
    power = float(np.real(np.vdot(got, got)))
    if power > 0:
        factor = np.vdot(got, want) / power
        if np.isfinite(factor) and abs(factor) > 0 and mends(got * factor):
            return f": every value is {_number(1 / factor)} times the expected one"
    offset = np.mean(want - got)
    if mends(got + offset):
        return f": every value is off by {_number(-offset)}"
    for name, candidate in (
        ("square root", np.sqrt(got + 0j)),
        ("square", got**2),
        ("logarithm", np.log(got + 0j)),
    ):
        if mends(candidate):
            return f": is a {name} missing?"
    return ""
