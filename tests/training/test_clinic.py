"""Faults on purpose: what they do, that they leave no trace, and padding and trimming of recordings."""

import numpy as np
import pytest
import torch

from deepsense_lib.datasets.speech import load_english
from deepsense_lib.formulas.stability import Rules, edge_silence
from deepsense_lib.pipelines import load_model
from deepsense_lib.speech.phonemes import phonemize
from deepsense_lib.torch_models.tacotron import Tacotron
from deepsense_lib.training import clinic

TEXT = phonemize("The call the call the call.")


@pytest.fixture(scope="module")
def model():
    return load_model("tacotron", Tacotron)


@pytest.mark.parametrize(("by", "at", "failure"), [(8, 10, "skipped"), (-8, 30, "repeated")])
def test_a_jump_is_seen_by_its_measure_and_mended_by_a_narrow_window(model, by, at, failure):
    well = clinic.examine(clinic.say(model, TEXT))
    with clinic.disturbed(model, by, {at}):
        ill = clinic.examine(clinic.say(model, TEXT))
    with clinic.disturbed(model, by, {at}):
        held = clinic.examine(clinic.say(model, TEXT, rules=Rules(window=(0, 1))))
    assert not well["any"]
    assert [name for name in ("skipped", "repeated", "endless", "early") if ill[name]] == [failure]
    assert max(ill["jump_back"], ill["jump_ahead"]) >= 7
    assert not held["any"]
    assert clinic.examine(clinic.say(model, TEXT)) == well  # no trace


def test_the_record_says_what_the_formulas_say(model):
    record = clinic.examine(clinic.say(model, TEXT, rules=Rules(threshold=1.0)))
    assert record["endless"] == record["any"] == 1
    assert record["steps"] == np.ceil((60 + 12 * len(TEXT.symbols)) / model.reduction)
    assert record["longest_stay"] > 10  # it sits on the last symbol
    assert clinic.examine(clinic.say(model, TEXT, rules=Rules(threshold=0.0)))["early"] == 1


@pytest.mark.parametrize("number", [0, 3])
def test_padding_is_measured_and_trimming_takes_it_away(number):
    utterance = load_english("train")[number]
    before, after = edge_silence(clinic.padded(utterance, 0).log_mel)
    long = clinic.padded(utterance, 40)
    found = edge_silence(long.log_mel)
    assert abs(found[0] - before - 40) <= 2
    assert abs(found[1] - after - 40) <= 3
    assert len(long.log_mel) == long.durations.sum() == len(long.f0)
    short = clinic.trimmed(long, keep=5)
    assert edge_silence(short.log_mel) == (5, 5)
    assert len(short.log_mel) == short.durations.sum() == len(short.f0)
    np.testing.assert_array_equal(clinic.trimmed(short, keep=5).log_mel, short.log_mel)


def test_retraining_moves_this_model_and_keeps_its_statistics(model):
    own = load_model("tacotron", Tacotron)
    examples = [clinic.padded(u, 2) for u in load_english("train") if len(u.f0) < 90][:4]
    run = clinic.retrained(own, examples, steps=2, frames=400)
    assert run.model is own
    assert torch.equal(own.mel_mean, model.mel_mean)
    assert not torch.equal(own.decoder.stop.weight, model.decoder.stop.weight)
    assert run.history[0]["loss"] < 1.5  # it goes on from where it was
