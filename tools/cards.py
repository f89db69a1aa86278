"""The reference pages that are made from files: data cards from data/*/README.md, model cards from JSON."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORDS = {"cpu_seconds": "CPU-seconds of training", "must_not": "must not be used for", "sha256": "SHA-256"}
SHOWN = (
    "model",
    "intended_use",
    "must_not",
    "licence",
    "data",
    "seed",
    "steps",
    "cpu_seconds",
    "command",
    "storage",
    "sha256",
)


def data_page(root: Path = ROOT) -> str:
    """Write the page "Data cards" in Markdown: every card in full, its headings one level down."""
    lines = [
        "# Data cards",
        "",
        "What ships with the book: where it comes from, what was changed, what is wrong with it, and what it",
        "must not be used for. Each card is the `README.md` of its folder.",
        "`python -m deepsense_lib data verify` compares every file with its SHA-256 sum.",
    ]
    for card in sorted((root / "data").rglob("README.md")):
        if card.parent.name != "checkpoints":
            lines += ["", _embedded(card.read_text(encoding="utf-8"))]
    return "\n".join(lines) + "\n"


def model_page(root: Path = ROOT) -> str:
    """Write the page "Model cards" in Markdown: one section a checkpoint."""
    lines = [
        "# Model cards",
        "",
        "The checkpoints that ship with the book. Every figure was measured by the card's command, or by",
        "the evaluation tools in `tools/`.",
    ]
    for path in sorted((root / "data" / "checkpoints").rglob("*.json")):
        card = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(card, dict) and "model" in card:
            lines += _model(card, path.with_suffix(".safetensors"))
    return "\n".join(lines) + "\n"


def _model(card: dict, weights: Path) -> list[str]:
    size = f"{weights.stat().st_size / 1e6:.2f} MB" if weights.is_file() else "missing"
    lines = ["", f"## {card.get('name', weights.stem)}", "", "| | |", "|---|---|", f"| file | {size} |"]
    for key in SHOWN:
        if card.get(key) not in (None, ""):
            lines.append(f"| {WORDS.get(key, key.replace('_', ' '))} | {_cell(key, card[key])} |")
    for title, key in (("Figures", "figures"), ("Configuration", "configuration")):
        entries = _flat(card.get(key) or {})
        if entries:
            lines += [
                "",
                f"### {title} of {card.get('name', weights.stem)}",
                "",
                "| name | value |",
                "|---|---|",
            ]
            lines += [f"| {_escape(name)} | {_escape(_shown(value))} |" for name, value in entries]
    return lines


def _flat(entries: dict, prefix: str = "") -> list[tuple[str, object]]:
    flat = []
    for name, value in entries.items():
        title = f"{prefix}{str(name).replace('_', ' ')}"
        flat += _flat(value, f"{title}: ") if isinstance(value, dict) else [(title, value)]
    return flat


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return ", ".join(_shown(item) for item in value)
    return str(value)


def _cell(key: str, value: object) -> str:
    text = _escape(_shown(value))
    return f"`{text}`" if key in ("command", "sha256", "model") else text


def _escape(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _embedded(text: str) -> str:
    """Move headings one level down and turn links to files of the repository into plain names."""
    lines, fenced = [], False
    for line in text.strip().splitlines():
        fenced ^= line.startswith("```")
        if not fenced and line.startswith("#"):
            line = f"#{line}"
        if not fenced:
            line = re.sub(r"\[([^\]]+)\]\((?!https?:|#)[^)]+\)", r"\1", line)
        lines.append(line)
    return "\n".join(lines)
