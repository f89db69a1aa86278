"""What the page "Two ladders" is made of: the figures of all voices and recognisers.

Voices: model cards with `figures.ladder`, and `data/experiments/ladder.json` for systems without a card; both
are written by `evaluate_ladder.py`. Recognisers: the rows `runs` of every file in `data/experiments` that
name a system, a level, an accuracy and a confusion matrix, and the model cards that hold such figures.
"""

import html
import json
import math
from pathlib import Path

from deepsense_lib.errors import DataError

NEEDED = {  # file of rows -> the command that makes it
    "recognisers.json": "python tools/compare_recognisers.py",
    "masked.json": "python tools/compare_pretraining.py",
}
ROW = {"system", "level", "accuracy", "confusion"}  # what makes a row of an experiment a run of a recogniser
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")  # kept, not trained
BY_HAND = ("pixels + SVM", "LBP + SVM", "HOG + SVM", "Gabor + SVM")
TITLES = {
    "cnn": "convolutional network",
    "cbam": "network with channel and spatial attention",
    "pooling": "network with attention pooling",
    "vit": "vision transformer",
    "mae_probe": "probe on a masked autoencoder",
    "expression": "the shipped network",
}
CHAPTERS = {  # system -> its chapter; linked where the chapter exists
    "recordings, vocoder": "speech/parallel_tts",
    "recordings, Griffin-Lim": "speech/spectrum",
    "Gaussian autoencoder": "speech/autoencoder",
    "vector-quantised autoencoder": "speech/autoencoder",
    "sequence to sequence": "speech/seq2seq",
    "text to code": "speech/autoencoder",
    "attention": "speech/attention",
    "parallel voice, Griffin-Lim": "speech/parallel_tts",
    "parallel voice, vocoder": "speech/parallel_tts",
    **dict.fromkeys(BY_HAND, "faces/faces_classical"),
    "cnn": "faces/convolution",
    "expression": "faces/convolution",
    "cbam": "faces/face_attention",
    "pooling": "faces/face_attention",
    "vit": "faces/face_attention",
    "mae_probe": "faces/face_autoencoder",
}


def read(path: Path, command: str):
    """Read a JSON file that the page needs.

    Raises:
        DataError: when it is missing or no JSON; names the file and the command that makes it.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(
            f"{path} is missing. The page 'Two ladders' needs it; make it by: {command}"
        ) from None
    except ValueError as error:
        raise DataError(f"{path} is no JSON ({error}). Make it again by: {command}") from None


def cards(root: Path) -> dict[str, dict]:
    """Read all model cards, by name."""
    found = {}
    for path in sorted((root / "data" / "checkpoints").glob("*.json")):
        card = read(path, "the command in the card")
        if isinstance(card, dict) and "model" in card:
            found[path.stem] = card
    return found


def name_of(system: str) -> str:
    """Give the name of a system in words."""
    return TITLES.get(system, system.replace("_", " "))


def title(system: str, root: Path) -> str:
    """Give the name of a system as HTML, linked to its chapter where that exists."""
    name = html.escape(name_of(system))
    chapter = CHAPTERS.get(system)
    if chapter and (root / "chapters" / f"{chapter}.ipynb").is_file():
        return f'<a href="../{chapter}.html">{name}</a>'
    return name


def voices(root: Path) -> tuple[dict[str, dict], dict[str, str]]:
    """Collect the voices' figures in the order of the ladder, and the sentences that all of them say.

    Each gets `minutes`, the CPU-minutes that all its parts were trained for.
    Raises: DataError when the order names a system that was not measured, or a part has no card.
    """
    command = "python tools/evaluate_ladder.py"
    path = root / "data" / "experiments" / "ladder.json"
    ladder, known = read(path, command), cards(root)
    measured = dict(ladder["systems"])
    for card in known.values():
        measured |= card["figures"].get("ladder", {})
    missing = [name for name in ladder["order"] if name not in measured]
    if missing:
        raise DataError(f"{path} lists '{missing[0]}', which was not measured. Measure it by: {command}")
    found = {}
    for name in [*ladder["order"], *sorted(set(measured) - set(ladder["order"]))]:
        row = dict(measured[name])
        for part in row["parts"]:
            if part not in known:
                raise DataError(f"{root / 'data' / 'checkpoints' / part}.json is missing, a part of '{name}'")
        spent = sum(known[part]["cpu_seconds"] for part in row["parts"])
        row["minutes"] = row.get("training_cpu_seconds", spent) / 60
        found[name] = row
    return found, ladder["sentences_shown"]


def recognisers(root: Path) -> dict[str, dict[str, list[dict]]]:
    """Collect the runs of all recognisers: system -> level -> runs; rows of experiments go before cards.

    Raises: DataError when a file of rows that the page needs is missing.
    """
    folder = root / "data" / "experiments"
    for name, command in NEEDED.items():
        read(folder / name, command)
    found: dict[str, dict[str, list[dict]]] = {}
    for path in sorted(folder.glob("*.json"), key=lambda p: (p.name not in NEEDED, p.name)):
        content = read(path, "git checkout")
        for run in content.get("runs", []) if isinstance(content, dict) else []:
            if set(run) >= ROW:
                found.setdefault(run["system"], {}).setdefault(run["level"], []).append(run)
    for name, card in cards(root).items():
        if name.removeprefix("expression_") not in found:  # else it is one of the runs
            for system, runs in _of_card(name, card, root).items():
                found.setdefault(system, {"lesson": runs})
    order = [*BY_HAND, *TITLES]
    return dict(
        sorted(found.items(), key=lambda item: (item[0] not in order, _place(item[0], order), item[0]))
    )


def _of_card(name: str, card: dict, root: Path) -> dict[str, list[dict]]:
    """Turn a card of a recogniser into runs: its own, the accuracy of its other seeds, and its baselines."""
    figures = card["figures"]
    test = figures.get("test", {})
    if not {"accuracy", "confusion"} <= set(test):
        return {}
    own = {**figures, **test, "cpu_seconds": card["cpu_seconds"], "parameters": trained_numbers(root, name)}
    others = [
        {"accuracy": accuracy}
        for seed, accuracy in zip(figures.get("seeds", []), figures.get("seed_accuracy", []), strict=True)
        if seed != card["seed"]
    ]
    return {name: [own, *others]} | {system: [run] for system, run in figures.get("baselines", {}).items()}


def _place(name: str, order: list[str]) -> int:
    return order.index(name) if name in order else len(order)


def trained_numbers(root: Path, name: str) -> int | None:
    """Count the trained numbers of a checkpoint from the head of its file."""
    path = root / "data" / "checkpoints" / f"{name}.safetensors"
    if not path.is_file():
        return None
    content = path.read_bytes()
    head = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    counted = [k for k in head if k != "__metadata__" and not k.endswith(STATISTICS)]
    return sum(math.prod(head[key]["shape"]) for key in counted)
