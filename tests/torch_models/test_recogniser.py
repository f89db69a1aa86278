"""The phone recogniser: shapes, padding, CTC's map, and the shipped judge."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsense_lib.errors import InputError
from deepsense_lib.speech.phonemes import SYMBOLS
from deepsense_lib.torch_models.recogniser import BLANK, PHONES, PhoneRecogniser, merge


def small() -> PhoneRecogniser:
    torch.manual_seed(0)
    return PhoneRecogniser(mels=8, width=12, blocks=2).double().eval()


def test_the_phones_are_those_of_the_lexicon_without_stress():
    plain = {symbol.rstrip("012") for symbol in SYMBOLS} - {"<pad>", "SIL", "ZH"}
    assert sorted(PHONES) == sorted(plain)


def test_merge_by_hand():
    assert merge([0, 3, 3, 0, 3, 5, 5, 0]) == [3, 3, 5]
    assert merge([]) == []
    assert merge([0, 0]) == []


@settings(max_examples=50, derandomize=True, deadline=None)
@given(st.lists(st.integers(1, 4)), st.lists(st.integers(1, 3), min_size=30, max_size=30))
def test_merge_undoes_repeats_and_blanks(labels, repeats):
    path = [BLANK]
    for label, count in zip(labels, repeats, strict=False):
        path += [label] * count + [BLANK] * count
    assert merge(path) == labels[:30]


@pytest.mark.parametrize("frames", [1, 2, 7, 40])
def test_every_second_frame_gets_logits(frames):
    logits, lengths = small()(torch.zeros(1, frames, 8).double(), torch.tensor([frames]))
    assert logits.shape == (1, (frames + 1) // 2, 1 + len(PHONES))
    assert lengths.tolist() == [(frames + 1) // 2]


def test_padding_and_neighbours_change_nothing():
    model, rng = small(), torch.Generator().manual_seed(1)
    short = torch.randn(1, 15, 8, generator=rng).double()
    alone, _ = model(short, torch.tensor([15]))
    padded = torch.full((2, 30, 8), -11.5).double()
    padded[0, :15] = short[0]
    together, lengths = model(padded, torch.tensor([15, 30]))
    assert lengths.tolist() == [8, 15]
    torch.testing.assert_close(together[0, :8], alone[0], atol=1e-10, rtol=0)


def test_the_level_of_a_recording_changes_nothing():
    model = small()
    model.mel_std.copy_(torch.linspace(0.5, 2, 8))
    x = torch.randn(1, 20, 8, generator=torch.Generator().manual_seed(2)).double()
    louder, _ = model(x + 2.0, torch.tensor([20]))
    torch.testing.assert_close(louder, model(x, torch.tensor([20]))[0], atol=1e-10, rtol=0)


@pytest.mark.parametrize("shape", [(0, 8), (5, 9), (5,), (1, 5, 8)])
def test_frames_of_another_shape_are_refused(shape):
    with pytest.raises(InputError, match=r"expected \(frames, 8\)"):
        small().transcribe(np.zeros(shape, np.float32))


def test_the_shipped_judge_hears_what_was_said_and_not_another_text():
    from deepsense_lib.datasets.speech import load_english
    from deepsense_lib.pipelines import phone_error_rate

    spoken = load_english("test")[::5]
    sounds, texts = [u.audio() for u in spoken], [u.normalized for u in spoken]
    right = phone_error_rate(sounds, texts)
    assert right < 0.35
    assert phone_error_rate(sounds, texts[1:] + texts[:1]) > right + 0.4
    noise = np.random.default_rng(0)
    noisy = [x + noise.normal(0, np.std(x), len(x)).astype(np.float32) for x in sounds]
    assert phone_error_rate(noisy, texts) > right + 0.2
