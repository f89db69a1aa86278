"""Classifiers from few labels: which pictures have one, training on them, and linear probes on frozen codes.

The labelled pictures are those of a few persons, all seven of each, drawn by a seed. What is chosen (the
penalty of a probe, learning rates) is chosen on the validation persons.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from deepsense_lib.datasets.faces import FaceSet
from deepsense_lib.errors import InputError
from deepsense_lib.torch_models.convolution import normalize_images
from deepsense_lib.torch_models.face_autoencoder import FaceAutoencoder, MaskedAutoencoder
from deepsense_lib.training.loop import Run, RunConfig, fit
from deepsense_lib.training.recipes.expression import ExpressionTask

BATCH = 16
PENALTIES = (1e-3, 1e-2, 1e-1, 1.0, 10.0)


def labelled(faces: FaceSet, persons: int, seed: int) -> FaceSet:
    """The pictures of some persons, drawn by the seed: as many labels a class as persons.

    Raises: InputError when there are fewer persons than that.
    """
    known = np.unique(faces.identity)
    if not 1 <= persons <= len(known):
        raise InputError(f"{persons} persons were asked for. Expected a number from 1 to {len(known)}.")
    chosen = np.random.default_rng([seed, persons]).permutation(known)[:persons]
    return faces.subset(np.isin(faces.identity, chosen))


class FewLabelsTask(ExpressionTask):
    """The task of the classifier on a set that may be smaller than a batch."""

    def batches(self, rng: np.random.Generator) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield (images, labels) of one epoch; a small set is one batch."""
        order = rng.permutation(len(self.train.labels))
        size = min(BATCH, len(order))
        for start in range(0, len(order) - size + 1, size):
            chosen = order[start : start + size]
            yield torch.as_tensor(self.train.images[chosen]), torch.as_tensor(self.train.labels[chosen])


def fine_tune(
    model: nn.Module,
    train: FaceSet,
    validation: FaceSet | None = None,
    steps: int = 300,
    learning_rate: float = 2e-3,
    seed: int = 0,
    folder: Path | None = None,
    resume: bool = True,
) -> Run:
    """Train a classifier, new or with a learned encoder, on labelled pictures with all random changes."""
    config = RunConfig(
        steps=steps,
        learning_rate=learning_rate,
        warmup_steps=max(1, steps // 10),
        betas=(0.9, 0.99),
        weight_decay=0.02,
        clip_norm=5.0,
        ema=0.99,
        seed=seed,
        device="cpu",
        checkpoint_every=200,
        validate_every=None if validation is None else max(1, steps // 5),
    )
    return fit(FewLabelsTask(model, train, validation), config, folder, resume)


@torch.no_grad()
def codes(
    autoencoder: FaceAutoencoder | MaskedAutoencoder, images: np.ndarray, batch: int = 128
) -> np.ndarray:
    """What a frozen encoder says of pictures (n, height, width), uint8: one row each.

    The code of a convolutional autoencoder; of a masked one, the items of all patches side by side.
    """
    autoencoder.eval()
    found = []
    for start in range(0, len(images), batch):
        x = normalize_images(torch.as_tensor(images[start : start + batch]))
        if isinstance(autoencoder, MaskedAutoencoder):
            everything = torch.arange(autoencoder.patches).expand(len(x), -1)
            found.append(autoencoder.encode(x, everything).flatten(1))
        else:
            found.append(autoencoder.encode(x))
    return torch.cat(found).numpy()


class Probe(NamedTuple):
    """A linear classifier on standardised codes, and how it was chosen."""

    weight: np.ndarray  # (code, classes)
    bias: np.ndarray  # (classes,)
    penalty: float
    validation_accuracy: float

    def __call__(self, code: np.ndarray) -> np.ndarray:
        """Map codes (n, code) to classes (n,)."""
        return (code @ self.weight + self.bias).argmax(1)


def linear_probe(
    code: np.ndarray, labels: np.ndarray, held_code: np.ndarray, held_labels: np.ndarray, penalties=PENALTIES
) -> Probe:
    """Fit softmax regressions on codes (n, code), and keep the penalty that is best on held-out persons.

    Codes are standardised by the training rows; the weights that are returned take them as they are.
    """
    from sklearn.linear_model import LogisticRegression

    mean, spread = code.mean(0), code.std(0) + 1e-6
    best = None
    for penalty in penalties:
        machine = LogisticRegression(C=1 / (penalty * len(labels)), max_iter=400)
        machine.fit((code - mean) / spread, labels)
        weight = machine.coef_.T / spread[:, None]
        probe = Probe(weight, machine.intercept_ - mean @ weight, penalty, 0.0)
        right = float((machine.classes_[probe(held_code)] == held_labels).mean())
        if best is None or right > best.validation_accuracy:
            best = probe._replace(validation_accuracy=round(right, 4))
    return best
