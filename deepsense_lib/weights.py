"""Weights on disk, and on their way between PyTorch and Keras.

A checkpoint is a pair of files: `<name>.safetensors` with named arrays, and `<name>.json`, the model card.
Both are plain data; loading one never runs code. Arrays carry the names and the layout of the PyTorch
state dict, and this module knows how Keras calls and turns the same arrays. It imports no framework.
"""

import dataclasses
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from deepsense_lib.errors import CheckpointError, InputError, MissingDependencyError
from deepsense_lib.files import write_atomically

Arrays = dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class ModelCard:
    """What a user must know about a checkpoint; `storage` and `sha256` are filled in by `save`."""

    name: str
    model: str  # name of the model class
    configuration: dict[str, Any]  # arguments of the model class
    data: str  # name of the training data and SHA-256 of their list of hashes
    seed: int
    steps: int
    cpu_seconds: float
    figures: dict[str, Any]  # what was measured, with the units in the names
    command: str  # that reproduces the checkpoint
    licence: str
    intended_use: str
    must_not: str
    storage: str = "float32"
    sha256: str = ""  # of the arrays: names, shapes, types and values


def save(
    path: str | os.PathLike, arrays: Mapping[str, np.ndarray], card: ModelCard, half: bool = False
) -> Path:
    """Write `<path>.safetensors` and `<path>.json`, each whole or not at all; return the path of the first.

    With `half`, floating-point arrays are stored as float16, which halves the file.

    Raises InputError for an array that holds NaN, infinity, or a value too large for float16; OutputError
    when a file cannot be written.
    """
    tensors_path, card_path = _paths(path)
    stored = {name: _for_storage(name, array, half) for name, array in arrays.items()}
    card = dataclasses.replace(card, storage="float16" if half else "float32", sha256=fingerprint(stored))
    text = json.dumps(dataclasses.asdict(card), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write_atomically(
        # One entry only: the library writes several in an order that changes from run to run.
        tensors_path,
        _safetensors().save(stored, metadata={"model": card.model}),
    )
    write_atomically(card_path, text.encode())
    return tensors_path


def load(path: str | os.PathLike) -> tuple[Arrays, ModelCard]:
    """Read a checkpoint: arrays by name (floating-point ones as float32), and its card.

    Raises CheckpointError when a file is missing, truncated or not a checkpoint, or when the arrays are not
    the ones that the card describes.
    """
    tensors_path, card_path = _paths(path)
    card = _read_card(card_path)
    parse, data = _safetensors().load, _read(tensors_path)
    try:
        stored = parse(data)
    except Exception as error:  # the parser reports damage by exceptions of many kinds
        raise CheckpointError(
            f"{tensors_path} is not a readable safetensors file ({error}). Expected the weights of "
            f"'{card.name}'. Restore the file from the repository, or train it again: {card.command}"
        ) from error
    found = fingerprint(stored)
    if found != card.sha256:
        raise CheckpointError(
            f"{tensors_path} does not belong to its card {card_path.name}: its arrays have SHA-256 "
            f"{found[:12]}..., expected {card.sha256[:12]}.... Restore both files from one source."
        )
    return {k: v.astype(np.float32) if v.dtype.kind == "f" else v for k, v in stored.items()}, card


def fingerprint(arrays: Mapping[str, np.ndarray]) -> str:
    """Return the SHA-256 of the names, types, shapes and values, whatever file they are stored in."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        array = array.astype(array.dtype.newbyteorder("<"), copy=False)
        digest.update(f"{name}:{array.dtype.name}:{list(arrays[name].shape)}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def to_arrays(state: Mapping[str, Any]) -> Arrays:
    """Return a PyTorch state dict as NumPy copies on the CPU, under the same names."""
    return {name: np.array(tensor.detach().cpu().numpy()) for name, tensor in state.items()}


def build(model_class: type, arrays: Mapping[str, np.ndarray], card: ModelCard):
    """Return a PyTorch model of `model_class`, made and filled from a checkpoint, in evaluation mode.

    Raises CheckpointError when the checkpoint belongs to another class or its arrays do not fit.
    """
    demand_class(model_class, card)
    try:
        model = model_class(**card.configuration)
    except TypeError as error:
        raise CheckpointError(
            f"the checkpoint '{card.name}' has a configuration that {model_class.__name__} does not take "
            f"({error}). It was made by another version: train it again: {card.command}"
        ) from error
    into_torch(model, arrays)
    return model.eval()


def demand_class(model_class: type, card: ModelCard) -> None:
    """Raise CheckpointError unless the card names this class."""
    if card.model != model_class.__name__:
        raise CheckpointError(
            f"the checkpoint '{card.name}' holds a {card.model}. Expected a {model_class.__name__}. "
            "Load it with the class that its card names, or choose another checkpoint."
        )


def into_torch(model, arrays: Mapping[str, np.ndarray]) -> None:
    """Copy arrays into a PyTorch module in place; all names and shapes are checked before the first copy.

    Raises CheckpointError that names the first missing, unknown or misshapen array.
    """
    state = model.state_dict()
    _demand_names(arrays, state)
    for name, tensor in state.items():
        _demand_shape(name, arrays[name].shape, tuple(tensor.shape))
    for name, tensor in state.items():
        tensor.copy_(tensor.new_tensor(arrays[name]))


def into_keras(model, arrays: Mapping[str, np.ndarray]) -> None:
    """Copy arrays into a built Keras model in place, found by the path of each variable.

    The layers must be named as the attributes of the PyTorch model are (a layer of a list: `blocks.0`).

    Raises InputError when the model has no variables yet, CheckpointError as `into_torch` does.
    """
    if not model.weights:
        raise InputError(
            f"the Keras model '{model.name}' has no variables yet. Expected a built model: call it once."
        )
    variables = {canonical_name(v.path): v for v in model.weights if not _of_keras_alone(v.path)}
    _demand_names({k: v for k, v in arrays.items() if not k.endswith("num_batches_tracked")}, variables)
    turned = {k: to_keras_layout(k, arrays[k], v.path, tuple(v.shape)) for k, v in variables.items()}
    for name, variable in variables.items():
        variable.assign(turned[name])


def from_keras(model, shapes: Mapping[str, tuple[int, ...]]) -> Arrays:
    """Return the variables of a Keras model under PyTorch names and in PyTorch layout.

    `shapes` are those of the PyTorch arrays: a depthwise kernel cannot be told from an ordinary one
    without them.

    Raises CheckpointError as `into_torch` does.
    """
    variables = {canonical_name(v.path): v for v in model.weights if not _of_keras_alone(v.path)}
    wanted = {k: shape for k, shape in shapes.items() if not k.endswith("num_batches_tracked")}
    _demand_names(variables, wanted)
    return {k: to_torch_layout(k, np.array(v), v.path, tuple(wanted[k])) for k, v in variables.items()}


LEAVES = {
    "kernel": "weight",
    "gamma": "weight",
    "embeddings": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


def canonical_name(path: str) -> str:
    """Return the PyTorch name of a Keras variable: `model/blocks.0/norm/gamma` is `blocks.0.norm.weight`."""
    *layers, leaf = path.split("/")[1:]
    return ".".join([*layers, LEAVES.get(leaf, leaf)])


def to_keras_layout(name: str, array: np.ndarray, path: str, shape: tuple[int, ...]) -> np.ndarray:
    """Turn a PyTorch array to the layout of the Keras variable at `path` with this shape.

    Dense kernels (out, in) become (in, out); convolution kernels (out, in / groups, *size) become
    (*size, in / groups, out); depthwise ones (channels x multiplier, 1, *size) become
    (*size, channels, multiplier). All others are equal in both.
    """
    turned = array
    if path.endswith("/kernel") and array.ndim >= 2:
        size = tuple(range(2, array.ndim))
        turned = array.transpose(*size, 1, 0)
        if turned.shape != shape and array.shape[1] == 1 and len(shape) >= 2 and array.size == np.prod(shape):
            turned = array.reshape(*shape[-2:], *array.shape[2:])
            turned = np.moveaxis(turned, (0, 1), (-2, -1))
    _demand_shape(name, turned.shape, shape)
    return turned


def to_torch_layout(name: str, array: np.ndarray, path: str, shape: tuple[int, ...]) -> np.ndarray:
    """Turn a Keras variable back to the PyTorch layout; the inverse of `to_keras_layout`."""
    turned = array
    if path.endswith("/kernel") and array.ndim >= 2:
        size = tuple(range(array.ndim - 2))
        turned = array.transpose(-1, -2, *size)
        if turned.shape != shape and len(shape) >= 2 and shape[1] == 1 and array.size == np.prod(shape):
            turned = np.moveaxis(array, (-2, -1), (0, 1)).reshape(shape)
    _demand_shape(name, turned.shape, shape)
    return np.ascontiguousarray(turned)


def _of_keras_alone(path: str) -> bool:
    """Whether this is a variable that no PyTorch model has: the state of a random generator."""
    return "seed_generator" in path


def _demand_names(found: Mapping, expected: Mapping) -> None:
    missing, unknown = sorted(set(expected) - set(found)), sorted(set(found) - set(expected))
    if missing or unknown:
        first = f"'{missing[0]}' is missing" if missing else f"'{unknown[0]}' is unknown to the model"
        raise CheckpointError(
            f"the weights do not fit this model: {first} ({len(missing)} missing, {len(unknown)} unknown). "
            "Expected a checkpoint of the same model class and configuration."
        )


def _demand_shape(name: str, found: tuple[int, ...], expected: tuple[int, ...]) -> None:
    if tuple(found) != tuple(expected):
        raise CheckpointError(
            f"the array '{name}' has shape {tuple(found)}. Expected {tuple(expected)}. Build the model with "
            "the configuration of the checkpoint's card."
        )


def _for_storage(name: str, array: np.ndarray, half: bool) -> np.ndarray:
    array = np.ascontiguousarray(array).reshape(np.shape(array))  # ascontiguousarray makes scalars 1-D
    if array.dtype.kind != "f":
        return array
    with np.errstate(over="ignore"):  # what overflows becomes infinite and is refused by name below
        stored = array.astype(np.float16 if half else np.float32)
    if not np.isfinite(stored).all():
        raise InputError(
            f"the array '{name}' holds NaN, infinity, or a value outside the range of {stored.dtype.name}. "
            "Expected finite weights. Save in full precision, or train with a smaller learning rate."
        )
    return stored


def _paths(path: str | os.PathLike) -> tuple[Path, Path]:
    path = Path(path)
    stem = path.name.removesuffix(".safetensors").removesuffix(".json")
    return path.with_name(f"{stem}.safetensors"), path.with_name(f"{stem}.json")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CheckpointError(
            f"could not read {path}: {error.strerror or error}. Expected a pair of files, .safetensors and "
            ".json. Check the path, or train the model with: python -m deepsense_lib train"
        ) from error


def _read_card(path: Path) -> ModelCard:
    data = _read(path)
    try:
        return ModelCard(**json.loads(data))
    except (ValueError, TypeError, RecursionError) as error:
        fields = ", ".join(field.name for field in dataclasses.fields(ModelCard))
        raise CheckpointError(
            f"{path} is not a model card ({error}). Expected JSON with the fields {fields}. "
            "Restore the file from the repository."
        ) from error


def _safetensors():
    try:
        import safetensors.numpy
    except ImportError as error:
        raise MissingDependencyError("safetensors") from error
    return safetensors.numpy
