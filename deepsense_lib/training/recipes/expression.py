"""The expression classifiers: cross-entropy on faces of one level, with random changes of the images.

`python -m deepsense_lib train expression` makes the convolutional one on the lesson's faces; the functions
take any architecture of `ARCHITECTURES` and any level. The persons of the training, validation and test parts
are all different. Choices are made on the validation part; the test part and the shift sets are looked at
once, when the weights are final.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from deepsense_lib import weights
from deepsense_lib.datasets.faces import CLASSES, FaceSet, faces_available, load_faces
from deepsense_lib.datasets.registry import data_dir, file_hash
from deepsense_lib.errors import InputError
from deepsense_lib.evaluation import classification as ev
from deepsense_lib.torch_models.convolution import ExpressionCNN, normalize_images
from deepsense_lib.torch_models.face_attention import CBAMExpressionCNN, PoolingExpressionCNN
from deepsense_lib.torch_models.vision_transformer import VisionTransformer
from deepsense_lib.training.augmentation import augment
from deepsense_lib.training.loop import Run, RunConfig, fit

BATCH = 64
STEPS = {"lesson": 200, "reference": 1230}  # at 82 steps an epoch: 2.4 and 15 epochs


class Architecture(NamedTuple):
    """A kind of classifier, and the learning rate and settings that were best on the validation persons."""

    model: type[nn.Module]
    learning_rate: float
    settings: Mapping[str, Any] = MappingProxyType({})


ARCHITECTURES = {
    "cnn": Architecture(ExpressionCNN, 4e-3),
    "cbam": Architecture(CBAMExpressionCNN, 4e-3),
    "pooling": Architecture(PoolingExpressionCNN, 4e-3),
    "vit": Architecture(
        VisionTransformer, 2e-3, {"stem": "convolution", "width": 64, "depth": 2, "dropout": 0.0}
    ),
}
WHAT = {  # for the cards
    ExpressionCNN: "a convolutional network",
    CBAMExpressionCNN: "a convolutional network with gates for channels and places",
    PoolingExpressionCNN: "a convolutional network with attention pooling",
    VisionTransformer: "a small vision transformer",
}


class ExpressionTask:
    """Faces in random order, changed at random, and the cross-entropy of their labels."""

    def __init__(
        self,
        model: nn.Module,
        train: FaceSet,
        validation: FaceSet | None = None,
        augmentation: str = "all",
        smoothing: float = 0.05,
    ):
        self.model = model.to(memory_format=torch.channels_last)  # a third faster on a CPU, the same numbers
        self.train, self.validation = train, validation
        self.augmentation, self.smoothing = augmentation, smoothing
        self.identity = {"configuration": model.configuration, "augmentation": augmentation}

    def batches(self, rng: np.random.Generator) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield (images, labels) of one epoch; what does not fill a batch waits for the next shuffle."""
        order = rng.permutation(len(self.train.labels))
        for start in range(0, len(order) - BATCH + 1, BATCH):
            chosen = order[start : start + BATCH]
            yield torch.as_tensor(self.train.images[chosen]), torch.as_tensor(self.train.labels[chosen])

    def loss(self, model: nn.Module, batch, step: int) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the smoothed cross-entropy, and the share of right answers on the changed images."""
        images, labels = batch
        x = normalize_images(augment(images.float() / 255, self.augmentation))
        scores = model(x.contiguous(memory_format=torch.channels_last))
        right = (scores.argmax(1) == labels).float().mean()
        return F.cross_entropy(scores, labels, label_smoothing=self.smoothing), {"accuracy": right}

    def validate(self, model: nn.Module) -> dict[str, float]:
        """Return the accuracy on the validation part."""
        if self.validation is None:
            return {}
        return {
            "validation_accuracy": float(
                (predict(model, self.validation.images) == self.validation.labels).mean()
            )
        }


@torch.no_grad()
def predict(model: nn.Module, images: np.ndarray, batch: int = 256) -> np.ndarray:
    """Return the most probable class (n,) of every image (n, height, width), uint8."""
    model.eval()
    parts = [images[start : start + batch] for start in range(0, len(images), batch)]
    scores = [model(normalize_images(torch.as_tensor(part))) for part in parts]
    return torch.cat(scores).argmax(1).numpy()


def train_expression(
    train: FaceSet,
    validation: FaceSet | None = None,
    steps: int = STEPS["reference"],
    seed: int = 0,
    augmentation: str = "all",
    channels: Sequence[int] | None = None,
    folder: Path | None = None,
    resume: bool = True,
    architecture: str = "cnn",
    learning_rate: float | None = None,
    **settings: Any,
) -> Run:
    """Train a new classifier and return the run, with the averaged weights in place.

    `channels` and `settings` are arguments of the model class; what is not given keeps its default.
    Raises: InputError for an unknown architecture.
    """
    kind = architecture_named(architecture)
    if channels is not None:
        settings["channels"] = channels
    torch.manual_seed(seed)
    model = kind.model(classes=len(CLASSES), size=train.images.shape[1], **{**kind.settings, **settings})
    config = RunConfig(
        steps=steps,
        learning_rate=kind.learning_rate if learning_rate is None else learning_rate,
        warmup_steps=max(1, steps // 10),
        betas=(0.9, 0.99),
        weight_decay=0.02,
        clip_norm=5.0,
        ema=0.99,
        seed=seed,
        device="cpu",
        checkpoint_every=200,
        validate_every=None if validation is None else max(1, steps // 10),
    )
    return fit(ExpressionTask(model, train, validation, augmentation), config, folder, resume)


def architecture_named(name: str) -> Architecture:
    """Return an entry of `ARCHITECTURES`. Raises InputError for an unknown name."""
    if name not in ARCHITECTURES:
        raise InputError(f"the architecture is {name!r}. Expected one of {', '.join(ARCHITECTURES)}.")
    return ARCHITECTURES[name]


def measure(predictions: np.ndarray, truth: np.ndarray) -> dict:
    """Return accuracy with its interval, balanced accuracy, macro F1, and the confusion matrix."""
    matrix = ev.confusion_matrix(truth, predictions, len(CLASSES))
    value, low, high = ev.accuracy(matrix)
    return {
        "accuracy": round(value, 4),
        "accuracy_interval": [round(low, 4), round(high, 4)],
        "balanced_accuracy": round(ev.balanced_accuracy(matrix), 4),
        "macro_f1": round(ev.macro_f1(matrix), 4),
        "confusion": matrix.tolist(),
    }


def figures(model: nn.Module, level: str = "lesson") -> dict:
    """Measure a model on a level's validation and test parts and, for the lesson, on every shift set."""
    parts = {part: load_faces(level, part) for part in ("validation", "test")}
    found = {part: measure(predict(model, faces.images), faces.labels) for part, faces in parts.items()}
    if level != "lesson":
        return found
    shifts = [name for name in faces_available() if name.startswith("shift-")]
    found["shift_accuracy"] = {
        name.removeprefix("shift-"): _accuracy(model, load_faces(name)) for name in shifts
    }
    return found


