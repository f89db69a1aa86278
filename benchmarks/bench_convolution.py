"""Our NumPy convolution against PyTorch and Keras, as ratios in one run.

Usage: python benchmarks/bench_convolution.py
All run on one thread and get the same float32 arrays. A ratio above 1 says how many times longer NumPy takes.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import time  # noqa: E402

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
import torch  # noqa: E402

from deepsense_lib.formulas.convolution import conv2d, im2col  # noqa: E402

# name, batch, channels in, channels out, side, stride: the four layers of the classifier, and a strided one
LAYERS = (
    ("block 1", 8, 1, 16, 64, 1),
    ("block 2", 8, 16, 32, 32, 1),
    ("block 3", 8, 32, 64, 16, 1),
    ("block 4", 8, 64, 128, 8, 1),
    ("stride 2", 8, 32, 64, 32, 2),
)


def seconds(function, repeats: int = 7) -> float:
    """CPU time of the quickest of some calls, after one to warm up."""
    function()
    found = []
    for _ in range(repeats):
        started = time.process_time()
        function()
        found.append(time.process_time() - started)
    return min(found)


def numpy_im2col(x, w, stride):
    rows = im2col(x, w.shape[2:], stride, 1)
    side = round(rows.shape[1] ** 0.5)
    return (rows @ w.reshape(len(w), -1).T).swapaxes(1, 2).reshape(len(x), len(w), side, side)


def compare(batch: int, channels: int, filters: int, side: int, stride: int) -> dict[str, float]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(batch, channels, side, side)).astype(np.float32)
    w = rng.normal(size=(filters, channels, 3, 3)).astype(np.float32)
    torch_x, torch_w = torch.as_tensor(x), torch.as_tensor(w)
    keras_x = keras.ops.convert_to_tensor(np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1))).transpose(0, 2, 3, 1))
    keras_w = keras.ops.convert_to_tensor(w.transpose(2, 3, 1, 0))
    layers = {
        "numpy": lambda: conv2d(x, w, None, stride, 1),
        "im2col": lambda: numpy_im2col(x, w, stride),
        "torch": lambda: torch.nn.functional.conv2d(torch_x, torch_w, stride=stride, padding=1),
        "keras": lambda: keras.ops.conv(keras_x, keras_w, strides=stride, padding="valid"),
    }
    expected = np.asarray(layers["torch"]())
    for name in ("numpy", "im2col"):
        np.testing.assert_allclose(layers[name](), expected, rtol=1e-3, atol=1e-3)
    keras_y = np.asarray(layers["keras"]()).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(keras_y, expected, rtol=1e-3, atol=1e-3)
    return {name: seconds(layer) for name, layer in layers.items()}


def main() -> None:
    torch.set_num_threads(1)
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    print("CPU time of NumPy's conv2d (and of its im2col form) divided by that of the framework")
    print(f"{'layer':10}{'/ torch':>10}{'/ keras':>10}{'im2col / torch':>17}{'torch ms':>11}")
    with torch.no_grad():
        for name, *sizes in LAYERS:
            found = compare(*sizes)
            print(
                f"{name:10}{found['numpy'] / found['torch']:10.1f}{found['numpy'] / found['keras']:10.1f}"
                f"{found['im2col'] / found['torch']:17.1f}{found['torch'] * 1e3:11.2f}"
            )


if __name__ == "__main__":
    main()
