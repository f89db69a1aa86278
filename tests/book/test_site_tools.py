"""The check of the built site, the formula index and the cards find what they are there to find."""

import json

import pytest

pytest.importorskip("yaml")
import cards
import check_site
import formula_index

HEAD = "".join(f'<meta name="{key}" content="words">' for key in check_site.DESCRIBED)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('<img src="a.png">', "no alternative text"),
        ('<img src="a.png" alt=" ">', "no alternative text"),
        ('<img src="a.png" alt="_images/a.png">', "no alternative text"),
        ('<img src="missing.png" alt="x">', "dead link missing.png"),
        ('<a href="other.html">x</a>', "dead link other.html"),
        ('<a href="#nowhere">x</a>', "dead anchor #nowhere"),
        ('<a href="/index.html">x</a>', "server's root"),
        ('<script src="https://example.org/x.js"></script>', "loads https://example.org/x.js"),
        ('<script src="//example.org/x.js"></script>', "from the network"),
        ('<link rel="stylesheet" href="https://example.org/x.css">', "from the network"),
        ("<style>@import 'https://example.org/x.css';</style>", "from the network"),
        ('<div style="background:url(https://example.org/x.png)"></div>', "from the network"),
        ("<script>fetch('https://example.org/x')</script>", "from the network"),
        ('<audio controls src="a.png"></audio>', "without controls or name"),
        ('<audio aria-label="x" src="a.png"></audio>', "without controls or name"),
        ("<p>````[dropdown] Source of f</p>", "not understood"),
        ("<pre>- Equation: {eq}`eq-a`</pre>", "not understood"),
        ("<p>::: {note}</p>", "not understood"),
    ],
)
def test_site_check_finds(tmp_path, body, words):
    (tmp_path / "a.png").write_bytes(b"x")
    (tmp_path / "index.html").write_text(f"<html>{HEAD}<body>{body}</body></html>")
    found = check_site.check(tmp_path, ["index"])
    assert len(found) == 1, found
    assert words in found[0]


def test_site_check_passes_a_good_page_and_misses_no_page(tmp_path):
    (tmp_path / "a.png").write_bytes(b"x")
    good = (
        '<img src="a.png?v=1" alt="a face"><a href="https://example.org">x</a><p id="here"></p>'
        '<a href="index.html#here">x</a><link rel="canonical" href="https://example.org">'
        '<audio controls aria-label="x" src="data:audio/mpeg;base64,AA"></audio>'
        "<pre>{'eq': x[::2], 'text': f'{ref}'} ``</pre><script>s = '```'</script>"
    )
    (tmp_path / "index.html").write_text(HEAD + good)
    assert check_site.check(tmp_path, ["index"]) == []
    assert check_site.check(tmp_path, ["index", "gone"]) == ["gone.html is missing"]
    (tmp_path / "x.css").write_text("a{background:url('https://example.org/a.png')}")
    assert "x.css" in check_site.check(tmp_path, ["index"])[0]


@pytest.mark.parametrize("key", check_site.DESCRIBED)
def test_site_check_misses_what_a_page_says_of_itself(tmp_path, key):
    (tmp_path / "index.html").write_text(HEAD.replace(f'"{key}" content="words"', f'"{key}" content=" "'))
    assert check_site.check(tmp_path, ["index"]) == [f"index.html: has no {key}"]
    assert check_site.check(tmp_path, []) == []


def course(tmp_path, page="$$\ny = 2x\n$$ (eq-double)", doc="Equation: eq-double", mark='"eq-double"'):
    for folder in ("chapters", "deepsense_lib", "tests"):
        (tmp_path / folder).mkdir()
    cells = [{"cell_type": "markdown", "source": ["# Doubling\n\n", page]}]
    (tmp_path / "chapters" / "a.ipynb").write_text(json.dumps({"cells": cells}))
    (tmp_path / "deepsense_lib" / "f.py").write_text(
        f'def double(x):\n    """Double x.\n\n    {doc}\n    """\n'
    )
    (tmp_path / "tests" / "test_f.py").write_text(f"@pytest.mark.proves({mark})\ndef test_double(): pass\n")
    return formula_index.collect(tmp_path)


def test_formula_index_joins_page_function_and_test(tmp_path):
    equations = course(tmp_path)
    assert formula_index.faults(equations) == []
    text = formula_index.render(equations)
    for part in (
        "y = 2x",
        "deepsense_lib.f.double",
        "tests/test_f.py::test_double",
        "## Doubling",
        ":pyobject: double",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"page": "no equation"}, "no page derives it"),
        ({"doc": "Nothing."}, "no function names it"),
        ({"mark": '"eq-other"'}, "no test proves it"),
        ({"page": "$$ a $$ (eq-double)\n\n$$ b $$ (eq-double)"}, "labelled 2 times"),
    ],
)
def test_formula_index_finds_gaps(tmp_path, options, words):
    assert any(words in fault for fault in formula_index.faults(course(tmp_path, **options)))


def test_math_directives_are_equations_too():
    assert formula_index.labelled("```{math}\n:label: eq-a\nx^2\n```\n") == [("eq-a", "x^2")]


def test_cards(tmp_path):
    (tmp_path / "data" / "x").mkdir(parents=True)
    (tmp_path / "data" / "x" / "README.md").write_text(
        "# X\n\n## Source\n[file](x.csv) [web](https://example.org)\n"
    )
    text = cards.data_page(tmp_path)
    assert "\n## X\n" in text
    assert "### Source" in text
    assert "(x.csv)" not in text
    assert "(https://example.org)" in text
    folder = tmp_path / "data" / "checkpoints"
    folder.mkdir()
    card = {
        "name": "voice",
        "model": "M",
        "must_not": "pass as a person",
        "figures": {"cer": 0.0123, "a|b": [1, 2]},
    }
    (folder / "voice.json").write_text(json.dumps(card))
    text = cards.model_page(tmp_path)
    for part in ("## voice", "pass as a person", "0.0123", "a\\|b"):
        assert part in text
