"""A ladder for models and listings from anywhere: does it build, run, learn, and hold for what it is for?

The checks know no framework. They ask a *subject* four things, and `Subject` of `torch_models.probe` and of
`keras_models.probe` answers for a model. Inputs are lists of arrays whose first axis is the batch.
Taught in the chapter "Errata laboratory".
"""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from deepsense_lib.errors import InputError

RUNGS = ("nothing", "builds", "runs", "learns", "holds")
NOISE = re.compile(r"\x1b\[[0-9;]*m|\{\{function_node .*?\}\}")  # terminal colours, TensorFlow's inner names


class Subject(Protocol):
    """What a model must answer to be probed."""

    def output(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
        """Give the output as in use: dropout off, stored statistics."""

    def loss(self, inputs: Sequence[np.ndarray], target: np.ndarray) -> float:
        """Give the loss as in use."""

    def gradients(self, inputs: Sequence[np.ndarray], target: np.ndarray) -> dict[str, np.ndarray]:
        """Give the gradient of the loss by the name of each parameter; zeros where none arrives."""

    def learn(self, inputs: Sequence[np.ndarray], target: np.ndarray, steps: int) -> None:
        """Take optimiser steps on this one batch."""


class Climb(NamedTuple):
    """How far something came, and what stopped it there; empty at the top."""

    rung: str
    said: str

    @property
    def height(self) -> int:
        """The number of the rung, 0 to 4."""
        return RUNGS.index(self.rung)


def caught(action: Callable[[], object]) -> str:
    """Run an action; give its error as one line that can be read, or "" if there is none."""
    try:
        action()
    except Exception as error:
        return f"{type(error).__name__}: {' '.join(NOISE.sub('', str(error)).split())}"
    return ""


def climb(
    build: Callable[[], Subject],
    inputs: Sequence[np.ndarray],
    target: np.ndarray,
    *,
    steps: int = 150,
    share: float = 0.1,
    holds: Callable[[Subject], str] | None = None,
) -> Climb:
    """Climb the ladder until something gives way.

    Args:
        build: makes the subject; an error there means that it does not even build.
        inputs, target: one small batch of true shapes.
        steps: optimiser steps on that batch.
        share: of the first loss that may be left after them.
        holds: the last rung, after learning: gives "" or what is wrong; default the dead and the deaf.
    """
    made: list[Subject] = []
    said = caught(lambda: made.append(build()))
    if said:
        return Climb("nothing", said)
    subject = made[0]
    first = np.inf

    def run():
        nonlocal first
        found, first = subject.output(inputs), subject.loss(inputs, target)
        subject.learn(inputs, target, 1)
        _demand_shape(found, target)
        if not np.isfinite(first):
            raise InputError(f"the loss is {first}; expected a finite number")

    said = caught(run)
    if said:
        return Climb("builds", said)
    subject.learn(inputs, target, steps - 1)
    left = subject.loss(inputs, target)
    if not left <= share * first:
        return Climb("runs", f"{left / first:.0%} of the first loss is left after {steps} steps on one batch")
    verdict: list[str] = []
    said = caught(lambda: verdict.append(holds(subject) if holds else dead_or_deaf(subject, inputs, target)))
    said = said or verdict[0]
    return Climb("learns", said) if said else Climb("holds", "")


def _demand_shape(found: np.ndarray, target: np.ndarray) -> None:
    """Refuse shapes that a loss would silently stretch; class numbers need one axis less."""
    numbers = np.issubdtype(target.dtype, np.integer) and found.shape[:-1] == target.shape
    if found.shape != target.shape and not numbers:
        raise InputError(f"the output has the shape {found.shape}, its target {target.shape}; expected one")


def dead_or_deaf(subject: Subject, inputs: Sequence[np.ndarray], target: np.ndarray) -> str:
    """Name parameters that no gradient reaches and inputs that change nothing, or give ""."""
    dead, deaf = dead_parameters(subject, inputs, target), ignored_inputs(subject, inputs)
    found = [f"no gradient reaches {', '.join(dead)}"] if dead else []
    found += [f"input {', '.join(map(str, deaf))} changes nothing"] if deaf else []
    return "; ".join(found)


def dead_parameters(
    subject: Subject, inputs: Sequence[np.ndarray], target: np.ndarray, after: int = 0
) -> list[str]:
    """Name the parameters whose gradient is 0 everywhere.

    A gradient can be 0 by chance of the start, behind a layer that begins at zero for instance. `after` takes
    so many optimiser steps first.

    Raises:
        InputError: if the subject has no parameters.
    """
    if after:
        subject.learn(inputs, target, after)
    found = subject.gradients(inputs, target)
    if not found:
        raise InputError("the subject has no parameters; expected at least one that is trained")
    return [name for name, gradient in found.items() if not np.any(gradient)]


def ignored_inputs(subject: Subject, inputs: Sequence[np.ndarray]) -> list[int]:
    """Number the inputs that change nothing: rows are dealt anew among the examples, one input at a time.

    Raises:
        InputError: if all rows of an input are alike, so that dealing them anew says nothing.
    """
    before, ignored = subject.output(inputs), []
    for number, rows in enumerate(inputs):
        dealt = np.roll(rows, 1, axis=0)
        if np.array_equal(dealt, rows):
            raise InputError(f"input {number} has the same rows everywhere; expected rows that differ")
        if np.array_equal(subject.output([*inputs[:number], dealt, *inputs[number + 1 :]]), before):
            ignored.append(number)
    return ignored


def seen_steps(output_of: Callable[[np.ndarray], np.ndarray], frames: np.ndarray, step: int) -> list[int]:
    """List the time steps of `frames` on which the output at `step` depends; each is changed in turn.

    Args:
        output_of: from frames (time, width) to outputs (time, ...).
        frames: floats, (time, width).
        step: which output is watched.
    """
    before, seen = np.asarray(output_of(frames))[step], []
    for other in range(len(frames)):
        changed = np.array(frames, float)
        changed[other] += 1
        after = np.asarray(output_of(changed.astype(frames.dtype)))[step]
        if not np.array_equal(after, before):
            seen.append(other)
    return seen


def padding_error(output_of: Callable[[np.ndarray], np.ndarray], rows: np.ndarray, padding: int) -> float:
    """Give the largest change of the true outputs when `padding` zeros are appended along the time axis.

    Args:
        output_of: from (batch, time, ...) to (batch, time, ...), or to (batch, size).
        rows: a batch without padding; zero is what the subject takes for padding.
        padding: steps to append.
    """
    wide = np.pad(rows, ((0, 0), (0, padding), *[(0, 0)] * (rows.ndim - 2)))
    before, after = np.asarray(output_of(rows)), np.asarray(output_of(wide))
    if after.ndim == before.ndim and after.shape[1] == before.shape[1] + padding:
        after = after[:, : before.shape[1]]
    return float(np.abs(after - before).max())


def shift_error(layer: Callable[[np.ndarray], np.ndarray], x: np.ndarray, pixels: int, edge: int) -> float:
    """Give the largest gap between "move, then layer" and "layer, then move", in deviations of the output.

    Args:
        layer: from an image (height, width) to one of the same size.
        x: the image.
        pixels: to the right.
        edge: pixels at every border that are not compared.
    """
    moved, after = layer(np.roll(x, pixels, 1)), np.roll(layer(x), pixels, 1)
    inside = (slice(edge, -edge),) * 2
    return float(np.abs(moved - after)[inside].max() / after.std())
