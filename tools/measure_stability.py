"""How often does the shipped model with attention fail, when is it made to, and what repairs it?

    python tools/measure_stability.py [--seeds 3] [--out data/experiments]

Every condition says the 50 hard sentences with several seeds of the prenet's dropout (one switches it off).
A fault is injected into the attention or the stop rule is spoilt; the repair meets the same sentences and the
same fault. Failures are counted by `deepsense_lib.formulas.stability`; the shipped judge of speech gives
phone error rates of the first seed, for comparisons within this table only. For the silence at the ends the
model is trained for some more steps on padded recordings, and on the same ones trimmed. Conditions that the
file already holds are kept.
"""

import argparse
import contextlib
import json
import time
from pathlib import Path
from typing import NamedTuple

import torch

from deepsense_lib.datasets.registry import write_sums
from deepsense_lib.datasets.speech import load_english, new_sentences
from deepsense_lib.evaluation.classification import wilson
from deepsense_lib.files import write_atomically
from deepsense_lib.formulas.attention import prior_filter
from deepsense_lib.formulas.stability import PLAIN, Rules
from deepsense_lib.pipelines import load_model, phone_error_rate, voice
from deepsense_lib.speech.phonemes import phonemize
from deepsense_lib.torch_models.tacotron import LIMIT, Tacotron
from deepsense_lib.training import clinic

FAILURES = ("skipped", "repeated", "endless", "early", "any")
MEANS = ("coverage", "focus_rate", "monotonicity", "silence_before", "silence_after", "steps")
LOOP = range(20, 2000, 20)  # back every 20 steps
TUNING_STEPS, PADDING = 40, 40


class Condition(NamedTuple):
    """What is done to the model while it speaks."""

    rules: Rules = PLAIN
    jump: int = 0
    at: tuple[int, ...] = ()
    prior: tuple[int, float, float] | None = None
    dropout: bool = True
    judged: bool = False  # how well it is understood, too
    limit: int | None = None  # frames; default the fuse of `clinic.say`


CONDITIONS = {
    "as shipped": Condition(judged=True),
    "dropout off": Condition(dropout=False, judged=True),
    "stop only at the end": Condition(Rules(to_the_end=True), judged=True),
    "stop token ignored": Condition(Rules(threshold=1.0)),
    "stop token ignored, rest of 4": Condition(Rules(threshold=1.0, rest=4)),
    "stop token ignored, rest of 12": Condition(Rules(threshold=1.0, rest=12)),
    "stop token ignored, rest of 20": Condition(Rules(threshold=1.0, rest=20)),
    "threshold 0.999": Condition(Rules(threshold=0.999)),
    "threshold 0.999, rest of 12": Condition(Rules(threshold=0.999, rest=12)),
    "threshold 0.01": Condition(Rules(threshold=0.01)),
    "threshold 0.01, only at the end": Condition(Rules(threshold=0.01, to_the_end=True)),
    "jump ahead": Condition(jump=8, at=(10,)),
    "jump ahead, window 0 to 1": Condition(Rules(window=(0, 1)), jump=8, at=(10,)),
    "jump ahead, window -1 to 3": Condition(Rules(window=(1, 3)), jump=8, at=(10,)),
    "loop": Condition(jump=-8, at=tuple(LOOP)),
    "loop, window 0 to 1": Condition(Rules(window=(0, 1)), jump=-8, at=tuple(LOOP)),
    "loop, window -1 to 3": Condition(Rules(window=(1, 3)), jump=-8, at=tuple(LOOP)),
    "loop, window -3 to 3": Condition(Rules(window=(3, 3)), jump=-8, at=tuple(LOOP)),
    "window 0 to 1, no fault": Condition(Rules(window=(0, 1)), judged=True),
    "window -1 to 3, no fault": Condition(Rules(window=(1, 3))),
    "prior too fast": Condition(prior=(10, 4.0, 1.0), judged=True),
    "prior without shape": Condition(prior=(10, 1.0, 1.0), judged=True),
    "all rules": Condition(Rules(to_the_end=True, rest=12, window=(1, 3)), judged=True),
}


