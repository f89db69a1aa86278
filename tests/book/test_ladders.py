"""The page "Two ladders" tells what was measured, all of it, and claims nothing inside the noise."""

import json
import re
import shutil
import sys
from pathlib import Path

import pytest

pytest.importorskip("yaml")
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import ladder_markup as markup  # noqa: E402
import ladder_sources as sources  # noqa: E402
import ladders  # noqa: E402

from deepsense_lib.datasets.faces import CLASSES, LEVELS  # noqa: E402
from deepsense_lib.errors import DataError  # noqa: E402
from deepsense_lib.evaluation.classification import over_seeds, wilson  # noqa: E402

SOUNDS = ROOT / "book" / "extra" / "ladders"
SHIFTS = {"front": [0.9, 0.85, 0.93], "mask": [0.6, 0.53, 0.66]}


def a_matrix(right=90, each=100):
    """A confusion matrix with the same number of right answers in each class; the rest go one class on."""
    rows = [[0] * len(CLASSES) for _ in CLASSES]
    for k, row in enumerate(rows):
        row[k], row[(k + 1) % len(CLASSES)] = right, each - right
    return rows


def a_run(system, level="lesson", seed=0, accuracy=0.9, **more):
    return {
        "system": system,
        "level": level,
        "seed": seed,
        "accuracy": accuracy,
        "confusion": a_matrix(),
        **more,
    }


@pytest.fixture
def root(tmp_path):
    """A small project: real voices and cards, made-up recognisers."""
    data = tmp_path / "data"
    (data / "experiments").mkdir(parents=True)
    (data / "checkpoints").mkdir()
    shutil.copy(ROOT / "data" / "experiments" / "ladder.json", data / "experiments")
    for card in (ROOT / "data" / "checkpoints").glob("*.json"):
        shutil.copy(card, data / "checkpoints")
    rows = [a_run("cnn", level, seed, 0.9 + seed / 100) for level in LEVELS for seed in range(3)]
    rows[0] |= {"shift_accuracy": SHIFTS, "parameters": 111_735, "cpu_seconds": 120.0}
    rows[0] |= {"images_per_second": {"1": 900.0, "64": 1700.0}}
    write(tmp_path, "recognisers", rows)
    write(tmp_path, "masked", [a_run("mae_probe", accuracy=0.5)])
    return tmp_path


def write(root, name, rows):
    path = root / "data" / "experiments" / f"{name}.json"
    path.write_text(json.dumps({"runs": rows}), encoding="utf-8")


def row_of(page, caption, system):
    """The cells of a system in the table with a caption, as text."""
    table = next(t for t in page.split("<table")[1:] if f"<caption>{caption}" in t)
    row = next(r for r in table.split("<tr>") if re.sub("<[^>]*>", "", r.split("</th>")[0]) == system)
    return [re.sub("<[^>]*>", " ", cell).split() for cell in re.findall("<td>(.*?)</td>", row)]


def test_the_page_of_the_course_is_what_its_files_give():
    page = ladders.ladders_page(ROOT)
    assert page == ladders.ladders_page(ROOT)
    written = ROOT / "chapters" / "reference" / "ladders.md"
    if written.is_file():  # made when the book is built, and not kept in the repository
        assert written.read_text(encoding="utf-8") == page, "make it again: python tools/ladders.py"
    assert "$" not in page


@pytest.mark.parametrize("name", ["recognisers.json", "masked.json", "ladder.json"])
def test_a_missing_file_is_named_with_the_command_that_makes_it(root, name):
    (root / "data" / "experiments" / name).unlink()
    with pytest.raises(DataError, match=rf"{name} is missing.*python tools/"):
        ladders.ladders_page(root)


