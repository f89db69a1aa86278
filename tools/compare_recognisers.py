"""Four recognisers of expressions at three levels of difficulty, three seeds each, with what they cost.

    python tools/compare_recognisers.py [--systems cnn vit] [--levels lesson] [--seeds 0 1 2]

Every system learns from the same pictures, in the same order for the same seed, with the same random changes
and for as many steps. Learning rates, sizes and steps were chosen on the validation persons; the test part
and the shift sets are looked at once, when the weights are final. What was measured so far is kept, so a run
that was stopped goes on; the weights of each run stay in `--runs`.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from deepsense_lib import weights
from deepsense_lib.datasets.faces import load_faces
from deepsense_lib.datasets.registry import write_sums
from deepsense_lib.evaluation import classification as ev
from deepsense_lib.files import write_atomically
from deepsense_lib.torch_models.convolution import normalize_images
from deepsense_lib.training.recipes import expression

# 8, 10 and 10 epochs. Twice as many bring a point or two.
STEPS = {"lesson": 656, "medium": 270, "hard": 320}
BATCHES = (1, 64)


def images_per_second(model: torch.nn.Module, batch: int, repeats: int = 5) -> float:
    """How many images a second of one processor core's time classifies, the best of some trials."""
    x = normalize_images(torch.rand(batch, 64, 64, generator=torch.Generator().manual_seed(0)))
    calls, best = max(1, 64 // batch), 0.0
    with torch.no_grad():
        model(x)
        for _ in range(repeats):
            began = time.process_time()
            for _ in range(calls):
                model(x)
            best = max(best, batch * calls / (time.process_time() - began))
    return float(f"{best:.3g}")


def answers_as_bits(model: torch.nn.Module, level: str) -> str:
    """One bit for every test picture, 1 where the answer was right, as hexadecimal digits."""
    test = load_faces(level, "test")
    return np.packbits(expression.predict(model, test.images) == test.labels).tobytes().hex()


def train_and_measure(system: str, level: str, seed: int, runs: Path) -> dict:
    """Train one classifier, keep its weights and its card, and return what was measured."""
    folder = runs / f"{level}-{system}-{seed}"
    parts = [load_faces(level, part) for part in ("train", "validation")]
    run = expression.train_expression(*parts, STEPS[level], seed, folder=folder, architecture=system)
    measured = expression.figures(run.model, level)
    command = f"python tools/compare_recognisers.py --systems {system} --levels {level} --seeds {seed}"
    name = "expression" if system == "cnn" else f"expression_{system}"
    card = expression.make_card(run, "", seed, "all", measured, name, level, command)
    weights.save(folder / "expression", weights.to_arrays(run.model.state_dict()), card)
    pictures = len(load_faces("shift-front"))
    shifts = {
        shift: [round(v, 4) for v in ev.wilson(round(value * pictures), pictures)]
        for shift, value in measured.get("shift_accuracy", {}).items()
    }
    return {
        "system": system,
        "level": level,
        "seed": seed,
        "parameters": sum(p.numel() for p in run.model.parameters()),
        "learning_rate": expression.ARCHITECTURES[system].learning_rate,
        "steps": run.step,
        "cpu_seconds": round(run.cpu_seconds, 1),
        "images_per_second": {str(b): images_per_second(run.model, b) for b in BATCHES},
        "validation_accuracy": measured["validation"]["accuracy"],
        **measured["test"],
        "right": answers_as_bits(run.model, level),
        **({"shift_accuracy": shifts} if shifts else {}),
    }


def summary(rows: list[dict]) -> dict:
    """Means over the seeds with 95 % intervals, and differences from `cnn` paired by seed."""
    found: dict[str, dict] = {}
    for level in STEPS:
        plain = {row["seed"]: row for row in rows if (row["level"], row["system"]) == (level, "cnn")}
        for system in expression.ARCHITECTURES:
            ours = [row for row in rows if (row["level"], row["system"]) == (level, system)]
            if len(ours) < 2:
                continue
            paired = [row for row in ours if row["seed"] in plain and system != "cnn"]

            def mean(figure: Callable[[dict], float], chosen: list[dict]) -> list[float]:
                return [round(v, 4) for v in ev.over_seeds([figure(row) for row in chosen])]

            entry = {
                "seeds": [row["seed"] for row in ours],
                "parameters": ours[0]["parameters"],
                "cpu_seconds": round(float(np.mean([row["cpu_seconds"] for row in ours])), 1),
                "images_per_second": {
                    batch: float(np.median([row["images_per_second"][batch] for row in ours]))
                    for batch in ours[0]["images_per_second"]
                },
            }
            for name in ("accuracy", "balanced_accuracy", "macro_f1"):
                entry[name] = mean(lambda row, name=name: row[name], ours)
            if "shift_accuracy" in ours[0]:
                entry["shift_accuracy"] = {
                    shift: mean(lambda row, shift=shift: row["shift_accuracy"][shift][0], ours)
                    for shift in ours[0]["shift_accuracy"]
                }
            if len(paired) > 1:
                entry["accuracy_minus_cnn"] = mean(
                    lambda row, plain=plain: row["accuracy"] - plain[row["seed"]]["accuracy"], paired
                )
            found.setdefault(level, {})[system] = entry
    return found


def main() -> None:
    """Train and measure what is missing, and write all of it after each run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--systems", nargs="+", default=list(expression.ARCHITECTURES))
    parser.add_argument("--levels", nargs="+", default=list(STEPS), choices=list(STEPS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--runs", type=Path, default=Path("runs/recognisers"))
    parser.add_argument("--out", type=Path, default=Path("data/experiments"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    path = options.out / "recognisers.json"
    rows = json.loads(path.read_text(encoding="utf-8"))["runs"] if path.exists() else []
    for level in options.levels:
        for seed in options.seeds:
            for system in options.systems:
                if any((r["system"], r["level"], r["seed"]) == (system, level, seed) for r in rows):
                    continue
                row = train_and_measure(system, level, seed, options.runs)
                print(system, level, seed, row["accuracy"], f"{row['cpu_seconds']} s", flush=True)
                rows.append(row)
                rows.sort(key=lambda r: (list(STEPS).index(r["level"]), r["system"], r["seed"]))
                found = {"steps": STEPS, "batch": expression.BATCH, "runs": rows, "summary": summary(rows)}
                options.out.mkdir(parents=True, exist_ok=True)
                write_atomically(path, (json.dumps(found, indent=1) + "\n").encode())
                write_sums(options.out)


if __name__ == "__main__":
    main()
