"""The walls of the house: who may import whom, how long files may be, and that no equation is left alone."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "deepsense_lib"
sys.path.insert(0, str(ROOT / "tools"))

import formula_index  # noqa: E402

FRAMEWORKS = {
    "torch",
    "torchvision",
    "torchaudio",
    "tensorflow",
    "keras",
    "jax",
    "lightning",
    "lightning_fabric",
}
# The command line and its doctor look at the frameworks that are installed.
WITH_FRAMEWORK = {"torch_models", "keras_models", "training", "pipelines", "__main__", "doctor"}
# Storey -> the storeys of ours that it may import (itself always). `errors` and `files` are open to all.
MAY_IMPORT = {
    "formulas": set(),
    "speech": {"formulas"},
    "faces": {"formulas"},
    "datasets": {"speech", "faces"},
    "evaluation": set(),
    "torch_models": {"formulas", "speech", "weights"},
    "keras_models": {"formulas", "speech", "weights"},
    "weights": set(),
    "training": {"datasets", "torch_models", "evaluation", "speech", "faces", "formulas", "weights"},
    "exercises": {"formulas"},
    "book": set(),
}
SERVE_CHAPTERS_ONLY = {"book", "exercises"}
FILES = sorted(path for path in PACKAGE.rglob("*.py"))
EQUATIONS = formula_index.collect(ROOT)


def storey(path):
    inside = path.relative_to(PACKAGE).parts
    return inside[0].removesuffix(".py")


def imported(path):
    """List (module, line) for every import of a file, at any level, lazy ones included."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import; write the full name"
            if node.module == "deepsense_lib":
                found += [(f"deepsense_lib.{alias.name}", node.lineno) for alias in node.names]
            else:
                found.append((node.module, node.lineno))
    return found


def ids(path):
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_imports_keep_the_walls(path):
    here = storey(path)
    for module, line in imported(path):
        top = module.split(".")[0]
        place = f"{ids(path)}:{line}: imports {module}"
        if here not in WITH_FRAMEWORK:
            assert top not in FRAMEWORKS, place
        if here == "torch_models":
            assert top not in {"tensorflow", "keras"}, place
        if here == "keras_models":
            assert top != "torch", place
        assert "chapters" not in module.split("."), place
        if top != "deepsense_lib" or module == "deepsense_lib":
            continue
        there = module.split(".")[1]
        if there in ("errors", "files", here):
            continue
        if here in MAY_IMPORT:
            assert there in MAY_IMPORT[here], place
        assert there not in SERVE_CHAPTERS_ONLY or here in SERVE_CHAPTERS_ONLY, place


@pytest.mark.parametrize("path", [p for p in FILES if storey(p) == "formulas"], ids=ids)
def test_formulas_import_numpy_alone(path):
    for module, line in imported(path):
        top = module.split(".")[0]
        ours = module.startswith("deepsense_lib.formulas") or module == "deepsense_lib.errors"
        assert top == "numpy" or ours or top in sys.stdlib_module_names, f"{ids(path)}:{line}: {module}"


def test_nothing_imports_in_a_circle():
    known = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in FILES
    }
    top_level = {}
    for name, path in known.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        needs = set()
        for node in tree.body:
            if isinstance(node, ast.Import):
                needs |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                needs |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        # A package's own __init__ is loaded before its modules; that is no circle by itself.
        top_level[name] = {need for need in needs if need in known and need != name} - {"deepsense_lib"}
    done, path_now = set(), []

    def visit(name):
        assert name not in path_now, " -> ".join([*path_now[path_now.index(name) :], name])
        if name not in done:
            path_now.append(name)
            for need in sorted(top_level[name]):
                visit(need)
            path_now.pop()
            done.add(name)

    for name in sorted(known):
        visit(name)


@pytest.mark.parametrize(
    "path", [*FILES, *sorted((ROOT / "tools").glob("*.py")), *sorted((ROOT / "tests").rglob("*.py"))], ids=ids
)
def test_no_file_is_too_long(path):
    lines = len(path.read_text(encoding="utf-8").splitlines())
    # Tables of cases make tests a little longer.
    limit = 380 if "tests" in path.parts else 320
    assert lines <= limit, f"{lines} lines, at most {limit} are allowed. Split the file by topic."


def test_importing_the_package_is_light():
    code = (
        "import sys; import deepsense_lib, deepsense_lib.book, deepsense_lib.exercises, "
        "deepsense_lib.speech, deepsense_lib.faces, deepsense_lib.datasets, deepsense_lib.formulas, "
        "deepsense_lib.evaluation; "
        "print(' '.join(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = set(done.stdout.split())
    heavy = {
        "librosa",
        "cv2",
        "numba",
        "matplotlib",
        "soundfile",
        "scipy",
        "sklearn",
        "PIL",
        "pandas",
        "IPython",
    }
    assert not loaded & (FRAMEWORKS | heavy)


def test_formula_index_has_no_gap():
    assert formula_index.faults(EQUATIONS) == []


def public(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [n for n in tree.body if isinstance(n, (ast.FunctionDef, ast.ClassDef)) and n.name[0] != "_"]


@pytest.mark.parametrize("path", [p for p in FILES if storey(p) == "formulas"], ids=ids)
def test_a_formula_is_one_equation_with_shapes_and_source(path):
    for node in public(path):
        if any(getattr(base, "id", "") == "NamedTuple" for base in getattr(node, "bases", ())):
            continue  # only a record, which names what a formula returns
        doc = ast.get_docstring(node) or ""
        labels = [
            label for line in formula_index.NAMES.findall(doc) for label in formula_index.LABEL.findall(line)
        ]
        assert len(labels) == 1, f"{ids(path)}: {node.name} names the equations {labels}, expected one"
        assert "Source:" in doc, f"{ids(path)}: {node.name} has no source"


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_public_things_say_what_they_do(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if path.name != "__init__.py" or tree.body:
        assert ast.get_docstring(tree), f"{ids(path)} has no docstring"
    for node in public(path):
        assert ast.get_docstring(node), f"{ids(path)}: {node.name} has no docstring"
