"""The shipped recordings are what their cards say, and damage is named."""

import re
import shutil
from collections import defaultdict

import numpy as np
import pytest

from deepsense_lib.datasets import registry, speech
from deepsense_lib.errors import DataError, InputError
from deepsense_lib.speech.features import frame_count
from deepsense_lib.speech.phonemes import SYMBOLS, phonemize
from deepsense_lib.speech.text import normalize

HOP = 200


@pytest.fixture(scope="module")
def english() -> list[speech.Utterance]:
    return speech.load_english()


@pytest.fixture(scope="module")
def mandarin() -> list[speech.Syllable]:
    return speech.load_mandarin()


def words(normalized: str) -> list[str]:
    return re.findall(r"[a-z']+", normalized)


@pytest.mark.parametrize("name", ["english", "mandarin"])
def test_every_file_is_the_one_that_shipped_and_none_is_unlisted(name):
    folder = registry.data_dir() / "speech" / name
    assert registry.verify(folder) == []
    found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert found == {*registry.read_sums(folder), registry.SUMS}
    assert {"README.md", "LICENSE"} <= found


@pytest.mark.parametrize(("name", "megabytes"), [("english", 12), ("mandarin", 7)])
def test_a_set_stays_small(name, megabytes):
    folder = registry.data_dir() / "speech" / name
    assert sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) < megabytes * 1e6


def test_the_card_tells_the_true_counts(english):
    card = (registry.data_dir() / "speech" / "english" / "README.md").read_text(encoding="utf-8")
    assert f"{len(english)} utterances" in card
    assert f"cut from {len({u.prompt for u in english})} " in card
    assert f"{sum(u.frames for u in english) / 80 / 60:.1f} minutes" in card
    for split in speech.SPLITS:
        assert f"| {split} | {len(speech.load_english(split))} |" in card


def test_splits_are_whole_and_large_enough(english):
    parts = {split: speech.load_english(split) for split in speech.SPLITS}
    assert sum(map(len, parts.values())) == len(english) == len({u.id for u in english})
    assert len(parts["train"]) > 500
    assert len(parts["validation"]) >= 20
    assert len(parts["test"]) >= 40


@pytest.mark.parametrize("key", ["template", "normalized", "prompt"])
def test_nothing_leaks_from_one_split_into_another(english, key):
    splits = defaultdict(set)
    for utterance in english:
        splits[getattr(utterance, key)].add(utterance.split)
    assert all(len(found) == 1 for found in splits.values())


def test_held_out_sentences_share_no_run_of_four_words_with_training(english):
    def runs(utterance):
        spoken = words(utterance.normalized)
        return {tuple(spoken[i : i + 4]) for i in range(len(spoken) - 3)}

    trained = set().union(*(runs(u) for u in english if u.split == "train"))
    for utterance in english:
        if utterance.split != "train":
            assert not runs(utterance) & trained, utterance.id


def test_texts_say_the_same_words_and_are_normalised(english):
    for utterance in english:
        assert words(normalize(utterance.text)) == words(utterance.normalized), utterance.id
        assert normalize(utterance.normalized) == utterance.normalized, utterance.id
        assert sum(utterance.word_starts) == len(words(utterance.normalized)), utterance.id


def test_a_pause_mark_stands_where_the_speaker_pauses(english):
    for utterance in english:
        marks = sum(mark in ",.?!" for mark in utterance.normalized)
        assert marks == utterance.symbols.count("SIL") - 1, utterance.id


def test_phones_and_durations_describe_the_sound(english):
    for utterance in english:
        assert set(utterance.symbols) <= set(SYMBOLS) - {"<pad>", "ZH"}
        assert utterance.symbols[0] == utterance.symbols[-1] == "SIL"
        assert (utterance.durations >= 1).all()
        assert utterance.durations.sum() == utterance.frames
        starts = [s for s, first in zip(utterance.symbols, utterance.word_starts, strict=True) if first]
        assert "SIL" not in starts


def test_sounds_are_finite_unclipped_and_as_long_as_their_frames(english):
    for utterance in english[::12]:
        samples = utterance.audio()
        assert samples.dtype == np.float32
        assert frame_count(len(samples)) == utterance.frames
        assert np.isfinite(samples).all()
        assert 0.05 < np.abs(samples).max() < 1.0, utterance.id


def test_pauses_are_quieter_than_vowels(english):
    for utterance in english[::12]:
        samples = utterance.audio()
        power = np.array([np.mean(samples[t : t + HOP] ** 2) for t in range(0, len(samples) - HOP + 1, HOP)])
        label = np.repeat(utterance.symbols, utterance.durations)[: len(power)]
        vowel = np.array([symbol[-1].isdigit() for symbol in label])
        apart = 10 * np.log10(np.median(power[vowel]) / np.median(power[label == "SIL"]))
        assert apart > 20, f"{utterance.id}: {apart:.0f} dB"


def test_f0_is_in_the_range_of_the_voice_and_lies_in_voiced_phones(english):
    contour = np.concatenate([u.f0 for u in english])
    assert np.isfinite(contour).all()
    voiced = contour > 0
    assert contour[voiced].min() >= 70
    assert contour[voiced].max() <= 500
    assert 0.5 < voiced.mean() < 0.85
    label = np.concatenate([np.repeat(u.symbols, u.durations) for u in english])
    stressed = np.array([symbol.endswith("1") for symbol in label])
    assert voiced[stressed].mean() > 0.9
    assert voiced[label == "SIL"].mean() < 0.15


