"""Split the prompts so that a test sentence is new in its pattern, not only in its words.

Many prompts are one pattern with other words in it ("press 4 to ...", "the conference is now ..."). Sentences
whose patterns are close are joined to a template, and a template lies in one split only.
"""

import hashlib
import re
from collections import Counter, defaultdict
from difflib import SequenceMatcher

from deepsense_lib.speech import number_words

RUN = 4  # this many equal words in a row make two sentences one template
ALIKE = 0.6  # or this share of equal words in order (2 x equal / all)
FEWEST_WORDS = 4  # a held-out sentence has at least as many; words alone and fragments train
LARGEST_HELD = 6  # a template with more segments than this trains
SEEN = 0.85  # at least this share of a held-out template's different words occur in what trains
_SLOTS = {number_words.cardinal(n): "#" for n in [*range(21), *range(30, 100, 10)]}
_SLOTS |= {number_words.ordinal(n): "#th" for n in [*range(1, 21), *range(30, 100, 10)]}


def pattern(normalized: str) -> tuple[str, ...]:
    """Return the words of a normalised text with numbers replaced by a slot."""
    return tuple(_SLOTS.get(word, word) for word in re.findall(r"[a-z']+", normalized))


def alike(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Tell whether two patterns share a long run of words, or most of their words in order."""
    if one == other:
        return True
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    if matcher.real_quick_ratio() < ALIKE and min(len(one), len(other)) < RUN:
        return False
    longest = matcher.find_longest_match().size
    return longest >= RUN or matcher.ratio() >= ALIKE


def templates(sentences: list[tuple[str, str]]) -> list[int]:
    """Number the template of each (prompt, normalised text): the first sentence that it is joined to.

    Sentences of one prompt belong together too, since they were spoken in one breath.
    """
    patterns = [pattern(normalized) for _, normalized in sentences]
    leader = list(range(len(sentences)))

    def find(i: int) -> int:
        while leader[i] != i:
            i = leader[i]
        return i

    for i, (prompt, _) in enumerate(sentences):
        for j in range(i):
            if find(i) != find(j) and (sentences[j][0] == prompt or alike(patterns[i], patterns[j])):
                low, high = sorted((find(i), find(j)))
                leader[high] = low
    return [find(i) for i in range(len(sentences))]


def splits(sentences: list[tuple[str, str]], test: int, validation: int) -> tuple[list[str], list[int]]:
    """Return the split and the template of each sentence.

    Templates are drawn in the order of a hash of their text, so the choice is arbitrary but fixed, until
    about `test` and then `validation` sentences are held out.
    """
    numbers = templates(sentences)
    members = defaultdict(list)
    for i, number in enumerate(numbers):
        members[number].append(i)
    words = [set(re.findall(r"[a-z']+", normalized)) for _, normalized in sentences]
    used = Counter(word for vocabulary in words for word in vocabulary)

    def holdable(group: list[int]) -> bool:
        long_enough = all(len(pattern(sentences[i][1])) >= FEWEST_WORDS for i in group)
        here = Counter(word for i in group for word in words[i])
        seen = sum(used[word] > count for word, count in here.items())
        return long_enough and len(group) <= LARGEST_HELD and seen >= SEEN * len(here)

    order = sorted(members.values(), key=lambda g: hashlib.sha256(sentences[g[0]][1].encode()).hexdigest())
    chosen = ["train"] * len(sentences)
    for name, wanted in (("test", test), ("validation", validation)):
        held = 0
        for group in order:
            if held < wanted and chosen[group[0]] == "train" and holdable(group):
                held += len(group)
                for i in group:
                    chosen[i] = name
                    used.subtract(words[i])
    return chosen, numbers
