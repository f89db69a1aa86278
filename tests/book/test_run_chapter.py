"""Chapters are stored in one form, and a change of text, figure or sound fails the nbval run."""

import base64
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
from sample_chapter import SAMPLE, notebook

ROOT = Path(__file__).resolve().parents[2]
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("nbval")
import notebook_outputs as outputs  # noqa: E402
import run_chapter  # noqa: E402
from PIL import Image  # noqa: E402

from deepsense_lib.book.perceptual import picture_difference  # noqa: E402


def nbval(path, *options):
    """Run nbval on one notebook with the plugin, in a process of its own; give (exit code, what it said)."""
    command = [sys.executable, "-m", "pytest", "-p", "deepsense_lib.book.pytest_chapters", "--nbval"]
    # -rN: no short summary, which on a CI machine repeats every report in full.
    command += ["--nbval-current-env", "-q", "-rN", "--color=no", "-c", os.devnull, *options, str(path)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=path.parent, env=environment, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """The sample chapter, executed and stored once for this file."""
    path = tmp_path_factory.mktemp("chapter") / "sample.ipynb"
    nbformat.write(notebook(SAMPLE), path)
    assert run_chapter.run(path) == []
    return path


def test_running_again_changes_no_byte(stored):
    before = stored.read_bytes()
    assert run_chapter.run(stored) == []
    assert stored.read_bytes() == before


def test_stored_form(stored):
    book = json.loads(stored.read_text(encoding="utf-8"))
    cells = [cell for cell in book["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    assert [cell["id"] for cell in cells] == [f"cell-{number}" for number in range(len(cells))]
    assert book["metadata"]["kernelspec"]["name"] == "python3"
    assert not any("execution" in cell["metadata"] for cell in cells)
    assert "widget" not in stored.read_text(encoding="utf-8")
    assert cells[-2]["outputs"][0]["text"] == ["0\n", "1\n"]
    assert cells[-1]["outputs"][0]["traceback"] == ["ZeroDivisionError: division by zero"]
    picture = Image.open(io.BytesIO(base64.b64decode(cells[1]["outputs"][0]["data"]["image/png"])))
    assert picture.mode == "P"


def test_unchanged_chapter_passes(stored):
    code, said = nbval(stored)
    assert code == 0, said
    assert f"{len(SAMPLE)} passed" in said


CHANGES = [
    ("figures.waveform(x[:300])", "figures.waveform(x[20:320])", "picture 1 changed"),
    ("figures.waveform(x[:290])", "figures.waveform(x[:290], title='Other')", "picture 1 changed"),
    ("figures.waveform(x[:280])", "claim('no figure', True)", "text/plain"),
    (
        "player(x, 'A tone', spectro",
        "player(x * np.linspace(0, 1, 8000), 'A tone', spectro",
        "sound 1 changed",
    ),
    ("player(x, 'The same tone')", "player(x[:4000], 'The same tone')", "sound 1 changed: length"),
    (
        "player(x, 'Still the",
        "player(np.sin(np.arange(8000) * 0.18), 'Still the",
        "sound 1 changed: its spectrum",
    ),
    ("player(x, 'A tone again')", "player(x, 'Another tone')", "mismatch 'text/html'"),
    ("between=(0.9, 1)", "between=(0.8, 1)", "mismatch 'stdout'"),
    ("print(time.perf_counter())", "player(x, 'More')", "stored 0 pictures and 0 sounds"),
    ("player(x * (1 + 1e-3 * np.random.rand()), 'N", "player(x[:4000], 'N", "sound 1 changed: length"),
]


def test_every_changed_figure_sound_and_text_fails(stored, tmp_path):
    text = stored.read_text(encoding="utf-8")
    for old, new, _ in CHANGES:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    # This cell asks for a wide tolerance, so a small change must pass.
    text = text.replace("figures.waveform(x[:270])", "figures.waveform(x[:270] * 0.97)")
    path = tmp_path / "changed.ipynb"
    path.write_text(text, encoding="utf-8")
    code, said = nbval(path)
    assert code == 1
    assert f"{len(CHANGES)} failed, {len(SAMPLE) - len(CHANGES)} passed" in said, said
    # pytest pads a report's headline to 80 columns, so a long path leaves one underscore on either side.
    reports = re.split(r"^_+ .*::Cell \d+ _+$", said, flags=re.MULTILINE)[1:]
    assert len(reports) == len(CHANGES), said
    for report in reports:
        changed = [words for _, new, words in CHANGES if new in report]
        assert len(changed) == 1, report
        assert changed[0] in report, report


def test_gpu_mode_forgives_last_digits_and_nothing_more(stored, tmp_path):
    text = stored.read_text(encoding="utf-8")
    text = text.replace("figures.waveform(x[:300])", "figures.waveform(x[:300] * 0.97)")
    text = text.replace(
        "player(x, 'A tone again')", "player(x + np.random.randn(8000) / 1e4, 'A tone again')"
    )
    text = text.replace("player(x, 'The same tone')", "player(x[:1000], 'The same tone')")
    path = tmp_path / "gpu.ipynb"
    path.write_text(text, encoding="utf-8")
    code, said = nbval(path, "--chapters-tolerant")
    assert code == 1
    assert f"1 failed, {len(SAMPLE) - 1} passed" in said, said


def test_chapter_without_outputs_is_refused(stored, tmp_path):
    book = nbformat.read(stored, as_version=4)
    for cell in book.cells:
        cell.outputs, cell.execution_count = [], None
    path = tmp_path / "empty.ipynb"
    nbformat.write(book, path)
    code, said = nbval(path)
    assert code != 0
    assert "was never executed" in said


def test_broken_chapter_is_named_and_not_written(tmp_path):
    path = tmp_path / "faulty.ipynb"
    nbformat.write(notebook(["raise ValueError('broken')"]), path)
    before = path.read_bytes()
    (found,) = run_chapter.run(path)
    assert "does not run" in found
    assert "ValueError: broken" in found
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_machine_paths_and_figures_without_words_are_refused(tmp_path):
    path = tmp_path / "faulty.ipynb"
    cells = [
        "print('/home/someone/file.wav')",
        "import numpy\nprint(numpy.__file__)",
        "import matplotlib.pyplot as plt\nplt.plot([1, 2]);",
    ]
    nbformat.write(notebook(cells), path)
    before = path.read_bytes()
    found = run_chapter.run(path)
    assert [fault.split(":")[0] for fault in found[:2]] == [
        f"cell {i} prints a path of this machine" for i in (0, 1)
    ]
    assert "cell 2 draws a figure without" in found[2]
    assert path.read_bytes() == before


def test_unknown_chapter_is_named():
    with pytest.raises(SystemExit, match="named 'nothing'"):
        run_chapter.find("nothing")


def png(image):
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "PNG")
    return stream.getvalue()


def test_palette_keeps_the_picture():
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 64, axis=0).repeat(3, axis=2)
    small = base64.b64decode(outputs.small_png(png(ramp)))
    back = np.asarray(Image.open(io.BytesIO(small)).convert("RGB")).astype(int)
    assert np.abs(back - ramp).max() <= 4
    assert outputs.small_png(png(ramp)) == outputs.small_png(png(ramp))


def test_a_figure_equals_itself_stored_with_few_colours():
    shades = np.random.default_rng(0).integers(0, 256, (96, 96, 3)).repeat(4, 0).repeat(4, 1).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(shades).save(stream, "PNG")
    fresh, few = stream.getvalue(), base64.b64decode(outputs.small_png(stream.getvalue()))
    assert not picture_difference(few, fresh)
    assert not picture_difference(fresh, few)
    stream = io.BytesIO()
    Image.fromarray(255 - shades).save(stream, "PNG")
    assert "looks different" in picture_difference(few, stream.getvalue())


def test_first_words_of_a_framework_are_not_stored():
    first = "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n"
    first += "I0000 00:00:1795494008.930879   12303 port.cc:153] custom operations are on.\n"
    cells = [nbformat.v4.new_code_cell("1 / 3", id=name) for name in ("quiet", "warned")]
    cells[0].outputs = [nbformat.v4.new_output("stream", name="stderr", text=first)]
    cells[1].outputs = [nbformat.v4.new_output("stream", name="stderr", text=first + "a real warning\n")]
    book = nbformat.v4.new_notebook(cells=cells)
    outputs.normalise(book)
    assert book.cells[0].outputs == []
    assert [output.text for output in book.cells[1].outputs] == ["a real warning\n"]


def test_transparent_figures_lie_on_paper():
    clear = np.zeros((8, 8, 4), np.uint8)
    back = Image.open(io.BytesIO(base64.b64decode(outputs.small_png(png(clear))))).convert("RGB")
    assert np.asarray(back).min() == 255


def executed(text, tags=()):
    cell = notebook([("code", {"tags": list(tags)})]).cells[0]
    cell.execution_count = 1
    cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=text)]
    return nbformat.v4.new_notebook(cells=[cell])


