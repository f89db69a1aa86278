"""The classical voices: what must hold whatever they sound like."""

import numpy as np
import pytest

from deepsense_lib.datasets.speech import load_english, load_mandarin
from deepsense_lib.errors import InputError
from deepsense_lib.speech.classical import lpc, mandarin, rules, statistics, units
from deepsense_lib.speech.features import log_mel
from deepsense_lib.speech.phonemes import phonemize


@pytest.fixture(scope="module")
def recordings():
    return load_english("train")[:60]


@pytest.fixture(scope="module")
def mels(recordings):
    return [log_mel(u.audio()) for u in recordings]


def test_the_residual_gives_the_recording_back(recordings):
    x = recordings[0].audio()
    coded = lpc.code(x, recordings[0].f0)
    np.testing.assert_allclose(lpc.from_residual(lpc.residual(x, coded), coded), x, rtol=0, atol=1e-11)


def test_a_filter_between_two_frames_is_stable(recordings):
    coded = lpc.code(recordings[0].audio(), recordings[0].f0)
    for row in lpc.predictors(coded)[::7]:
        assert np.abs(np.roots(row)).max() < 1


def test_rules_speak_loud_enough_and_repeatably():
    x = rules.say("A voice by rule.")
    np.testing.assert_array_equal(x, rules.say("A voice by rule."))
    assert np.isfinite(x).all()
    assert np.abs(x).max() == pytest.approx(0.9, abs=1e-6)
    assert len(rules.say("A voice by rule.", pace=2)) < 0.75 * len(x)


def test_units_give_a_recorded_sentence_back(recordings, mels):
    bank = units.build(recordings, mels)
    u = recordings[5]
    chosen = units.select(bank, u.symbols, u.word_starts)
    assert chosen.seams == 0
    assert chosen.cost == 0
    x = units.render(bank, chosen.units, lambda i: recordings[i].audio())
    recorded = recordings[int(bank.utterance[chosen.units[0]])].audio()
    n = min(len(x), len(recorded))
    np.testing.assert_array_equal(x[:n], recorded[:n])


def test_units_name_a_phone_that_was_never_recorded(recordings, mels):
    bank = units.build(recordings[:1], mels[:1])
    missing = sorted({"ZH0", "OY1", "UH1"} - set(recordings[0].symbols))[0].rstrip("012")
    with pytest.raises(InputError, match=missing):
        units.select(bank, [missing], [True])


def test_statistics_speak_smoother_with_slopes_and_livelier_with_variance(recordings, mels):
    trees = statistics.train(recordings, mels)
    spoken = phonemize(recordings[3].text)
    steps, smooth, lively = (
        statistics.generate(trees, spoken.symbols, spoken.word_starts, **how).log_mel
        for how in ({"smooth": False}, {}, {"lively": 1.0})
    )
    assert np.abs(np.diff(smooth, 2, axis=0)).mean() < 0.7 * np.abs(np.diff(steps, 2, axis=0)).mean()
    np.testing.assert_allclose(lively.var(0), trees.variance, rtol=1e-3)


def test_statistics_of_one_recording_speak_it(recordings, mels):
    u = min(recordings, key=lambda u: u.frames)
    trees = statistics.train([u], [mels[recordings.index(u)]])
    assert set(trees.mel) == {(s.rstrip("012"), part) for s in u.symbols for part in range(3)}
    made = statistics.generate(trees, u.symbols, u.word_starts)
    assert np.isfinite(made.log_mel).all()
    assert len(made.log_mel) == made.durations.sum()


def test_a_faster_pace_is_shorter(recordings, mels):
    trees, u = statistics.train(recordings, mels), recordings[3]
    usual = statistics.durations(trees, u.symbols, u.word_starts).sum()
    fast = statistics.durations(trees, u.symbols, u.word_starts, pace=1.5).sum()
    assert 0.5 * usual < fast < 0.85 * usual


@pytest.mark.parametrize(
    ("written", "spoken"),
    [("ni3 hao3", "ni2 hao3"), ("bu4 shi4", "bu2 shi4"), ("yi1 tian1", "yi4 tian1"), ("yi1 ge4", "yi2 ge4"),
     ("bu4 hao3", "bu4 hao3"), ("ta1 hao3", "ta1 hao3")],
)  # fmt: skip
def test_tones_change_for_their_neighbours(written, spoken):
    assert mandarin.sandhi(mandarin.read_pinyin(written)) == mandarin.read_pinyin(spoken)


@pytest.mark.parametrize("wrong", ["", "ni hao", "ni6", "3"])
def test_pinyin_without_tones_is_refused(wrong):
    with pytest.raises(InputError, match="expected pinyin"):
        mandarin.read_pinyin(wrong)


def test_a_phrase_of_syllables_is_shorter_than_the_list():
    bank = {s.id: s for s in load_mandarin()}
    phrase = mandarin.read_pinyin("ta1 shi4 wo3 de5 lao3 shi1")
    joined = mandarin.join_smooth(phrase, bank)
    assert np.isfinite(joined).all()
    assert np.abs(joined).max() == pytest.approx(0.9, abs=1e-6)
    assert len(joined) < 0.8 * len(mandarin.join_plain(phrase, bank))
