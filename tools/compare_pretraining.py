"""When does it pay to learn from pictures without labels first? Few labels to all, several seeds each.

    python tools/compare_pretraining.py [--methods cnn autoencoder ...] [--persons 5 10] [--seeds 0 1]

The encoders learned from all training pictures without labels (`--autoencoders`, the folder of the reference
runs). Labels are those of a few persons, drawn by the seed, all seven pictures of each. Every method sees the
same labels for the same seed; what is trained by gradient descent takes equally many steps. Penalties and
learning rates were chosen on the validation persons; test persons are looked at once, when the weights are
final. What was measured so far is kept, so a run that was stopped goes on.

`--levels medium hard` instead measures the masked autoencoder, as it is (probe) and fine-tuned, on whole
levels of difficulty, in the way of `tools/compare_recognisers.py`: the same steps, batches and seeds.
"""

import argparse
import json
import time
from functools import cache
from pathlib import Path

import numpy as np
import torch
from compare_recognisers import STEPS as LEVEL_STEPS

from deepsense_lib import weights
from deepsense_lib.datasets.faces import FaceSet, faces_available, load_faces
from deepsense_lib.datasets.registry import write_sums
from deepsense_lib.evaluation import classification as ev
from deepsense_lib.faces.descriptors import hog
from deepsense_lib.files import write_atomically
from deepsense_lib.torch_models.convolution import ExpressionCNN
from deepsense_lib.torch_models.face_autoencoder import FaceAutoencoder, MaskedAutoencoder, transfer
from deepsense_lib.torch_models.vision_transformer import VisionTransformer
from deepsense_lib.training import fine_tuning as ft
from deepsense_lib.training.loop import RunConfig, fit
from deepsense_lib.training.recipes import expression

PERSONS = (5, 10, 25, 50, 100, 750)
STEPS = {5: 400, 10: 400, 25: 400, 50: 600, 100: 800, 750: 656}
ENCODERS = {"face_autoencoder": FaceAutoencoder, "face_mae": MaskedAutoencoder}
# Method -> the model that is trained, the checkpoint that it starts from, its learning rate.
TRAINED = {
    "cnn": (ExpressionCNN, None, 4e-3),
    "autoencoder": (ExpressionCNN, "face_autoencoder", 4e-3),
    "vit": (VisionTransformer, None, 2e-3),
    "masked": (VisionTransformer, "face_mae", 2e-3),
}
PROBES = {"autoencoder probe": "face_autoencoder", "masked probe": "face_mae"}
METHODS = (*TRAINED, *PROBES, "hog")


@cache
def encoder(folder: Path, name: str) -> FaceAutoencoder | MaskedAutoencoder:
    """A pre-trained autoencoder."""
    return weights.build(ENCODERS[name], *weights.load(folder / name))


@cache
def part(split: str, level: str = "lesson") -> FaceSet:
    """A part of a level."""
    return load_faces(level, split)


@cache
def described(what: str, split: str, folder: Path, level: str = "lesson") -> np.ndarray:
    """What a frozen encoder, or HOG, says of a part."""
    images = part(split, level).images
    return hog(images) if what == "hog" else ft.codes(encoder(folder, what), images)


def new_model(method: str, seed: int, folder: Path) -> torch.nn.Module:
    """A classifier whose head knows nothing, from scratch or with a learned encoder."""
    torch.manual_seed(seed)
    model_class, start, _ = TRAINED[method]
    return model_class() if start is None else transfer(encoder(folder, start))


def measure(method: str, persons: int, seed: int, folder: Path, longer: int = 1) -> dict:
    """Learn from the labels of some persons, and measure on the validation and test persons."""
    train, began = ft.labelled(part("train"), persons, seed), time.process_time()
    test, held = part("test"), part("validation")
    row = {"method": method, "persons": persons, "seed": seed}
    if method in TRAINED:
        steps = STEPS[persons] * longer
        model = new_model(method, seed, folder)
        rate = TRAINED[method][2]
        run = (
            train_all(model, rate, "lesson", seed)
            if persons == 750
            else ft.fine_tune(model, train, None, steps, rate, seed)
        )
        row |= {"steps": run.step}
        answers = {split: expression.predict(model, part(split).images) for split in ("validation", "test")}
    else:
        what = PROBES.get(method, method)
        rows = np.isin(part("train").identity, train.identity)
        codes = {split: described(what, split, folder) for split in ("train", "validation", "test")}
        if method == "hog":
            from expression_baselines import train as machine

            _, penalty, chosen = machine(codes["train"][rows], train.labels, codes["validation"], held.labels)
            answers = {split: chosen.predict(codes[split]) for split in ("validation", "test")}
        else:
            probe = ft.linear_probe(codes["train"][rows], train.labels, codes["validation"], held.labels)
            penalty = probe.penalty
            answers = {split: probe(codes[split]) for split in ("validation", "test")}
        row |= {"penalty": penalty}
    row |= {
        "validation_accuracy": round(float((answers["validation"] == held.labels).mean()), 4),
        "accuracy": round(float((answers["test"] == test.labels).mean()), 4),
        "cpu_seconds": round(time.process_time() - began, 1),
    }
    return row


