"""A small chapter for the tests of the book."""

import nbformat


def notebook(cells):
    """Make a notebook of code cells: source, or (source, metadata)."""
    made = nbformat.v4.new_notebook()
    for number, cell in enumerate(cells):
        source, metadata = cell if isinstance(cell, tuple) else (cell, {})
        made.cells.append(nbformat.v4.new_code_cell(source, metadata=metadata, id=f"cell-{number}"))
    return made


SETUP = """import time
import numpy as np
from tqdm.auto import tqdm
from deepsense_lib.book import claim, figures, player, use_style
use_style()
x = np.sin(2 * np.pi * 440 * np.arange(8000) / 16000)"""
ALT = {"mystnb": {"image": {"alt": "A sine wave"}}}
NOISY = {"tags": ["nbval-ignore-output"]}

# A chapter in small: figures, players, a claim, cells with changing output, a progress bar, an error.
SAMPLE = [
    SETUP,
    ("figures.waveform(x[:300])", ALT),
    ("figures.waveform(x[:290])", ALT),
    ("figures.waveform(x[:280])", ALT),
    ("figures.waveform(x[:270])", {**ALT, "deepsense": {"tolerance": 40}}),
    "player(x, 'A tone', spectrogram=True)",
    "player(x, 'The same tone')",
    "player(x, 'Still the same tone')",
    "player(x, 'A tone again')",
    "claim('The peak', abs(x).max(), between=(0.9, 1))",
    ("print(time.perf_counter())", NOISY),
    ("player(x * (1 + 1e-3 * np.random.rand()), 'Noisy')", NOISY),
    "for i in tqdm(range(2)):\n    print(i)",
    ("1 / 0", {"tags": ["raises-exception"]}),
]
