"""Run chapters on the GPU, one after the other, compared as far as a GPU can agree with a CPU.

Without a GPU it says so and runs on the CPU, so that the command can be tried anywhere.
"""

import subprocess
import sys

from run_chapter import ROOT, find

DEVICES = """
import torch
import tensorflow as tf
torch_device = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "the CPU (found no GPU)"
found = tf.config.list_physical_devices("GPU")
print(f"PyTorch uses {torch_device}; TensorFlow uses {found[0].name if found else 'the CPU (found no GPU)'}.")
"""


def main(names: list[str]) -> int:
    """Run the named chapters, or all; give pytest's exit code."""
    # In a process of its own, so that this one does not hold the GPU's memory while the chapters run.
    subprocess.run([sys.executable, "-c", DEVICES], check=True, cwd=ROOT)
    paths = [find(name) for name in names] or [ROOT / "chapters"]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--nbval",
        "--nbval-current-env",
        "--nbval-cell-timeout",
        "600",
    ]
    return subprocess.run([*command, "--chapters-tolerant", *paths], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