def train_all(model: torch.nn.Module, rate: float, level: str, seed: int):
    """Train on a whole level exactly as `tools/compare_recognisers.py` does, from the weights as they are."""
    steps = LEVEL_STEPS[level]
    config = RunConfig(
        steps=steps, learning_rate=rate, warmup_steps=steps // 10, betas=(0.9, 0.99), weight_decay=0.02,
        clip_norm=5.0, ema=0.99, seed=seed, device="cpu", checkpoint_every=200,
    )  # fmt: skip
    return fit(expression.ExpressionTask(model, part("train", level)), config)


def measure_level(method: str, level: str, seed: int, folder: Path) -> dict:
    """A row as those of `recognisers.json`, for a masked autoencoder, fine-tuned or with a probe."""
    began = time.process_time()
    row = {"system": method, "level": level, "seed": seed}
    if method == "masked":
        model = new_model("masked", seed, folder)
        row["steps"] = train_all(model, TRAINED["masked"][2], level, seed).step

        def answer(name: str, split: str) -> np.ndarray:
            return expression.predict(model, part(split, name).images)
    else:
        labels = {split: part(split, level).labels for split in ("train", "validation")}
        codes = {split: described("face_mae", split, folder, level) for split in labels}
        probe = ft.linear_probe(codes["train"], labels["train"], codes["validation"], labels["validation"])

        def answer(name: str, split: str) -> np.ndarray:
            return probe(described("face_mae", split, folder, name))

    row["cpu_seconds"] = round(time.process_time() - began, 1)
    right = answer(level, "test") == part("test", level).labels
    row["validation_accuracy"] = round(
        float((answer(level, "validation") == part("validation", level).labels).mean()), 4
    )
    row |= expression.measure(answer(level, "test"), part("test", level).labels)
    row["right"] = np.packbits(right).tobytes().hex()
    if level == "lesson":
        row["shift_accuracy"] = {}
        for name in (n for n in faces_available() if n.startswith("shift-")):
            correct = answer(name, "test") == part("test", name).labels
            interval = ev.wilson(int(correct.sum()), len(correct))
            row["shift_accuracy"][name.removeprefix("shift-")] = [round(v, 4) for v in interval]
    return row


def summary(rows: list[dict]) -> dict:
    """Means over the seeds with 95 % t-intervals, and gains over the same model from scratch, by seed."""
    found: dict[str, dict] = {}
    table = {(r["method"], r["persons"], r["seed"]): r["accuracy"] for r in rows if "longer" not in r}
    for method in METHODS:
        for persons in PERSONS:
            seeds = sorted(s for m, p, s in table if (m, p) == (method, persons))
            if len(seeds) < 2:
                continue
            values = [table[method, persons, seed] for seed in seeds]
            entry = {"seeds": seeds, "accuracy": [round(v, 4) for v in ev.over_seeds(values)]}
            scratch = {"autoencoder": "cnn", "masked": "vit"}.get(method)
            paired = [
                table[method, persons, seed] - table[scratch, persons, seed]
                for seed in seeds
                if (scratch, persons, seed) in table
            ]
            if len(paired) > 1:
                entry[f"gain_over_{scratch}"] = [round(v, 4) for v in ev.over_seeds(paired)]
            found.setdefault(method, {})[str(persons)] = entry
    return found


def main() -> None:
    """Train and measure what is missing, and write all of it after each run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=METHODS)
    parser.add_argument("--persons", nargs="+", type=int, default=list(PERSONS), choices=PERSONS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    parser.add_argument("--levels", nargs="+", default=[], choices=list(LEVEL_STEPS))
    parser.add_argument("--longer", type=int, default=1, help="that many times the steps, kept apart")
    parser.add_argument("--autoencoders", type=Path, default=Path("data/checkpoints"))
    parser.add_argument("--out", type=Path, default=Path("data/experiments"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    path, folder = options.out / "pretraining.json", options.autoencoders
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    rows, levels = kept.get("runs", []), kept.get("levels", [])

    def write() -> None:
        rows.sort(key=lambda r: (METHODS.index(r["method"]), r["persons"], r["seed"], r.get("longer", 1)))
        levels.sort(key=lambda r: (r["level"], r["system"], r["seed"]))
        found = {"steps": STEPS, "batch": ft.BATCH, "runs": rows, "levels": levels, "summary": summary(rows)}
        options.out.mkdir(parents=True, exist_ok=True)
        write_atomically(path, (json.dumps(found, indent=1) + "\n").encode())
        write_sums(options.out)

    for level in options.levels:
        for seed in options.seeds:
            for method in ("masked", "masked probe"):
                if any((r["system"], r["level"], r["seed"]) == (method, level, seed) for r in levels):
                    continue
                levels.append(measure_level(method, level, seed, folder))
                print(method, level, seed, levels[-1]["accuracy"], flush=True)
                write()
    if options.levels:
        return
    extra = {} if options.longer == 1 else {"longer": options.longer}
    done = {(r["method"], r["persons"], r["seed"], r.get("longer", 1)) for r in rows}
    for seed in options.seeds:
        for persons in options.persons:
            for method in options.methods:
                if (method, persons, seed, options.longer) in done:
                    continue
                if persons == 750 and method not in TRAINED and seed > 0:
                    continue  # with all labels nothing is drawn: one probe is as good as five
                rows.append(measure(method, persons, seed, folder, options.longer) | extra)
                print(*rows[-1].values(), flush=True)
                write()


if __name__ == "__main__":
    main()
