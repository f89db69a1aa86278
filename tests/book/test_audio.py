import io
from html.parser import HTMLParser

import numpy as np
import pytest

from deepsense_lib.book import player, players
from deepsense_lib.book.audio import mp3, spectrogram_image
from deepsense_lib.book.perceptual import media
from deepsense_lib.errors import InputError

soundfile = pytest.importorskip("soundfile")
TONE = 0.2 * np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)


def tags(markup):
    found = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: found.append((tag, dict(attrs)))
    parser.feed(markup)
    return found


def sounds(shown):
    found = media([{"data": {"text/html": shown._repr_html_()}}])
    return [soundfile.read(io.BytesIO(content))[0] for kind, content in found if kind == "audio/mpeg"]


def test_player_is_named_captioned_and_the_same_twice():
    shown = player(TONE, 'A "tone" <a>', text="la & la")
    assert shown._repr_html_() == player(TONE, 'A "tone" <a>', text="la & la")._repr_html_()
    assert repr(shown) == '<player: A "tone" <a>>'
    audio = next(values for tag, values in tags(shown._repr_html_()) if tag == "audio")
    assert audio["aria-label"] == 'A "tone" <a>'
    assert "controls" in audio
    assert "la &amp; la" in shown._repr_html_()


def test_sound_survives():
    (heard,) = sounds(player(TONE, "tone"))
    assert len(heard) == len(TONE)
    assert abs(np.abs(np.fft.rfft(heard)).argmax() - 440) <= 1


def test_normalisation_can_be_switched_off_so_that_levels_compare():
    loud, quiet = sounds(players({"loud": TONE, "quiet": TONE / 10}, normalize=False))
    assert 8 < np.std(loud) / np.std(quiet) < 12.5
    loud, quiet = sounds(players({"loud": TONE, "quiet": TONE / 10}))
    assert np.std(loud) / np.std(quiet) == pytest.approx(1, abs=0.05)


def test_players_take_words_per_sound():
    markup = players({"one": (TONE, "first"), "two": TONE}, text="both")._repr_html_()
    assert "first" in markup
    assert "both" in markup
    assert markup.count("<audio") == 2


@pytest.mark.parametrize(
    ("samples", "options", "words"),
    [
        (np.array([]), {}, "not empty"),
        (np.zeros((2, 100)), {}, r"\(2, 100\)"),
        (np.array([0.0, np.nan]), {}, "NaN"),
        (np.array([0.0, np.inf]), {}, "NaN or infinity"),
        (np.array([0, 20000], np.int16), {}, "int16"),
        (np.array([0, 1j]), {}, "complex"),
        (np.array(["a"]), {}, "real numbers"),
        (TONE * 10, {"normalize": False}, "peak"),
        (TONE, {"sample_rate": 12345}, "12345 Hz"),
    ],
)
def test_refuses(samples, options, words):
    with pytest.raises(InputError, match=words):
        player(samples, "sound", **options)


def test_refuses_no_caption_and_no_sounds():
    with pytest.raises(InputError, match="caption"):
        player(TONE, "  ")
    with pytest.raises(InputError, match="no sounds"):
        players({})


@pytest.mark.parametrize("samples", [np.zeros(8000), np.array([0.5]), np.float32(TONE)])
def test_odd_sounds_play(samples):
    assert sounds(player(samples, "odd"))[0].shape


def test_rate_of_bytes_is_small():
    noise = np.random.default_rng(0).normal(0, 0.1, 160000)
    assert len(mp3(noise)) < 10 * 9000


def test_spectrogram_shows_the_tone_where_it_is():
    image = spectrogram_image(0.1 * np.sin(2 * np.pi * 2000 * np.arange(16000) / 16000))
    assert image.shape == (64, 360)
    assert image.dtype == np.uint8
    row = image[:, 180].argmin()
    assert abs((63 - row) / 64 * 8000 - 2000) < 200
    assert spectrogram_image(np.zeros(1000)).min() == 255
    shown = player(TONE, "tone", spectrogram=True)._repr_html_()
    image = next(values for tag, values in tags(shown) if tag == "img")
    assert "tone" in image["alt"]
