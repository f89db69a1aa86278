"""A failed comparison says what differs, where, and the usual cause."""

import numpy as np
import pytest

from deepsense_lib.exercises.compare import CheckFailed, as_array, equal_arrays, require

X = np.arange(12.0).reshape(3, 4) + 1


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (X.T, "transposed"),
        (X[..., None], "axis of length 1"),
        (X[:, :3], "axis 1 is one too short"),
        (X.sum(axis=1), "sum or average over an axis too many"),
        (np.stack([X, X]), "sum or mean over an axis missing"),
        (-X, "sign is wrong"),
        (2 * X, "every value is 2 times"),
        (X + 3, "every value is off by 3"),
        (X[::-1], "reversed"),
        (np.roll(X, 1, axis=1), "shifted by one place"),
        (X**2, "square root missing"),
        (np.exp(X), "logarithm missing"),
        (np.sqrt(X), "square missing"),
        (np.zeros_like(X), "all your values are zero"),
        (np.where(X == 5, np.nan, X), "NaN or infinity"),
        (np.where(X == 7, 0, X), r"at index (1, 2) is 0, expected 7"),
        (X + 1j, "complex"),
        (None, "did you forget `return`"),
        (len, "builtin"),
        ({1, 2}, "set"),
    ],
)
def test_cause(found, words):
    with pytest.raises(CheckFailed) as caught:
        equal_arrays(found, X, what="the matrix")
    assert words in str(caught.value)
    assert str(caught.value).startswith("the matrix")


def test_conjugate():
    z = np.exp(1j * np.arange(1, 6))
    with pytest.raises(CheckFailed, match="complex conjugate"):
        equal_arrays(z.conj(), z)


@pytest.mark.parametrize("good", [X, X.tolist(), X + 1e-9, X.astype(np.float32), X + 0j])
def test_equal(good):
    equal_arrays(good, X, rtol=1e-6)


def test_zero_is_compared_on_the_scale_of_the_rest():
    equal_arrays([1.0, 1e-17], [1.0, 0.0])
    with pytest.raises(CheckFailed):
        equal_arrays([1.0, 1e-3], [1.0, 0.0])


def test_tolerance_is_not_wider_than_asked():
    with pytest.raises(CheckFailed):
        equal_arrays(X * (1 + 1e-4), X, rtol=1e-5)


def test_dtype_strings_integers_and_nan():
    with pytest.raises(CheckFailed, match="dtype"):
        equal_arrays(X.astype(np.float32), X, dtype=True)
    equal_arrays(["a", "b"], np.array(["a", "b"]))
    with pytest.raises(CheckFailed, match="'c', expected 'b'"):
        equal_arrays(["a", "c"], np.array(["a", "b"]))
    equal_arrays([np.nan, 1.0], [np.nan, 1.0])
    equal_arrays([], [])
    with pytest.raises(CheckFailed, match="index 1 is 3, expected 2"):
        equal_arrays([1, 3, 7], [1, 2, 5])


def test_as_array_and_require():
    with pytest.raises(CheckFailed, match="without numbers"):
        as_array(object())
    require(np.array([True, True]))
    with pytest.raises(CheckFailed, match="because"):
        require(0, "because")