def measure(model: Tacotron, condition: Condition, seeds: range, texts: list[str]) -> dict:
    """Counts with Wilson intervals over all texts and seeds, and means; the fault is taken back after."""
    learned, said, records = model.decoder.attention.prior.clone(), [], []
    if condition.prior is not None:
        model.decoder.attention.prior.copy_(torch.tensor(prior_filter(*condition.prior)))
    for seed in seeds if condition.dropout else [None]:
        for text in texts:
            fault = clinic.disturbed(model, condition.jump, condition.at)
            with fault if condition.jump else contextlib.nullcontext():
                options = {} if condition.limit is None else {"limit": condition.limit}
                speech = clinic.say(
                    model, phonemize(text), rules=condition.rules, dropout_seed=seed, **options
                )
            records.append({"seed": seed, **clinic.examine(speech)})
            if condition.judged and seed in (None, seeds[0]):
                said.append(voice()[1].infer(speech.log_mel, speech.f0).numpy())
    model.decoder.attention.prior.copy_(learned)
    row = {"utterances": len(records)}
    for name in FAILURES:
        count = sum(r[name] for r in records)
        estimate = wilson(count, len(records))
        row[name] = {"count": count, "interval": [round(estimate.low, 4), round(estimate.high, 4)]}
    row |= {name: round(sum(r[name] for r in records) / len(records), 4) for name in MEANS}
    row |= {name: max(r[name] for r in records) for name in ("jump_back", "jump_ahead", "longest_stay")}
    per_seed = {}
    for r in records:
        per_seed.setdefault(str(r["seed"]), []).append(r)
    row["seeds"] = {
        seed: {"any": sum(r["any"] for r in rs), "steps": sum(r["steps"] for r in rs)}
        for seed, rs in per_seed.items()
    }
    if said:
        row["phone_error_rate"] = round(phone_error_rate(said, texts), 4)
    return row


def tuned_models() -> dict[str, Tacotron]:
    """The shipped model, trained on for some steps with padded recordings, and with the same ones trimmed."""
    chosen = [u for u in load_english("train") if 100 < len(u.f0) < 240][:150]
    silent = [clinic.padded(u, PADDING) for u in chosen]
    models = {}
    for name, examples in (
        ("after padded recordings", silent),
        ("after trimmed recordings", [clinic.trimmed(e) for e in silent]),
    ):
        models[name] = clinic.retrained(load_model("tacotron", Tacotron), examples, TUNING_STEPS).model
    return models


def main() -> None:
    """Measure all conditions and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("data/experiments"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    texts, seeds = new_sentences("hard"), range(options.seeds)
    path = options.out / "stability.json"
    rows = json.loads(path.read_text(encoding="utf-8"))["conditions"] if path.exists() else {}
    model = load_model("tacotron", Tacotron)
    jobs = [(name, model, condition) for name, condition in CONDITIONS.items()]
    # Who says silence needs more time: the fuse must not decide.
    jobs += [(name, tuned, Condition(limit=LIMIT)) for name, tuned in tuned_models().items()]
    for name, subject, condition in jobs:
        if name in rows:
            continue
        began = time.process_time()
        rows[name] = measure(subject, condition, seeds, texts)
        counts = {failure: rows[name][failure]["count"] for failure in FAILURES}
        print(f"{name:34s}", counts, f"{time.process_time() - began:.0f} s", flush=True)
    found = {"sentences": len(texts), "seeds": options.seeds, "conditions": rows}
    options.out.mkdir(parents=True, exist_ok=True)
    write_atomically(path, (json.dumps(found, indent=1) + "\n").encode())
    write_sums(options.out)


if __name__ == "__main__":
    main()
