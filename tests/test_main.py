"""The command line: what it writes, and that every foreseen fault is one line without a traceback."""

import shutil
import subprocess
import sys

import numpy as np
import pytest

from deepsense_lib import pipelines
from deepsense_lib.__main__ import main
from deepsense_lib.datasets import registry
from deepsense_lib.speech import audio

SENTENCE = "Please enter the number of the conference."


def fails(capsys, *arguments):
    """Run a command that must fail with status 1 and one line; return the line."""
    assert main([str(argument) for argument in arguments]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("deepsense: ")
    assert captured.err.count("\n") == 1
    return captured.err


@pytest.fixture(scope="module")
def spoken(tmp_path_factory):
    path = tmp_path_factory.mktemp("speak") / "out.wav"
    assert main(["speak", SENTENCE, "-o", str(path)]) == 0
    return path


def test_speak_writes_speech_that_is_marked_as_synthetic(spoken):
    samples = audio.load(spoken)
    assert 1.5 < len(samples) / 16000 < 5.0
    assert 0.05 < np.abs(samples).max() <= 1.0
    assert audio.is_marked_synthetic(spoken)


def test_speak_is_repeatable(spoken, tmp_path):
    again = tmp_path / "again.wav"
    assert main(["speak", SENTENCE, "-o", str(again)]) == 0
    np.testing.assert_array_equal(audio.load(again), audio.load(spoken))


def test_speed_and_pitch_do_what_they_say(spoken):
    usual, rate = pipelines.speak(SENTENCE)
    fast, _ = pipelines.speak(SENTENCE, speed=2.0)
    higher, _ = pipelines.speak(SENTENCE, pitch=4.0)
    assert len(fast) == pytest.approx(len(usual) / 2, rel=0.15)
    assert len(higher) == len(usual)
    assert rate == 16000


def test_a_text_of_five_thousand_characters_is_spoken_whole():
    one, _ = pipelines.speak(SENTENCE)
    count = 5000 // len(SENTENCE) + 1
    many, _ = pipelines.speak(" ".join([SENTENCE] * count))
    assert len(many) > 0.95 * count * len(one)
    assert np.isfinite(many).all()


@pytest.mark.parametrize("text", ["", "   \n\t ", "🙂🙂", "...", "语音合成", "!?"])
def test_speak_refuses_what_cannot_be_spoken(text, tmp_path, capsys):
    fails(capsys, "speak", text, "-o", tmp_path / "out.wav")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["out.xyz", "out", "missing/folder/out.wav"])
def test_speak_refuses_a_place_it_cannot_write_to(name, tmp_path, capsys):
    fails(capsys, "speak", SENTENCE, "-o", tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("knob", "value"), [("--speed", "0"), ("--speed", "nan"), ("--speed", "-1"), ("--pitch", "inf")]
)
def test_speak_refuses_knobs_out_of_range(knob, value, tmp_path, capsys):
    assert value in fails(capsys, "speak", SENTENCE, "-o", tmp_path / "out.wav", f"{knob}={value}")


def test_recognise_names_the_posed_expression_of_a_shipped_face(tmp_path, capsys):
    from deepsense_lib.datasets.faces import CLASSES, load_faces
    from deepsense_lib.faces.images import save_image

    faces = load_faces("colour", "test")
    right = 0
    for index in range(0, len(faces.labels), max(1, len(faces.labels) // 14)):
        save_image(tmp_path / "face.png", faces.images[index])
        assert main(["recognise", str(tmp_path / "face.png")]) == 0
        first = capsys.readouterr().out.splitlines()[0]
        right += CLASSES[faces.labels[index]] == first.split(": ")[1].split()[0]
    assert right >= 7  # of 14 or 15; chance is 2


@pytest.mark.parametrize("content", [b"", b"not an image", b"\x89PNG\r\n\x1a\n" + bytes(20)])
def test_recognise_refuses_what_is_not_an_image(content, tmp_path, capsys):
    path = tmp_path / "face.png"
    path.write_bytes(content)
    assert "face.png" in fails(capsys, "recognise", path)


def test_recognise_refuses_a_missing_file(tmp_path, capsys):
    assert "nowhere.png" in fails(capsys, "recognise", tmp_path / "nowhere.png")


def test_recognise_refuses_an_image_without_a_face(tmp_path, capsys):
    from deepsense_lib.faces.images import save_image

    save_image(tmp_path / "grey.png", np.full((128, 128), 128, np.uint8))
    assert "no face" in fails(capsys, "recognise", tmp_path / "grey.png")


def test_train_refuses_an_unknown_recipe(capsys):
    assert "expected one of" in fails(capsys, "train", "poetry").lower()


@pytest.fixture
def copied_checkpoints(tmp_path, monkeypatch):
    shutil.copytree(registry.data_dir() / "checkpoints", tmp_path / "data" / "checkpoints")
    monkeypatch.setenv("DEEPSENSE_DATA", str(tmp_path / "data"))
    pipelines.voice.cache_clear()
    yield tmp_path / "data" / "checkpoints"
    pipelines.voice.cache_clear()


def test_a_damaged_checkpoint_is_named_by_its_hash(copied_checkpoints, tmp_path, capsys):
    path = copied_checkpoints / "voice.safetensors"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    message = fails(capsys, "speak", SENTENCE, "-o", tmp_path / "out.wav")
    assert "voice.safetensors" in message
    assert "damaged" in message
    assert not (tmp_path / "out.wav").exists()
    assert main(["data", "verify"]) == 1
    assert "voice.safetensors" in capsys.readouterr().err


def test_a_missing_checkpoint_is_named(copied_checkpoints, tmp_path, capsys):
    (copied_checkpoints / "vocoder.safetensors").unlink()
    assert "vocoder.safetensors" in fails(capsys, "speak", SENTENCE, "-o", tmp_path / "out.wav")


def test_the_checkpoint_of_another_model_is_refused(copied_checkpoints, tmp_path, capsys):
    for suffix in ("safetensors", "json"):
        shutil.copy(copied_checkpoints / f"vocoder.{suffix}", copied_checkpoints / f"voice.{suffix}")
    registry.write_sums(copied_checkpoints)
    message = fails(capsys, "speak", SENTENCE, "-o", tmp_path / "out.wav")
    assert "Vocoder" in message
    assert "ParallelTTS" in message


def test_shipped_data_verify(capsys):
    assert main(["data", "verify"]) == 0
    assert "speech/english: verified" in capsys.readouterr().out


def test_doctor_reports_every_package_and_data_set(capsys):
    status = main(["doctor"])
    report = capsys.readouterr().out
    assert status == int("[!!]" in report)
    for subject in (
        "Python",
        "torch",
        "PyTorch device",
        "data/speech/english",
        "data/faces",
        "data/checkpoints",
    ):
        assert f"] {subject}: " in report


def test_a_fault_leaves_no_traceback_in_a_real_process(tmp_path):
    run = subprocess.run(
        [sys.executable, "-m", "deepsense_lib", "speak", "", "-o", str(tmp_path / "out.wav")],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1
    assert "Traceback" not in run.stderr
    assert run.stderr.startswith("deepsense: ")
