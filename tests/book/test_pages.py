"""Faces, quizzes, plot style and figures."""

import re

import numpy as np
import pytest

from deepsense_lib.book import quiz, show_faces, symbol_table, use_style
from deepsense_lib.book.style import COLOURS, LINE_STYLES, PAPER, colour
from deepsense_lib.errors import InputError

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("agg")
from matplotlib import pyplot as plt  # noqa: E402

from deepsense_lib.book import figures  # noqa: E402


@pytest.fixture(autouse=True)
def clean_figures():
    with matplotlib.rc_context():
        use_style()
        yield
    plt.close("all")


def luminance(hexadecimal):
    channels = [int(hexadecimal[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(a, b):
    bright, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("role", COLOURS)
def test_symbol_colours_can_be_read_on_light_and_dark(role):
    paper, dark = COLOURS[role]
    assert contrast(paper, PAPER) >= 4.5
    assert contrast(dark, "#14181d") >= 4.5


def test_series_differ_without_colour():
    assert len(set(map(str, LINE_STYLES))) == len(COLOURS)


def test_theme_and_plots_share_their_symbol_colours():
    from pathlib import Path

    css = (Path(__file__).parents[2] / "book" / "css" / "deepsense.css").read_text(encoding="utf-8")
    for role, (_, dark) in COLOURS.items():
        assert dark in css, role
        light = re.search(rf"--sym-{role}: (#\w+)", css)[1]
        assert contrast(light, "#f4f3ee") >= 4.5, role


def test_unknown_role():
    with pytest.raises(InputError, match="there are: signal"):
        colour("nothing")
    with pytest.raises(InputError):
        symbol_table({"x": ("x", "signal", "nothing")})


def test_symbol_table_marks_its_symbols():
    markup = symbol_table(
        {"mel": ("M", "log-mel, (frames, mels)", "mel"), "n": ("n", "index", "")}
    )._repr_html_()
    assert 'class="sym-mel"' in markup
    assert markup.count("<tr>") == 3


@pytest.mark.parametrize(
    "draw",
    [
        lambda ax: figures.waveform(np.zeros(100), ax=ax),
        lambda ax: figures.spectrogram(np.zeros((20, 80)), ax=ax),
        lambda ax: figures.durations(np.zeros((9, 80)), ["SIL", "AA1"], [4, 5], title="t", ax=ax),
        lambda ax: figures.alignment(np.eye(5), list("abcde"), ax=ax),
        lambda ax: figures.confusion(np.eye(3), ["a", "b", "c"], ax=ax),
        lambda ax: figures.curves({"a": [1, 2], "b": [2, 1]}, log=True, ax=ax),
    ],
)
def test_figures_label_their_axes_and_show_nothing_as_text(draw):
    _, ax = plt.subplots()
    assert draw(ax) is None
    assert ax.get_xlabel()
    assert ax.get_ylabel()
    ax.figure.canvas.draw()


def test_spectrogram_puts_time_right_and_frequency_up():
    _, ax = plt.subplots()
    values = np.arange(6.0).reshape(3, 2)
    figures.spectrogram(values, ax=ax, frame_seconds=0.5, top=8000, label="frequency (Hz)")
    image = ax.images[0]
    np.testing.assert_array_equal(image.get_array(), values.T)
    assert list(image.get_extent()) == [0, 1.5, 0, 8000]
    assert image.origin == "lower"


def test_confusion_prints_counts_and_shades_rows():
    _, ax = plt.subplots()
    figures.confusion(np.array([[8, 2], [0, 0]]), ["a", "b"], ax=ax)
    assert [text.get_text() for text in ax.texts] == ["8", "2", "0", "0"]
    np.testing.assert_allclose(ax.images[0].get_array(), [[0.8, 0.2], [0, 0]])


def test_filters_share_one_scale_around_zero():
    figures.filters(np.stack([np.eye(3), -2 * np.eye(3)]))
    limits = {ax.images[0].get_clim() for ax in plt.gcf().axes if ax.images}
    assert limits == {(-2.0, 2.0)}


@pytest.mark.parametrize(
    "bad",
    [
        lambda: figures.spectrogram(np.zeros(5)),
        lambda: figures.spectrogram(np.zeros((0, 5))),
        lambda: figures.confusion(np.eye(3), ["a"]),
        lambda: figures.image_grid([]),
        lambda: figures.image_grid([np.eye(2)], ["a", "b"]),
        lambda: figures.filters(np.eye(3)),
        lambda: figures.durations(np.zeros((9, 80)), ["SIL"], [4, 5]),
        lambda: show_faces([np.eye(3)], [], "one"),
        lambda: show_faces([np.eye(3)], ["a"], " "),
        lambda: show_faces([np.eye(3) * 2], ["a"], "one"),
        lambda: show_faces([np.zeros((2, 2, 4), np.uint8)[0, 0]], ["a"], "one"),
        lambda: quiz("q", {"a": (True, "x"), "b": (True, "y")}),
        lambda: quiz("q", {"a": (True, "x")}),
        lambda: quiz("q", {"a": (True, "x"), "b": (False, " ")}),
    ],
)
def test_refuses(bad):
    with pytest.raises(InputError):
        bad()


def test_faces_have_names_and_are_the_same_twice():
    faces = np.random.default_rng(0).integers(0, 255, (2, 8, 8), np.uint8)
    markup = show_faces(faces, ["fear", "<joy>"], "two faces")._repr_html_()
    assert markup == show_faces(faces, ["fear", "<joy>"], "two faces")._repr_html_()
    assert 'aria-label="two faces"' in markup
    assert re.findall('alt="([^"]*)"', markup) == ["Face 1: fear", "Face 2: &lt;joy&gt;"]


def test_quiz_is_native_and_needs_no_script():
    markup = quiz("Why?", {"because": (True, "yes"), "no <b>": (False, "think")})._repr_html_()
    assert "<fieldset" in markup
    assert "<legend>Why?</legend>" in markup
    assert markup.count('type="radio"') == 2
    assert "script" not in markup
    assert "http" not in markup
    names = set(re.findall('name="([^"]+)"', markup))
    assert len(names) == 1
    for label in re.findall('label for="([^"]+)"', markup):
        assert f'id="{label}"' in markup
    assert "no &lt;b&gt;" in markup
