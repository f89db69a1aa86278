"""The shipped voice: what its cards promise, and that it speaks."""

import numpy as np
import pytest
import torch

from deepsense_lib import weights
from deepsense_lib.datasets.registry import checked, data_dir
from deepsense_lib.datasets.speech import recordings_hash
from deepsense_lib.errors import CheckpointError
from deepsense_lib.speech.phonemes import SYMBOLS, encode, phonemize
from deepsense_lib.torch_models.parallel_tts import ParallelTTS
from deepsense_lib.torch_models.vocoder import Vocoder

CLASSES = {"voice": ParallelTTS, "vocoder": Vocoder}


@pytest.fixture(scope="module")
def shipped():
    folder = data_dir() / "checkpoints"
    loaded = {name: weights.load(checked(folder / f"{name}.safetensors")) for name in CLASSES}
    models = {name: weights.build(CLASSES[name], *loaded[name]) for name in CLASSES}
    return models, {name: card for name, (_, card) in loaded.items()}


def speak(models, text: str, **knobs):
    spoken = phonemize(text)
    symbols, starts = torch.from_numpy(encode(spoken.symbols)), torch.tensor(spoken.word_starts)
    speech = models["voice"].infer(symbols, starts, **knobs)
    return speech, models["vocoder"].infer(speech.log_mel, speech.f0).numpy()


@pytest.mark.parametrize("name", CLASSES)
def test_card_says_what_a_user_must_know(shipped, name):
    card = shipped[1][name]
    assert card.command == f"python -m deepsense_lib train {name} --scale reference --seed 0"
    assert "CC-BY-SA-3.0" in card.licence
    assert "impersonate" in card.must_not
    assert "the prompt voice" in card.intended_use
    assert card.steps > 0
    assert recordings_hash() in card.data
    assert card.storage == "float16"
    assert (data_dir() / "checkpoints" / f"{name}.safetensors").stat().st_size <= 6e6


@pytest.mark.parametrize("name", CLASSES)
def test_figures_in_the_card_reach_what_is_promised(shipped, name):
    figures = shipped[1][name].figures
    assert figures["cer_in"] <= 0.02
    assert figures["cer_outside"] <= 0.045
    assert figures["dnsmos_in"] >= 2.85
    assert figures["dnsmos_outside"] >= 2.85
    assert figures["real_time_factor_one_core"] <= 0.03


def test_the_model_of_the_lesson_reached_what_is_promised(shipped):
    figures = shipped[1]["voice"].figures
    assert figures["lesson_cer_in_ten"] <= 0.05
    assert figures["lesson_cpu_seconds"] <= 150


def test_the_wrong_class_is_refused(shipped):
    folder = data_dir() / "checkpoints"
    with pytest.raises(CheckpointError, match="Expected a Vocoder"):
        weights.build(Vocoder, *weights.load(folder / "voice"))


def test_it_speaks_at_a_plausible_level_and_pace(shipped):
    models, _ = shipped
    assert models["voice"].configuration["symbols"] == len(SYMBOLS)
    speech, samples = speak(models, "Please enter the number of the conference.")
    assert 1.2 < len(samples) / 16000 < 4
    assert 0.02 < np.sqrt(np.mean(samples**2)) < 0.4
    voiced = speech.f0[speech.f0 > 0]
    assert 0.3 < len(voiced) / len(speech.f0) < 0.95
    assert 130 < voiced.median() < 280


def test_pitch_and_speed_are_heard(shipped):
    """The output's own period, by autocorrelation, follows the knob; the pace follows the other."""
    models, _ = shipped
    text = "Thank you for calling."
    plain, samples = speak(models, text)
    high, higher = speak(models, text, pitch_shift=4.0)
    assert len(samples) == len(higher)
    assert high.f0.max() / plain.f0.max() == pytest.approx(2 ** (4 / 12), rel=1e-4)

    def period(sound: np.ndarray, frames: torch.Tensor) -> float:
        ratios = []
        for k in torch.nonzero(frames[4:-4] > 0)[:, 0].tolist()[::7]:
            piece = sound[k * 200 + 400 : k * 200 + 1200]
            correlation = np.correlate(piece, piece, "full")[len(piece) - 1 :]
            expected = 16000 / float(frames[k + 4])
            lags = np.arange(int(0.7 * expected), int(1.4 * expected))
            ratios.append(lags[correlation[lags].argmax()] / expected)
        return float(np.median(ratios))

    assert period(samples, plain.f0) == pytest.approx(1.0, abs=0.06)
    assert period(higher, high.f0) == pytest.approx(1.0, abs=0.06)
    assert len(speak(models, text, speed=2.0)[1]) < 0.7 * len(samples)
