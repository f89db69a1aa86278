"""How well do descriptions made by hand read expressions, what breaks them, and what does a leak look like?

    python tools/compare_descriptors.py [--out data/experiments]

About seven CPU-minutes. Penalties are chosen on the validation part. `runs` has the rows of the other files
of recognisers: one run each, as the optimum is unique. Parts that the file already holds are kept.
"""

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from build_face_data import PLANS, Plan, staged
from descriptor_parts import bent, best, coarse, counted, evened, machine, minus_neutral, shaken, share
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tqdm import tqdm

from deepsense_lib.datasets.faces import CLASSES, LEVELS, faces_available, load_faces
from deepsense_lib.datasets.registry import write_sums
from deepsense_lib.evaluation import classification as ev
from deepsense_lib.faces.clips import film
from deepsense_lib.faces.descriptors import gabor, hog, lbp, pixels
from deepsense_lib.faces.expressions import UNITS
from deepsense_lib.faces.landmarks import GROUPS, measures, upright
from deepsense_lib.faces.renderer import landmarks, render
from deepsense_lib.files import write_atomically
from deepsense_lib.formulas.shape import ridge

OF_PICTURES = {"pixels": pixels, "LBP": lbp, "HOG": hog, "Gabor": gabor}
FEWER = 300  # training persons of what is not a row of `runs`
BATCHES = (1, 64)
PLAN = {plan.name: plan for plan in PLANS}
SHIFTS = [name for name in faces_available() if name.startswith("shift-")]


def shipped_landmarks(name: str) -> np.ndarray:
    """The landmarks (n, 68, 2) of a shipped sheet, from the renderer: the sheets hold pictures only."""
    plan = PLAN[name]
    persons = plan.persons[:FEWER]
    jobs = [(person, label) for person in persons for label in range(len(CLASSES))]
    return np.array([landmarks(*staged(plan, *job), plan.size) for job in tqdm(jobs, desc=name)])


def row(name: str, level: str) -> dict:
    """Train and measure one description at one level; for lessons also on the shift sets."""
    parts = {part: load_faces(level, part) for part in ("train", "validation", "test")}
    describe, started = OF_PICTURES[name], time.process_time()
    x = {part: describe(faces.images) for part, faces in parts.items()}
    model, penalty = best(
        name, x["train"], parts["train"].labels, x["validation"], parts["validation"].labels
    )
    spent = time.process_time() - started
    matrix = ev.confusion_matrix(parts["test"].labels, model.predict(x["test"]), len(CLASSES))
    accuracy = ev.accuracy(matrix)
    found = {
        "system": f"{name} + SVM",
        "level": level,
        "seed": 0,
        "parameters": (x["train"].shape[1] + 1) * len(CLASSES),
        "penalty": penalty,
        "cpu_seconds": round(spent, 1),  # of both penalties, with the descriptions
        "images_per_second": {str(b): speed(model, describe, parts["test"].images, b) for b in BATCHES},
        "validation_accuracy": round(model.score(x["validation"], parts["validation"].labels), 4),
        "accuracy": round(accuracy.value, 4),
        "accuracy_interval": [round(accuracy.low, 4), round(accuracy.high, 4)],
        "balanced_accuracy": round(ev.balanced_accuracy(matrix), 4),
        "macro_f1": round(ev.macro_f1(matrix), 4),
        "confusion": matrix.tolist(),
    }
    if level == "lesson":
        found["shift_accuracy"] = {
            shift.removeprefix("shift-"): share(
                model.predict(describe(load_faces(shift).images)) == load_faces(shift).labels
            )
            for shift in SHIFTS
        }
        found["gamma_accuracy"] = {
            str(gamma): share(
                model.predict(describe(bent(parts["test"].images, gamma))) == parts["test"].labels
            )
            for gamma in (0.5, 2.0)
        }
    print(level, name, found["accuracy"], found["cpu_seconds"], flush=True)
    return found


def speed(model, describe, images, batch: int) -> float:
    """Pictures described and answered in a CPU-second, the median of five tries."""
    taken = []
    for _ in range(5):
        started = time.process_time()
        model.predict(describe(images[:batch]))
        taken.append(time.process_time() - started)
    return float(f"{batch / np.median(taken):.3g}")


