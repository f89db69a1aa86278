"""Small figures that chapters draw again and again. Each draws on `ax`, or on a new figure without one."""

from collections.abc import Sequence

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from deepsense_lib.book.style import GREY, INK, PAPER, SEQUENTIAL, colour
from deepsense_lib.errors import InputError


def waveform(
    samples: np.ndarray,
    sample_rate: int = 16000,
    *,
    role: str = "signal",
    title: str = "",
    ax: Axes | None = None,
) -> None:
    """Draw samples (samples,) over time in seconds."""
    ax = _axes(ax, title)
    ax.plot(np.arange(len(samples)) / sample_rate, samples, color=colour(role), linewidth=0.8)
    ax.set(xlabel="time (s)", ylabel="amplitude", xlim=(0, len(samples) / sample_rate))


def spectrogram(
    values: np.ndarray,
    *,
    frame_seconds: float = 0.0125,
    top: float = 80,
    label: str = "mel band",
    title: str = "",
    limits: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> None:
    """Draw a spectrogram (frames, bins) with time to the right and frequency upwards.

    Args:
        values: log magnitudes; dark is quiet.
        frame_seconds: distance of frames.
        top: what the last bin stands for, in the unit of `label` (8000 with "frequency (Hz)").
        label: the vertical axis.
        title: above the plot.
        limits: lowest and highest value shown; give the same ones to figures that are compared.
        ax: where to draw.
    """
    values = _matrix(values, "spectrogram")
    ax = _axes(ax, title)
    low, high = limits or (None, None)
    ax.imshow(
        values.T,
        origin="lower",
        aspect="auto",
        cmap=SEQUENTIAL,
        vmin=low,
        vmax=high,
        extent=(0, len(values) * frame_seconds, 0, top),
    )
    ax.grid(False)
    ax.set(xlabel="time (s)", ylabel=label)


def durations(
    values: np.ndarray,
    symbols: Sequence[str],
    frames: Sequence[int],
    *,
    frame_seconds: float = 0.0125,
    title: str = "",
    ax: Axes | None = None,
) -> None:
    """Draw a spectrogram (frames, bins) with the borders and names of the phones above it.

    Raises:
        InputError: if symbols and durations differ in number.
    """
    if len(symbols) != len(frames):
        raise InputError(
            f"found {len(symbols)} symbols and {len(frames)} durations, expected the same number"
        )
    ax = _axes(ax, title)
    spectrogram(values, frame_seconds=frame_seconds, ax=ax)
    borders = np.concatenate([[0], np.cumsum(frames)]) * frame_seconds
    ax.vlines(borders, 0, 80, color="white", linewidth=0.7)
    for start, end, symbol in zip(borders, borders[1:], symbols, strict=False):
        ax.text((start + end) / 2, 81, symbol, ha="center", va="bottom", fontsize=7, rotation=90)
    if title:
        ax.set_title(title, pad=24)


def alignment(
    weights: np.ndarray,
    symbols: Sequence[str] = (),
    *,
    time: str = "frame",
    title: str = "",
    ax: Axes | None = None,
) -> None:
    """Draw an alignment (frames, symbols): which symbol each frame, or step, belongs to or attends to.

    Black is a weight of 0, the brightest colour a weight of 1.
    """
    weights = _matrix(weights, "alignment")
    ax = _axes(ax, title)
    ax.imshow(weights.T, origin="lower", aspect="auto", cmap=SEQUENTIAL, vmin=0, vmax=1)
    ax.grid(False)
    ax.set(xlabel=time, ylabel="symbol")
    if len(symbols):
        ax.set_yticks(range(len(symbols)), symbols, fontsize=7)


def confusion(counts: np.ndarray, classes: Sequence[str], *, title: str = "", ax: Axes | None = None) -> None:
    """Draw a confusion matrix (true class, predicted class) with its counts; shade is the share of the row.

    Raises:
        InputError: if the matrix does not fit the classes.
    """
    counts = _matrix(counts, "confusion matrix")
    if counts.shape != (len(classes), len(classes)):
        raise InputError(f"found a matrix {counts.shape} for {len(classes)} classes, expected one row each")
    ax = _axes(ax, title, size=(4.6, 4.0))
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    ax.imshow(share, cmap="Greys", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        tint = PAPER if share[row, column] > 0.5 else INK
        ax.text(column, row, f"{count:g}", ha="center", va="center", color=tint, fontsize=8)
    ax.grid(False)
    ax.set_xticks(range(len(classes)), classes, rotation=45, ha="right")
    ax.set_yticks(range(len(classes)), classes)
    ax.set(xlabel="predicted", ylabel="true")


def image_grid(
    images: Sequence[np.ndarray],
    titles: Sequence[str] = (),
    *,
    columns: int = 7,
    limits: tuple[float, float] | None = None,
) -> None:
    """Draw images (n, height, width[, 3]) in rows of `columns`, with titles where given.

    Args:
        images: grey or colour.
        titles: one per image, or none.
        columns: images per row.
        limits: grey values shown as black and white; default each image's own.

    Raises:
        InputError: if there are no images, or not as many titles as images.
    """
    if not len(images) or (len(titles) and len(titles) != len(images)):
        raise InputError(
            f"found {len(images)} images and {len(titles)} titles, expected one title each or none"
        )
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    figure, axes = plt.subplots(
        rows, columns, figsize=(columns * 1.05, rows * (1.25 if len(titles) else 1.05))
    )
    low, high = limits or (None, None)
    for index, ax in enumerate(np.atleast_1d(axes).flat):
        ax.set_axis_off()
        if index < len(images):
            ax.imshow(images[index], cmap=GREY, vmin=low, vmax=high)
            if len(titles):
                ax.set_title(titles[index], fontsize=8, loc="center")
    del figure


def filters(weights: np.ndarray, *, columns: int = 8, titles: Sequence[str] = ()) -> None:
    """Draw filters (n, height, width): grey is zero, white positive, black negative, one scale."""
    weights = np.asarray(weights, dtype=float)
    if weights.ndim != 3:
        raise InputError(f"found filters of shape {weights.shape}, expected (n, height, width)")
    bound = float(np.abs(weights).max()) or 1.0
    image_grid(weights, titles, columns=columns, limits=(-bound, bound))


def curves(
    series: dict[str, Sequence[float]],
    *,
    xlabel: str = "step",
    ylabel: str = "loss",
    title: str = "",
    log: bool = False,
    ax: Axes | None = None,
) -> None:
    """Draw named series over their index, each with its own line style, with a legend for several."""
    ax = _axes(ax, title)
    for name, values in series.items():
        ax.plot(np.asarray(values), label=name)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    if log:
        ax.set_yscale("log")
    if len(series) > 1:
        ax.legend()


def _axes(ax: Axes | None, title: str, size: tuple[float, float] | None = None) -> Axes:
    if ax is None:
        _, ax = plt.subplots(figsize=size)
    if title:
        ax.set_title(title)
    return ax


def _matrix(values: np.ndarray, what: str) -> np.ndarray:
    values = np.asarray(values)
    if values.ndim != 2 or 0 in values.shape:
        raise InputError(f"{what}: found shape {values.shape}, expected two dimensions, neither of them 0")
    return values
