"""What `compare_descriptors.py` is made of: the machine, counting with intervals, and changes of pictures."""

import cv2
import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from deepsense_lib.evaluation import classification as ev

PENALTIES = {"landmarks": (0.01, 0.1)}  # of the SVM; fewer features bear larger ones
USUAL = (0.0003, 0.001)


def machine(penalty: float):
    return make_pipeline(StandardScaler(), LinearSVC(C=penalty, dual=True, max_iter=3000, random_state=0))


def best(name: str, x, y, held_out, held_labels):
    """The machine that is best on the validation part, and its penalty."""
    fitted = [(machine(c).fit(x, y), c) for c in PENALTIES.get(name, USUAL)]
    return max(fitted, key=lambda pair: pair[0].score(held_out, held_labels))


def counted(right) -> dict:
    value, low, high = ev.wilson(int(np.sum(right)), len(right))
    return {
        "right": int(np.sum(right)),
        "of": len(right),
        "accuracy": round(value, 4),
        "interval": [round(low, 4), round(high, 4)],
    }


def share(right) -> list[float]:
    """The share of right answers with its 95 % interval."""
    return [round(v, 4) for v in ev.wilson(int(np.sum(right)), len(right))]


def bent(images, gamma: float):
    """A rising change of grey values: brighter in the middle for gamma below 1."""
    return np.rint(255 * (images / 255) ** gamma).astype(np.uint8)


def evened(images):
    clahe = cv2.createCLAHE(2.0, (8, 8))
    return np.array([clahe.apply(image) for image in images])


def coarse(images, side: int):
    """Seen by a camera with `side` x `side` pixels for the face, then enlarged."""
    return np.array(
        [
            cv2.resize(
                cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA),
                image.shape,
                interpolation=cv2.INTER_CUBIC,
            )
            for image in images
        ]
    )


def shaken(points, deviation: float, rng):
    """Landmarks as a bad detector would find them: off by some pixels."""
    return points + deviation * rng.normal(size=points.shape)


def minus_neutral(x, faces):
    """Features less those of the same person's neutral picture."""
    own = {
        person: row for person, row, label in zip(faces.identity, x, faces.labels, strict=True) if label == 0
    }
    return x - np.array([own[person] for person in faces.identity])
