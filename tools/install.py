"""Install what a command of the Makefile needs into .venv: `python tools/install.py book`, `... run test`.

Uses the standard library alone. Every install goes by constraints.txt and by the reader's own pip settings.
What is already installed is left alone until constraints.txt or pyproject.toml changes.

PyTorch: a torch that is there is kept. On Linux without an NVIDIA GPU the CPU build is asked for, which is
much smaller. The environment variable TORCH=cpu or TORCH=cuda decides otherwise.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CONSTRAINTS = ROOT / "constraints.txt"
OLDEST, NEWEST = (3, 11), (3, 13)
EXTRAS = ("book", "pdf", "run", "test", "bench", "maintain")


def main(arguments: list[str] | None = None) -> int:
    """Install extras; give 1, with a word on what to do, if that fails."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("extras", nargs="+", choices=EXTRAS)
    parser.add_argument("--into-current", action="store_true", help="use this Python's own environment")
    parser.add_argument("--newest", action="store_true", help="newest allowed versions, not the pinned ones")
    options = parser.parse_args(arguments)
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        found = ".".join(map(str, sys.version_info[:2]))
        print(
            f"found Python {found}, expected 3.11 to 3.13. Name one: make ... PYTHON=python3.12",
            file=sys.stderr,
        )
        return 1
    try:
        folder = Path(sys.prefix) if options.into_current else environment(ROOT / ".venv")
        python = Path(sys.executable) if options.into_current else python_of(folder)
        if options.newest:
            pip(python, "install", "-q", "-U", "-e", f".[{','.join(options.extras)}]")
        else:
            install(folder, options.extras, python)
    except subprocess.CalledProcessError as error:
        command = " ".join(map(str, error.cmd))
        print(f"installation failed at: {command}\nIts last lines above say why.", file=sys.stderr)
        return 1
    return 0


def python_of(folder: Path) -> Path:
    """Give the interpreter of a virtual environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def environment(folder: Path) -> Path:
    """Create the virtual environment unless it works already."""
    python = python_of(folder)
    if (
        python.exists()
        and subprocess.run([python, "-m", "pip", "--version"], capture_output=True).returncode == 0
    ):
        return folder
    print(f"Creating {folder.name} with Python {sys.version.split()[0]}", flush=True)
    try:
        venv.create(folder, clear=True, with_pip=True, symlinks=os.name != "nt")
    except (subprocess.CalledProcessError, OSError):
        # Debian ships venv without pip unless python3-venv is installed.
        if not shutil.which("uv"):
            sys.exit(
                "this Python cannot create a virtual environment. On Debian and Ubuntu: apt install "
                "python3-venv. Elsewhere: install uv, or name another Python: make ... PYTHON=python3.12"
            )
        subprocess.run(["uv", "venv", "--seed", "--clear", "-p", sys.executable, folder], check=True)
    return folder


def install(folder: Path, extras: list[str], python: Path) -> None:
    """Install the extras that are not stamped as installed."""
    stamp = hashlib.sha256(CONSTRAINTS.read_bytes() + (ROOT / "pyproject.toml").read_bytes()).hexdigest()
    stamps = {extra: folder / f".deepsense-{extra}" for extra in extras}
    missing = [extra for extra, path in stamps.items() if not path.is_file() or path.read_text() != stamp]
    if not missing:
        return
    print(f"Installing: {', '.join(missing)} (once; later runs skip this)", flush=True)
    constraints = CONSTRAINTS
    if {"run", "test"} & set(missing):
        constraints = torch(python, folder)
    pip(python, "install", "-q", "-c", constraints, "-e", f".[{','.join(missing)}]")
    for extra in missing:
        stamps[extra].write_text(stamp)


def pip(python: Path, *arguments, check: bool = True, quiet: bool = False) -> bool:
    """Run pip in the project's folder, with the reader's own settings."""
    command = [python, "-m", "pip", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, cwd=ROOT, check=check, capture_output=quiet).returncode == 0


def torch(python: Path, folder: Path) -> Path:
    """Install PyTorch by the route of this machine; give the constraints to go on with."""
    question = "import importlib.metadata as m; print(m.version('torch'))"
    answer = subprocess.run([python, "-c", question], capture_output=True, text=True)
    if answer.returncode == 0:
        print(f"Keeping the installed torch {answer.stdout.strip()}", flush=True)
        return _without_torch(folder)
    version = re.search(r"^torch==([\w.]+)", CONSTRAINTS.read_text(), re.MULTILINE)[1]
    wish = os.environ.get("TORCH") or ("cpu" if sys.platform == "linux" and not has_nvidia() else "")
    if wish not in ("", "cpu", "cuda"):
        sys.exit(f"found TORCH={wish}, expected TORCH=cpu or TORCH=cuda")
    if wish == "cpu" and sys.platform == "linux":
        _cpu_torch(python, version)
    return CONSTRAINTS


def has_nvidia() -> bool:
    """Say whether this machine has an NVIDIA GPU with a driver."""
    return bool(shutil.which("nvidia-smi")) or Path("/proc/driver/nvidia/version").exists()


def _cpu_torch(python: Path, version: str) -> None:
    """Try the CPU build: where pip sees one, then by uv, which knows where it lies."""
    print(f"No NVIDIA GPU wanted or found: asking for the CPU build of torch {version}", flush=True)
    if pip(python, "install", "-q", "-c", CONSTRAINTS, f"torch=={version}+cpu", check=False, quiet=True):
        return
    uv = shutil.which("uv")
    if not uv and pip(python, "install", "-q", "uv", check=False, quiet=True):
        uv = str(python.with_name("uv"))
    if uv:
        wanted = [uv, "pip", "install", "--python", python, "--torch-backend=cpu", f"torch=={version}"]
        if subprocess.run([*wanted, "-c", CONSTRAINTS], cwd=ROOT, capture_output=True).returncode == 0:
            return
    print(
        "Found no CPU build; installing the usual one, which brings about 3 GB of CUDA libraries", flush=True
    )


def _without_torch(folder: Path) -> Path:
    """Write constraints that leave torch and the libraries that it brings as they are."""
    own = re.compile(r"^(torch|triton|nvidia-|cuda-)[\w-]*==")
    kept = [line for line in CONSTRAINTS.read_text().splitlines() if not own.match(line)]
    path = folder / "constraints-without-torch.txt"
    path.write_text("\n".join(kept) + "\n")
    return path


if __name__ == "__main__":
    sys.exit(main())
