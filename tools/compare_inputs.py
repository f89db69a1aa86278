"""What do more pixels, colour and an eighth class cost or bring? Three seeds each.

    python tools/compare_inputs.py [--seeds 3] [--steps 400] [--cache runs/inputs] [--out data/experiments]

Renders 450 persons of no shipped set in eight expressions, in colour, with 48 and with 64 pixels, and keeps
the pictures in the cache; nothing of them ships. 300 persons train, 150 others test. The same network, but
for its first kernels and its head, learns from (48 grey, 64 grey, 64 colour) pictures of seven and of eight
classes, with mirrored faces as the only change. What was measured is kept, so a run that was stopped goes on.
"""

import argparse
import itertools
import json
import time
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from deepsense_lib.datasets.registry import write_sums
from deepsense_lib.evaluation import classification as ev
from deepsense_lib.faces.expressions import EIGHT_CLASSES, sample_expression
from deepsense_lib.faces.identity import sample_identity
from deepsense_lib.faces.renderer import render
from deepsense_lib.faces.scene import sample_scene
from deepsense_lib.files import write_atomically
from deepsense_lib.torch_models.convolution import ExpressionCNN, normalize_images
from deepsense_lib.training.augmentation import mirror
from deepsense_lib.training.loop import RunConfig, fit

PERSONS = {"train": range(10_000, 10_300), "test": range(11_000, 11_150)}  # of no shipped set
STREAM = 60
INPUTS = {"48 grey": (48, 1), "64 grey": (64, 1), "64 colour": (64, 3)}
CLASSES = (7, 8)
BATCH = 64
REPLICATES = 4000


def picture(person: int, label: int, size: int) -> np.ndarray:
    """Render one person in one class, RGB; the size changes nothing but the number of pixels."""
    face, place = (np.random.Generator(np.random.PCG64([STREAM, person, label, k])) for k in (0, 1))
    identity = sample_identity(person)
    expression = sample_expression(EIGHT_CLASSES[label], face, identity)
    return render(identity, expression, sample_scene(place, "lesson"), size).image


def pictures(part: str, size: int, cache: Path) -> np.ndarray:
    """Return the pictures (persons, 8, size, size, 3) of a part, rendered once."""
    path = cache / f"{part}-{size}.npy"
    if not path.exists():
        bar = tqdm(PERSONS[part], desc=f"{part}, {size} pixels", mininterval=10)
        made = np.stack([[picture(p, k, size) for k in range(len(EIGHT_CLASSES))] for p in bar])
        cache.mkdir(parents=True, exist_ok=True)
        np.save(path, made)
    return np.load(path)


def prepared(part: str, size: int, colours: int, cache: Path) -> np.ndarray:
    """Return the pictures of a part, in colour or in luma (ITU-R BT.601) as the shipped ones."""
    images = pictures(part, size, cache)
    return images if colours == 3 else np.rint(images @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)


class Task:
    """Pictures in random order, half of them mirrored, and the cross-entropy of their classes."""

    def __init__(self, model: ExpressionCNN, images: np.ndarray):
        classes = model.configuration["classes"]
        self.model = model.to(memory_format=torch.channels_last)
        self.images = np.concatenate([images[:, k] for k in range(classes)])
        self.labels = np.repeat(np.arange(classes), len(images))
        self.identity = {"configuration": model.configuration}

    def batches(self, rng: np.random.Generator):
        """Yield (images, labels) of one epoch."""
        order = rng.permutation(len(self.labels))
        for start in range(0, len(order) - BATCH + 1, BATCH):
            chosen = order[start : start + BATCH]
            yield torch.as_tensor(self.images[chosen]), torch.as_tensor(self.labels[chosen])

    def loss(self, model, batch, step: int):
        """Return the cross-entropy with a little smoothing."""
        images, labels = batch
        x = normalize_images(mirror(images.float() / 255)).contiguous(memory_format=torch.channels_last)
        return torch.nn.functional.cross_entropy(model(x), labels, label_smoothing=0.05), {}


@torch.no_grad()
def answers(model: ExpressionCNN, images: np.ndarray) -> np.ndarray:
    """Return the class (persons, classes) that the network gives to every picture."""
    flat = images.reshape(-1, *images.shape[2:])
    parts = [model(normalize_images(torch.as_tensor(flat[i : i + 200]))) for i in range(0, len(flat), 200)]
    return torch.cat(parts).argmax(1).numpy().reshape(images.shape[:2])


