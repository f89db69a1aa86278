"""Run a learner's function so that nothing it does can hurt the notebook or show a traceback of ours."""

import contextlib
import ctypes
import inspect
import io
import linecache
import random
import re
import signal
import sys
import sysconfig
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

SEED = 20240607
LIBRARIES = tuple(sysconfig.get_paths()[key] for key in ("stdlib", "platstdlib", "purelib", "platlib"))


class Finding(Exception):  # noqa: N818 - a statement about the candidate, shown to the learner
    """Something the guard noticed about a call: its text is complete and needs no hint beside it."""


class NotAttempted(Exception):  # noqa: N818 - a state of its own, not an error
    """The candidate still raises NotImplementedError (or returns `...`)."""


class OutOfTime(BaseException):
    """The time limit of a stage is over; a BaseException, so that `except Exception` cannot swallow it."""


class Guard:
    """A learner's function, wrapped: arguments are copied and compared, results looked at.

    Calls have the candidate's own signature. `last` is the latest result, for messages.
    """

    def __init__(self, candidate: Callable, may_change_inputs: bool = False):
        self.candidate = candidate
        self.may_change_inputs = may_change_inputs
        self.calls = 0
        self.last: object = None
        self.__name__ = getattr(candidate, "__name__", "candidate")

    def __call__(self, *args, **kwargs):
        """Call the candidate with copies of the arguments.

        Raises:
            Finding: on a wrong signature, a missing `return`, a generator, or a changed argument.
            NotAttempted: if it is still the stub.
        """
        self._check_signature(args, kwargs)
        given_args, given_kwargs = _copy(args), _copy(kwargs)
        self.calls += 1
        try:
            result = self.candidate(*given_args, **given_kwargs)
        except NotImplementedError as error:
            if _raised_by_library(error):
                raise
            raise NotAttempted from error
        self.last = result
        if result is Ellipsis or result is NotImplemented:
            raise NotAttempted
        if result is None:
            raise Finding("your function returned None: did you forget `return`?")
        if inspect.isgenerator(result) or inspect.iscoroutine(result):
            if inspect.iscoroutine(result):
                result.close()
            raise Finding("your function hands back a generator or coroutine: use `def` with `return`")
        if not self.may_change_inputs and not (_same(args, given_args) and _same(kwargs, given_kwargs)):
            raise Finding(
                "your function changes the array that it was given, and the caller still needs it. "
                "Work on a copy (`x = x.copy()`) or write `y = x + 1` instead of `x += 1`"
            )
        return result

    def _check_signature(self, args: tuple, kwargs: dict) -> None:
        try:
            signature = inspect.signature(self.candidate)
        except (TypeError, ValueError):
            return  # built-in functions have none
        try:
            signature.bind(*args, **kwargs)
        except TypeError as error:
            call = ", ".join(["..."] * len(args) + [f"{name}=..." for name in kwargs])
            raise Finding(
                f"your function takes {signature}, but it is called as {self.__name__}({call}): {error}. "
                "Keep the first line of the stub as it was"
            ) from None


