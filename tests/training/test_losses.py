"""The losses that training uses are the book's equations."""

import numpy as np
import pytest
import torch

from deepsense_lib.formulas import parallel_tts as formulas
from deepsense_lib.formulas.spectrum import hann, stft
from deepsense_lib.torch_models.parallel_tts import Prediction
from deepsense_lib.training.recipes import vocoder, voice
from deepsense_lib.training.voice_data import Batch


def padded_batch():
    """Two utterances, five and two phonemes long, with noise in the padding."""
    random = np.random.default_rng(0)
    symbols = np.array([[3, 4, 5, 6, 7], [8, 9, 0, 0, 0]])
    durations = np.array([[2, 1, 3, 1, 2], [4, 2, 0, 0, 0]])
    frame_mask = np.array([[1] * 9, [1] * 6 + [0] * 3])[..., None]
    mels, frames, phonemes = random.normal(size=(2, 2, 9, 4)), random.normal(size=(2, 2, 9)), symbols.shape
    voiced = (random.random((2, 9)) > 0.4).astype(float)
    prediction = Prediction(
        *map(torch.tensor, (mels[0], frame_mask.astype(float), random.normal(size=phonemes))),
        *map(torch.tensor, (random.normal(size=phonemes), frames[0], random.normal(size=(2, 9)))),
    )
    batch = Batch(
        *map(torch.tensor, (symbols, np.zeros_like(symbols), durations, random.normal(size=phonemes))),
        *map(torch.tensor, (frames[1], voiced, mels[1])),
    )
    return prediction, batch


@pytest.mark.proves("eq-mel-loss")
def test_mel_and_duration_losses_of_the_recipe_are_the_equations():
    prediction, batch = padded_batch()
    parts = voice.losses(prediction, batch)
    frames, phonemes = prediction.frame_mask[..., 0].numpy(), (batch.symbols != 0).numpy().astype(float)
    mel = formulas.mel_loss(prediction.mel.numpy(), batch.mel.numpy(), frames)
    assert parts["mel"].item() == pytest.approx(mel, rel=1e-6)
    duration = formulas.duration_loss(prediction.log_durations.numpy(), batch.durations.numpy(), phonemes)
    assert parts["duration"].item() == pytest.approx(duration, rel=1e-6)
    pitch = (prediction.pitch - batch.pitch).numpy() ** 2
    expected = formulas.masked_mean(pitch, frames * batch.voiced.numpy())
    assert parts["pitch"].item() == pytest.approx(expected, rel=1e-6)


def test_padding_does_not_reach_any_loss_of_the_recipe():
    prediction, batch = padded_batch()
    before = voice.losses(prediction, batch)
    prediction.mel[1, 6:] = 99
    prediction.pitch[1, 6:] = 99
    prediction.voicing[1, 6:] = 99
    prediction.log_durations[1, 2:] = 99
    prediction.energy[1, 2:] = 99
    for name, value in voice.losses(prediction, batch).items():
        assert value.item() == pytest.approx(before[name].item(), rel=1e-6), name


@pytest.mark.proves("eq-multi-resolution-loss")
def test_spectral_loss_of_the_vocoder_is_the_equation_up_to_its_floor():
    random = np.random.default_rng(0)
    found, wanted = random.normal(size=(2, 6400))

    def magnitudes(x):
        return [np.abs(stft(x, hann(w), hop, n_fft)) for n_fft, hop, w in vocoder.SPECTRA]

    expected = formulas.multi_resolution_stft_loss(magnitudes(found), magnitudes(wanted))
    samples = (torch.tensor(x, dtype=torch.float32)[None] for x in (found, wanted))
    loss, _ = vocoder.spectral_losses(*samples, bank=torch.ones(1, 513))
    assert loss.item() == pytest.approx(expected, rel=1e-3)
