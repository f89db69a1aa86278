"""The recipes of the reference runs: one module each, found by its file name.

A recipe is a module in this folder with a function `run(scale, seed, out, resume)` that trains, and leaves
the weights and their model card in the folder `out`; modules without one are helpers. `scale` is "lesson"
(minutes on a laptop CPU) or "reference" (the shipped checkpoints).
"""

import importlib
from pathlib import Path

from deepsense_lib.errors import InputError

SCALES = ("lesson", "reference")


def names() -> tuple[str, ...]:
    """Return the names of all recipes, sorted; nothing is imported."""
    modules = Path(__file__).parent.glob("[a-z]*.py")
    return tuple(sorted(m.stem for m in modules if "\ndef run(" in m.read_text(encoding="utf-8")))


def run(name: str, scale: str = "lesson", seed: int = 0, out: str | Path | None = None, resume: bool = True):
    """Train recipe `name` and return what its `run` returns.

    `out` is the folder for checkpoints and the final weights (default `runs/<name>-<scale>-<seed>`);
    with `resume` a run that was interrupted there goes on, without it the run starts anew.

    Raises InputError for an unknown name, scale or seed; CheckpointError and OutputError as
    `training.loop.fit` does.
    """
    if name not in names():
        raise InputError(f"there is no recipe '{name}'. Expected one of: {', '.join(names())}.")
    if scale not in SCALES:
        raise InputError(f"the scale '{scale}' is unknown. Expected one of: {', '.join(SCALES)}.")
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise InputError(f"the seed is {seed!r}. Expected a whole number of 0 or more.")
    folder = Path(out) if out is not None else Path("runs") / f"{name}-{scale}-{seed}"
    module = importlib.import_module(f"{__name__}.{name}")
    return module.run(scale=scale, seed=seed, out=folder, resume=resume)
