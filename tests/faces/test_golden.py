"""Renders compared with stored ones. To store new ones: python tests/faces/test_golden.py"""

import json
from pathlib import Path

import numpy as np
import pytest

from deepsense_lib.faces.expressions import CLASSES, sample_expression
from deepsense_lib.faces.identity import sample_identity
from deepsense_lib.faces.renderer import render
from deepsense_lib.faces.scene import sample_scene

STORED = Path(__file__).with_name("golden_faces.json")
TOLERANCE = 2.0  # grey levels; the promise of faces.renderer.render


def draw(seed):
    rng = np.random.Generator(np.random.PCG64(seed))
    person = sample_identity(seed)
    expression = sample_expression(CLASSES[seed % 7], rng, person)
    picture = render(person, expression, sample_scene(rng, "hard", noise=0.0), 32)
    blocks = picture.grey.reshape(8, 4, 8, 4).mean((1, 3))
    return {"blocks": blocks.round(2).tolist(), "eyes": picture.eyes.astype(float).round(3).tolist()}


@pytest.mark.parametrize("seed", range(1, 9))
def test_renders_are_the_stored_ones(seed):
    stored, found = json.loads(STORED.read_text())[str(seed)], draw(seed)
    np.testing.assert_allclose(found["blocks"], stored["blocks"], atol=TOLERANCE)
    np.testing.assert_allclose(found["eyes"], stored["eyes"], atol=0.01)


if __name__ == "__main__":
    STORED.write_text(json.dumps({seed: draw(seed) for seed in range(1, 9)}) + "\n")
