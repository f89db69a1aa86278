"""The figures of the opening chapter: a map of both machines, their history, and one idea on two inputs.

All are 4.2 inches wide, so that a phone shows them in their own size.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib import pyplot as plt

from deepsense_lib.book.figures import alignment
from deepsense_lib.book.style import GREY, INK, PAPER, colour
from deepsense_lib.errors import InputError

WIDTH = 4.2
SHARED, ALONE = "#cfe3df", "#f1efe6"
STEPS = (  # talk, look; from top to bottom
    ("text", "picture"),
    ("words, then\nphonemes", "find the face,\nput it upright"),
    ("encoder", "encoder"),
    ("attention", "attention"),
    ("decoder: frame\nafter frame", "classifier: a\nshare for each word"),
    ("vocoder: samples", "the largest share"),
    ("sound", "a word"),
)
FAMILIES = {  # name -> marker, role of the colour
    "rules and shapes": ("o", "signal"),
    "recordings, textures, statistics": ("s", "target"),
    "networks": ("^", "spectrum"),
}
RULES, DATA, NETS = FAMILIES
# Each with its work below "References" of the chapter.
HISTORY = {
    "talk": (
        (1939, "Voder, played by hand", RULES),
        (1980, "Klatt: formants by rule", RULES),
        (1990, "PSOLA: join diphones", DATA),
        (1996, "unit selection", DATA),
        (2000, "curves from HMMs", DATA),
        (2013, "deep nets for curves", NETS),
        (2016, "WaveNet", NETS),
        (2017, "Tacotron", NETS),
        (2019, "FastSpeech", NETS),
        (2020, "HiFi-GAN", NETS),
        (2021, "VITS", NETS),
    ),
    "look": (
        (1978, "FACS: units of movement", RULES),
        (1995, "active shape models", RULES),
        (1998, "Gabor filters", DATA),
        (2001, "Viola and Jones", DATA),
        (2001, "appearance models", RULES),
        (2005, "HOG", DATA),
        (2006, "LBP on faces", DATA),
        (2013, "FER2013: a contest", NETS),
        (2016, "FER+: ten opinions", NETS),
        (2018, "CBAM", NETS),
        (2020, "vision transformer", NETS),
        (2021, "masked autoencoder", NETS),
    ),
}


def concept_map() -> None:
    """Draw both machines from top to bottom, side by side; what they share spans both columns."""
    _, ax = plt.subplots(figsize=(WIDTH, 5.6))
    for row, (left, right) in enumerate(STEPS):
        y, shared, bare = -2 * row, left == right, row in (0, len(STEPS) - 1)
        boxes = [(0.1, 9.8, left)] if shared else [(0.1, 4.6, left), (5.3, 4.6, right)]
        for x, width, words in boxes:
            face = SHARED if shared else PAPER if bare else ALONE
            line = 0.0 if bare else 0.9
            ax.add_patch(
                plt.Rectangle((x, y - 0.65), width, 1.3, facecolor=face, edgecolor=INK, linewidth=line)
            )
            weight = "bold" if shared or bare else "normal"
            ax.text(x + width / 2, y, words, ha="center", va="center", fontsize=9.5, fontweight=weight)
        for x in (2.4, 7.6) if row < len(STEPS) - 1 else ():
            ax.annotate("", (x, y - 1.3), (x, y - 0.7), arrowprops={"arrowstyle": "->", "color": INK})
    for x, words, role in ((2.4, "talk", "signal"), (7.6, "look", "spectrum")):
        ax.text(x, 0.95, words, ha="center", fontsize=9.5, color=colour(role))
    ax.set(xlim=(0, 10), ylim=(-2 * len(STEPS) + 1, 1.6))
    ax.set_axis_off()


def timeline(history: dict[str, Sequence[tuple[int, str, str]]] = HISTORY) -> None:
    """Draw two columns of events, (year, words, family) each, along their years; not to scale.

    Raises: InputError unless there are two columns.
    """
    if len(history) != 2:
        raise InputError(f"found {len(history)} columns, expected two: one left and one right of the years")
    years = sorted({year for events in history.values() for year, _, _ in events})
    height = {year: -1.25 * row for row, year in enumerate(years)}
    _, ax = plt.subplots(figsize=(WIDTH, 6.4))
    for side, (column, events) in zip((-1, 1), history.items(), strict=True):
        align = "right" if side < 0 else "left"
        ax.text(side * 0.95, 1.2, column, ha=align, fontsize=9.5, fontweight="bold")
        used: dict[int, int] = {}
        for year, words, family in events:
            y = height[year] - 0.62 * used.get(year, 0)
            used[year] = used.get(year, 0) + 1
            marker, role = FAMILIES[family]
            ax.plot(side * 0.62, y, marker=marker, color=colour(role), markersize=6)
            ax.text(side * 0.95, y, words, ha=align, va="center", fontsize=8.6)
    for year, y in height.items():
        ax.text(0, y, str(year), ha="center", va="center", fontsize=8.6, fontweight="bold")
    for family, (marker, role) in FAMILIES.items():
        ax.plot([], [], marker=marker, color=colour(role), linestyle="", label=family)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 0.02), fontsize=8.6)
    ax.set(xlim=(-4.6, 4.9), ylim=(height[years[-1]] - 1, 2.2))
    ax.set_axis_off()


def two_convolutions(
    loud: np.ndarray, tones: np.ndarray, face: np.ndarray, seen: np.ndarray, edges: np.ndarray, rate: int
) -> None:
    """Draw what tones answer to a sound and what edges answer to a face.

    loud: (kernels, times), one each 5 ms; tones: (2, size), real; face: (side, side); seen: (4, rows,
    columns); edges: (4, size, size); rate: samples a second.
    """
    fig = plt.figure(figsize=(WIDTH, 6.0))
    grid = fig.add_gridspec(4, 4, height_ratios=[1.5, 0.7, 1, 0.55])
    ax = fig.add_subplot(grid[0, :])
    ax.imshow(loud, origin="lower", aspect="auto", extent=(0, loud.shape[1] * 0.005, 0.5, len(loud) + 0.5))
    ax.set(title=f"{len(loud)} tones slide over a sound", xlabel="time (s)", ylabel="kernel")
    ax.grid(False)
    ax = fig.add_subplot(grid[1, :])
    at = (np.arange(tones.shape[1]) - tones.shape[1] // 2) / rate * 1000
    for lower, (tone, role) in enumerate(zip(tones, ("signal", "spectrum"), strict=True)):
        ax.plot(at, tone - 2.2 * lower, color=colour(role), linestyle="-", linewidth=1.4 - 0.6 * lower)
    ax.set(title="two of the kernels", xlabel="time (ms)", yticks=[])
    shown = {"a face": face, "level edges": seen[0], "upright": seen[2], "all four": seen.max(0)}
    for column, (words, picture) in enumerate(shown.items()):
        _picture(fig.add_subplot(grid[2, column]), picture, words, GREY if column == 0 else "gray_r")
    for column, kernel in enumerate(edges):
        _picture(fig.add_subplot(grid[3, column]), kernel, f"kernel {column + 1}", GREY)


def two_attentions(
    weights: np.ndarray, symbols: Sequence[str], truth: np.ndarray, faces: np.ndarray, looks: np.ndarray
) -> None:
    """Draw the weights over phonemes, with the true path, and the weights over patches, as rings.

    weights: (frames, symbols); truth: (frames,), the true symbol's number; faces: (n, 64, 64); looks: (n,
    49).
    """
    _, (above, below) = plt.subplots(2, 1, figsize=(WIDTH, 5.0), height_ratios=[2.2, 1])
    alignment(weights, symbols, title="Attention over phonemes", ax=above)
    above.step(np.arange(len(truth)), truth, color="white", linewidth=0.8, linestyle=":")
    above.set_ylabel("phoneme")
    below.set_axis_off()
    below.set_title("Attention over patches: larger rings, more weight")
    row, column = np.divmod(np.arange(49), 7)
    for number, (face, look) in enumerate(zip(faces, looks, strict=True)):
        ax = below.inset_axes((number / len(faces), 0, 0.96 / len(faces), 1))
        _picture(ax, face, "", GREY)
        places = {"s": 900 * look, "facecolor": "none", "edgecolor": "#ffd34d", "linewidth": 1.5}
        ax.scatter(8 * column + 8, 8 * row + 8, **places)


def _picture(ax, picture: np.ndarray, words: str, shades: str) -> None:
    ax.imshow(picture, cmap=shades)
    if words:
        ax.set_title(words, fontsize=8.5, loc="center")
    ax.set_axis_off()
