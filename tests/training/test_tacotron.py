"""New texts from words of the training, what the parallel model says of them, and a run that resumes."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from deepsense_lib.datasets.speech import load_english, new_sentences
from deepsense_lib.speech.phonemes import SYMBOLS, encode
from deepsense_lib.speech.text import normalize
from deepsense_lib.torch_models.parallel_tts import ParallelTTS
from deepsense_lib.training.loop import RunConfig, fit
from deepsense_lib.training.recipes import tacotron as recipe


@pytest.fixture(scope="module")
def texts():
    return recipe.new_texts(200, seed=1)


def test_new_texts_use_trained_words_in_new_rows(texts):
    lines = [u.normalized for u in load_english("train")]
    words = {word for line in lines for word in line.split()}
    pairs = {pair for line in lines for pair in pairwise(line.split())}
    assert len(texts) == len(set(texts)) == 200
    assert not set(texts) & set(lines)
    for text in texts:
        row = text.split()
        assert len(row) >= 3
        # The last word may have lost the mark behind it.
        assert set(row[:-1]) <= words
        assert set(pairwise(row[:-1])) <= pairs


def test_new_texts_are_repeatable_and_hold_no_test_sentence(texts):
    assert recipe.new_texts(20, seed=1) == texts[:20]
    assert recipe.new_texts(20, seed=2) != texts[:20]
    plain = {text.strip(" .,?!;:") for text in recipe.new_texts(recipe.SPOKEN["reference"])}
    held = [normalize(s) for domain in ("in", "outside", "hard") for s in new_sentences(domain)]
    held += [u.normalized for split in ("validation", "test") for u in load_english(split)]
    long = [text.strip(" .,?!;:") for text in held if len(text.split()) > 3]
    assert not plain & set(long)


def test_spoken_examples_agree_with_their_texts(texts):
    torch.manual_seed(0)
    voice = ParallelTTS(len(SYMBOLS), width=16, hidden=16, encoder_blocks=1, decoder_blocks=1).eval()
    made = recipe.spoken_examples(texts[:6], voice, longest=10_000)
    assert len(made) == 6
    for text, example in zip(texts, made, strict=False):
        np.testing.assert_array_equal(example.symbols, encode(recipe.phonemize(text).symbols))
        assert example.durations.sum() == len(example.log_mel) == len(example.f0)
    longest = sorted(len(e.log_mel) for e in made)[3]
    assert len(recipe.spoken_examples(texts[:6], voice, longest)) == 4


def test_an_interrupted_run_ends_with_the_same_weights(tmp_path):
    config = RunConfig(steps=6, learning_rate=1e-3, warmup_steps=2, checkpoint_every=3)

    def small():
        job = recipe.toy_task("dynamic")
        job.examples = job.examples[:12]
        return job

    job = small()
    loss, calls = job.loss, []

    def stop_at_five(model, batch, step):
        calls.append(step)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return loss(model, batch, step)

    job.loss = stop_at_five
    with pytest.raises(KeyboardInterrupt):
        fit(job, config, tmp_path)
    resumed = fit(small(), config, tmp_path).model.state_dict()
    straight = fit(small(), config).model.state_dict()
    for name, tensor in straight.items():
        assert torch.equal(tensor, resumed[name]), name
