"""Run every benchmark of this folder: `python -m benchmarks`."""

import importlib
from pathlib import Path

for path in sorted(Path(__file__).parent.glob("bench_*.py")):
    print(f"\n== {path.stem.removeprefix('bench_')} ==", flush=True)
    importlib.import_module(f"benchmarks.{path.stem}").main()
