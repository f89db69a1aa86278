"""The training loop of every reference run, on Lightning Fabric.

Two rules make a run repeatable. The order of the data is a pure function of (seed, epoch), and all other
randomness of a step (dropout, augmentation) is a pure function of (seed, step). So a checkpoint needs no
state of any random generator, and a run that was killed and resumed ends with the same bits as a run
that was left alone.
"""

import contextlib
import dataclasses
import itertools
import random
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from tqdm import auto, notebook

from deepsense_lib.errors import CheckpointError, DeepSenseError, InputError
from deepsense_lib.training.checkpoint import CHECKPOINT, part, read_checkpoint, write_checkpoint
from deepsense_lib.training.config import FREE_FIELDS, RunConfig, learning_rate

# The fields of a Run that a checkpoint keeps.
RECORDED = ("step", "history", "validation", "cpu_seconds")


class TrainingError(DeepSenseError):
    """A training that cannot go on, for instance because the loss is not a number."""


class Task(Protocol):
    """What is trained: a model, its data, and its loss.

    Two more members are optional. `validate(model) -> dict[str, float]` is called every
    `config.validate_every` steps; `identity`, a dict that JSON can hold (configuration of the model, hash
    of the data), is stored in checkpoints and must agree when a run resumes.
    """

    model: nn.Module

    def batches(self, rng: np.random.Generator) -> Iterable[Any]:
        """Yield the batches of one epoch; `rng` is the only source of their order and of their crops."""

    def loss(self, model: nn.Module, batch: Any, step: int) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the scalar to be minimised, and the named parts that go into the history."""


@dataclasses.dataclass
class Run:
    """A run: the module with its final weights in place, what happened, and what it cost."""

    model: nn.Module
    step: int = 0
    history: list[dict[str, float]] = dataclasses.field(default_factory=list)
    validation: list[dict[str, float]] = dataclasses.field(default_factory=list)
    cpu_seconds: float = 0.0


def seed_everything(seed: int, step: int = 0) -> None:
    """Seed Python, NumPy and torch with a number drawn from (seed, step)."""
    mixed = int(np.random.SeedSequence([seed, step]).generate_state(1)[0])
    random.seed(mixed)
    np.random.seed(mixed)
    torch.manual_seed(mixed)


def fit(
    task: Task,
    config: RunConfig,
    folder: str | Path | None = None,
    resume: bool = True,
    watch: Callable[[nn.Module, int], None] | None = None,
    watch_at: Sequence[int] = (),
) -> Run:
    """Train `task.model` for `config.steps` steps and return the run.

    With a `folder`, a checkpoint is written there at the start, every `checkpoint_every` steps and at the
    end; with `resume` an existing one is continued. `watch(model, step)` is called after the steps in
    `watch_at`, and validation likewise, with the model in evaluation mode and the averaged weights in
    place if there are any. The model that is returned is in that state too, on the device it was trained on.

    Raises CheckpointError when the checkpoint is damaged or belongs to another run, OutputError when it
    cannot be written, TrainingError when the loss or its gradient is no longer finite.
    """
    state = _State(task, config)
    checkpoint = None if folder is None else Path(folder) / CHECKPOINT
    if checkpoint is not None and resume and checkpoint.exists():
        state.load(checkpoint)
    elif checkpoint is not None:
        state.save(checkpoint)  # before the work, so that an unwritable folder is noticed now
    # Terminals get a bar, notebooks a widget, log files nothing (tqdm's own rule silences notebooks too).
    quiet = False if issubclass(auto.tqdm, notebook.tqdm) else None
    with auto.tqdm(total=config.steps, initial=state.run.step, unit="step", disable=quiet) as bar:
        for batch in state.remaining_batches():
            record = state.advance(batch)
            bar.update()
            bar.set_postfix(loss=f"{record['loss']:.3f}", refresh=False)
            step = state.run.step
            if config.validate_every and (step % config.validate_every == 0 or step == config.steps):
                with state.showing():
                    state.run.validation.append({"step": step, **task.validate(task.model)})
            if watch is not None and step in watch_at:
                with state.showing():
                    watch(task.model, step)
            if checkpoint is not None and (step % config.checkpoint_every == 0 or step == config.steps):
                state.save(checkpoint)
    state.finish()
    return state.run


class _State:
    """Everything that changes during a run, and its way to the disk and back."""

    def __init__(self, task: Task, config: RunConfig):
        self.task, self.config = task, config
        self.fabric = Fabric(accelerator=config.device, devices=1, precision=config.precision)
        if self.fabric.device.type == "cpu":
            torch.set_num_threads(1)  # more threads change the last digits, and slow down a busy machine
        decayed = [p for p in task.model.parameters() if p.requires_grad and p.ndim > 1]
        others = [p for p in task.model.parameters() if p.requires_grad and p.ndim <= 1]
        groups = [
            {"params": decayed, "weight_decay": config.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ]
        adam = torch.optim.AdamW(groups, lr=config.learning_rate, betas=config.betas)
        self.wrapped, self.optimizer = self.fabric.setup(task.model, adam)
        self.averaged = None if config.ema is None else _copy(task.model.state_dict())
        self.run = Run(task.model)
        self.clock = time.process_time()

    def remaining_batches(self):
        """Yield the batches from the current step on: epochs in order, each drawn from (seed, epoch)."""
        position = self.run.step
        for epoch in itertools.count():
            count = 0
            for batch in self.task.batches(np.random.default_rng([self.config.seed, epoch])):
                if self.run.step >= self.config.steps:
                    return
                count += 1
                if count > position:
                    yield batch
            if count == 0:
                raise InputError(
                    "the task gave no batch. Expected at least one an epoch: is its data set empty?"
                )
            position = max(0, position - count)

    def advance(self, batch: Any) -> dict[str, float]:
        """Take one optimiser step on `batch` and return its record for the history."""
        step, model = self.run.step, self.task.model
        seed_everything(self.config.seed, step)
        rate = learning_rate(step, self.config)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        model.train()
        with self.fabric.autocast():
            total, parts = self.task.loss(model, self.fabric.to_device(batch), step)
        _demand_finite(total, "loss", step)
        self.optimizer.zero_grad()
        self.fabric.backward(total)
        norm = self.fabric.clip_gradients(
            self.wrapped, self.optimizer, max_norm=self.config.clip_norm, error_if_nonfinite=False
        )
        _demand_finite(norm, "norm of the gradient", step)
        self.optimizer.step()
        self.run.step += 1
        if self.averaged is not None:
            _average(self.averaged, model.state_dict(), min(self.config.ema, (1 + step) / (10 + step)))
        numbers = {"loss": total, **parts, "gradient_norm": norm}
        record = {
            "step": self.run.step,
            "learning_rate": rate,
            **{k: float(v.detach()) for k, v in numbers.items()},
        }
        self.run.history.append(record)
        return record

    @contextlib.contextmanager
    def showing(self):
        """Put the averaged weights in place and the model into evaluation mode, for a while."""
        model, kept = self.task.model, None
        if self.averaged is not None:
            kept = _copy(model.state_dict())
            model.load_state_dict(self.averaged)
        model.eval()
        try:
            with torch.no_grad():
                yield
        finally:
            if kept is not None:
                model.load_state_dict(kept)

    def finish(self) -> None:
        """Leave the model as a user wants it: averaged weights in place, evaluation mode."""
        if self.averaged is not None:
            self.task.model.load_state_dict(self.averaged)
        self.task.model.eval()
        self.run.cpu_seconds += self._tick()

    def save(self, path: Path) -> None:
        self.run.cpu_seconds += self._tick()
        slots = self.optimizer.state_dict()["state"]
        tensors = {
            **{f"model.{k}": v for k, v in self.task.model.state_dict().items()},
            **{f"average.{k}": v for k, v in (self.averaged or {}).items()},
            **{f"optimizer.{i}.{k}": v for i, slot in slots.items() for k, v in slot.items()},
        }
        write_checkpoint(path, tensors, {name: getattr(self.run, name) for name in RECORDED}, self.identity)

    def load(self, path: Path) -> None:
        tensors, record = read_checkpoint(path, self.identity)
        try:
            self.task.model.load_state_dict(part(tensors, "model."))
            if self.averaged is not None:
                self.averaged = {k: v.to(self.fabric.device) for k, v in part(tensors, "average.").items()}
            slots: dict[int, dict[str, Tensor]] = {}
            for name, value in part(tensors, "optimizer.").items():
                index, slot = name.split(".", 1)
                slots.setdefault(int(index), {})[slot] = value
            self.optimizer.load_state_dict({**self.optimizer.state_dict(), "state": slots})
            for name in RECORDED:
                setattr(self.run, name, record[name])
        except (RuntimeError, KeyError, ValueError) as error:
            raise CheckpointError(
                f"{path} does not fit this model: {error}. Expected the tensors of the same model. "
                "Choose another folder, or start anew with resume=False."
            ) from error

    @property
    def identity(self) -> dict:
        """What must agree between the two halves of an interrupted run."""
        config = {k: v for k, v in dataclasses.asdict(self.config).items() if k not in FREE_FIELDS}
        shapes = {k: list(v.shape) for k, v in self.task.model.state_dict().items()}
        return {"config": config, "model": shapes, "task": getattr(self.task, "identity", {})}

    def _tick(self) -> float:
        now = time.process_time()
        elapsed, self.clock = now - self.clock, now
        return elapsed


def _demand_finite(value: Tensor, what: str, step: int) -> None:
    if not torch.isfinite(value):
        raise TrainingError(
            f"the {what} is {value.item()} at step {step + 1}. Expected a finite number. Lower the learning "
            "rate, lengthen the warm-up, or look for empty sequences and logarithms of zero in that batch."
        )


def _copy(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {k: v.detach().clone() for k, v in state.items()}


def _average(averaged: dict[str, Tensor], current: dict[str, Tensor], decay: float) -> None:
    """Move the averaged weights towards the current ones; whole numbers (counters) are copied."""
    for name, value in current.items():
        if value.is_floating_point():
            averaged[name].lerp_(value.detach(), 1 - decay)
        else:
            averaged[name].copy_(value)
