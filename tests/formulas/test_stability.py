"""Failures of alignments and the rules against them, compared with independent implementations."""

import itertools

import numpy as np
import pytest
import torch

from deepsense_lib.formulas import stability as formulas
from deepsense_lib.formulas.stability import Rules


def alignment(places, symbols):
    """A hard alignment with these places."""
    return np.eye(symbols)[list(places)]


def random_places(seed, steps=40, symbols=9):
    return np.random.default_rng(seed).integers(0, symbols, steps)


@pytest.mark.proves("eq-largest-jumps")
@pytest.mark.parametrize("seed", range(5))
def test_largest_jumps_are_those_of_a_loop(seed):
    weights = torch.softmax(4 * torch.randn(30, 8, generator=torch.Generator().manual_seed(seed)), -1)
    moves = torch.diff(weights.argmax(1)).tolist()
    found = formulas.largest_jumps(weights.numpy())
    assert found == (max(0, *(-m for m in moves)), max(0, *moves))


def test_jumps_by_hand():
    assert formulas.largest_jumps(alignment([0, 1, 5, 2, 3], 6)) == (3, 4)
    assert formulas.largest_jumps(alignment([0, 0, 1], 6)) == (0, 1)
    assert formulas.largest_jumps(alignment([3], 6)) == (0, 0)


@pytest.mark.proves("eq-longest-stay")
@pytest.mark.parametrize("seed", range(5))
def test_longest_stay_is_that_of_groups(seed):
    places = random_places(seed, symbols=2)
    expected = max(len(list(group)) for _, group in itertools.groupby(places))
    assert formulas.longest_stay(alignment(places, 2)) == expected


@pytest.mark.parametrize(("places", "longest"), [([0], 1), ([0, 0, 0], 3), ([0, 1, 1], 2), ([0, 0, 1], 2)])
def test_stays_by_hand(places, longest):
    assert formulas.longest_stay(alignment(places, 3)) == longest


def expected_failures(places, symbols, stopped):
    """With sets and loops: hard alignments only."""
    seen = set(map(int, places))
    return (
        not seen >= set(range(max(seen))),
        any(b < a - 1 for a, b in itertools.pairwise(places)),
        not stopped,
        stopped and max(seen) < symbols - 1,
    )


@pytest.mark.proves("eq-failures")
@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("stopped", [True, False])
def test_failures_are_those_of_sets(seed, stopped):
    rng = np.random.default_rng(seed)
    places = np.cumsum(rng.choice([-2, -1, 0, 1, 1, 2], 12)).clip(0, 7)
    found = formulas.failures(alignment(places, 8), stopped)
    assert tuple(found) == expected_failures(places, 8, stopped)
    assert found.any == any(tuple(found))


def test_each_failure_is_told_from_the_others():
    good = np.repeat(np.arange(6), 3)
    cases = {
        "skipped": (np.delete(good, slice(6, 9)), True),
        "repeated": (np.concatenate([good[:12], good[3:]]), True),
        "endless": (np.concatenate([good, [5] * 30]), False),
        "early": (good[:10], True),
    }
    assert not formulas.failures(alignment(good, 6), True).any
    for name, (places, stopped) in cases.items():
        found = formulas.failures(alignment(places, 6), stopped)._asdict()
        assert [key for key, value in found.items() if value] == [name]


def test_several_small_weights_read_a_symbol():
    soft = np.array([[1.0, 0.0, 0.0], [0.7, 0.3, 0.0], [0.0, 0.3, 0.7]])
    assert not formulas.failures(soft, True).any
    assert formulas.failures(soft, True, enough=0.65).skipped


def first_end(stops, places, symbols, rules):
    """The step of the end, for the whole utterance at once, in torch."""
    stops, last = torch.as_tensor(stops), torch.as_tensor(places) == symbols - 1
    told = stops > rules.threshold
    if rules.to_the_end:
        told = told & last
    if rules.rest is not None:
        padded = torch.nn.functional.pad(last.double()[None, None], (rules.rest - 1, 0))
        told = told | (torch.nn.functional.avg_pool1d(padded, rules.rest, 1)[0, 0] > 1 - 1e-9)
    return int(torch.argmax(told.int())) if told.any() else None


RULES = [
    Rules(),
    Rules(threshold=0.9),
    Rules(to_the_end=True),
    Rules(threshold=1.0, rest=3),
    Rules(threshold=0.8, to_the_end=True, rest=2),
    Rules(threshold=1.0),
]


@pytest.mark.proves("eq-stop-rule")
@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize("seed", range(5))
def test_the_end_is_that_of_the_whole_utterance(rules, seed):
    rng = np.random.default_rng(seed)
    stops, places = rng.random(60) ** 2, [int(p) for p in rng.integers(0, 2, 60)]
    ended = [t for t in range(60) if formulas.ends(stops[t], places[: t + 1], 2, rules)]
    assert (ended[0] if ended else None) == first_end(stops, places, 2, rules)


def test_the_rest_must_be_without_a_break():
    rules = Rules(threshold=1.0, rest=3)
    assert not formulas.ends(0.0, [4, 4, 3, 4, 4], 5, rules)
    assert formulas.ends(0.0, [3, 4, 4, 4], 5, rules)
    assert not formulas.ends(0.0, [4, 4], 5, rules)


@pytest.mark.proves("eq-attention-window")
@pytest.mark.parametrize(("back", "ahead"), [(0, 0), (0, 1), (2, 3), (20, 20)])
def test_windows_are_a_band(back, ahead):
    found = np.stack([formulas.window_mask(7, focus, back, ahead) for focus in range(7)])
    band = torch.ones(7, 7, dtype=torch.float64).triu(-back).tril(ahead)
    np.testing.assert_array_equal(found, band.numpy())


@pytest.mark.proves("eq-edge-silence")
@pytest.mark.parametrize("below", [20.0, 35.0, 60.0])
def test_edge_silence_is_librosas(below):
    librosa = pytest.importorskip("librosa")
    rng = np.random.default_rng(int(below))
    rise = np.concatenate([np.full(7, -11.0), np.linspace(-9, -1, 20), np.linspace(-1, -10, 31)])
    log_mel = rise[:, None] + rng.normal(size=(len(rise), 80)) * 0.3
    level = librosa.amplitude_to_db(np.exp(log_mel).mean(1), ref=np.max, top_db=None)
    loud = np.nonzero(level >= -below)[0]
    assert formulas.edge_silence(log_mel, below) == (loud[0], len(level) - 1 - loud[-1])


def test_edge_silence_by_hand_and_of_any_volume():
    sound = np.log(np.array([1e-5, 1e-5, 1.0, 0.5, 1e-5, 1.0, 1e-5])[:, None] * np.ones((1, 4)))
    assert formulas.edge_silence(sound) == (2, 1)  # the gap in the middle is no edge
    assert formulas.edge_silence(sound - 3.0) == (2, 1)


@pytest.mark.parametrize(
    "call",
    [
        lambda: formulas.ends(0.1, [], 3),
        lambda: formulas.ends(0.1, [2], 3, Rules(rest=0)),
        lambda: formulas.window_mask(5, 5, 1, 1),
        lambda: formulas.window_mask(5, 2, -1, 1),
        lambda: formulas.edge_silence(np.zeros((0, 80))),
        lambda: formulas.edge_silence(np.zeros((3, 80)), 0.0),
    ],
)
def test_bad_input_is_refused(call):
    with pytest.raises(ValueError, match="expected"):
        call()
