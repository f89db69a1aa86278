"""Train the classical baselines of the faces chapter, HOG + SVM and LBP + SVM, and print their table.

Usage: python tools/expression_baselines.py [--level lesson] [--out FILE.json]      (about two CPU-minutes)
The penalty of each SVM is chosen on the validation part; the test part and the shift sets are used once.
"""

import argparse
import json
import time
from pathlib import Path

from deepsense_lib.datasets.faces import CLASSES, LEVELS, faces_available, load_faces
from deepsense_lib.evaluation import classification as ev
from deepsense_lib.faces.descriptors import hog, lbp

PENALTIES = (0.0003, 0.003)


def train(features, labels, held_out, held_labels):
    """Fit one linear SVM a penalty and keep the one that is best on the validation part."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import LinearSVC

    fitted = []
    for penalty in PENALTIES:
        machine = make_pipeline(
            StandardScaler(), LinearSVC(C=penalty, dual=True, max_iter=3000, random_state=0)
        )
        machine.fit(features, labels)
        fitted.append((machine.score(held_out, held_labels), penalty, machine))
    return max(fitted, key=lambda item: item[0])


def measure(describe, level: str) -> dict:
    parts = {part: load_faces(level, part) for part in ("train", "validation", "test")}
    described = {part: describe(faces.images) for part, faces in parts.items()}
    validation, penalty, machine = train(
        described["train"], parts["train"].labels, described["validation"], parts["validation"].labels
    )
    matrix = ev.confusion_matrix(parts["test"].labels, machine.predict(described["test"]), len(CLASSES))
    value, low, high = ev.accuracy(matrix)
    shifts = {name: load_faces(name) for name in faces_available() if name.startswith("shift-")}
    return {
        "penalty": penalty,
        "validation_accuracy": round(float(validation), 4),
        "accuracy": round(value, 4),
        "accuracy_interval": [round(low, 4), round(high, 4)],
        "macro_f1": round(ev.macro_f1(matrix), 4),
        "shift_accuracy": {
            name.removeprefix("shift-"): round(float(machine.score(describe(faces.images), faces.labels)), 4)
            for name, faces in shifts.items()
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--level", default="lesson", choices=LEVELS)
    parser.add_argument("--out", type=Path, help="also write the figures to this JSON file")
    arguments = parser.parse_args()
    table = {}
    for name, describe in {"HOG + SVM": hog, "LBP + SVM": lbp}.items():
        started = time.process_time()
        table[name] = measure(describe, arguments.level)
        table[name]["cpu_seconds"] = round(time.process_time() - started, 1)
        found = table[name]
        low, high = found["accuracy_interval"]
        print(f"{name}: test accuracy {found['accuracy']:.3f} [{low:.3f}, {high:.3f}]")
        print(f"    shifts: {found['shift_accuracy']}")
    if arguments.out:
        arguments.out.write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
