"""Which attention survives texts that are longer than those of the training? Five seeds each.

    python tools/compare_attentions.py [--seeds 5] [--steps 500] [--out data/experiments]

Every kind learns the toy language (deepsense_lib/training/toy_language.py) with texts of 3 to 7 symbols,
with and without the guide, and says 50 texts of 5 and 50 of 21 symbols freely. One variant has filters that
reach further than the texts of the training. What was measured so far is
kept, so a run that was stopped goes on.
"""

import argparse
import json
import time
from pathlib import Path

import torch

from deepsense_lib.datasets.registry import write_sums
from deepsense_lib.files import write_atomically
from deepsense_lib.formulas import attention as formulas
from deepsense_lib.torch_models.attention import KINDS
from deepsense_lib.training import toy_language
from deepsense_lib.training.loop import RunConfig, fit
from deepsense_lib.training.recipes.tacotron import toy_task

LENGTHS = {"as_in_training": 5, "three_times_longer": 21}
TEXTS = 50
# Name -> the kind, its options (None: those of the recipe), and the weights of the guide.
VARIANTS = {
    **{kind: (kind, None, (0.0, 1.0)) for kind in KINDS},
    "location, 31 taps": ("location", {"kernel": 31}, (0.0,)),
}


def measure(model: torch.nn.Module, symbols: int) -> dict[str, float]:
    """Shares of complete utterances and of ended ones, and the mean measures of the alignments."""
    found = []
    for example in toy_language.examples(TEXTS, (symbols, symbols), seed=1000 + symbols):
        row = torch.from_numpy(example.symbols)
        said = model.infer(row, 0 * row, limit=8 * symbols, dropout_seed=None)
        alignment = said.alignment.numpy()
        found.append(
            {
                "complete": said.stopped and toy_language.hear(said.log_mel.numpy()) == [*example.symbols],
                "stopped": said.stopped,
                "focus_rate": formulas.focus_rate(alignment),
                "coverage": formulas.coverage(alignment),
                "monotonicity": formulas.monotonicity(alignment),
            }
        )
    return {name: round(sum(float(f[name]) for f in found) / len(found), 4) for name in found[0]}


def main() -> None:
    """Train and measure what is missing, and write all of it after each run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--out", type=Path, default=Path("data/experiments"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    path = options.out / "attentions.json"
    rows = json.loads(path.read_text(encoding="utf-8"))["runs"] if path.exists() else []
    done = {(row["attention"], row["guide"], row["seed"]) for row in rows if row["steps"] == options.steps}
    for seed in range(options.seeds):
        for attention, (kind, settings, guides) in VARIANTS.items():
            for guide in guides:
                if (attention, guide, seed) in done:
                    continue
                began = time.process_time()
                task = toy_task(kind, guide, seed, settings)
                config = RunConfig(steps=options.steps, learning_rate=3e-3, warmup_steps=30, seed=seed)
                run = fit(task, config)
                row = {"attention": attention, "guide": guide, "seed": seed, "steps": options.steps}
                row |= {name: measure(run.model, symbols) for name, symbols in LENGTHS.items()}
                row["cpu_seconds"] = round(time.process_time() - began, 1)
                rows.append(row)
                said = {name: row[name]["complete"] for name in LENGTHS}
                print(attention, guide, seed, said, f"{row['cpu_seconds']} s", flush=True)
                rows.sort(key=lambda r: (r["attention"], r["guide"], r["seed"]))
                found = json.dumps({"texts": TEXTS, "lengths": LENGTHS, "runs": rows}, indent=1) + "\n"
                options.out.mkdir(parents=True, exist_ok=True)
                write_atomically(path, found.encode())
                write_sums(options.out)


if __name__ == "__main__":
    main()
