"""From text to speech and from image to expression, with the shipped checkpoints."""

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from deepsense_lib import weights
from deepsense_lib.datasets.registry import checked, data_dir
from deepsense_lib.errors import MissingDependencyError

try:
    import torch
except ImportError as error:
    raise MissingDependencyError("torch") from error

from deepsense_lib.datasets.faces import CLASSES
from deepsense_lib.evaluation import pronunciation
from deepsense_lib.faces.alignment import align
from deepsense_lib.faces.detection import Box, detect
from deepsense_lib.speech.features import log_mel
from deepsense_lib.speech.phonemes import PROMPT_VOICE, encode, lexicon, phonemize, pronounce
from deepsense_lib.speech.text import normalize, split_sentences
from deepsense_lib.torch_models.convolution import ExpressionCNN, normalize_images
from deepsense_lib.torch_models.parallel_tts import ParallelTTS
from deepsense_lib.torch_models.recogniser import PhoneRecogniser
from deepsense_lib.torch_models.vocoder import Vocoder

PAUSE_SECONDS = 0.25  # between two sentences


@dataclass(frozen=True)
class Recognition:
    """What the classifier says about one face: where it is, and a probability for each class."""

    box: Box
    probabilities: dict[str, float]

    @property
    def label(self) -> str:
        """The most probable class."""
        return max(self.probabilities, key=self.probabilities.get)


def load_model(name: str, model_class: type) -> "torch.nn.Module":
    """Return the model of a shipped checkpoint, on the CPU and in evaluation mode.

    Raises:
        DataError: when the checkpoint is missing or damaged.
        CheckpointError: when it holds the weights of another model.
    """
    folder = data_dir() / "checkpoints"
    checked(folder / f"{name}.json")
    arrays, card = weights.load(checked(folder / f"{name}.safetensors"))
    model = weights.build(model_class, arrays, card)
    return model.eval()


@functools.cache
def voice() -> tuple[ParallelTTS, Vocoder]:
    """Return the prompt voice: its acoustic model and its vocoder, loaded once."""
    return load_model("voice", ParallelTTS), load_model("vocoder", Vocoder)


@functools.cache
def judge() -> PhoneRecogniser:
    """Return the phone recogniser that judges the prompt voice, loaded once."""
    return load_model("judge", PhoneRecogniser)


@functools.cache
def expression_classifier() -> ExpressionCNN:
    """Return the expression classifier, loaded once."""
    return load_model("expression", ExpressionCNN)


def speak(text: str, *, speed: float = 1.0, pitch: float = 0.0) -> tuple[np.ndarray, int]:
    """Speak a text of any length, sentence by sentence.

    Args:
        text: English text; numbers, dates and abbreviations are read out.
        speed: 1 is the pace of the recordings, 2 twice as fast.
        pitch: shift in semitones.

    Returns:
        Samples (n,) float32 between -1 and 1, and the sample rate in Hz.

    Raises:
        InputError: when there is nothing to speak, or speed or pitch are out of range.
    """
    acoustic, vocoder = voice()
    rate = vocoder.configuration["sample_rate"]
    pause = np.zeros(round(PAUSE_SECONDS * rate), np.float32)
    parts = []
    for sentence in split_sentences(text):
        spoken = phonemize(sentence)
        symbols = torch.as_tensor(encode(spoken.symbols))
        starts = torch.as_tensor(spoken.word_starts)
        speech = acoustic.infer(symbols, starts, speed=speed, pitch_shift=pitch)
        parts += [vocoder.infer(speech.log_mel, speech.f0).numpy(), pause]
    samples = np.concatenate(parts[:-1])
    # One gain for the whole text, so that the sentences keep their proportions.
    return samples / max(1.0, float(np.abs(samples).max()) / 0.99), rate


def word_pronunciations(text: str) -> list[list[tuple[str, ...]]]:
    """List, for each word of a text, the ways to say it in the prompt voice: phones without stress."""
    words = re.findall(r"[a-z']+", normalize(text))
    ways = [[pronounce(word), *lexicon(word)] for word in words]
    plain = [[tuple(PROMPT_VOICE.get(p, p).rstrip("012") for p in way) for way in word] for word in ways]
    return [list(dict.fromkeys(word)) for word in plain]


def phone_error_rate(sounds: Sequence[np.ndarray], texts: Sequence[str]) -> float:
    """Judge whether sounds in the prompt voice say their texts; 0 is perfect, it can exceed 1.

    The shipped recogniser writes down the phones of each sound, and the edits that turn them into any
    pronunciation of the text are counted. It knows one voice: do not compare voices by it.

    Args:
        sounds: samples (n,) at 16 kHz, one array a text.
        texts: what the sounds should say.

    Raises:
        InputError: when there is nothing to say, or there are not as many sounds as texts.
    """
    heard = [judge().transcribe(log_mel(samples)) for samples in sounds]
    return pronunciation.phone_error_rate([word_pronunciations(text) for text in texts], heard)


def recognise(image: np.ndarray | str | Path) -> list[Recognition]:
    """Find the faces in an image and say which posed expression each one resembles.

    The labels describe a movement of a face. They do not say what a person feels.

    Args:
        image: a file, or pixels (height, width) or (height, width, 3), uint8.

    Returns:
        One Recognition a face, the largest face first.

    Raises:
        InputError: when the image cannot be read or holds no face.
    """
    from deepsense_lib.faces.images import load_image, to_grey

    pixels = load_image(image) if isinstance(image, str | Path) else to_grey(image)
    model = expression_classifier()
    boxes = detect(pixels)
    faces = np.stack([align(pixels, box, size=model.configuration["size"]) for box in boxes])
    with torch.no_grad():
        scores = torch.softmax(model(normalize_images(torch.as_tensor(faces))), dim=1).numpy()
    return [
        Recognition(box, dict(zip(CLASSES, row.tolist(), strict=True)))
        for box, row in zip(boxes, scores, strict=True)
    ]
