"""The training loop: exact resume after a kill, its schedule, and what it says when it cannot go on."""

import itertools
import json
import math
import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import torch
from torch import nn

from deepsense_lib.errors import CheckpointError, InputError, OutputError
from deepsense_lib.training.checkpoint import CHECKPOINT
from deepsense_lib.training.loop import RunConfig, TrainingError, fit, learning_rate

CONFIG = RunConfig(
    steps=24, learning_rate=1e-2, warmup_steps=3, ema=0.9, seed=5, device="cpu", checkpoint_every=4
)


class Line:
    """A small net with dropout, so that randomness matters, on data whose order matters."""

    def __init__(self, width=8, poison_at=None):
        self.identity = {"data": "line"}
        torch.manual_seed(0)
        self.model = nn.Sequential(
            nn.Linear(3, width), nn.BatchNorm1d(width), nn.GELU(), nn.Dropout(0.3), nn.Linear(width, 1)
        )
        self.poison_at, self.seen = poison_at, []

    def batches(self, rng):
        x = np.random.default_rng(0).normal(size=(35, 3)).astype("float32")
        for rows in np.array_split(rng.permutation(35), 5):
            yield torch.from_numpy(x[rows])

    def loss(self, model, batch, step):
        self.seen.append((step, batch[0, 0].item()))
        target = batch.sum(1, keepdim=True) + 0.1 * np.random.normal()
        error = (model(batch) - target).abs().mean()
        if step == self.poison_at:
            error = error * math.nan
        return error, {"twice": 2 * error}

    def validate(self, model):
        return {"mode": float(model.training), "noise": float(torch.rand(()))}


def weights(run):
    return {k: v.clone() for k, v in run.model.state_dict().items()}


def assert_equal(a, b):
    assert a.keys() == b.keys()
    for name in a:
        assert torch.equal(a[name], b[name]), name


def test_same_seed_gives_the_same_bits_and_another_seed_does_not():
    one, two = fit(Line(), CONFIG), fit(Line(), CONFIG)
    assert_equal(weights(one), weights(two))
    other = fit(Line(), RunConfig(**{**CONFIG.__dict__, "seed": 6}))
    assert not torch.equal(weights(one)["0.weight"], weights(other)["0.weight"])


def test_each_epoch_visits_every_batch_once_in_an_order_of_its_own():
    task = Line()
    fit(task, CONFIG)
    firsts = [value for _, value in task.seen]
    assert [step for step, _ in task.seen] == list(range(24))
    assert len(set(firsts[:5])) == 5
    assert firsts[:5] != firsts[5:10]


@pytest.mark.parametrize("stop", [0, 1, 4, 11, 20, 23])
def test_resume_after_an_error_gives_the_bits_of_an_uninterrupted_run(tmp_path, stop):
    whole = fit(Line(), CONFIG)
    with pytest.raises(TrainingError, match=f"step {stop + 1}"):
        fit(Line(poison_at=stop), CONFIG, tmp_path)
    second = Line()
    resumed = fit(second, CONFIG, tmp_path)
    assert second.seen[0][0] == stop - stop % 4
    assert_equal(weights(whole), weights(resumed))
    assert whole.history == resumed.history
    assert fit(Line(), CONFIG, tmp_path).step == 24  # a finished run is only read


def test_a_run_killed_by_sigkill_resumes_to_the_same_bits(tmp_path):
    script = textwrap.dedent("""
        import sys, os, signal
        from tests.training.test_loop import CONFIG, Line
        from deepsense_lib.training.loop import fit
        class Killed(Line):
            def loss(self, model, batch, step):
                if step == int(sys.argv[2]):
                    os.kill(os.getpid(), signal.SIGKILL)
                return super().loss(model, batch, step)
        fit(Killed(), CONFIG, sys.argv[1])
    """)
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path), "14"], capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert_equal(weights(fit(Line(), CONFIG)), weights(fit(Line(), CONFIG, tmp_path)))


def test_checkpoints_validation_and_watching_do_not_change_the_result(tmp_path):
    plain = fit(Line(), CONFIG)
    seen = []
    busy = RunConfig(**{**CONFIG.__dict__, "checkpoint_every": 1, "validate_every": 2})
    run = fit(
        Line(), busy, tmp_path, resume=False, watch=lambda m, s: seen.append((s, m.training)), watch_at=(1, 7)
    )
    assert_equal(weights(plain), weights(run))
    assert seen == [(1, False), (7, False)]
    assert [v["step"] for v in run.validation] == list(range(2, 25, 2))
    assert all(v["mode"] == 0 for v in run.validation)


def test_averaged_weights_are_the_ones_that_are_returned():
    run, raw = fit(Line(), CONFIG), fit(Line(), RunConfig(**{**CONFIG.__dict__, "ema": None}))
    assert not torch.equal(weights(run)["0.weight"], weights(raw)["0.weight"])
    assert not run.model.training
    assert run.model.state_dict()["1.num_batches_tracked"] == 24
    assert run.history == raw.history  # averaging looks on, it does not steer


