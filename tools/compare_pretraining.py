"""When does it pay to learn from pictures without labels first? Few labels to all, several seeds each.

    python tools/compare_pretraining.py [--methods cnn autoencoder ...] [--persons 5 10] [--seeds 0 1]

The encoders learned from all training pictures without labels (`--autoencoders`, the folder of the reference
runs). Labels are those of a few persons, drawn by the seed, all seven pictures of each. Every method sees the
same labels for the same seed; what is trained by gradient descent takes equally many steps. Penalties and
learning rates were chosen on the validation persons; test persons are looked at once, when the weights are
final. What was measured so far is kept, so a run that was stopped goes on.

`--levels lesson medium hard` instead measures a masked autoencoder with a probe on whole levels of
difficulty, and writes `masked.json` with rows as those of `tools/compare_recognisers.py`. A seed is a
pre-training: 0 the shipped one, each other one more run of the recipe, kept in `--runs`. All of them saw the
training pictures of the lesson, no others; the probe learns from all labels of the level.
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
from deepsense_lib.training.recipes import expression, face_autoencoder

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
            train_all(model, rate, seed)
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


def train_all(model: torch.nn.Module, rate: float, seed: int):
    """Train on the whole lesson as `tools/compare_recognisers.py` does, from the weights as they are."""
    steps = LEVEL_STEPS["lesson"]
    config = RunConfig(
        steps=steps, learning_rate=rate, warmup_steps=steps // 10, betas=(0.9, 0.99), weight_decay=0.02,
        clip_norm=5.0, ema=0.99, seed=seed, device="cpu", checkpoint_every=200,
    )  # fmt: skip
    return fit(expression.ExpressionTask(model, part("train")), config)


def pretrained(seed: int, shipped: Path, runs: Path) -> Path:
    """The folder of a masked autoencoder that was trained with this seed; trains it where it is missing."""
    folder = runs / str(seed)
    if seed == 0 or (folder / "face_mae.json").exists():
        return shipped if seed == 0 else folder
    run = face_autoencoder.train_autoencoder(
        part("train").images, None, "masked", seed=seed, folder=folder / "face_mae_run"
    )
    card = face_autoencoder.make_card("face_mae", run, "reference", seed, face_autoencoder.figures(run.model))
    weights.save(folder / "face_mae", weights.to_arrays(run.model.state_dict()), card, half=True)
    return folder


def measure_level(level: str, seed: int, shipped: Path, runs: Path) -> dict:
    """A row as those of `recognisers.json`, for a probe on the code of a masked autoencoder."""
    folder = pretrained(seed, shipped, runs)
    began = time.process_time()
    labels = {split: part(split, level).labels for split in ("train", "validation")}
    codes = {split: described("face_mae", split, folder, level) for split in labels}
    probe = ft.linear_probe(codes["train"], labels["train"], codes["validation"], labels["validation"])
    card = weights.load(folder / "face_mae")[1]
    row = {
        "system": "mae_probe",
        "level": level,
        "seed": seed,
        "parameters": encoder_size(folder) + probe.weight.size + probe.bias.size,
        "penalty": probe.penalty,
        "cpu_seconds": round(time.process_time() - began, 1),
        "cpu_seconds_of_pretraining": card.cpu_seconds,
        "validation_accuracy": probe.validation_accuracy,
    }

    def answers(name: str) -> np.ndarray:
        return probe(described("face_mae", "test", folder, name))

    row |= expression.measure(answers(level), part("test", level).labels)
    row["right"] = np.packbits(answers(level) == part("test", level).labels).tobytes().hex()
    if level == "lesson":
        row["shift_accuracy"] = {}
        for name in (n for n in faces_available() if n.startswith("shift-")):
            correct = answers(name) == part("test", name).labels
            interval = ev.wilson(int(correct.sum()), len(correct))
            row["shift_accuracy"][name.removeprefix("shift-")] = [round(v, 4) for v in interval]
    return row


def encoder_size(folder: Path) -> int:
    """How many numbers the encoder of a masked autoencoder has learned."""
    kept = ("embed", "positions", "blocks", "norm")
    return sum(
        v.numel() for k, v in encoder(folder, "face_mae").state_dict().items() if k.split(".")[0] in kept
    )


def level_summary(rows: list[dict]) -> dict:
    """By level: means over the seeds with 95 % t-intervals; of a single seed, intervals over its pictures."""
    found: dict[str, dict] = {}
    for level in LEVEL_STEPS:
        ours = [row for row in rows if row["level"] == level]
        if not ours:
            continue
        entry = {"seeds": [row["seed"] for row in ours], "parameters": ours[0]["parameters"]}
        if len(ours) == 1:
            entry["accuracy"] = [ours[0]["accuracy"], *ours[0]["accuracy_interval"]]
            if level == "lesson":
                entry["shift_accuracy"] = ours[0]["shift_accuracy"]
        else:
            for name in ("accuracy", "balanced_accuracy", "macro_f1"):
                entry[name] = [round(v, 4) for v in ev.over_seeds([row[name] for row in ours])]
            if level == "lesson":
                entry["shift_accuracy"] = {
                    shift: [round(v, 4) for v in ev.over_seeds([r["shift_accuracy"][shift][0] for r in ours])]
                    for shift in ours[0]["shift_accuracy"]
                }
        found[level] = {"mae_probe": entry}
    return found


def measure_levels(levels: list[str], seeds: list[int], shipped: Path, runs: Path, out: Path) -> None:
    """Measure what is missing of the masked autoencoder, and write all of it after each."""
    path = out / "masked.json"
    rows = json.loads(path.read_text(encoding="utf-8"))["runs"] if path.exists() else []
    for seed in seeds:
        for level in levels:
            if any((r["level"], r["seed"]) == (level, seed) for r in rows):
                continue
            rows.append(measure_level(level, seed, shipped, runs))
            print("mae_probe", level, seed, rows[-1]["accuracy"], flush=True)
            rows.sort(key=lambda r: (list(LEVEL_STEPS).index(r["level"]), r["seed"]))
            write_atomically(
                path, (json.dumps({"runs": rows, "summary": level_summary(rows)}, indent=1) + "\n").encode()
            )
            write_sums(out)


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
    parser.add_argument("--runs", type=Path, default=Path("runs/mae"))
    parser.add_argument("--out", type=Path, default=Path("data/experiments"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    path, folder = options.out / "pretraining.json", options.autoencoders
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    rows = kept.get("runs", [])

    def write() -> None:
        rows.sort(key=lambda r: (METHODS.index(r["method"]), r["persons"], r["seed"], r.get("longer", 1)))
        found = {"steps": STEPS, "batch": ft.BATCH, "runs": rows, "summary": summary(rows)}
        options.out.mkdir(parents=True, exist_ok=True)
        write_atomically(path, (json.dumps(found, indent=1) + "\n").encode())
        write_sums(options.out)

    if options.levels:
        measure_levels(options.levels, options.seeds, folder, options.runs, options.out)
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