def _accuracy(model: nn.Module, faces: FaceSet) -> float:
    return round(float((predict(model, faces.images) == faces.labels).mean()), 4)


def make_card(
    run: Run,
    scale: str,
    seed: int,
    augmentation: str,
    measured: dict,
    name: str = "expression",
    level: str = "lesson",
    command: str | None = None,
) -> weights.ModelCard:
    """Return the model card of a trained classifier; `command` is what repeats it, if not the recipe's."""
    pictures = data_dir() / "faces" / f"{level}-train.webp"
    what = WHAT.get(type(run.model), "a network")
    return weights.ModelCard(
        name=name,
        model=type(run.model).__name__,
        configuration=run.model.configuration,
        data=f"faces, {level}-train; {level}-train.webp has SHA-256 {file_hash(pictures)}",
        seed=seed,
        steps=run.step,
        cpu_seconds=round(run.cpu_seconds, 1),
        figures={"classes": list(CLASSES), "augmentation": augmentation, **measured},
        command=command or f"python -m deepsense_lib train expression --scale {scale} --seed {seed}",
        licence="CC0-1.0",
        intended_use=(
            f"Teaching: to show what {what} can read from rendered faces that pose one of "
            "seven expressions, and where it fails. Input: one aligned grey face, 64 x 64 pixels."
        ),
        must_not=(
            "Never use it on other people. It knows rendered faces only; its accuracy on photographs is "
            "unknown. An expression is not an emotion (Barrett et al., 2019). In the EU, inferring "
            "emotions from faces at work or in education is prohibited, but for medical or safety reasons "
            "(Regulation (EU) 2024/1689, Article 5(1)(f))."
        ),
    )


def run(scale: str, seed: int, out: Path, resume: bool, augmentation: str = "all") -> Run:
    """Train at a scale, measure once, and leave `expression.safetensors` with its card in `out`."""
    train, held_out = load_faces("lesson", "train"), load_faces("lesson", "validation")
    finished = train_expression(
        train, held_out, STEPS[scale], seed, augmentation, folder=Path(out), resume=resume
    )
    measured = figures(finished.model)
    card = make_card(finished, scale, seed, augmentation, measured)
    weights.save(Path(out) / "expression", weights.to_arrays(finished.model.state_dict()), card)
    test, validation = measured["test"], measured["validation"]["accuracy"]
    print(
        f"test accuracy {test['accuracy']:.3f} {test['accuracy_interval']}, validation {validation:.3f}, "
        f"{finished.cpu_seconds:.0f} CPU-seconds"
    )
    return finished