def test_a_voice_that_was_not_measured_and_a_part_without_a_card_are_named(root):
    path = root / "data" / "experiments" / "ladder.json"
    ladder = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**ladder, "order": [*ladder["order"], "bellows"]}), encoding="utf-8")
    with pytest.raises(DataError, match="'bellows', which was not measured"):
        sources.voices(root)
    ladder["systems"]["recordings"]["parts"] = ["bellows"]
    path.write_text(json.dumps(ladder), encoding="utf-8")
    with pytest.raises(DataError, match=r"bellows\.json is missing, a part of 'recordings'"):
        sources.voices(root)


def test_every_voice_has_its_figures_its_cost_and_three_players(root):
    page = ladders.ladders_page(root)
    rungs, sentences = sources.voices(root)
    assert len(rungs) >= 10
    assert len(sentences) == 3
    assert page.count("<audio controls") == 3 * len(rungs)
    for name, row in rungs.items():
        cells = row_of(page, "Voices: errors", name)
        assert cells[0][0] == f"{100 * row['cer_test'][0]:.1f}"
        assert (cells[1] == ["–"]) == (not row["from_text"])
        assert cells[3][0] == f"{row['dnsmos'][0]:.2f}"
        assert (cells[-1] == ["–"]) == ("focus_rate" not in row)
        assert row_of(page, "Voices: size", name)[1] == [f"{row['parameters']:,}"]
    # The attention needs the vocoder: both were trained.
    cards = sources.cards(root)
    spent = (cards["tacotron"]["cpu_seconds"] + cards["vocoder"]["cpu_seconds"]) / 60
    assert row_of(page, "Voices: size", "attention")[2] == [f"{spent:.1f}"]


def test_the_players_have_their_sounds_and_no_sound_lies_idle():
    rungs, _ = sources.voices(ROOT)
    named = {file for row in rungs.values() for file in row.get("sounds", {}).values()}
    there = {path.name for path in SOUNDS.iterdir()}
    assert named == there
    assert sum((SOUNDS / name).stat().st_size for name in there) < 1_000_000


def test_a_new_voice_and_a_new_recogniser_appear_by_their_rows_alone(root):
    path = root / "data" / "experiments" / "ladder.json"
    ladder = json.loads(path.read_text(encoding="utf-8"))
    figures = {"parts": [], "from_text": True, "parameters": 12, "cer_test": [0.3, 0.2, 0.4]}
    ladder["systems"]["bellows & reeds"] = {**figures, "dnsmos": [2, 1.5, 2.5], "training_cpu_seconds": 90}
    path.write_text(json.dumps(ladder), encoding="utf-8")
    write(root, "before", [a_run("eigen_faces", "medium", accuracy=0.25)])
    write(root, "other", [{"system": "no recogniser", "score": 1}])
    page = ladders.ladders_page(root)
    assert row_of(page, "Voices: errors", "bellows &amp; reeds")[0] == ["30.0", "20.0", "to", "40.0"]
    assert row_of(page, "Voices: size", "bellows &amp; reeds")[2] == ["1.5"]
    assert row_of(page, "Recognisers: accuracy", "eigen faces")[2][0] == "25.0"
    assert row_of(page, "Recognisers: accuracy", "eigen faces")[1] == ["–"]
    assert "no recogniser" not in page


def test_recognisers_have_levels_shifts_cost_and_matrices(root):
    page = ladders.ladders_page(root)
    name = sources.TITLES["cnn"]
    runs, *levels = row_of(page, "Recognisers: accuracy", name)
    assert runs == ["3"]
    assert [cells[0] for cells in levels] == ["91.0"] * 3
    assert row_of(page, "Recognisers: size", name) == [["111,735"], ["2.0"], ["–"], ["–"], ["900"], ["1,700"]]
    assert f"<strong>{name}</strong>: 1,890 of 2,100 right" in page  # three runs of 700 pictures
    shift = row_of(page, "Recognisers under shifts", "mask")
    assert ["60.0"] in [cells[:1] for cells in shift]


