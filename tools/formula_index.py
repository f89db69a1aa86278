"""The register of the course: every labelled equation with its function, its test and where it is derived.

Reads syntax trees only and imports nothing of the package, so that the site can be built without frameworks.
"""

import ast
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOLLARS = re.compile(r"\$\$(?P<body>(?:(?!\$\$).)+?)\$\$[ \t]*\((?P<label>eq-[\w-]+)\)", re.DOTALL)
DIRECTIVE = re.compile(
    r"^(?P<fence>`{3,}|:{3,})\{math\}[^\n]*\n(?P<body>.*?)^(?P=fence)\s*$", re.DOTALL | re.MULTILINE
)
OPTION = re.compile(r"^:label:[ \t]*(eq-[\w-]+)[ \t]*$", re.MULTILINE)
NAMES = re.compile(r"^\s*Equations?:\s*(.+?)\s*$", re.MULTILINE)
LABEL = re.compile(r"eq-[\w-]+")


@dataclass
class Function:
    """A public function whose docstring names equations."""

    module: str
    name: str
    path: str
    line: int
    summary: str
    labels: tuple[str, ...]


@dataclass
class Equation:
    """A labelled equation of the book and everything that belongs to it."""

    label: str
    body: str = ""
    page: str = ""
    chapter: str = ""
    functions: list[Function] = field(default_factory=list)
    tests: list[str] = field(default_factory=list)
    times_labelled: int = 0


def pages(root: Path = ROOT) -> list[Path]:
    """List the book's pages that are written by hand, in the order of the table of contents' folders."""
    found = [*sorted((root / "chapters").rglob("*.ipynb")), *sorted((root / "chapters").rglob("*.md"))]
    return [path for path in found if path.name != "formulas.md" and ".ipynb_checkpoints" not in path.parts]


def page_text(path: Path) -> str:
    """Give the Markdown of a page; of a notebook, that of its Markdown cells."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return text
    cells = json.loads(text)["cells"]
    return "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")


def labelled(text: str) -> list[tuple[str, str]]:
    """List (label, formula) for every labelled equation of a Markdown text."""
    found = [(match["label"], match["body"].strip()) for match in DOLLARS.finditer(text)]
    for match in DIRECTIVE.finditer(text):
        option = OPTION.search(match["body"])
        if option:
            lines = match["body"].splitlines()
            found.append((option[1], "\n".join(line for line in lines if not line.startswith(":")).strip()))
    return found


def functions(root: Path = ROOT) -> list[Function]:
    """List every function and class of the package whose docstring has a line `Equation: eq-...`."""
    found = []
    for path in sorted((root / "deepsense_lib").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        module = ".".join(path.relative_to(root).with_suffix("").parts)
        for prefix, node in _definitions(tree):
            doc = ast.get_docstring(node) or ""
            labels = tuple(label for line in NAMES.findall(doc) for label in LABEL.findall(line))
            if labels:
                place = path.relative_to(root).as_posix()
                summary = doc.splitlines()[0]
                found.append(Function(module, prefix + node.name, place, node.lineno, summary, labels))
    return found


def _definitions(tree: ast.AST, prefix: str = ""):
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield prefix, node
            if isinstance(node, ast.ClassDef):
                yield from _definitions(node, f"{prefix}{node.name}.")


def proofs(root: Path = ROOT) -> dict[str, list[str]]:
    """Give label -> tests marked `@pytest.mark.proves(label)`, as `path::name`."""
    found: dict[str, list[str]] = {}
    for path in sorted((root / "tests").rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        place = path.relative_to(root).as_posix()
        everywhere = _proved(
            [node.value for node in tree.body if isinstance(node, ast.Assign) and _is_mark(node)]
        )
        for prefix, node in _definitions(tree):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
                name = f"{place}::{prefix.replace('.', '::')}{node.name}"
                for label in [*everywhere, *_proved(node.decorator_list)]:
                    found.setdefault(label, []).append(name)
    return found


def _is_mark(node: ast.Assign) -> bool:
    return any(isinstance(target, ast.Name) and target.id == "pytestmark" for target in node.targets)


def _proved(nodes: list[ast.expr]) -> list[str]:
    """Collect the labels of `proves(...)` calls in decorators or in `pytestmark`."""
    labels = []
    for root in nodes:
        for node in ast.walk(root):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "proves":
                labels += [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
    return labels


def collect(root: Path = ROOT) -> dict[str, Equation]:
    """Join pages, functions and tests; give label -> equation in reading order."""
    equations: dict[str, Equation] = {}
    for path in pages(root):
        text = page_text(path)
        heading = re.search(r"^# (.+)$", text, re.MULTILINE)
        for label, body in labelled(text):
            equation = equations.setdefault(label, Equation(label))
            equation.times_labelled += 1
            equation.body, equation.page = body, path.relative_to(root).as_posix()
            equation.chapter = heading[1] if heading else path.stem
    for function in functions(root):
        for label in function.labels:
            equations.setdefault(label, Equation(label)).functions.append(function)
    for label, tests in proofs(root).items():
        equations.setdefault(label, Equation(label)).tests += tests
    return equations


def faults(equations: dict[str, Equation]) -> list[str]:
    """List every gap: equations without function or test, functions without equation, doubled labels."""
    found = []
    for equation in equations.values():
        if not equation.times_labelled:
            where = [f"{f.path}: {f.name}" for f in equation.functions] + equation.tests
            found.append(f"{equation.label}: no page derives it, but {where[0]} names it")
            continue
        if equation.times_labelled > 1:
            found.append(f"{equation.label}: labelled {equation.times_labelled} times, expected once")
        if not equation.functions:
            found.append(f"{equation.label} ({equation.page}): no function names it")
        if not equation.tests:
            found.append(f"{equation.label} ({equation.page}): no test proves it")
    return found


def render(equations: dict[str, Equation]) -> str:
    """Write the page "Formula index" in Markdown."""
    known = [equation for equation in equations.values() if equation.times_labelled]
    lines = [
        "# Formula index",
        "",
        "Every labelled equation of the book, with the function that computes it, the test that proves the",
        "function, and the place where the equation is derived. This page is generated from the chapters,",
        f"the docstrings and the tests. It lists {len(known)} equations.",
    ]
    chapter = None
    for equation in known:
        if equation.chapter != chapter:
            chapter = equation.chapter
            link = "/" + str(Path(equation.page).with_suffix("")).replace("\\", "/")
            lines += ["", f"## {chapter}", "", f"Derived in {{doc}}`{link}`."]
        lines += _entry(equation)
    return "\n".join(lines) + "\n"


def _entry(equation: Equation) -> list[str]:
    first = equation.functions[0] if equation.functions else None
    title = first.summary.rstrip(".:") if first else equation.label
    lines = ["", f"### {title}", "", "$$", equation.body, "$$", ""]
    lines += [f"- Equation: {{eq}}`{equation.label}`, label `{equation.label}`"]
    lines += [f"- Function: `{function.module}.{function.name}`" for function in equation.functions]
    lines += [f"- Test: `{test}`" for test in equation.tests]
    for function in equation.functions:
        lines += [
            "",
            # No backticks in the title: a fence of backticks must not have any behind it.
            f"````{{dropdown}} Source of {function.name}",
            f"```{{literalinclude}} /{function.path}",
            ":language: python",
            f":pyobject: {function.name}",
            "```",
            "````",
        ]
    return lines


if __name__ == "__main__":
    found = faults(collect())
    print("\n".join(found) or "every equation has its function, its test and its derivation")
    raise SystemExit(bool(found))
