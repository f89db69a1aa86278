"""Whatever a learner hands in, the engine answers with one line."""

import random
import threading
import time

import numpy as np
import pytest

from deepsense_lib.exercises.engine import (
    CORRECT,
    NOT_ATTEMPTED,
    WRONG,
    Choice,
    Exercise,
    Number,
    Option,
    Stage,
    Wrong,
    equal_arrays,
    require,
)


def scaled_sum(x, factor=1.0):
    """Return the sum of x times factor."""
    return float(np.sum(x) * factor)


def positive(candidate):
    equal_arrays(candidate(np.arange(4.0)), 6.0, what="the sum")


def with_factor(candidate):
    equal_arrays(candidate(-np.ones(3), factor=2.0), -6.0)


EXERCISE = Exercise(
    title="Sum",
    level=1,
    solution=scaled_sum,
    stages=(Stage(positive, "Add all of them."), Stage(with_factor, "Multiply by the factor.")),
    wrong=(),
    seconds=0.4,
)


def raises(x, factor=1.0):
    return x[100]


def raises_below(x, factor=1.0):
    return np.linalg.inv(x)


def changes_input(x, factor=1.0):
    x *= factor
    x += 1
    return x.sum() - len(x)


def leaves(x, factor=1.0):
    raise SystemExit(3)


def interrupted(x, factor=1.0):
    raise KeyboardInterrupt


def own_base_error(x, factor=1.0):
    class Odd(BaseException):
        pass

    raise Odd("odd")


def recursion(x, factor=1.0):
    return recursion(x, factor)


def generator(x, factor=1.0):
    yield 1


async def coroutine(x, factor=1.0):
    return 1


def half(x, factor=1.0):
    if factor != 1:
        raise NotImplementedError
    return np.sum(x)


def ellipsis(x, factor=1.0):
    return ...


def stub(x, factor=1.0):
    raise NotImplementedError


def forever(x, factor=1.0):
    while True:
        try:  # noqa: SIM105
            time.sleep(0)
        except Exception:  # what a learner writes around a loop
            pass


def sleeps(x, factor=1.0):
    time.sleep(60)


def talks(x, factor=1.0):
    while True:
        print("still here", x)


NASTY = [
    (raises, WRONG, "IndexError"),
    (raises_below, WRONG, "LinAlgError"),
    (changes_input, WRONG, "changes the array"),
    (leaves, WRONG, "ends the whole program"),
    (interrupted, WRONG, "stopped from the keyboard"),
    (own_base_error, WRONG, "Odd: odd"),
    (recursion, WRONG, "calls itself without end"),
    (generator, WRONG, "generator"),
    (coroutine, WRONG, "coroutine"),
    (half, WRONG, "still raises NotImplementedError"),
    (ellipsis, NOT_ATTEMPTED, "not attempted"),
    (stub, NOT_ATTEMPTED, "Replace `raise NotImplementedError`"),
    (forever, WRONG, "Stopped after 0.4 s"),
    (sleeps, WRONG, "Stopped after 0.4 s"),
    (talks, WRONG, "Stopped after 0.4 s"),
    (lambda x, factor=1.0: None, WRONG, "did you forget `return`"),
    (lambda x: 6.0, WRONG, "called as"),
    (lambda: 6.0, WRONG, "Keep the first line"),
    (lambda x, factor=1.0: print(x), WRONG, "None"),
    (lambda x, factor=1.0: "6", WRONG, "Add all of them"),
    (lambda x, factor=1.0: {"sum": 6}, WRONG, "is a dict"),
    (lambda x, factor=1.0: [[1], [2, 3]], WRONG, "different lengths"),
    (lambda x, factor=1.0: object(), WRONG, "object"),
    (lambda x, factor=1.0: np.full(4, np.nan), WRONG, "shape"),
    (lambda x, factor=1.0: np.nan, WRONG, "NaN"),
    (lambda x, factor=1.0: 6.0 + 1j, WRONG, "complex"),
    (lambda x, factor=1.0: 1 / 0, WRONG, "ZeroDivisionError"),
    (None, WRONG, "Pass your function"),
    (6.0, WRONG, "needs your function itself"),
    (np.ones(3), WRONG, "needs your function itself"),
    ("scaled_sum", WRONG, "needs your function itself"),
    (scaled_sum, CORRECT, "all 2 steps are right"),
]


@pytest.mark.parametrize(
    ("candidate", "state", "words"),
    NASTY,
    ids=[f"{i}-{getattr(c, '__name__', c)}" for i, (c, *_) in enumerate(NASTY)],
)
def test_one_line_for_whatever_is_handed_in(candidate, state, words, capsys):
    result = EXERCISE.attempt(candidate)
    assert result.state == state, result.text
    assert words in result.text
    assert "\n" not in str(result)
    assert len(str(result)) < 700
    assert capsys.readouterr().out == ""


def test_error_names_the_learners_own_line():
    text = EXERCISE.attempt(raises).text
    assert "`return x[100]`" in text
    assert f"line {raises.__code__.co_firstlineno + 1}" in text
    # The error comes from inside NumPy, the line shown is still the learner's.
    assert "np.linalg.inv(x)" in EXERCISE.attempt(raises_below).text


def test_fails_at_the_right_stage():
    result = EXERCISE.attempt(lambda x, factor=1.0: np.sum(x))
    assert (result.state, result.stage) == (WRONG, 2)
    assert "step 2 of 2: Multiply by the factor." in result.text


