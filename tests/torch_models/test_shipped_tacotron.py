"""The shipped checkpoint with attention: its card, its alignments, and what it says."""

import pytest
import torch

from deepsense_lib import weights
from deepsense_lib.datasets.registry import checked, data_dir
from deepsense_lib.datasets.speech import new_sentences, recordings_hash
from deepsense_lib.formulas.attention import coverage, monotonicity
from deepsense_lib.pipelines import load_model, phone_error_rate, voice
from deepsense_lib.speech.phonemes import encode, phonemize
from deepsense_lib.torch_models.tacotron import Tacotron


@pytest.fixture(scope="module")
def model():
    return load_model("tacotron", Tacotron)


@pytest.fixture(scope="module")
def card():
    return weights.load(checked(data_dir() / "checkpoints" / "tacotron.safetensors"))[1]


def speak(model, text: str):
    spoken = phonemize(text)
    return model.infer(torch.as_tensor(encode(spoken.symbols)), torch.tensor(spoken.word_starts))


def test_the_card_says_what_a_user_must_know(card):
    assert card.command == "python -m deepsense_lib train tacotron --scale reference --seed 0"
    assert recordings_hash() in card.data
    assert weights.load(checked(data_dir() / "checkpoints" / "voice.safetensors"))[1].sha256 in card.data
    assert "CC-BY-SA-3.0" in card.licence
    assert "impersonate" in card.must_not
    assert card.storage == "float16"
    assert (data_dir() / "checkpoints" / "tacotron.safetensors").stat().st_size <= 8e6
    assert card.cpu_seconds <= 90 * 60


def test_figures_in_the_card_reach_what_is_promised(card):
    assert card.figures["cer_in"] <= 0.08
    assert card.figures["complete_and_monotone_hard"] >= 0.95
    assert card.figures["cer_in"] < card.figures["prompts_only_cer_in"]


@pytest.mark.parametrize("number", range(0, 50, 5))
def test_hard_sentences_are_read_from_end_to_end(model, number):
    said = speak(model, new_sentences("hard")[number])
    alignment = said.alignment.numpy()
    assert said.stopped
    assert coverage(alignment) == 1
    assert monotonicity(alignment, slack=1) == 1


def test_new_sentences_are_understood(model):
    texts = new_sentences("in")[:6]
    said = [speak(model, text) for text in texts]
    sounds = [voice()[1].infer(s.log_mel, s.f0).numpy() for s in said]
    assert phone_error_rate(sounds, texts) < 0.3
    assert phone_error_rate(sounds, texts[1:] + texts[:1]) > 0.6  # the measure can fail
