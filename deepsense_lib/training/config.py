"""The settings of a run, and the learning rate that follows from them."""

import dataclasses
import math

from deepsense_lib.errors import InputError

DEVICES = ("auto", "cpu", "cuda", "mps")
PRECISIONS = ("32-true", "bf16-mixed")
# What may change between an interrupted run and its continuation.
FREE_FIELDS = ("checkpoint_every", "device")


@dataclasses.dataclass(frozen=True)
class RunConfig:
    """The settings of a run; together with the task they determine its result on a CPU."""

    steps: int
    learning_rate: float = 1e-3
    warmup_steps: int = 100
    final_fraction: float = 0.03  # of the learning rate, at the last step
    betas: tuple[float, float] = (0.9, 0.98)
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    ema: float | None = None  # decay of the averaged weights; None: no averaging
    seed: int = 0
    device: str = "auto"
    precision: str = "32-true"
    checkpoint_every: int = 200
    validate_every: int | None = None

    def __post_init__(self):
        rules = {
            "steps": self.steps >= 1,
            "learning_rate": 0 < self.learning_rate < math.inf,
            "warmup_steps": self.warmup_steps >= 0,
            "final_fraction": 0 <= self.final_fraction <= 1,
            "clip_norm": self.clip_norm > 0,
            "ema": self.ema is None or 0 <= self.ema < 1,
            "seed": self.seed >= 0,
            "device": self.device in DEVICES,
            "precision": self.precision in PRECISIONS,
            "checkpoint_every": self.checkpoint_every >= 1,
            "validate_every": self.validate_every is None or self.validate_every >= 1,
        }
        for name, holds in rules.items():
            if not holds:
                raise InputError(f"RunConfig.{name} is {getattr(self, name)!r}, which is outside its range.")


def learning_rate(step: int, config: RunConfig) -> float:
    """Return the rate of step 0, 1, ...: a linear warm-up times half a cosine down to the final fraction."""
    warm = min(1.0, (step + 1) / max(1, config.warmup_steps))
    cosine = 0.5 * (1 + math.cos(math.pi * step / max(1, config.steps - 1)))
    return config.learning_rate * warm * (config.final_fraction + (1 - config.final_fraction) * cosine)