@pytest.mark.parametrize(
    ("old", "new", "kept"),
    [("loss 0.50", "loss 0.45", True), ("loss 0.50", "loss 2.0", False), ("loss 0.5", "error 0.5", False)],
)
def test_noisy_cells_keep_their_stored_output_only_while_it_is_about_right(old, new, kept):
    before, after = executed(old, ["nbval-ignore-output"]), executed(new, ["nbval-ignore-output"])
    assert outputs.keep_stored(before, after) == int(kept)
    assert after.cells[0].outputs[0].text == (old if kept else new)


def test_compared_cells_never_keep_another_text():
    before, after = executed("loss 0.50"), executed("loss 0.51")
    assert outputs.keep_stored(before, after) == 0
    assert after.cells[0].outputs[0].text == "loss 0.51"


def test_ids_are_made_where_missing_or_doubled():
    book = notebook(["a = 1", "a = 1"])
    book.cells[1].id = book.cells[0].id
    outputs.normalise(book)
    first = [cell.id for cell in book.cells]
    outputs.normalise(book)
    assert first == [cell.id for cell in book.cells]
    assert len(set(first)) == 2


def test_an_address_of_an_object_is_a_fault(tmp_path):
    import notebook_outputs
    from nbformat import v4

    shown = {"text/plain": "<matplotlib.legend.Legend at 0x7f01a9ae6350>"}
    cell = v4.new_code_cell("ax.legend()", outputs=[v4.new_output("execute_result", shown)])
    (fault,) = notebook_outputs.faults(v4.new_notebook(cells=[cell]), tmp_path)
    assert "changes with each run; assign it to _" in fault
    cell.outputs = [v4.new_output("stream", text="loaded at 0x7f by hand")]
    assert notebook_outputs.faults(v4.new_notebook(cells=[cell]), tmp_path) == []
