"""The shipped expression classifier does what its card says."""

import numpy as np
import pytest
import torch

from deepsense_lib import weights
from deepsense_lib.datasets.faces import CLASSES, load_faces
from deepsense_lib.datasets.registry import data_dir
from deepsense_lib.evaluation import classification as ev
from deepsense_lib.torch_models.convolution import ExpressionCNN, normalize_images


@pytest.fixture(scope="module")
def shipped():
    arrays, card = weights.load(data_dir() / "checkpoints" / "expression")
    return weights.build(ExpressionCNN, arrays, card), card


@torch.no_grad()
def measured(model, faces):
    scores = model(normalize_images(torch.as_tensor(faces.images)))
    return ev.confusion_matrix(faces.labels, scores.argmax(1).numpy(), len(CLASSES))


def test_the_test_figures_are_those_of_the_card(shipped):
    model, card = shipped
    matrix = measured(model, load_faces("lesson", "test"))
    # A near tie may fall to the other side on another processor.
    assert np.abs(matrix - np.array(card.figures["test"]["confusion"])).sum() <= 4
    assert ev.accuracy(matrix).low > 0.85


def test_the_shift_figures_are_those_of_the_card(shipped):
    model, card = shipped
    for name in ("front", "yaw45"):
        found = ev.accuracy(measured(model, load_faces(f"shift-{name}"))).value
        assert found == pytest.approx(card.figures["shift_accuracy"][name], abs=0.01)


def test_the_card_reports_three_seeds_and_beats_the_baselines(shipped):
    _, card = shipped
    assert card.figures["seeds"] == [0, 1, 2]
    mean = ev.over_seeds(card.figures["seed_accuracy"])
    assert mean.value > 0.85
    assert list(mean[1:]) == pytest.approx(card.figures["seed_interval"], abs=1e-3)
    assert mean.value > card.figures["baselines"]["HOG + SVM"]["accuracy"]


def test_no_person_is_in_two_parts():
    persons = [set(load_faces("lesson", part).identity) for part in ("train", "validation", "test")]
    assert not persons[0] & persons[1] | persons[0] & persons[2] | persons[1] & persons[2]
