"""The judge of the reference voice reads what the recogniser writes in the way that was spoken."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

import judge_speech

from deepsense_lib.errors import InputError


@pytest.mark.parametrize(
    ("reference", "written"),
    [
        ("extension four two seven nine", "Extension 4279."),
        ("the train leaves at seven thirty", "The train leaves at 7.30."),
        ("seven thirty", "7:30"),
        ("room two hundred and five", "Room 205"),
        ("room two hundred five", "room 205"),
        ("in nineteen eighty four", "In 1984,"),
        ("dial one nine eight four", "Dial 1984."),
        ("press one or two", "Press 1 or 2."),
        ("it costs five dollars", "It costs $5."),
        ("call five five five one two one two", "Call 555-1212!"),
        ("plain words", "Plain words."),
    ],
)
def test_a_number_counts_as_heard_however_it_is_written(reference, written):
    assert judge_speech.closest(reference, written) == reference


@pytest.mark.parametrize(
    ("reference", "written"),
    [
        ("extension four two seven nine", "Extension 4278."),
        ("press one", "Press 2."),
        ("seven thirty", "7:40"),
        ("four two", "4 2 2"),
        ("please hold the line", "Please hold a line."),
        ("nine", ""),
        ("five hundred", "fife hundred"),
    ],
)
def test_what_was_heard_wrongly_stays_wrong(reference, written):
    heard = judge_speech.closest(reference, written)
    assert heard != reference
    assert judge_speech.jiwer.cer(reference, heard or " ") > 0


class Parrot:
    """Hears the same words in every sound."""

    def hear(self, samples):
        return "Press 1."


def test_errors_are_counted_over_all_sentences_together():
    sounds = [np.ones(100, np.float32)] * 2
    found = judge_speech.summary(judge_speech.judge(sounds, ["Press one.", "Dial two."], Parrot()))
    assert found["wer"] == pytest.approx(2 / 4)
    assert 0 < found["cer"] < 1
    assert found["sentences"] == 2


def test_silence_is_not_made_louder():
    assert not judge_speech.at_peak(np.zeros(10, np.float32)).any()
    assert judge_speech.at_peak(np.full(4, -0.1)).min() == pytest.approx(-judge_speech.PEAK)


@pytest.mark.parametrize("content", ["", "a.wav", "a.wav\t", "a.wav\t..."])
def test_a_list_that_names_no_sound_and_text_is_refused(tmp_path, content):
    path = tmp_path / "list.tsv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"list\.tsv"):
        judge_speech.read_list(path)
