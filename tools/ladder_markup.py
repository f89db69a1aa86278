"""Pieces of the page "Two ladders": figures, tables, remarks on overlap, players, confusion matrices."""

import html
from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Interval(NamedTuple):
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


def shown(interval: Interval | None, unit: str) -> str:
    """Write a figure over its interval; `unit` is "%" for shares, else the number of decimals."""
    if interval is None:
        return "–"
    value, low, high = (f"{100 * x:.1f}" if unit == "%" else f"{x:.{unit}f}" for x in interval)
    return f"{value}<br><small>{low} to {high}</small>"


def table(caption: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table as one line of HTML; the first cell of a row names it. Cells are HTML already."""
    columns = "".join(f'<th scope="col">{name}</th>' for name in head)
    body = "".join(
        f'<tr><th scope="row">{row[0]}</th>{"".join(f"<td>{cell}</td>" for cell in row[1:])}</tr>'
        for row in rows
    )
    return (
        f'<table class="ds-ladder"><caption>{caption}</caption><thead><tr>{columns}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )


def overlap(one: Interval, other: Interval) -> bool:
    """Say whether two intervals share a point."""
    return one.low <= other.high and other.low <= one.high


def remark(measure: str, found: Mapping[str, Interval], *, best: str, unit: str) -> str:
    """Say which systems a measure tells apart from the one with the best figure, and which it does not.

    Args:
        measure: such as "Errors on new sentences".
        found: system -> figure with interval; one system needs no remark.
        best: "lowest" or "highest".
        unit: as in `shown`.
    """
    if len(found) < 2:
        return ""
    ordered = sorted(found, key=lambda name: found[name].value, reverse=best == "highest")
    first = ordered[0]
    value = f"{100 * found[first].value:.1f} %" if unit == "%" else f"{found[first].value:.{unit}f}"
    same = [name for name in ordered[1:] if overlap(found[first], found[name])]
    behind = [name for name in ordered[1:] if name not in same]
    text = f"**{measure}**: {best} for {first} ({value})."
    if same:
        text += f" Not told apart from it, since the intervals overlap: {listed(same)}."
    if behind:
        text += (
            f" {'Worse' if same else 'All others are worse'} by more than the intervals: {listed(behind)}."
        )
    return text


def listed(names: Sequence[str]) -> str:
    """Join names that may hold commas themselves."""
    return "; ".join(names)


def players(words: str, sounds: Mapping[str, str]) -> str:
    """Write players of one sentence: caption -> address of the sound, in a grid that wraps."""
    figures = "".join(
        f'<figure class="ds-player"><figcaption>{html.escape(name)}</figcaption>'
        f'<audio controls preload="none" aria-label="{html.escape(f"{name}: {words}")}" src="{address}">'
        "</audio></figure>"
        for name, address in sounds.items()
    )
    return f'<div class="ds-players ds-ladder-sounds">{figures}</div>'


def matrix(name: str, counts: Sequence[Sequence[int]], classes: Sequence[str]) -> str:
    """Write a confusion matrix as a table; the shade repeats what the number says. Counts, row by row.

    The caption says the share of right answers and the largest confusion, so that nobody needs the shades.
    """
    total = sum(map(sum, counts))
    right = sum(row[k] for k, row in enumerate(counts))
    wrong = [(n, r, c) for r, row in enumerate(counts) for c, n in enumerate(row) if r != c]
    most, true, said = max(wrong, key=lambda entry: (entry[0], -entry[1], -entry[2]))
    caption = f"<strong>{html.escape(name)}</strong>: {right:,} of {total:,} right"
    if most:
        caption += f"; most often {classes[true]} is taken for {classes[said]}, {most} of {sum(counts[true])}"
    head = "".join(
        f'<th scope="col"><abbr title="{name}">{name[:3]}</abbr></th>' for name in ("true", *classes)
    ).replace('<abbr title="true">tru</abbr>', "true", 1)
    rows = ""
    for label, row in zip(classes, counts, strict=True):
        cells = "".join(f'<td style="--share:{100 * n / max(sum(row), 1):.0f}%">{n}</td>' for n in row)
        rows += f'<tr><th scope="row">{label}</th>{cells}</tr>'
    return (
        f'<table class="ds-confusion"><caption>{caption}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )
