"""Autoencoders of faces: pictures without labels, given back whole, cleaned, or completed from a quarter.

Kinds: "plain" gives back what it sees; "denoising" sees the picture with noise and with a grey rectangle
over a part, and gives back the clean one; "masked" sees some patches, and is judged by the others. Labels are
never read here. The persons of the training, validation and test parts are all different.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from deepsense_lib import weights
from deepsense_lib.datasets.faces import load_faces
from deepsense_lib.datasets.registry import data_dir, file_hash
from deepsense_lib.errors import InputError
from deepsense_lib.torch_models.convolution import normalize_images
from deepsense_lib.torch_models.face_autoencoder import (
    FaceAutoencoder,
    MaskedAutoencoder,
    cut_patches,
    draw_visible,
    masked_loss,
)
from deepsense_lib.training.augmentation import cover, mirror
from deepsense_lib.training.loop import Run, RunConfig, fit

KINDS = ("plain", "denoising", "masked")
KEEP = (16, 64, 256)  # lengths of the nested code, one drawn for every picture
REFERENCE = {"face_autoencoder": "plain", "face_mae": "masked"}  # the checkpoints that ship
NOISE = 0.5  # deviation of the noise that "denoising" adds; a normalised picture has deviation 1
MASK_RATIO = 0.75
STEPS = {
    "lesson": {"plain": 150, "denoising": 150, "masked": 300},
    "reference": {"plain": 2000, "denoising": 2000, "masked": 4000},
}


class FaceAutoencoderTask:
    """Faces in random order, mirrored at random, and the mean squared error of their reconstructions."""

    def __init__(
        self,
        model: FaceAutoencoder | MaskedAutoencoder,
        images: np.ndarray,
        validation: np.ndarray | None = None,
        kind: str = "plain",
        mask_ratio: float = MASK_RATIO,
    ):
        if kind not in KINDS:
            raise InputError(f"the kind is {kind!r}. Expected one of {', '.join(KINDS)}.")
        self.model = model.to(memory_format=torch.channels_last)
        self.images, self.validation = images, validation
        self.kind, self.mask_ratio = kind, mask_ratio
        self.batch = 64 if kind == "masked" else 32
        self.identity = {"configuration": model.configuration, "kind": kind, "mask_ratio": mask_ratio}

    def batches(self, rng: np.random.Generator) -> Iterator[Tensor]:
        """Yield the pictures of one epoch; what does not fill a batch waits for the next shuffle."""
        order = rng.permutation(len(self.images))
        size = min(self.batch, len(order))
        for start in range(0, len(order) - size + 1, size):
            yield torch.as_tensor(self.images[order[start : start + size]])

    def loss(self, model: nn.Module, batch: Tensor, step: int) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the mean squared error between what the model gives and the clean picture."""
        clean = mirror(batch.float() / 255)
        wanted = normalize_images(clean)
        if self.kind == "masked":
            visible = draw_visible(len(wanted), model.patches, self.mask_ratio)
            patches = cut_patches(wanted[:, 0], model.configuration["patch"])
            return masked_loss(model(wanted, visible), patches, visible), {}
        seen = wanted
        if self.kind == "denoising":
            seen = normalize_images(cover(clean, share=0.5))
            seen = seen + NOISE * torch.randn_like(seen)
        code = model.configuration["code"]
        keep = torch.tensor([min(k, code) for k in KEEP])[torch.randint(len(KEEP), (len(batch),))]
        found = model(seen.contiguous(memory_format=torch.channels_last), keep)
        return F.mse_loss(found, wanted), {}

    def validate(self, model: nn.Module) -> dict[str, float]:
        """Return the error on clean validation pictures: by length of the code, or on masked patches."""
        if self.validation is None:
            return {}
        if self.kind == "masked":
            return {"error_masked": masked_error(model, self.validation, self.mask_ratio)}
        return {f"error_{keep}": error(model, self.validation, keep) for keep in KEEP}


@torch.no_grad()
def error(model: FaceAutoencoder, images: np.ndarray, keep: int | None = None, batch: int = 128) -> float:
    """Mean squared error of reconstructions of pictures (n, height, width), uint8, in normalised greys."""
    model.eval()
    total = 0.0
    for start in range(0, len(images), batch):
        x = normalize_images(torch.as_tensor(images[start : start + batch]))
        total += float(((model(x, keep) - x) ** 2).mean((1, 2, 3)).sum())
    return total / len(images)


