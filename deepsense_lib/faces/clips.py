"""Short films of drawn persons: many pictures that are nearly the same, as real sets of expressions have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from deepsense_lib.errors import InputError
from deepsense_lib.faces.expressions import CLASSES, sample_expression
from deepsense_lib.faces.identity import sample_identity
from deepsense_lib.faces.renderer import render
from deepsense_lib.faces.scene import sample_scene

FAINTEST = 0.6  # share of the expression in a clip's first frame; the last one has nearly all


@dataclass(frozen=True)
class Clips:
    """Pictures (n, size, size) uint8 grey with the class, the person and the clip of each, (n,) int64."""

    images: np.ndarray
    labels: np.ndarray
    person: np.ndarray
    clip: np.ndarray


def film(persons: Sequence[int], clips: int, frames: int, seed: int = 0, size: int = 64, watch=iter) -> Clips:
    """Film each person in every class: `clips` scenes of `frames` pictures in which the expression grows.

    The frames of a clip share scene and expression; the head sways by a degree, and each has its own noise
    and background. `watch` wraps the persons, for a progress bar. Raises InputError for empty films.
    """
    if not len(persons) or min(clips, frames) < 1:
        raise InputError(f"found {len(persons)} persons, {clips} clips, {frames} frames; expected 1 at least")
    rng, rows, number = np.random.default_rng(seed), [], 0
    for person in watch(persons):
        identity = sample_identity(person)
        for label, name in enumerate(CLASSES):
            for _ in range(clips):
                scene, expression = sample_scene(rng), sample_expression(name, rng, identity)
                for frame in range(frames):
                    share = FAINTEST + (1 - FAINTEST) * frame / frames if frames > 1 else 1.0
                    units = {unit: value * share for unit, value in expression.units.items()}
                    sway, other = float(rng.normal()), scene.seed + frame
                    moved = replace(scene, yaw=scene.yaw + sway, seed=other, noise=2.0)
                    picture = render(identity, replace(expression, units=units), moved, size).grey
                    rows.append((picture, label, person, number))
                number += 1
    images, labels, who, clip = zip(*rows, strict=True)
    return Clips(np.array(images), np.array(labels), np.array(who), np.array(clip))
