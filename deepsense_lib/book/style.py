"""One plot style for the book, and the colours that symbols have in formulas, plots and the notation page."""

from deepsense_lib.book.markup import Html, escape
from deepsense_lib.errors import InputError, MissingDependencyError

# Role -> (colour on paper, colour on a dark page). The plots use the first. Neighbours differ in lightness by
# enough to tell them apart in a grey print, and each has a line style of its own as well.
COLOURS = {
    "signal": ("#14375e", "#9cc4f0"),
    "spectrum": ("#b8432a", "#f2a48f"),
    "mel": ("#1f8276", "#7fd6c8"),
    "model": ("#6a4c93", "#cdb6ee"),
    "target": ("#8a6508", "#e7c46a"),
    "error": ("#a3195b", "#f3a0c8"),
}
LINE_STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)))
INK, PAPER, GRID = "#26303a", "#fcfcfa", "#d9dcdf"
SEQUENTIAL, GREY = "magma", "gray"


def colour(role: str) -> str:
    """Give the plot colour of a role, for instance `colour("mel")`.

    Raises:
        InputError: if there is no such role.
    """
    if role not in COLOURS:
        raise InputError(f"no colour for '{role}'; there are: {', '.join(COLOURS)}")
    return COLOURS[role][0]


def use_style() -> None:
    """Switch matplotlib to the book's style: small, quiet, readable in grey, on a light card."""
    try:
        import matplotlib
    except ImportError:
        raise MissingDependencyError("matplotlib") from None
    from cycler import cycler

    cycle = cycler(color=[pair[0] for pair in COLOURS.values()]) + cycler(linestyle=LINE_STYLES)
    matplotlib.rcParams.update(
        {
            "axes.axisbelow": True,
            "axes.edgecolor": INK,
            "axes.facecolor": PAPER,
            "axes.grid": True,
            "axes.labelcolor": INK,
            "axes.prop_cycle": cycle,
            "axes.spines.right": False,
            "axes.spines.top": False,
            "axes.titlelocation": "left",
            "axes.titlesize": 10,
            "figure.constrained_layout.use": True,
            "figure.dpi": 90,
            "figure.facecolor": PAPER,
            "figure.figsize": (7.0, 2.6),
            "font.size": 9.5,
            "grid.color": GRID,
            "grid.linewidth": 0.6,
            "image.cmap": SEQUENTIAL,
            "image.interpolation": "nearest",
            "legend.frameon": False,
            "lines.linewidth": 1.4,
            "savefig.facecolor": PAPER,
            "text.color": INK,
            "xtick.color": INK,
            "ytick.color": INK,
        }
    )


def symbol_table(symbols: dict[str, tuple[str, str, str]]) -> Html:
    """Show a chapter's symbols: formula, identifier in code, meaning; coloured by role.

    Args:
        symbols: identifier -> (symbol as text, meaning with shape and unit, role or "").

    Raises:
        InputError: on a symbol in TeX, which would be shown as it is typed, and on an unknown role.
    """
    rows = []
    for identifier, (symbol, meaning, role) in symbols.items():
        if "\\" in symbol:
            raise InputError(f"found the symbol {symbol} in TeX, expected text, such as x̂ for \\hat x")
        if role:
            colour(role)
        mark = f' class="sym-{escape(role)}"' if role else ""
        rows.append(
            f"<tr><th scope='row'{mark}>{escape(symbol)}</th><td><code>{escape(identifier)}</code></td>"
            f"<td>{escape(meaning)}</td></tr>"
        )
    head = "<tr><th scope='col'>Symbol</th><th scope='col'>In code</th><th scope='col'>Meaning</th></tr>"
    return Html(
        f'<table class="ds-symbols"><thead>{head}</thead><tbody>{"".join(rows)}</tbody></table>',
        f"<symbols: {', '.join(symbols)}>",
    )