def _copy(value: object) -> object:
    """Copy arrays and containers of arrays; hand everything else on as it is."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if type(value) in (list, tuple, set):
        return type(value)(_copy(item) for item in value)
    if type(value) is dict:
        return {key: _copy(item) for key, item in value.items()}
    if type(value).__module__.split(".")[0] == "torch" and hasattr(value, "clone"):
        return value.clone()
    return value


def _same(before: object, after: object) -> bool:
    if isinstance(before, np.ndarray):
        return (
            isinstance(after, np.ndarray)
            and before.shape == after.shape
            and before.dtype == after.dtype
            and before.tobytes() == after.tobytes()
        )
    if type(before) in (list, tuple):
        return len(before) == len(after) and all(_same(a, b) for a, b in zip(before, after, strict=True))
    if type(before) is dict:
        return before.keys() == after.keys() and all(_same(before[key], after[key]) for key in before)
    if type(before) is set:
        return before == after
    if type(before).__module__.split(".")[0] == "torch" and hasattr(before, "detach"):
        return _same(before.detach().numpy(), after.detach().numpy())
    return True


@contextlib.contextmanager
def quiet_and_restored() -> Iterator["Muted"]:
    """Silence what runs inside, seed the random generators, and put everything back afterwards."""
    torch = sys.modules.get("torch")
    python_state, numpy_state = random.getstate(), np.random.get_state()
    torch_state = torch.get_rng_state() if hasattr(torch, "get_rng_state") else None
    muted = Muted()
    try:
        with (
            contextlib.redirect_stdout(muted),
            contextlib.redirect_stderr(muted),
            warnings.catch_warnings(),
            np.errstate(all="ignore"),
        ):
            warnings.simplefilter("ignore")
            random.seed(SEED)
            np.random.seed(SEED)
            if torch_state is not None:
                torch.manual_seed(SEED)
            yield muted
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)
        if torch_state is not None:
            torch.set_rng_state(torch_state)


class Muted(io.TextIOBase):
    """A text stream that counts lines and keeps nothing, so that endless output fills no memory."""

    lines = 0

    def writable(self) -> bool:
        """Say that it can be written to."""
        return True

    def write(self, text: str) -> int:
        """Count the lines of `text`."""
        if not isinstance(text, str):
            raise TypeError(f"write() needs a string, not {type(text).__name__}")
        self.lines += text.count("\n")
        return len(text)


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise OutOfTime inside the block after `seconds`.

    On the main thread of a POSIX system a timer signal does it, which also ends a sleep. Elsewhere a second
    thread asks the interpreter to raise, which ends every loop written in Python. Neither can end a single
    call inside compiled code, nor a loop that catches every exception with a bare `except:`.
    """
    if hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread():
        with _alarm(seconds):
            yield
    else:
        with _watchdog(seconds):
            yield


@contextlib.contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    def ring(*_):
        raise OutOfTime

    old_handler = signal.signal(signal.SIGALRM, ring)
    # The repeat catches a candidate whose own `except` or `finally` swallowed the first alarm.
    old_delay, old_interval = signal.setitimer(signal.ITIMER_REAL, seconds, 0.5)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old_handler)
        if old_delay:
            signal.setitimer(signal.ITIMER_REAL, old_delay, old_interval)


@contextlib.contextmanager
def _watchdog(seconds: float) -> Iterator[None]:
    target, lock, done = threading.get_ident(), threading.Lock(), threading.Event()
    ask = ctypes.pythonapi.PyThreadState_SetAsyncExc

    def bark():
        wait = seconds
        while not done.wait(wait):
            with lock:
                if not done.is_set():
                    ask(ctypes.c_ulong(target), ctypes.py_object(OutOfTime))
            wait = 0.5

    dog = threading.Thread(target=bark, daemon=True)
    dog.start()
    try:
        yield
    finally:
        with lock:
            done.set()
        ask(ctypes.c_ulong(target), None)  # forget a request that was made but not yet delivered
        dog.join()


def describe(error: BaseException, candidate: Callable) -> str:
    """Say in one line what was raised and in which line of the learner's own code."""
    name = type(error).__name__
    text = re.sub(r"\b0x[0-9a-fA-F]+", "0x...", (str(error).strip().splitlines() or [""])[0])[:200]
    said = f"{name}: {text}" if text else name
    if isinstance(error, RecursionError):
        said = "RecursionError: it calls itself without end"
    place = _own_line(error, candidate)
    if place is None:
        return said
    source = linecache.getline(*place).strip()
    return f"{said} in line {place[1]}" + (f": `{source[:100]}`" if source else "")


def _raised_by_library(error: BaseException) -> bool:
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    return frame.f_code.co_filename.startswith(("<frozen", *LIBRARIES))


def _own_line(error: BaseException, candidate: Callable) -> tuple[str, int] | None:
    """Find the deepest (file, line) that the learner wrote: below our call, not a library's and not ours."""
    lines = [(frame.f_code.co_filename, number) for frame, number in traceback.walk_tb(error.__traceback__)]
    calls = [position for position, (file, _) in enumerate(lines) if file == __file__]
    if not calls:
        return None  # the stage itself raised, after the call
    below = lines[calls[-1] + 1 :]
    code = getattr(inspect.unwrap(candidate), "__code__", None)
    own = [place for place in below if code is not None and place[0] == code.co_filename]
    ours = str(Path(__file__).resolve().parents[1])
    others = [place for place in below if not place[0].startswith((ours, "<frozen", *LIBRARIES))]
    return (own or others or [None])[-1]
