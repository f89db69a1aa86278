"""From utterances to batches: lengths agree, cuts fall between words, normalisation is undone exactly."""

import numpy as np
import pytest
import torch

from deepsense_lib.errors import DataError
from deepsense_lib.training.recipes.vocoder import VocoderTask, predict_mels
from deepsense_lib.training.recipes.voice import VoiceTask, losses
from deepsense_lib.training.voice_data import (
    HOP,
    Example,
    batches,
    collate,
    cut_at_words,
    make_example,
    statistics,
)


def example(words: int = 6, seed: int = 0) -> Example:
    """SIL, then words of two phonemes, then SIL; frames hold their own number in band 0."""
    rng = np.random.default_rng([seed, words])
    symbols = np.concatenate([[1], rng.integers(2, 40, 2 * words), [1]])
    starts = np.concatenate([[0], np.tile([1, 0], words), [0]])
    durations = rng.integers(3, 9, len(symbols))
    frames = int(durations.sum())
    mel = rng.normal(-4, 1, (frames, 80))
    mel[:, 0] = np.arange(frames)
    f0 = rng.uniform(150, 250, frames) * (rng.random(frames) > 0.3)
    return make_example(symbols, starts, durations, mel, f0, rng.normal(size=frames * HOP))


def test_energy_is_the_mean_of_each_phoneme():
    e = example()
    ends = np.cumsum(e.durations)
    expected = [e.log_mel[b - d : b].mean() for b, d in zip(ends, e.durations, strict=True)]
    np.testing.assert_allclose(e.energy, expected, atol=1e-4)


@pytest.mark.parametrize("seed", range(8))
def test_cuts_fall_between_words_and_keep_everything_together(seed):
    e = example(words=7)
    part = cut_at_words(e, np.random.default_rng(seed))
    n, t = len(part.symbols), len(part.log_mel)
    first, frame = None, int(part.log_mel[0, 0])
    ends = np.concatenate([[0], np.cumsum(e.durations)])
    first = int(np.flatnonzero(ends == frame)[0])
    assert first == 0 or e.word_starts[first] == 1
    assert first + n == len(e.symbols) or e.word_starts[first + n] == 1
    assert part.word_starts.sum() >= 3
    np.testing.assert_array_equal(part.symbols, e.symbols[first : first + n])
    np.testing.assert_array_equal(part.durations, e.durations[first : first + n])
    np.testing.assert_array_equal(part.f0, e.f0[frame : frame + t])
    np.testing.assert_array_equal(part.samples, e.samples[frame * HOP : (frame + t) * HOP])
    assert part.durations.sum() == t


def test_short_examples_are_left_whole():
    e = example(words=3)
    assert cut_at_words(e, np.random.default_rng(0)) is e


def test_batches_hold_every_example_once_and_stay_small():
    examples = [example(words=k) for k in range(2, 14)]
    groups = list(batches(examples, 400, np.random.default_rng(0)))
    assert sorted(id(e) for g in groups for e in g) == sorted(id(e) for e in examples)
    assert all(len(g) == 1 or len(g) * max(len(e.log_mel) for e in g) <= 400 for g in groups)


def test_the_order_depends_on_the_generator_alone():
    examples = [example(words=k) for k in range(2, 14)]
    lists = [
        [[len(e.symbols) for e in g] for g in batches(examples, 300, np.random.default_rng(s), 0.5)]
        for s in (1, 1, 2)
    ]
    assert lists[0] == lists[1] != lists[2]