def fewer(part: str):
    """A part of the lesson's pictures; of the training part, only the first persons."""
    faces = load_faces("lesson", part)
    return faces.subset(faces.identity < FEWER) if part == "train" else faces


def restaged(stream: int, persons, seed: int, change) -> np.ndarray:
    """New pictures of training persons, seven each, with the scene changed by `change(scene, rng)`."""
    plan, rng = Plan("new", persons, stream), np.random.default_rng(seed)
    found = []
    for person in tqdm(persons, desc="rendering"):
        for label in range(len(CLASSES)):
            identity, expression, scene = staged(plan, person, label)
            found.append(render(identity, expression, change(scene, rng), 64).grey)
    return np.array(found)


def remedies() -> dict:
    """HOG + SVM trained on 300 persons in several ways, on the shift sets and on coarse pictures."""
    train, test = fewer("train"), fewer("test")
    persons = range(FEWER // 2)
    turned = restaged(60, persons, 60, lambda scene, rng: replace(scene, yaw=float(rng.uniform(-50, 50))))
    more = restaged(61, persons, 61, lambda scene, rng: scene)
    labels = np.tile(np.arange(len(CLASSES)), len(persons))
    shifts = {name: load_faces(f"shift-{name}") for name in ("front", "yaw15", "yaw30", "yaw45", "light-low")}
    coarse_train = np.concatenate([coarse(train.images[k::3], side) for k, side in enumerate((12, 16, 24))])
    coarse_labels = np.concatenate([train.labels[k::3] for k in range(3)])
    ways = {
        "as it is": (train.images, train.labels),
        "mirrored": (
            np.concatenate([train.images, train.images[:, :, ::-1]]),
            np.tile(train.labels, 2),
        ),
        "1,050 more of the same": (
            np.concatenate([train.images, more]),
            np.concatenate([train.labels, labels]),
        ),
        "1,050 turned ones": (
            np.concatenate([train.images, turned]),
            np.concatenate([train.labels, labels]),
        ),
        "evened out (CLAHE)": (evened(train.images), train.labels),
        "coarse ones": (
            np.concatenate([train.images, coarse_train]),
            np.concatenate([train.labels, coarse_labels]),
        ),
    }
    table = {}
    for name, (images, y) in ways.items():
        prepare = evened if "CLAHE" in name else np.asarray
        model = machine(0.0003).fit(hog(np.ascontiguousarray(images)), y)
        table[name] = {"test": counted(model.predict(hog(prepare(test.images))) == test.labels)}
        for shift, faces in shifts.items():
            table[name][shift] = counted(model.predict(hog(prepare(faces.images))) == faces.labels)
        for side in (32, 24, 16, 12):
            seen = prepare(coarse(test.images, side))
            table[name][f"{side} pixels"] = counted(model.predict(hog(seen)) == test.labels)
        print(name, table[name]["test"]["accuracy"], table[name]["yaw30"]["accuracy"], flush=True)
    return table


def leak() -> dict:
    """The same pictures and methods, split by picture, by clip and by person; six splits each."""
    sets = {
        "10 persons, clips of 6 frames": film(range(3000, 3010), 1, 6, 1, watch=tqdm),
        "10 persons, 6 single pictures a class": film(range(3000, 3010), 6, 1, 2, watch=tqdm),
        "60 persons, 1 picture a class": film(range(3000, 3060), 1, 1, 3, watch=tqdm),
    }
    table = {}
    for name, clips in sets.items():
        labels = clips.labels
        groups = {"picture": np.arange(len(labels)), "clip": clips.clip, "person": clips.person}
        x = {"pixels": pixels(clips.images), "HOG": hog(clips.images)}
        table[name] = {}
        for described, way in (("pixels", "1-NN"), ("pixels", "SVM"), ("HOG", "1-NN"), ("HOG", "SVM")):
            table[name][f"{described} + {way}"] = {
                kind: split_scores(x[described], labels, group, way) for kind, group in groups.items()
            }
            print(name, described, way, table[name][f"{described} + {way}"], flush=True)
    return table


def split_scores(x, y, group, way: str) -> dict:
    scores = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        every = rng.permutation(np.unique(group))
        test = np.isin(group, every[: len(every) // 4])
        if way == "1-NN":
            model = make_pipeline(StandardScaler(), KNeighborsClassifier(1))
        else:
            model = machine(0.0003)
        scores.append(model.fit(x[~test], y[~test]).score(x[test], y[test]))
    mean, low, high = ev.over_seeds(scores)
    return {"scores": np.round(scores, 4).tolist(), "mean": round(mean, 4), "interval": [low, high]}


def units() -> dict:
    """Action units from landmarks, and how few landmarks suffice for the classes."""
    parts = {part: fewer(part) for part in ("train", "validation", "test")}
    raw = {part: shipped_landmarks(f"lesson-{part}") for part in parts}
    points = {part: upright(p) for part, p in raw.items()}
    described = {
        "landmarks": {part: p.reshape(len(p), -1) for part, p in points.items()},
        "measures": {part: measures(p) for part, p in points.items()},
    }
    table = {}
    for name, x in described.items():
        for calibrated in (False, True):
            z = {part: minus_neutral(v, parts[part]) if calibrated else v for part, v in x.items()}
            truth = {part: parts[part].action_units for part in parts}
            fits = [ridge(z["train"], truth["train"], penalty) for penalty in (0.01, 0.1, 1.0, 10.0)]
            fit = min(fits, key=lambda f: ((z["validation"] @ f[0] + f[1] - truth["validation"]) ** 2).mean())
            guess = z["test"] @ fit[0] + fit[1]
            table[f"{name}{', less the own neutral face' if calibrated else ''}"] = {
                str(unit): {
                    "correlation": round(float(np.corrcoef(guess[:, k], truth["test"][:, k])[0, 1]), 4),
                    "error": round(float(np.abs(guess[:, k] - truth["test"][:, k]).mean()), 4),
                    "error_of_the_mean": round(
                        float(np.abs(truth["train"][:, k].mean() - truth["test"][:, k]).mean()), 4
                    ),
                    "present": int((truth["test"][:, k] > 0.2).sum()),
                }
                for k, unit in enumerate(UNITS)
            }
    choices = {name: list(group) for name, group in GROUPS.items()}
    choices |= {
        "all 68": list(range(68)),
        "brows, eyes and mouth": [k for g in ("brows", "eyes", "mouth") for k in GROUPS[g]],
        "brows and mouth": [k for g in ("brows", "mouth") for k in GROUPS[g]],
        "16 of them": [17, 19, 21, 22, 24, 26, 37, 41, 44, 46, 48, 51, 54, 57, 62, 66],
        "8 of them": [21, 22, 37, 41, 48, 54, 62, 66],
        "4 of them: mouth corners and lips": [48, 54, 62, 66],
    }
    sets = {
        name: {p: points[p][:, rows].reshape(len(points[p]), -1) for p in parts}
        for name, rows in choices.items()
    }
    sets["13 measures"] = described["measures"]
    few = {}
    for name, x in sets.items():
        model, _ = best(
            "landmarks", x["train"], parts["train"].labels, x["validation"], parts["validation"].labels
        )
        few[name] = {"points": len(choices.get(name, []))}
        few[name] |= counted(model.predict(x["test"]) == parts["test"].labels)
        if name == "all 68":
            rng = np.random.default_rng(0)
            few["shaken"] = {
                str(sd): counted(
                    model.predict(
                        upright(shaken(raw["test"], sd, rng)).reshape(len(parts["test"].labels), -1)
                    )
                    == parts["test"].labels
                )
                for sd in (0.25, 0.5, 1.0, 2.0)
            }
    return {"regression": table, "few": few}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parents[1] / "data/experiments")
    out = parser.parse_args().out / "descriptors.json"
    found = json.loads(out.read_text(encoding="utf-8")) if out.exists() else {}
    for name, job in {"leak": leak, "units": units, "remedies": remedies}.items():
        if name not in found:
            found[name] = job()
            write_atomically(out, (json.dumps(found, indent=1) + "\n").encode())
    runs = found.setdefault("runs", [])
    for level in LEVELS:
        for name in OF_PICTURES:
            if not any((run["system"], run["level"]) == (f"{name} + SVM", level) for run in runs):
                runs.append(row(name, level))
                write_atomically(out, (json.dumps(found, indent=1) + "\n").encode())
    write_sums(out.parent)


if __name__ == "__main__":
    main()
