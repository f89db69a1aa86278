"""Settings for every test run: one thread per process, quiet TensorFlow, chapters compared by eye and ear."""

import importlib.util
import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("PYTHONHASHSEED", "0")

if importlib.util.find_spec("nbval"):
    pytest_plugins = ["deepsense_lib.book.pytest_chapters"]
