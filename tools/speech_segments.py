"""Cut an aligned prompt into utterances of a breath each, in frames of the course's features."""

import re
from dataclasses import dataclass

import numpy as np
from speech_alignment import Phone

from deepsense_lib.speech import text

RATE = 16000
HOP = 200  # samples in a frame; frame t is centred on sample 200 t
CUT_AT = 0.2  # seconds of pause where a long prompt may be cut
LONG_ENOUGH = 2.0  # seconds before the first cut, and after the last
BEFORE, AFTER = 0.08, 0.12  # seconds of silence kept around an utterance
MARK = re.compile(r"[a-z']+|[,.?!]")


@dataclass(frozen=True)
class Segment:
    """One utterance of a prompt: its text, its phones, and where it lies, in frames of 200 samples."""

    id: str
    prompt: str
    text: str
    normalized: str
    symbols: tuple[str, ...]
    word_starts: tuple[int, ...]
    durations: tuple[int, ...]
    first_frame: int

    @property
    def frames(self) -> int:
        """Return how many frames it has."""
        return sum(self.durations)

    def cut(self, samples: np.ndarray) -> np.ndarray:
        """Cut its samples out of the prompt's: ``((frames - 1) * 200,)``."""
        start = self.first_frame * HOP
        return samples[start : start + (self.frames - 1) * HOP]


def marks(normalized: str) -> dict[int, str]:
    """Return the pause marks of a normalised text: how many words precede each -> the mark."""
    found, words = {}, 0
    for token in MARK.findall(normalized):
        if token in ",.?!":
            found[words] = token
        else:
            words += 1
    return found


def groups(phones: list[Phone]) -> list[list[Phone]]:
    """Divide phones at long pauses; the pause ends one group and begins the next."""
    divided: list[list[Phone]] = [[]]
    for phone in phones:
        divided[-1].append(phone)
        before, after = phone.end - divided[-1][0].start, phones[-1].end - phone.end
        if phone.symbol == "SIL" and phone.seconds >= CUT_AT and min(before, after) > LONG_ENOUGH:
            divided.append([phone])
    return divided


def frame_edges(group: list[Phone], prompt_frames: int) -> np.ndarray:
    """Return the first frame of each phone, and one past the last, with at least one frame for each phone.

    A frame belongs to the phone in which its centre lies. Silence around the group is kept as far as
    `BEFORE` and `AFTER`.
    """
    times = [phone.start for phone in group] + [group[-1].end]
    times[0] = max(times[0], times[1] - BEFORE)
    times[-1] = min(times[-1], times[-2] + AFTER)
    edges = np.ceil(np.array(times) * RATE / HOP).astype(int)
    for i in range(1, len(edges)):
        edges[i] = max(edges[i], edges[i - 1] + 1)
    edges[-1] = min(edges[-1], prompt_frames)
    for i in range(len(edges) - 2, -1, -1):
        edges[i] = min(edges[i], edges[i + 1] - 1)
    return edges


def written_parts(written: str, counts: list[int]) -> list[str]:
    """Cut a text between its written words into parts with the given numbers of spoken words."""
    tokens = written.split()
    parts, start = [], 0
    for count in counts:
        end = start + 1
        while spoken_words(" ".join(tokens[start:end])) < count:
            end += 1
        while end < len(tokens) and not spoken_words(tokens[end]):
            end += 1
        parts.append(" ".join(tokens[start:end]))
        start = end
    return parts


def spoken_words(written: str) -> int:
    """Count the words that a text is spoken with; a text of signs alone has none."""
    if not re.search(r"[A-Za-z0-9*#@$&%+=]", written):
        return 0
    return len(re.findall(r"[a-z']+", text.normalize(written)))


def spoken_text(group: list[Phone], signs: dict[int, str], words_before: int) -> str:
    """Write the group's words with a pause mark exactly where the speaker pauses, and at the end."""
    written, words = "", words_before
    for phone in group:
        if phone.word:
            written += f" {phone.word}"
            words += 1
        elif phone.symbol == "SIL" and written:
            written = f"{written.rstrip(',.?!')}{signs.get(words, ',')}"
    return written.strip()


def segments(name: str, written: str, phones: list[Phone], prompt_frames: int) -> list[Segment]:
    """Cut one prompt, given its text and its aligned phones (which begin and end with a silence)."""
    signs = marks(text.normalize(written))
    total = sum(bool(phone.word) for phone in phones)
    signs.setdefault(total, ".")
    divided = groups(phones)
    counts = [sum(bool(phone.word) for phone in group) for group in divided]
    found, before = [], 0
    parts = written_parts(written, counts)
    for number, (group, part, count) in enumerate(zip(divided, parts, counts, strict=True), 1):
        edges = frame_edges(group, prompt_frames)
        found.append(
            Segment(
                id=name if len(divided) == 1 else f"{name}_part{number}",
                prompt=name,
                text=part,
                normalized=spoken_text(group, signs, before),
                symbols=tuple(phone.symbol for phone in group),
                word_starts=tuple(int(bool(phone.word)) for phone in group),
                durations=tuple(int(d) for d in np.diff(edges)),
                first_frame=int(edges[0]),
            )
        )
        before += count
    return found
