import math

import numpy as np
import pytest

from deepsense_lib.book import ClaimError, claim, claims_made
from deepsense_lib.errors import InputError


@pytest.mark.parametrize(
    ("bounds", "line"),
    [
        ({"at_most": 0.05}, "✓ CER is at most 0.05\n"),
        ({"at_least": 0.01}, "✓ CER is at least 0.01\n"),
        ({"between": (0.01, 0.05)}, "✓ CER is between 0.01 and 0.05\n"),
        ({"equals": 0.03}, "✓ CER is 0.03\n"),
        ({"equals": 0.0301, "within": 0.001}, "✓ CER is 0.0301 (to 0.001)\n"),
        ({"at_most": 5, "unit": "%"}, "✓ CER is at most 5 %\n"),
    ],
)
@pytest.mark.parametrize("number", [0.03, np.float64(0.03), np.array(0.03)])
def test_line_does_not_hold_the_value(bounds, line, number, capsys):
    claim("CER", number, **bounds)
    assert capsys.readouterr().out == line
    assert str(claims_made()[-1]) + "\n" == line


@pytest.mark.parametrize(
    "bounds",
    [
        {"at_most": 0.02},
        {"at_least": 0.04},
        {"between": (0.04, 0.05)},
        {"between": (0, 0.02)},
        {"equals": 0.03001},
    ],
)
def test_false_claim_names_the_value_and_is_not_registered(bounds, capsys):
    before = len(claims_made())
    with pytest.raises(ClaimError, match=r"found 0\.03"):
        claim("CER", 0.03, **bounds)
    assert len(claims_made()) == before
    assert capsys.readouterr().out == ""


def test_bounds_are_inclusive():
    claim("x", 1.0, at_most=1)
    claim("x", 1.0, at_least=1)
    claim("x", 1.0, between=(1, 1))


@pytest.mark.parametrize(
    ("value", "bounds"),
    [
        (math.nan, {"at_most": 1}),
        (math.nan, {"equals": math.nan}),
        (0.5, {"at_most": math.nan}),
        ("0.5", {"at_most": 1}),
        (None, {"at_most": 1}),
        (True, {"at_least": 1}),
        ([1, 2], {"at_most": 1}),
        (0.5, {}),
        (np.array([True, True]), {}),
        (0.5, {"at_most": 1, "at_least": 0}),
        (0.5, {"between": (1, 0)}),
    ],
)
def test_refuses(value, bounds):
    with pytest.raises(InputError):
        claim("x", value, **bounds)


def test_truth_and_words(capsys):
    claim("both agree", np.bool_(True))
    claim("the class", "anger", equals="anger")
    assert capsys.readouterr().out == "✓ both agree\n✓ the class is anger\n"
    with pytest.raises(ClaimError):
        claim("both agree", False)
    with pytest.raises(ClaimError, match="'fear'"):
        claim("the class", "fear", equals="anger")
    with pytest.raises(ClaimError):
        claim("infinity", math.inf, at_most=10)
