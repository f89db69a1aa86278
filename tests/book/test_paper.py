"""On paper nothing is lost: players keep their words, tables their cells, questions their answer."""

import io
import json
import re

import numpy as np
import pytest

pytest.importorskip("PIL")
pytest.importorskip("soundfile")
import build_pdf
import paper
from build_book import ROOT
from PIL import Image

from deepsense_lib.book import player, quiz, show_faces, table

ADDRESS = "https://example.org/page.html"


def printed(shown, tmp_path):
    return paper.printable(shown.markup, tmp_path / "printed", ADDRESS)


def pictures(text, tmp_path):
    return [Image.open(tmp_path / name) for name in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text)]


def test_a_player_becomes_its_spectrogram_its_words_and_a_link(tmp_path):
    tone = np.sin(2 * np.pi * 4000 * np.arange(8000) / 16000)
    text = printed(player(tone, "A tone", text="no words [really]"), tmp_path)
    assert "**A tone**" in text
    assert r"“no words \[really\]”" in text
    assert f"]({ADDRESS})" in text
    (picture,) = pictures(text, tmp_path)
    rows = 255 - np.asarray(picture.convert("L"), float).mean(1)
    assert abs(rows.argmax() / len(rows) - 0.5) < 0.1  # 4 kHz of 8 lies in the middle


def test_a_table_keeps_every_cell(tmp_path):
    shown = table(["name", "a|b"], [["x", "1 < 2"], ["y", "$3"]], "Two rows")
    lines = printed(shown, tmp_path).splitlines()
    assert lines[0] == "**Two rows**"
    assert lines[2:] == [r"| name | a\|b |", "|---|---|", r"| x | 1 \< 2 |", r"| y | \$3 |"]


def test_a_question_keeps_its_options_and_tells_the_answer(tmp_path):
    text = printed(quiz("Why?", {"No": (False, "Never."), "Yes": (True, "Always.")}), tmp_path)
    assert "**Why?**" in text
    assert "- a) No" in text
    assert "- b) Yes" in text
    assert text.splitlines()[-1] == "*b) Right. Always.*"
    assert "Never" not in text


def test_faces_become_one_picture_with_their_names(tmp_path):
    grey = [np.full((8, 8), level, np.uint8) for level in (0, 255)]
    text = printed(show_faces(grey, ["dark", "light"], "Two"), tmp_path)
    assert "dark, light" in text
    (picture,) = pictures(text, tmp_path)
    levels = np.asarray(picture.convert("L"))
    assert levels[50, 50] < 20 < 235 < levels[50, 150]


def test_an_address_needs_a_folder(tmp_path):
    sound = "<figcaption>x</figcaption><audio src='voice.mp3'></audio>"
    with pytest.raises(ValueError, match=r"found the address voice\.mp3"):
        paper.printable(f"<figure class='ds-player'>{sound}</figure>", tmp_path, ADDRESS)


def test_a_folded_solution_is_open_on_paper(tmp_path):
    page = "<details>\n<summary>Solution: x</summary>\n\n```python\na < b\n```\n\n</details>\n"
    text = build_pdf.printed_page(page, tmp_path, ADDRESS, tmp_path)
    assert "**Solution: x**" in text
    assert "a < b" in text
    assert "details" not in text


@pytest.mark.parametrize("page", ["index", "chapters/speech/spectrum", "chapters/faces/convolution"])
def test_no_page_keeps_what_needs_a_browser(page, tmp_path):
    path = next(ROOT.glob(f"{page}.*"))
    rewrite = build_pdf.printed_notebook if path.suffix == ".ipynb" else build_pdf.printed_page
    sounds = ROOT / "book" / "extra" / path.relative_to(ROOT).parent
    text = rewrite(path.read_text(encoding="utf-8"), tmp_path / "printed", ADDRESS, sounds)
    shown = text
    if path.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        outputs = [output.get("data", {}) for cell in cells for output in cell.get("outputs", ())]
        assert not any("text/html" in data for data in outputs)
        shown = "\n".join("".join(data.get("text/markdown", "")) for data in outputs)
    assert not re.search(r"<(audio|div|figure|fieldset|table|style|script)\b", shown)
    assert len(pictures(shown, tmp_path)) >= 1
    for name in (tmp_path / "printed").iterdir():
        assert Image.open(io.BytesIO(name.read_bytes())).size[0] > 50


def test_the_printed_book_has_the_settings_of_the_site_that_paper_knows():
    import yaml

    config = build_pdf.printed_config(yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8")))
    assert not any(name.startswith("html") for name in config["sphinx"]["config"])
    macros = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    for name in macros["sphinx"]["config"]["mathjax3_config"]["tex"]["macros"]:
        assert rf"\newcommand{{\{name}}}" in config["sphinx"]["config"]["latex_elements"]["preamble"]


def test_what_latex_stumbles_over_is_a_fault():
    lines = [
        "! Missing { inserted.",
        "fine",
        "LaTeX Warning: Reference `eq-a' on page 3 undefined on input line 9.",
        "Missing character: There is no x in font y!",
        "! Missing { inserted.",
        "LaTeX Font Warning: z undefined",
    ]
    assert build_pdf.faults("\n".join(lines)) == [lines[0], lines[2], lines[3]]
    assert build_pdf.faults("LaTeX Font Warning: Font shape undefined\nOutput written\n") == []
