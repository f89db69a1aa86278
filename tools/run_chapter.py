"""Execute chapters in a fresh kernel and store their outputs: `python tools/run_chapter.py spectrum ...`.

A name is a file's stem, or a path. Running an unchanged chapter again changes no byte of it.
"""

import argparse
import os
import re
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from notebook_outputs import faults, keep_stored, normalise

ROOT = Path(__file__).resolve().parents[1]
LIMIT = 800_000
# What a kernel inherits: the same as in the test run (conftest.py), so that the last digits agree.
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "2",
    "PYTHONHASHSEED": "0",
}


def find(name: str) -> Path:
    """Find a chapter by stem or path.

    Raises:
        SystemExit: if there is none, or more than one.
    """
    if name.endswith(".ipynb") and Path(name).is_file():
        return Path(name).resolve()
    matches = sorted((ROOT / "chapters").rglob(f"{name}.ipynb"))
    if len(matches) != 1:
        known = ", ".join(sorted(path.stem for path in (ROOT / "chapters").rglob("*.ipynb"))) or "none yet"
        sys.exit(f"found {len(matches)} chapters named '{name}', expected one. Chapters: {known}")
    return matches[0]


def run(path: Path, *, fresh: bool = False, timeout: int = 600) -> list[str]:
    """Execute one notebook and store it; give the list of faults (then nothing is written).

    Args:
        path: the notebook.
        fresh: replace every output, also those that a reader could not tell apart.
        timeout: seconds per cell.
    """
    old = nbformat.read(path, as_version=4)
    new = nbformat.read(path, as_version=4)
    for cell in new.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    for variable, value in ENVIRONMENT.items():
        os.environ.setdefault(variable, value)
    client = NotebookClient(
        new,
        timeout=timeout,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        record_timing=False,
        store_widget_state=False,
        extra_arguments=["--log-level=40"],
    )
    started = time.monotonic()
    try:
        client.execute()
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        return ["does not run:\n" + re.sub(r"\x1b\[[0-9;]*m", "", str(error))]
    seconds = time.monotonic() - started
    normalise(new)
    kept = 0 if fresh else keep_stored(old, new)
    found = faults(new, ROOT)
    if found:
        return found
    nbformat.validate(new)
    text = nbformat.writes(new, version=4) + "\n"
    changed = text != path.read_text(encoding="utf-8")
    if changed:
        temporary = path.with_name(f".{path.name}.tmp")
        temporary.write_text(text, encoding="utf-8", newline="\n")
        os.replace(temporary, path)
    size = len(text.encode())
    print(
        f"{path.name}: {seconds:.0f} s, {size / 1e6:.2f} MB, {'stored' if changed else 'unchanged'}"
        f"{f', {kept} cells kept their stored output' if kept else ''}"
    )
    if size > LIMIT:
        print(f"warning: {path.name} is over {LIMIT / 1e6} MB; shorten sounds, or draw fewer pictures")
    return []


def main(arguments: list[str] | None = None) -> int:
    """Run the named chapters; give 1 if any fails."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="chapters: stems or paths; none means all")
    parser.add_argument("--fresh", action="store_true", help="replace every stored output")
    parser.add_argument("--timeout", type=int, default=600, help="seconds per cell")
    options = parser.parse_args(arguments)
    paths = [find(name) for name in options.names] or sorted((ROOT / "chapters").rglob("*.ipynb"))
    failed = 0
    for path in paths:
        found = run(path, fresh=options.fresh, timeout=options.timeout)
        for fault in found:
            print(f"{path.name}: {fault}", file=sys.stderr)
        failed += bool(found)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
