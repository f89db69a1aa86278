"""Rebuild what has a source below data/: the speech sets, the head, the face sets (`make data`)."""

import subprocess
import sys
from pathlib import Path

TOOLS = Path(__file__).resolve().parent
STEPS = ("build_speech_data.py", "build_face_head.py", "build_face_data.py")


def main() -> None:
    for step in STEPS:
        print(f"== {step}", flush=True)
        subprocess.run([sys.executable, str(TOOLS / step)], check=True)


if __name__ == "__main__":
    main()