def test_first_average_follows_the_definition():
    task = Line()
    before = {k: v.clone() for k, v in task.model.state_dict().items()}
    one = RunConfig(steps=1, ema=0.9, warmup_steps=1, device="cpu")
    averaged, raw = fit(task, one), fit(Line(), RunConfig(**{**one.__dict__, "ema": None}))
    expected = 0.1 * before["0.weight"] + 0.9 * weights(raw)["0.weight"]
    torch.testing.assert_close(weights(averaged)["0.weight"], expected)


def test_schedule_warms_up_and_falls_to_its_final_fraction():
    config = RunConfig(steps=101, learning_rate=1.0, warmup_steps=10, final_fraction=0.1)
    rates = [learning_rate(step, config) for step in range(101)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[50] == pytest.approx(0.55)
    assert rates[100] == pytest.approx(0.1)
    assert all(a > b for a, b in itertools.pairwise(rates[10:]))


def test_history_counts_steps_from_one_and_holds_the_parts():
    run = fit(Line(), CONFIG)
    assert [r["step"] for r in run.history] == list(range(1, 25))
    assert all(r["twice"] == pytest.approx(2 * r["loss"]) for r in run.history)
    assert run.cpu_seconds > 0


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seed": 6}, "seed"),
        ({"steps": 30}, "steps"),
        ({"ema": None}, "ema"),
        ({"betas": (0.8, 0.9)}, "betas"),
    ],
)
def test_checkpoint_of_another_configuration_is_refused(tmp_path, change, named):
    fit(Line(), CONFIG, tmp_path)
    with pytest.raises(CheckpointError, match=f"{named} = .*resume=False"):
        fit(Line(), RunConfig(**{**CONFIG.__dict__, **change}), tmp_path)


def test_checkpoint_of_another_model_or_data_set_is_refused(tmp_path):
    fit(Line(), CONFIG, tmp_path)
    with pytest.raises(CheckpointError, match=r"0\.bias = \[8\], this run has \[9\]"):
        fit(Line(width=9), CONFIG, tmp_path)
    other = Line()
    other.identity = {"data": "circle"}
    with pytest.raises(CheckpointError, match="circle"):
        fit(other, CONFIG, tmp_path)


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-7], lambda b: b[:40], lambda b: b"", lambda b: b"junk" * 99]
)
def test_damaged_checkpoint_is_named(tmp_path, damage):
    fit(Line(), CONFIG, tmp_path)
    path = tmp_path / CHECKPOINT
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(CheckpointError, match=CHECKPOINT):
        fit(Line(), CONFIG, tmp_path)
    assert fit(Line(), CONFIG, tmp_path, resume=False).step == 24


def test_folder_that_cannot_be_written_is_noticed_before_the_first_step(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    task = Line()
    with pytest.raises(OutputError, match="file"):
        fit(task, CONFIG, tmp_path / "file" / "run")
    assert task.seen == []


@pytest.mark.skipif(os.name != "posix", reason="file size limits are a POSIX feature")
def test_full_disk_leaves_the_last_checkpoint_whole(tmp_path):
    fit(Line(), CONFIG, tmp_path)
    before = (tmp_path / CHECKPOINT).read_bytes()
    script = textwrap.dedent("""
        import resource, signal, sys
        from tests.training.test_loop import CONFIG, Line
        from deepsense_lib.training.loop import fit
        from deepsense_lib.errors import OutputError
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        try:
            fit(Line(), CONFIG, sys.argv[1], resume=False)
        except OutputError as error:
            print(error)
    """)
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True)
    assert "could not write" in done.stdout, done.stderr
    assert [p.name for p in tmp_path.iterdir()] == [CHECKPOINT]
    assert (tmp_path / CHECKPOINT).read_bytes() == before


def test_checkpoint_is_one_safetensors_file_with_json_in_its_header(tmp_path):
    fit(Line(), CONFIG, tmp_path)
    data = (tmp_path / CHECKPOINT).read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    assert json.loads(header["__metadata__"]["record"])["step"] == 24


def test_loss_that_is_not_a_number_stops_with_step_and_remedy():
    with pytest.raises(TrainingError, match=r"loss is nan at step 4\b.*learning rate"):
        fit(Line(poison_at=3), CONFIG)


def test_data_set_without_a_batch_is_refused():
    task = Line()
    task.batches = lambda rng: iter(())
    with pytest.raises(InputError, match="no batch"):
        fit(task, CONFIG)


@pytest.mark.parametrize(
    "bad", [{"steps": 0}, {"device": "tpu"}, {"precision": "16"}, {"ema": 1.0}, {"seed": -1}]
)
def test_settings_outside_their_range_are_refused(bad):
    with pytest.raises(InputError, match=next(iter(bad))):
        RunConfig(**{"steps": 3, **bad})


def test_log_files_get_no_progress_bar(capsys):
    fit(Line(), CONFIG)
    assert capsys.readouterr() == ("", "")


def test_reduced_precision_trains_too():
    run = fit(Line(), RunConfig(steps=3, precision="bf16-mixed", device="cpu"))
    assert math.isfinite(run.history[-1]["loss"])
    assert run.model[0].weight.dtype == torch.float32