@torch.no_grad()
def masked_error(
    model: MaskedAutoencoder, images: np.ndarray, mask_ratio: float = MASK_RATIO, seed: int = 0
) -> float:
    """Mean squared error on masked patches of pictures (n, height, width), uint8, in normalised greys."""
    model.eval()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        visible = draw_visible(len(images), model.patches, mask_ratio)
    x = normalize_images(torch.as_tensor(images))
    patches = cut_patches(x[:, 0], model.configuration["patch"])
    return float(masked_loss(model(x, visible), patches, visible))


def train_autoencoder(
    images: np.ndarray,
    validation: np.ndarray | None = None,
    kind: str = "plain",
    steps: int | None = None,
    seed: int = 0,
    folder: Path | None = None,
    resume: bool = True,
    mask_ratio: float = MASK_RATIO,
    **sizes,
) -> Run:
    """Train a new autoencoder on pictures (n, size, size), uint8; `sizes` are arguments of its class."""
    torch.manual_seed(seed)
    model_class = MaskedAutoencoder if kind == "masked" else FaceAutoencoder
    task = FaceAutoencoderTask(
        model_class(size=images.shape[1], **sizes), images, validation, kind, mask_ratio
    )
    steps = STEPS["reference"][kind] if steps is None else steps
    config = RunConfig(
        steps=steps,
        learning_rate=2e-3 if kind == "masked" else 4e-3,
        warmup_steps=max(1, steps // 20),
        betas=(0.9, 0.95 if kind == "masked" else 0.99),
        weight_decay=0.05 if kind == "masked" else 0.01,
        clip_norm=1.0 if kind == "masked" else 5.0,
        ema=0.99,
        seed=seed,
        device="cpu",
        checkpoint_every=200,
        validate_every=None if validation is None else max(1, steps // 5),
    )
    return fit(task, config, folder, resume)


def make_card(name: str, run: Run, scale: str, seed: int, figures: dict) -> weights.ModelCard:
    """Return the model card of a trained autoencoder."""
    pictures = data_dir() / "faces" / "lesson-train.webp"
    kind = REFERENCE[name]
    return weights.ModelCard(
        name=name,
        model=type(run.model).__name__,
        configuration=run.model.configuration,
        data=f"faces, lesson-train without labels; lesson-train.webp has SHA-256 {file_hash(pictures)}",
        seed=seed,
        steps=run.step,
        cpu_seconds=round(run.cpu_seconds, 1),
        figures={"kind": kind, **figures},
        command=f"python -m deepsense_lib train face_autoencoder --scale {scale} --seed {seed}",
        licence="CC0-1.0",
        intended_use=(
            "Teaching: to show what a code that was learned without labels keeps of rendered faces, and as a "
            "start for classifiers of seven posed expressions. Input: one aligned grey face, 64 x 64 pixels."
        ),
        must_not=(
            "It recognises nothing by itself. Never use it, or a classifier built on it, on other people: it "
            "knows rendered faces only, and its code holds who a face is and how it is lit more than what it "
            "shows. An expression is not an emotion (Barrett et al., 2019). In the EU, inferring emotions "
            "from faces at work or in education is prohibited, but for medical or safety reasons (Regulation "
            "(EU) 2024/1689, Article 5(1)(f))."
        ),
    )


def figures(model: FaceAutoencoder | MaskedAutoencoder) -> dict:
    """Errors of an autoencoder on the validation and test persons, in normalised greys squared."""
    found = {}
    for part in ("validation", "test"):
        images = load_faces("lesson", part).images
        if isinstance(model, MaskedAutoencoder):
            measured = {"error_masked": masked_error(model, images)}
        else:
            measured = {f"error_{keep}": error(model, images, keep) for keep in KEEP}
        found[part] = {name: round(value, 4) for name, value in measured.items()}
    return found


def run(scale: str, seed: int, out: Path, resume: bool = True) -> dict[str, Run]:
    """Train both, and leave `face_autoencoder` and `face_mae` (weights and card) in the folder `out`."""
    images, held = (load_faces("lesson", part).images for part in ("train", "validation"))
    finished = {}
    for name, kind in REFERENCE.items():
        steps = STEPS[scale][kind]
        finished[name] = train_autoencoder(images, held, kind, steps, seed, Path(out) / name, resume)
        card = make_card(name, finished[name], scale, seed, figures(finished[name].model))
        arrays = weights.to_arrays(finished[name].model.state_dict())
        weights.save(Path(out) / name, arrays, card, half=True)
    return finished