def run(name: str, classes: int, seed: int, steps: int, cache: Path) -> dict:
    """Train and measure one network."""
    size, colours = INPUTS[name]
    torch.manual_seed(seed)
    model = ExpressionCNN(classes=classes, size=size, in_channels=colours)
    config = RunConfig(
        steps=steps,
        learning_rate=4e-3,
        warmup_steps=steps // 10,
        betas=(0.9, 0.99),
        weight_decay=0.02,
        clip_norm=5.0,
        ema=0.98,
        seed=seed,
        device="cpu",
    )
    task = Task(model, prepared("train", size, colours, cache))
    began = time.process_time()
    trained = fit(task, config).model
    spent = time.process_time() - began
    test = prepared("test", size, colours, cache)[:, :classes]
    began = time.process_time()
    said = answers(trained, test)
    each = (time.process_time() - began) / said.size
    truth = np.tile(np.arange(classes), (len(said), 1))
    return {
        "input": name,
        "classes": classes,
        "seed": seed,
        "steps": steps,
        "parameters": sum(p.numel() for p in model.parameters()),
        "accuracy": round(float((said == truth).mean()), 4),
        "accuracy_on_the_seven": round(float((said == truth)[:, :7].mean()), 4),
        "confusion": ev.confusion_matrix(truth.ravel(), said.ravel(), classes).tolist(),
        "right_a_person": (said == truth)[:, :7].sum(1).tolist(),
        "cpu_seconds": round(spent, 1),
        "milliseconds_an_image": round(1000 * each, 3),
    }


def shares(rows: list[dict], name: str, classes: int) -> np.ndarray:
    """Share of right answers on the pictures of the seven classes, (seeds, persons)."""
    found = [r["right_a_person"] for r in rows if (r["input"], r["classes"]) == (name, classes)]
    return np.array(found) / 7


def interval(difference) -> dict[str, float]:
    """Mean and 95 % interval of a difference, over draws of seeds and of persons with replacement."""
    rng = np.random.default_rng(0)
    mean = difference(lambda table: table.mean())

    def drawn():
        persons = rng.integers(len(PERSONS["test"]), size=len(PERSONS["test"]))
        # All networks see the same persons; each network's seeds are drawn for themselves.
        return difference(lambda t: t[rng.integers(len(t), size=len(t))][:, persons].mean())

    low, high = np.quantile([drawn() for _ in range(REPLICATES)], [0.025, 0.975])
    return {"value": round(float(mean), 4), "low": round(float(low), 4), "high": round(float(high), 4)}


def effects(rows: list[dict]) -> dict:
    """What changes on the pictures of the seven classes when one thing changes, with 95 % intervals."""
    table = {(n, k): shares(rows, n, k) for n, k in itertools.product(INPUTS, CLASSES)}
    changes = {
        "64 pixels, not 48": [(("64 grey", k), ("48 grey", k)) for k in CLASSES],
        "colour, not grey": [(("64 colour", k), ("64 grey", k)) for k in CLASSES],
        "eight classes, not seven": [((n, 8), (n, 7)) for n in INPUTS],
    }
    found = {
        name: interval(lambda of, p=pairs: np.mean([of(table[a]) - of(table[b]) for a, b in p]))
        for name, pairs in changes.items()
    }
    return found | {f"{n}, {k} classes": interval(lambda of, t=t: of(t)) for (n, k), t in table.items()}


def main() -> None:
    """Train and measure what is missing, and write all of it after each run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--cache", type=Path, default=Path("runs/inputs"))
    parser.add_argument("--out", type=Path, default=Path("data/experiments"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    path = options.out / "inputs.json"
    rows = json.loads(path.read_text(encoding="utf-8"))["runs"] if path.exists() else []
    done = {(r["input"], r["classes"], r["seed"]) for r in rows if r["steps"] == options.steps}
    for seed, classes, name in itertools.product(range(options.seeds), CLASSES, INPUTS):
        if (name, classes, seed) in done:
            continue
        rows.append(run(name, classes, seed, options.steps, options.cache))
        print(name, classes, seed, rows[-1]["accuracy"], f"{rows[-1]['cpu_seconds']} s", flush=True)
        complete = len({(r["input"], r["classes"]) for r in rows}) == len(INPUTS) * len(CLASSES)
        found = {
            "persons": {part: len(persons) for part, persons in PERSONS.items()},
            "class_names": list(EIGHT_CLASSES),
            "effects_on_the_seven": effects(rows) if complete else {},
            "runs": rows,
        }
        options.out.mkdir(parents=True, exist_ok=True)
        write_atomically(path, (json.dumps(found) + "\n").encode())
        write_sums(options.out)


if __name__ == "__main__":
    main()
