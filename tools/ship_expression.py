"""Ship the best of several reference runs of the expression classifier, with the figures of all in its card.

Usage: python tools/ship_expression.py --runs RUN RUN RUN --plain RUN RUN RUN --baselines FILE.json
Each RUN is a folder that `python -m deepsense_lib train expression --scale reference --seed N` left. The run
with the best validation accuracy is copied to data/checkpoints; the test part has no say in the choice. The
plain runs are `expression.run("reference", seed, folder, True, augmentation="mirror")` of the recipe, with
the same seeds; both kinds are compared by their means over the seeds.
"""

import argparse
import dataclasses
import json
from pathlib import Path

from deepsense_lib import weights
from deepsense_lib.datasets.registry import data_dir, write_sums
from deepsense_lib.errors import InputError
from deepsense_lib.evaluation.classification import over_seeds


def mean_shift_accuracy(cards: list[weights.ModelCard]) -> dict[str, float]:
    """The accuracy on each shift set, averaged over runs."""
    names = cards[0].figures["shift_accuracy"]
    return {
        name: round(sum(card.figures["shift_accuracy"][name] for card in cards) / len(cards), 4)
        for name in names
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, nargs="+", required=True, help="runs with all random changes")
    parser.add_argument("--plain", type=Path, nargs="+", default=[], help="runs that only mirrored the faces")
    parser.add_argument("--baselines", type=Path, help="what tools/expression_baselines.py --out wrote")
    arguments = parser.parse_args()
    runs = sorted((weights.load(run / "expression") for run in arguments.runs), key=lambda run: run[1].seed)
    arrays, best = max(runs, key=lambda run: run[1].figures["validation"]["accuracy"])
    accuracies = [card.figures["test"]["accuracy"] for _, card in runs]
    added = {"seeds": [card.seed for _, card in runs], "seed_accuracy": accuracies}
    if len(runs) > 1:
        added["seed_interval"] = [round(end, 4) for end in over_seeds(accuracies)[1:]]
    if arguments.plain:
        plain = [weights.load(run / "expression")[1] for run in arguments.plain]
        if sorted(card.seed for card in plain) != added["seeds"]:
            raise InputError(
                f"the plain runs have other seeds than {added['seeds']}. Expected the same ones."
            )
        added |= {
            "mean_shift_accuracy": mean_shift_accuracy([card for _, card in runs]),
            "plain_augmentation": plain[0].figures["augmentation"],
            "plain_seed_accuracy": [card.figures["test"]["accuracy"] for card in plain],
            "plain_mean_shift_accuracy": mean_shift_accuracy(plain),
        }
    if arguments.baselines:
        added["baselines"] = json.loads(arguments.baselines.read_text(encoding="utf-8"))
    card = dataclasses.replace(best, figures={**best.figures, **added})
    print(weights.save(data_dir() / "checkpoints" / "expression", arrays, card))
    write_sums(data_dir() / "checkpoints")
    print(f"seeds {added['seeds']}: test accuracy {accuracies}; shipped seed {best.seed}")


if __name__ == "__main__":
    main()
