"""The checkpoint of a run: one file, written whole or not at all.

The tensors are stored as safetensors, and everything else as JSON in the header of the same file. With a
single file no kill can leave two files that do not belong together.
"""

import json
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from deepsense_lib.errors import CheckpointError
from deepsense_lib.files import write_atomically

CHECKPOINT = "checkpoint.safetensors"


def write_checkpoint(path: Path, tensors: dict[str, Tensor], record: dict, identity: dict) -> None:
    """Write tensors, the record of the run, and the identity that a continuation must have.

    Raises OutputError when the file cannot be written; an older checkpoint is then still intact.
    """
    tensors = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    header = {"record": json.dumps(record), "identity": json.dumps(identity)}
    write_atomically(path, save(tensors, metadata=header))


def read_checkpoint(path: Path, identity: dict) -> tuple[dict[str, Tensor], dict]:
    """Return the tensors and the record of a checkpoint of the run with this identity.

    Raises CheckpointError when the file is no checkpoint, is damaged, or belongs to another run; the text
    names the first setting that differs.
    """
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            record, found = json.loads(header["record"]), json.loads(header["identity"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except (SafetensorError, OSError, TypeError, KeyError, ValueError) as error:
        raise CheckpointError(
            f"{path} is not a checkpoint of a run, or it is damaged ({error}). Expected a file that the "
            "training loop wrote. Delete it, or start anew with resume=False."
        ) from error
    # Through JSON and back, so that tuples compare as the lists that they became in the file.
    _demand_same(found, json.loads(json.dumps(identity)), path)
    return tensors, record


def part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Return the tensors whose name starts with `prefix`, without it."""
    return {name.removeprefix(prefix): v for name, v in tensors.items() if name.startswith(prefix)}


def _demand_same(found: dict, expected: dict, path: Path) -> None:
    for section, settings in expected.items():
        stored = found.get(section, {})
        for name in sorted(set(stored) | set(settings)):
            if stored.get(name) != settings.get(name):
                raise CheckpointError(
                    f"{path} belongs to another run: its {section} has {name} = {stored.get(name)!r}, this "
                    f"run has {settings.get(name)!r}. Choose another folder, or start anew with resume=False."
                )