def test_a_card_counts_all_its_seeds_and_is_left_out_where_it_is_one_of_the_runs(root):
    card = json.loads((root / "data" / "checkpoints" / "expression.json").read_text(encoding="utf-8"))
    runs = sources.recognisers(root)["expression"]["lesson"]
    assert sorted(run["accuracy"] for run in runs) == sorted(card["figures"]["seed_accuracy"])
    assert sum("confusion" in run for run in runs) == 1
    (root / "data" / "checkpoints" / "expression_cnn.json").write_text(json.dumps(card), encoding="utf-8")
    assert "expression_cnn" not in sources.recognisers(root)


def test_the_trained_numbers_of_the_shipped_network_are_counted():
    assert sources.trained_numbers(ROOT, "expression") == 111_735
    assert sources.trained_numbers(ROOT, "nothing") is None


def test_the_interval_is_the_wider_of_seeds_and_pictures():
    alike = [{"accuracy": 0.8}] * 3
    found = ladders.estimate(alike, lambda run: run["accuracy"], 1000)
    assert (found.low, found.high) == pytest.approx(wilson(800, 1000)[1:])
    apart = [{"accuracy": a} for a in (0.7, 0.8, 0.9)]
    found = ladders.estimate(apart, lambda run: run["accuracy"], 1000)
    assert found.value == pytest.approx(0.8)
    assert found.low == pytest.approx(over_seeds([0.7, 0.8, 0.9]).low)
    assert found.high == 1.0  # never more than all
    assert ladders.estimate([{}], lambda run: run.get("accuracy"), 1000) is None


def interval(value, half):
    return markup.Interval(value, value - half, value + half)


def test_a_remark_names_a_winner_only_beyond_the_intervals():
    found = {"a": interval(0.10, 0.02), "b": interval(0.13, 0.02), "c": interval(0.30, 0.02)}
    text = markup.remark("Errors", found, best="lowest", unit="%")
    assert text.startswith("**Errors**: lowest for a (10.0 %).")
    same, behind = text.split("Worse by more")
    assert "Not told apart from it, since the intervals overlap: b." in same
    assert behind.endswith("c.")
    assert "lowest for a" not in markup.remark("x", found, best="highest", unit="2")
    alone = markup.remark("x", {"a": found["a"], "c": found["c"]}, best="lowest", unit="%")
    assert "Not told apart" not in alone
    assert markup.remark("x", {"a": found["a"]}, best="lowest", unit="%") == ""


def test_overlap_is_symmetric_and_touching_counts():
    one, other = markup.Interval(0.5, 0.4, 0.6), markup.Interval(0.7, 0.6, 0.8)
    assert markup.overlap(one, other)
    assert markup.overlap(other, one)
    assert not markup.overlap(one, markup.Interval(0.7, 0.61, 0.8))


def test_a_matrix_says_in_words_what_its_shades_show():
    text = markup.matrix("a < b", [[8, 2], [5, 5]], ["joy", "fear"])
    assert "<strong>a &lt; b</strong>: 13 of 20 right; most often fear is taken for joy, 5 of 10" in text
    assert re.findall(r"--share:(\d+)%", text) == ["80", "20", "50", "50"]
    assert '<abbr title="joy">joy</abbr>' in text
    assert text.count('scope="row"') == 2
    assert "most often" not in markup.matrix("x", [[3, 0], [0, 3]], ["joy", "fear"])


def test_the_page_can_be_printed(root, tmp_path):
    pytest.importorskip("PIL")
    pytest.importorskip("soundfile")
    import build_pdf

    sounds = ROOT / "book" / "extra" / "chapters" / "reference"  # as the printing gives it
    page = ladders.ladders_page(root)
    text = build_pdf.printed_page(page, tmp_path / "printed", "https://example.org/page.html", sounds)
    assert not re.search(r"<(audio|div|figure|table|small|th|td)\b", text)
    assert text.count("![Spectrogram of: ") == page.count("<audio controls")
    assert "| attention | " in text
