"""The registry of recipes: names without imports, arguments checked before any work."""

import importlib
import sys
import types

import pytest

from deepsense_lib.errors import InputError
from deepsense_lib.training import recipes


@pytest.fixture
def toy(monkeypatch):
    """A recipe that only records how it was called."""
    module = types.ModuleType("deepsense_lib.training.recipes.toy")
    module.run = lambda **arguments: arguments
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(recipes, "names", lambda: ("toy",))


def test_arguments_reach_the_recipe(toy, tmp_path):
    called = recipes.run("toy", "reference", seed=3, out=tmp_path, resume=False)
    assert called == {"scale": "reference", "seed": 3, "out": tmp_path, "resume": False}


def test_default_folder_names_recipe_scale_and_seed(toy):
    assert recipes.run("toy")["out"].as_posix() == "runs/toy-lesson-0"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("nothing",), "no recipe 'nothing'.*toy"),
        (("toy", "huge"), "scale 'huge'.*lesson, reference"),
        (("toy", "lesson", -1), "seed is -1"),
        (("toy", "lesson", 1.5), "seed is 1.5"),
        (("toy", "lesson", True), "seed is True"),
    ],
)
def test_wrong_arguments_are_refused_with_what_was_expected(toy, arguments, named):
    with pytest.raises(InputError, match=named):
        recipes.run(*arguments)


def test_every_recipe_is_listed_and_has_the_one_entry_point():
    for name in recipes.names():
        module = importlib.import_module(f"{recipes.__name__}.{name}")
        assert callable(module.run), name
        assert module.__doc__, name
