"""Third tones in a row."""

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays


def third_tones(tones):
    """Return the tones of one word as they are said, a list: a 3 before a 3 becomes a 2.

    tones: the tones of the dictionary, a list of 1 to 5. Look at those, not at what has been changed already.
    """
    return [2 if tones[k : k + 2] == [3, 3] else tones[k] for k in range(len(tones))]


def _two(candidate):
    equal_arrays(candidate([3, 3]), [2, 3], what="the tones of nǐ hǎo, 3 3")


def _rest(candidate):
    equal_arrays(candidate([3, 1, 3]), [3, 1, 3], what="3 1 3")
    equal_arrays(candidate([4, 4]), [4, 4], what="4 4")
    equal_arrays(candidate([2, 3]), [2, 3], what="2 3")
    equal_arrays(candidate([3]), [3], what="a single 3")


def _three(candidate):
    equal_arrays(candidate([3, 3, 3]), [2, 2, 3], what="the tones of zhǎnlǎnguǎn, 3 3 3")
    equal_arrays(candidate([1, 3, 3, 3, 3, 4]), [1, 2, 2, 2, 3, 4], what="1 3 3 3 3 4")


def second_one(tones):
    """Changes the second of the two."""
    return [2 if k and tones[k - 1] == tones[k] == 3 else tones[k] for k in range(len(tones))]


def all_of_them(tones):
    """Changes each third tone."""
    return [2 if tone == 3 else tone for tone in tones]


def any_pair(tones):
    """Changes any tone that is repeated."""
    return [2 if tones[k : k + 2] == [tones[k]] * 2 else tones[k] for k in range(len(tones))]


def pair_by_pair(tones):
    """Goes on after the pair, as `str.replace` does."""
    said, k = list(tones), 0
    while k < len(said) - 1:
        if said[k] == said[k + 1] == 3:
            said[k] = 2
            k += 1
        k += 1
    return said


def backwards(tones):
    """Changes from the end, and looks at what was changed."""
    said = list(tones)
    for k in reversed(range(len(said) - 1)):
        if said[k] == said[k + 1] == 3:
            said[k] = 2
    return said


EXERCISE = Exercise(
    title="Third tones in a row",
    level=2,
    solution=third_tones,
    stages=(
        Stage(_two, "The first of the two rises, the last keeps its third tone: 你好 is said 2 3."),
        Stage(_rest, "Only a third tone before a third tone changes. All others stay."),
        Stage(
            _three,
            "Decide each syllable by the tones of the dictionary. In 展览馆 the first and the second stand "
            "before a third tone.",
        ),
    ),
    wrong=(
        Wrong(second_one, "The first of the two"),
        Wrong(all_of_them, "The first of the two"),
        Wrong(any_pair, "Only a third tone"),
        Wrong(pair_by_pair, "by the tones of the dictionary"),
        Wrong(backwards, "by the tones of the dictionary"),
    ),
    explanation="Between words the rule waits: 小 老虎 is 3 2 3, since 老虎 changes before 小 looks at it.",
)
