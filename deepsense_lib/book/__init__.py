"""What only chapters use: claims, players, plot style, small figures and quizzes."""

import importlib

# Loaded on first use, so that a claim needs no matplotlib and a plot no soundfile.
_HOME = {
    "Claim": "claims",
    "ClaimError": "claims",
    "claim": "claims",
    "claims_made": "claims",
    "player": "audio",
    "players": "audio",
    "COLOURS": "style",
    "symbol_table": "style",
    "table": "markup",
    "use_style": "style",
    "quiz": "quizzes",
    "show_faces": "faces",
}
__all__ = sorted(_HOME)


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
