"""Train the reference voice, its vocoder, and ship both: the chain of commands behind `data/checkpoints`.

    python tools/release_voice.py [--seed 0] [--runs runs]

Each step is a command that can be run alone. The vocoder is trained on what the shipped acoustic model
predicts, so the acoustic model is put in place first; at the end both are measured and the figures go into
their cards. An interrupted training goes on where it stopped. About 25 CPU-minutes on one core.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from deepsense_lib.datasets.registry import data_dir, write_sums


def train(name: str, seed: int, runs: Path) -> None:
    """Train one recipe and copy its weights and card to the shipped checkpoints."""
    folder = runs / f"{name}-reference-{seed}"
    command = [sys.executable, "-m", "deepsense_lib", "train", name, "--scale", "reference"]
    subprocess.run([*command, "--seed", str(seed), "--output", str(folder)], check=True)
    shipped = data_dir() / "checkpoints"
    for suffix in ("safetensors", "json"):
        shutil.copy(folder / f"{name}.{suffix}", shipped / f"{name}.{suffix}")
    write_sums(shipped)


def main() -> None:
    """Train both, then measure them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder that takes the runs")
    options = parser.parse_args()
    for name in ("voice", "vocoder"):
        train(name, options.seed, options.runs)
    evaluate = Path(__file__).with_name("evaluate_voice.py")
    subprocess.run([sys.executable, str(evaluate), "--folder", str(data_dir() / "checkpoints")], check=True)


if __name__ == "__main__":
    main()
