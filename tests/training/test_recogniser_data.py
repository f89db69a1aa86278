"""The recogniser's training material keeps its labels through every cut, join and blur."""

import numpy as np
import pytest

from deepsense_lib.speech.phonemes import SYMBOLS
from deepsense_lib.torch_models.recogniser import PHONES
from deepsense_lib.training import recogniser_data as data


def counted(labels) -> data.Spoken:
    """A stretch in which every frame holds the label of its phone, so that cuts can be followed."""
    labels = np.array(labels)
    lengths = 2 + labels % 3
    mel = np.repeat(labels, lengths)[:, None] * np.ones((1, 6), np.float32)
    return data.Spoken(mel.astype(np.float32), labels, np.concatenate([[0], np.cumsum(lengths)]))


def consistent(spoken: data.Spoken) -> bool:
    said = np.repeat(spoken.labels, np.diff(spoken.edges))
    return spoken.edges[0] == 0 and np.array_equal(said, spoken.log_mel[:, 0])


@pytest.mark.parametrize("symbol", [s for s in SYMBOLS if s not in ("<pad>", "ZH")])
def test_labels_name_the_phone_without_stress(symbol):
    number = data.label(symbol)
    assert number == 0 if symbol == "SIL" else PHONES[number - 1] == symbol.rstrip("012")


@pytest.mark.parametrize("seed", range(20))
def test_runs_and_joins_keep_sound_and_labels_together(seed):
    rng = np.random.default_rng(seed)
    everything = [counted(rng.integers(0, 40, n)) for n in (1, 5, 30)]
    run = data.run_of_phones(everything[2], rng, 3, 9)
    assert 3 <= len(run.labels) <= 9
    assert consistent(run)
    joined = data.join([*everything, run])
    assert consistent(joined)
    assert len(joined.log_mel) == sum(len(part.log_mel) for part in [*everything, run])
    assert consistent(data.varied(everything, 2, rng))


@pytest.mark.parametrize("seed", range(10))
def test_spoiling_changes_the_tempo_a_little_and_leaves_the_source_alone(seed):
    mel = np.random.default_rng(7).normal(-5, 2, (120, 80)).astype(np.float32)
    kept = mel.copy()
    spoiled = data.spoil(mel, np.random.default_rng(seed))
    assert spoiled.dtype == np.float32
    assert np.isfinite(spoiled).all()
    assert 120 / 1.26 - 1 <= len(spoiled) <= 120 / 0.79 + 1
    assert np.array_equal(mel, kept)


def test_a_resampled_axis_is_read_between_its_values():
    mel = np.arange(12, dtype=np.float32).reshape(4, 3)
    np.testing.assert_allclose(data.resample_axis(mel, np.array([0, 0.5, 3]), 0)[1], mel[:2].mean(0))
    np.testing.assert_allclose(data.resample_axis(mel, np.array([0, 1.5]), 1)[:, 1], mel[:, 1:].mean(1))


def test_a_batch_pads_frames_and_drops_pauses():
    mels = [np.ones((4, 6), np.float32), np.ones((2, 6), np.float32)]
    batch = data.collate([(mels[0], np.array([0, 5, 5, 0])), (mels[1], np.array([7]))], -11.5)
    assert batch.log_mel.shape == (2, 4, 6)
    assert (batch.log_mel[1, 2:] == -11.5).all()
    assert batch.labels.tolist() == [5, 5, 7]
    assert batch.counts.tolist() == [2, 1]
    assert batch.frames.tolist() == [4, 2]


def test_an_epoch_is_a_function_of_its_generator():
    everything = [counted(np.arange(1, 20)) for _ in range(12)]
    first, again = (list(data.batches(everything, 300, np.random.default_rng(3), -11.5)) for _ in range(2))
    assert len(first) == len(again) > 1
    for one, other in zip(first, again, strict=True):
        assert all((a == b).all() for a, b in zip(one, other, strict=True))
