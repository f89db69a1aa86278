"""What is installed, which device will be used, whether the data verify, and what to do about each fault."""

import importlib.metadata
import platform
import shutil
import sys
from dataclasses import dataclass
from importlib.util import find_spec

from deepsense_lib.datasets import registry
from deepsense_lib.errors import DataError

# The name that is imported, the distribution that brings it, and the extra of ours that installs it.
PACKAGES = (
    ("numpy", "numpy", ""),
    ("torch", "torch", "run"),
    ("tensorflow", "tensorflow", "run"),
    ("keras", "keras", "run"),
    ("librosa", "librosa", "run"),
    ("cv2", "opencv-python", "run"),
    ("soundfile", "soundfile", "run"),
    ("matplotlib", "matplotlib", "run"),
    ("lightning_fabric", "lightning-fabric", "run"),
    ("safetensors", "safetensors", "run"),
    ("jupyterlab", "jupyterlab", "run"),
    ("nbval", "nbval", "test"),
    ("playwright", "playwright", "test"),
    ("jupyter_book", "jupyter-book", "book"),
)


@dataclass(frozen=True)
class Finding:
    """One line of the report: whether it is well, what was looked at, what was found, and the remedy."""

    well: bool
    subject: str
    found: str
    remedy: str = ""

    def __str__(self) -> str:
        line = f"[{'ok' if self.well else '!!'}] {self.subject}: {self.found}"
        return f"{line}\n     what to do: {self.remedy}" if self.remedy else line


def examine() -> list[Finding]:
    """Return every finding; the report is well when each of them is."""
    return [_python(), *map(_package, *zip(*PACKAGES, strict=True)), *_devices(), *_data(), _browser()]


def _python() -> Finding:
    well = (3, 11) <= sys.version_info[:2] < (3, 14)
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    return Finding(well, "Python", found, "" if well else "Install Python 3.11, 3.12 or 3.13.")


def _package(module: str, distribution: str, extra: str) -> Finding:
    if find_spec(module) is None:
        return Finding(False, distribution, "not installed", f"pip install -e '.[{extra}]'")
    for name in (distribution, f"{distribution}-cpu"):
        try:
            return Finding(True, distribution, importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            continue
    return Finding(True, distribution, "installed, version not recorded")


def _devices() -> list[Finding]:
    if find_spec("torch") is None:
        return []
    try:
        import torch
    except (ImportError, OSError) as error:
        return [
            Finding(False, "PyTorch device", f"torch cannot be imported ({error})", "Install torch again.")
        ]
    if torch.cuda.is_available():
        found = f"cuda ({torch.cuda.get_device_name(0)})"
    elif torch.backends.mps.is_available():
        found = "mps (Apple GPU)"
    else:
        found = "cpu"
    findings = [Finding(True, "PyTorch device", found)]
    if found == "cpu" and shutil.which("nvidia-smi"):
        remedy = "Install a CUDA build of torch: make test TORCH=cuda"
        findings.append(
            Finding(False, "GPU", "an NVIDIA driver is here, but this torch cannot use it", remedy)
        )
    return findings


def _data() -> list[Finding]:
    try:
        sets = registry.shipped_sets()
    except DataError as error:
        return [Finding(False, "data", str(error))]
    if not sets:
        return [Finding(False, "data", f"no data set in {registry.data_dir()}", "git checkout -- data")]
    findings = []
    for folder in sets:
        name = f"data/{folder.relative_to(registry.data_dir()).as_posix()}"
        faults = registry.verify(folder)
        found = "; ".join(map(str, faults)) or f"{len(registry.read_sums(folder))} files verified"
        findings.append(Finding(not faults, name, found, f"git checkout -- {name}" if faults else ""))
    return findings


def _browser() -> Finding:
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    found = next((path for name in names if (path := shutil.which(name))), None)
    # Only the tests of the built pages need one, so that none is a remark, not a fault.
    return Finding(True, "browser for the page tests", found or "none found; those tests will be skipped")