def test_prints_are_swallowed_and_mentioned(capsys):
    def chatty(x, factor=1.0):
        print("debugging")
        return scaled_sum(x, factor)

    result = EXERCISE.attempt(chatty)
    assert result.state == CORRECT
    assert "not shown here" in result.text
    assert capsys.readouterr().out == ""


def test_random_state_and_numpy_settings_are_restored():
    def shuffles(x, factor=1.0):
        np.random.seed(0)
        random.seed(0)
        np.random.rand(3)
        return scaled_sum(x, factor)

    np.random.seed(7)
    random.seed(7)
    before, plain = np.random.get_state()[1].copy(), random.getstate()
    errors = np.geterr()
    assert EXERCISE.attempt(shuffles).state == CORRECT
    np.testing.assert_array_equal(before, np.random.get_state()[1])
    assert random.getstate() == plain
    assert np.geterr() == errors


def test_stages_see_the_same_random_numbers_every_time():
    seen = []
    exercise = Exercise(
        title="Random",
        level=1,
        solution=scaled_sum,
        wrong=(),
        stages=(Stage(lambda c: seen.append(np.random.rand()), "x"),),
    )
    exercise.attempt(scaled_sum)
    exercise.attempt(scaled_sum)
    assert seen[0] == seen[1]


def test_time_limit_works_in_a_thread_and_leaves_no_alarm():
    found = []
    thread = threading.Thread(target=lambda: found.append(EXERCISE.attempt(forever)))
    thread.start()
    thread.join(20)
    assert "Stopped after" in found[0].text
    time.sleep(0.6)  # a late alarm would end this test
    assert EXERCISE.attempt(scaled_sum).state == CORRECT


def test_in_place_work_can_be_allowed():
    exercise = Exercise(
        title="Sum",
        level=1,
        solution=scaled_sum,
        stages=(Stage(positive, "Add."),),
        wrong=(),
        may_change_inputs=True,
    )
    assert exercise.attempt(changes_input).state == CORRECT


def test_stage_may_return_false_or_assert():
    def asserts(candidate):
        assert candidate(np.ones(2)) == 3, "the sum of two ones is 2"

    for test in (lambda c: False, asserts, lambda c: require(np.array([True, False]), "one differs")):
        exercise = Exercise(
            title="T", level=1, solution=scaled_sum, stages=(Stage(test, "Look again."),), wrong=()
        )
        result = exercise.attempt(scaled_sum)
        assert result.state == WRONG
        assert "Look again." in result.text


def test_result_that_breaks_the_check_is_reported_as_such():
    exercise = Exercise(
        title="T",
        level=1,
        solution=scaled_sum,
        wrong=(),
        stages=(Stage(lambda c: c(np.ones(2)).shape[1], "A matrix."),),
    )
    text = exercise.attempt(lambda x: 3.0).text
    assert "A result of type float cannot be used there" in text


def test_library_not_implemented_is_an_error_not_an_empty_stub():
    import codecs

    text = EXERCISE.attempt(lambda x, factor=1.0: codecs.Codec().encode("x")).text
    assert "your code raised NotImplementedError" in text


CHOICE = Choice(
    title="Echo",
    level=2,
    task="What do you hear?",
    options={"a": Option("An echo.", "Right: a second copy."), "b": Option("Noise.", "No: it is periodic.")},
    answer="a",
)


@pytest.mark.parametrize(
    ("answer", "state", "words"),
    [
        ("a", CORRECT, "second copy"),
        (" (A) ", CORRECT, "second copy"),
        ("b", WRONG, "periodic"),
        ("c", WRONG, 'expected "a" or "b"'),
        (None, NOT_ATTEMPTED, "Choose"),
        (..., NOT_ATTEMPTED, "Choose"),
        ("", NOT_ATTEMPTED, "Choose"),
        (3, WRONG, "expected"),
        (["a"], WRONG, "list"),
        (np.ones((50, 50)), WRONG, "ndarray"),
        (scaled_sum, WRONG, "function"),
    ],
)
def test_choice(answer, state, words):
    result = CHOICE.attempt(answer)
    assert result.state == state
    assert words in result.text


def test_choice_refuses_an_answer_that_is_not_offered():
    with pytest.raises(ValueError, match="not among"):
        Choice(title="x", level=1, task="", options={"a": Option("", "")}, answer="z")


NUMBER = Number(
    title="Alias",
    level=1,
    task="Where does it land?",
    answer=3000.0,
    feedback="Folded at 8 kHz.",
    wrong=(Wrong(13000, "That is above half the rate."), Wrong(5000, "Mirror it, do not subtract.")),
    hint="Draw the folding.",
    unit="Hz",
)


@pytest.mark.parametrize(
    ("answer", "state", "words"),
    [
        (3000, CORRECT, "Folded"),
        (3010, CORRECT, "Folded"),
        (np.float32(3000), CORRECT, "Folded"),
        (np.array([3000]), CORRECT, "Folded"),
        (13000, WRONG, "above half"),
        (5000, WRONG, "Mirror"),
        (1, WRONG, "Draw"),
        (float("nan"), WRONG, "expected one number in Hz"),
        ("3000", WRONG, "found a str"),
        ([1, 2], WRONG, "expected one number"),
        (scaled_sum, WRONG, "function"),
        (True, WRONG, "bool"),
        (None, NOT_ATTEMPTED, "Give a number in Hz"),
    ],
)
def test_number(answer, state, words):
    result = NUMBER.attempt(answer)
    assert result.state == state
    assert words in result.text
