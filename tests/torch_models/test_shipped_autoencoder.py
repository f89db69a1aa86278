"""The shipped autoencoders of speech and the voice that speaks through one do what their cards say."""

import numpy as np
import pytest
import torch

from deepsense_lib import weights
from deepsense_lib.datasets.registry import data_dir
from deepsense_lib.datasets.speech import load_english, new_sentences, recordings_hash
from deepsense_lib.formulas.autoencoder import bits_per_second, perplexity
from deepsense_lib.pipelines import load_model, phone_error_rate, voice
from deepsense_lib.speech.features import log_mel
from deepsense_lib.speech.phonemes import encode, phonemize
from deepsense_lib.torch_models.autoencoder import SpeechAutoencoder
from deepsense_lib.torch_models.parallel_tts import ParallelTTS
from deepsense_lib.training.recipes import autoencoder as recipe
from deepsense_lib.training.voice_data import load_examples, statistics

NAMES = ("vae", "vq", "code_voice")


@pytest.fixture(scope="module")
def cards():
    return {name: weights.load(data_dir() / "checkpoints" / name)[1] for name in NAMES}


@pytest.fixture(scope="module")
def batches():
    stats = statistics(load_examples("train"))
    return [recipe.make_batch([example], stats) for example in load_examples("test")]


@torch.no_grad()
def outputs(name, batches):
    model = load_model(name, SpeechAutoencoder)
    return model, [model(b.frames, b.mask) for b in batches]


@pytest.mark.parametrize("name", ["vae", "vq"])
def test_distortion_and_rate_are_those_of_the_card(name, cards, batches):
    model, found = outputs(name, batches)
    distortions = [
        float(recipe.distortion(o.frames, b.frames, b.mask)) for o, b in zip(found, batches, strict=True)
    ]
    figures = cards[name].figures
    assert np.mean(distortions) == pytest.approx(figures["distortion"], rel=0.02)
    if name == "vae":
        nats = float(torch.cat([o.coded.cost[0] for o in found]).mean())
        assert bits_per_second(nats, 80 / model.stride) == pytest.approx(figures["bits_per_second"], rel=0.01)
    else:
        chosen = torch.cat([o.coded.indices[0] for o in found])
        used = [perplexity(np.bincount(column, minlength=256)) for column in chosen.T.numpy()]
        assert np.mean(used) == pytest.approx(figures["perplexity"], rel=0.01)


def test_the_cards_name_the_data_and_reach_their_aims(cards):
    for card in cards.values():
        assert recordings_hash() in card.data
        assert card.licence.startswith("CC-BY-SA-3.0")
    assert all(cards[name].figures["cer_reconstruction"] <= 0.02 for name in ("vae", "vq"))
    assert cards["code_voice"].figures["cer_in"] <= 0.1
    assert cards["vae"].sha256 in cards["code_voice"].data


def test_recordings_are_understood_after_their_code():
    _, vocoder = voice()
    model = load_model("vq", SpeechAutoencoder)
    recordings = load_english("test")[:8]
    sounds = []
    for u in recordings:
        code = model.code_of(torch.from_numpy(log_mel(u.audio())), torch.as_tensor(u.f0, dtype=torch.float32))
        sounds.append(vocoder.infer(*model.speech_of(code.code[0])).numpy())
    texts = [u.text for u in recordings]
    after, before = phone_error_rate(sounds, texts), phone_error_rate([u.audio() for u in recordings], texts)
    assert after < before + 0.1
    assert phone_error_rate(sounds, texts[1:] + texts[:1]) > 0.5


def test_the_predictor_speaks_through_the_decoder():
    _, vocoder = voice()
    model, predictor = load_model("vae", SpeechAutoencoder), load_model("code_voice", ParallelTTS)
    texts, sounds = new_sentences("in")[:6], []
    for text in texts:
        spoken = phonemize(text)
        code = predictor.infer(torch.as_tensor(encode(spoken.symbols)), torch.tensor(spoken.word_starts))
        sounds.append(vocoder.infer(*model.speech_of(code.log_mel)).numpy())
    assert phone_error_rate(sounds, texts) < 0.25
