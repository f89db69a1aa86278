import pytest

from deepsense_lib.faces.expressions import prototype
from deepsense_lib.faces.identity import sample_identity
from deepsense_lib.faces.renderer import render
from deepsense_lib.faces.scene import Scene


@pytest.fixture(scope="session")
def portrait():
    """A face with some room around it, 128 pixels, with its truth."""
    return render(sample_identity(5004), prototype("neutral"), Scene(zoom=0.8, seed=3), 128)
