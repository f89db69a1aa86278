"""A toy language whose alignment is known: each symbol has a sound of its own and lasts a fixed time.

It is learned in seconds and keeps what makes speech hard for attention: symbols of different length, symbols
that come twice in a row, and texts longer than any in the training. Like speech, which ends in silence, every
text ends with a symbol of its own.
"""

import numpy as np

from deepsense_lib.training.voice_data import HOP, Example, make_example

SYMBOLS = 11  # without the padding, 0
END = 11  # the last symbol of every text, and of no other place
BANDS = 8  # numbers of a frame
DURATIONS = (2, 3, 4)  # frames: of symbol 1, 2, 3, and so on in turn


def sounds() -> np.ndarray:
    """The frame in the middle of each symbol, (SYMBOLS + 1, BANDS); row 0 is not used."""
    return np.random.default_rng(11).normal(size=(SYMBOLS + 1, BANDS))


def durations(symbols: np.ndarray) -> np.ndarray:
    """How many frames each symbol (n,) lasts."""
    return np.array([DURATIONS[s % len(DURATIONS)] for s in symbols])


def say(symbols: np.ndarray) -> np.ndarray:
    """Speak symbols (n,): frames (frames, BANDS). A symbol starts softly, so that twice is not once."""
    frames = []
    for symbol, count in zip(symbols, durations(symbols), strict=True):
        loudness = (np.arange(count) + 1) / count
        frames.append(loudness[:, None] * sounds()[symbol])
    return np.concatenate(frames)


def examples(count: int, lengths: tuple[int, int], seed: int) -> list[Example]:
    """Random texts of `lengths[0]` to `lengths[1]` symbols and the end, spoken."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        symbols = np.append(rng.integers(1, END, rng.integers(lengths[0], lengths[1] + 1)), END)
        mel = say(symbols)
        pitch = np.repeat(100.0 + 10 * symbols, durations(symbols))
        made.append(
            make_example(symbols, 0 * symbols, durations(symbols), mel, pitch, np.zeros(len(mel) * HOP))
        )
    return made


def hear(frames: np.ndarray) -> list[int]:
    """Write down the symbols that frames (frames, BANDS) say.

    A frame belongs to the symbol whose sound it resembles most; a new one starts where that changes, or where
    the voice falls back to the softness of a start.
    """
    known = sounds()[1:]
    heard, before = [], (0, 0.0)
    for frame in frames:
        loudness = known @ frame / (known**2).sum(1)
        symbol = 1 + int(np.argmin(((frame - loudness[:, None] * known) ** 2).sum(1)))
        now = (symbol, float(loudness[symbol - 1]))
        if symbol != before[0] or now[1] < before[1] - 0.2:
            heard.append(symbol)
        before = now
    return heard
