"""The errors that a reader can meet, all worded as: what was found, what was expected, what to do."""


class DeepSenseError(ValueError):
    """Base of every error that DeepSense raises on purpose; its text is written for the reader."""


class InputError(DeepSenseError):
    """A text, sound, image or argument that cannot be used as it is."""


class DataError(DeepSenseError):
    """A shipped file or a data set that is missing, damaged or laid out in another way."""


class CheckpointError(DeepSenseError):
    """A checkpoint that is missing, damaged, or belongs to another model."""


class OutputError(DeepSenseError):
    """A result that could not be written; nothing half-written is left behind."""


class MissingDependencyError(DeepSenseError, ImportError):
    """An optional package is not installed; the text names the extra that brings it."""

    def __init__(self, package: str, extra: str = "run"):
        super().__init__(
            f"the package '{package}' is needed here and is not installed. "
            f"Install it with: pip install -e '.[{extra}]'"
        )