def test_f0_seldom_jumps_by_half_an_octave(english):
    pairs = np.concatenate([np.stack([u.f0[:-1], u.f0[1:]], 1) for u in english])
    ratio = np.abs(np.log2(pairs[(pairs > 0).all(1)]) @ [1, -1])
    assert (ratio > 0.5).mean() < 0.005


def test_new_sentences_in_the_domain_use_trained_words_in_new_sentences(english):
    trained = [u.normalized for u in english if u.split == "train"]
    vocabulary = {word for line in trained for word in words(line)}
    recorded = {tuple(words(u.normalized)) for u in english}
    inside = speech.new_sentences("in")
    assert len(inside) == len(set(inside)) == 50
    for sentence in inside:
        spoken = words(normalize(sentence))
        assert set(spoken) <= vocabulary, sentence
        assert tuple(spoken) not in recorded, sentence


def test_new_sentences_outside_the_domain_bring_unseen_words(english):
    vocabulary = {word for u in english for word in words(u.normalized)}
    outside = speech.new_sentences("outside")
    assert len(outside) == len(set(outside)) == 20
    for sentence in outside:
        assert len(set(words(normalize(sentence))) - vocabulary) >= 3, sentence


def test_hard_sentences_are_hard_and_can_be_said():
    """Each is a word or two, repeats a word, or has more than six words."""
    hard = speech.new_sentences("hard")
    assert len(hard) == len(set(hard)) == 50
    for sentence in hard:
        spoken = words(normalize(sentence))
        assert len(spoken) <= 2 or len(set(spoken)) < len(spoken) or len(spoken) > 6, sentence
        assert set(phonemize(sentence).symbols) <= set(SYMBOLS), sentence


def test_the_hash_of_what_is_learned_ignores_the_card(copy):
    before = speech.recordings_hash()
    (copy / "README.md").write_text("another card", encoding="utf-8")
    registry.write_sums(copy)
    changed = speech.recordings_hash()
    (copy / "new_sentences.tsv").write_text("domain\tsentence\n", encoding="utf-8")
    registry.write_sums(copy)
    assert speech.recordings_hash() == changed
    (copy / "corpus.tsv").write_text("another table", encoding="utf-8")
    registry.write_sums(copy)
    assert len({before, changed, speech.recordings_hash()}) == 3  # the copy lacks recordings


def test_mandarin_syllables_are_whole(mandarin):
    assert len(mandarin) == len({s.id for s in mandarin}) == 1158
    assert {s.tone for s in mandarin} == set(speech.TONES)
    for syllable in mandarin:
        assert syllable.id == syllable.pinyin.replace("ü", "v").replace("ê", "eh") + str(syllable.tone)
    for syllable in mandarin[::60]:
        samples = syllable.audio()
        assert 0.1 < len(samples) / 16000 < 0.8
        assert 0.05 < np.abs(samples).max() < 1.0


def test_tones_move_as_tones_do(mandarin):
    slopes = defaultdict(list)
    for syllable in mandarin:
        voiced = np.log2(syllable.f0[syllable.f0 > 0])
        if len(voiced) >= 8:
            third = len(voiced) // 3
            slopes[syllable.tone].append(voiced[-third:].mean() - voiced[:third].mean())
    middle = {tone: np.median(found) for tone, found in slopes.items()}
    assert abs(middle[1]) < 0.05
    assert middle[2] > 0.1
    assert middle[4] < -0.3
    assert middle[5] < -0.2


@pytest.mark.parametrize("split", ["dev", "TRAIN", ""])
def test_an_unknown_split_is_refused(split):
    with pytest.raises(InputError, match="train, validation, test"):
        speech.load_english(split)


def test_an_unknown_domain_is_refused():
    with pytest.raises(InputError, match="in, outside, hard"):
        speech.new_sentences("inside")


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A copy of the tables with one sound, in a data folder of its own."""
    source = registry.data_dir() / "speech" / "english"
    folder = tmp_path / "speech" / "english"
    (folder / "audio").mkdir(parents=True)
    for name in ("corpus.tsv", "alignments.jsonl", "f0.npz", "new_sentences.tsv", registry.SUMS):
        shutil.copy(source / name, folder)
    shutil.copy(source / "audio" / "activated.ogg", folder / "audio")
    monkeypatch.setenv("DEEPSENSE_DATA", str(tmp_path))
    return folder


@pytest.mark.parametrize("name", ["corpus.tsv", "alignments.jsonl", "f0.npz"])
def test_a_damaged_table_is_named(copy, name):
    data = bytearray((copy / name).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / name).write_bytes(data)
    with pytest.raises(DataError, match=re.escape(name)):
        speech.load_english()


def test_a_damaged_or_missing_sound_is_named(copy):
    utterance = next(u for u in speech.load_english() if u.id == "activated")
    assert len(utterance.audio()) > 0
    utterance.path.write_bytes(utterance.path.read_bytes()[:-100])
    with pytest.raises(DataError, match=r"activated\.ogg.*SHA-256 found.*make data"):
        utterance.audio()
    utterance.path.unlink()
    with pytest.raises(DataError, match=r"activated\.ogg.*missing"):
        utterance.audio()


def test_tables_that_contradict_each_other_are_refused(copy):
    lines = (copy / "alignments.jsonl").read_text(encoding="utf-8").splitlines()
    (copy / "alignments.jsonl").write_text("\n".join(lines[:-1]) + "\n", encoding="utf-8")
    registry.write_sums(copy)
    with pytest.raises(DataError, match="durations of 0 frames"):
        speech.load_english()