def test_collate_normalises_and_pads():
    examples = [example(words=3), example(words=5)]
    stats = statistics(examples)
    b = collate(examples, stats)
    for row, e in enumerate(examples):
        n, t = len(e.symbols), len(e.log_mel)
        assert not b.symbols[row, n:].any()
        assert not b.durations[row, n:].any()
        np.testing.assert_allclose(
            b.mel[row, :t].numpy() * stats.mel_std + stats.mel_mean, e.log_mel, atol=1e-4
        )
        voiced = e.f0 > 0
        f0 = np.exp(b.pitch[row, :t].numpy() * stats.pitch[1] + stats.pitch[0])
        np.testing.assert_allclose(f0[voiced], e.f0[voiced], rtol=1e-5)
        np.testing.assert_array_equal(b.voiced[row, :t].numpy(), voiced)
        assert not b.pitch[row, :t].numpy()[~voiced].any()
    real = np.concatenate([b.mel[r, : len(e.log_mel)].numpy() for r, e in enumerate(examples)])
    np.testing.assert_allclose(real.mean(0), 0, atol=1e-4)
    np.testing.assert_allclose(real.std(0), 1, atol=1e-4)


@pytest.mark.parametrize("fault", ["durations", "f0", "symbols"])
def test_lengths_that_disagree_are_named(fault):
    e = example()
    parts = {"symbols": e.symbols, "durations": e.durations, "f0": e.f0}
    parts[fault] = parts[fault][:-1]
    with pytest.raises(DataError, match="expected them to agree"):
        make_example(
            parts["symbols"], e.word_starts, parts["durations"], e.log_mel, parts["f0"], e.samples, "x"
        )


def small_task() -> VoiceTask:
    examples = [example(words=k) for k in (3, 4, 5)]
    return VoiceTask(
        examples,
        frames=200,
        validation=examples,
        width=8,
        hidden=8,
        kernel=3,
        encoder_blocks=1,
        decoder_blocks=1,
    )


def test_task_gives_the_losses_that_the_recipe_sums():
    task = small_task()
    batch = next(iter(task.batches(np.random.default_rng(0))))
    task.model.eval()
    loss, parts = task.loss(task.model, batch, 0)
    assert parts.keys() == losses(task.model(*batch[:6]), batch).keys()
    weighted = {"mel": 1.0, "duration": 0.5, "energy": 0.2, "pitch": 0.2, "voicing": 0.2}
    torch.testing.assert_close(loss, sum(weighted[k] * v for k, v in parts.items()))
    assert task.validate(task.model).keys() == parts.keys()


def test_model_carries_the_statistics_of_its_voice():
    task = small_task()
    stats = statistics(task.examples)
    np.testing.assert_allclose(task.model.mel_std.numpy(), stats.mel_std, rtol=1e-6)
    np.testing.assert_allclose(task.model.pitch_stats.numpy(), stats.pitch, rtol=1e-6)
    np.testing.assert_allclose(task.model.energy_stats.numpy(), stats.energy, rtol=1e-6)


def test_vocoder_task_crops_recordings_and_predictions_on_the_same_frames():
    task = small_task()
    examples = [example(words=k) for k in (6, 8)]
    predicted = predict_mels(task.model.eval(), examples)
    assert [p.shape for p in predicted] == [e.log_mel.shape for e in examples]
    marked = [np.where(np.arange(80) == 1, 1000.0, e.log_mel).astype("float32") for e in examples]
    job = VocoderTask(examples, marked, np.ones((80, 513)), 10, recorded_share=0.5, size=8, frames=20)
    mel, f0, samples = job.crops(np.random.default_rng(0))
    assert mel.shape == (8, 20, 80)
    assert samples.shape == (8, 19 * HOP)
    assert set((mel[:, 0, 1] == 1000).tolist()) == {True, False}
    for row in range(8):
        a = int(mel[row, 0, 0])
        found = [e for e in examples if np.array_equal(e.f0[a : a + 20], f0[row].numpy())]
        assert len(found) == 1
        np.testing.assert_array_equal(found[0].samples[a * HOP : (a + 19) * HOP], samples[row].numpy())


def test_the_judge_joins_at_its_step():
    examples = [example(words=8)]
    job = VocoderTask(examples, [examples[0].log_mel], np.ones((80, 513)), 5, size=1, frames=20)
    batch = job.crops(np.random.default_rng(0))
    assert job.loss(job.model, batch, 4)[1].keys() == {"spectrum", "mel"}
    assert job.loss(job.model, batch, 5)[1].keys() == {"spectrum", "mel", "judge", "fool", "features"}
