"""Link the first use of each glossary term on a page to the glossary, in the text that a reader reads.

Headings, code, formulas, captions, references and what is a link already are left alone, and so are the pages
that are made from files. A term is found in its singular and its plain plural, in any case.
"""

import re

from docutils import nodes
from sphinx.util.nodes import make_refnode

HOME = "chapters/reference/glossary"
# Lists of other things, where a link in every line would be in the way.
LEFT_ALONE = {
    HOME,
    "chapters/reference/formulas",
    "chapters/reference/data",
    "chapters/reference/models",
    "chapters/reference/bibliography",
    "chapters/start/progress",
}
CLOSED = (
    nodes.Titular,
    nodes.reference,
    nodes.literal,
    nodes.literal_block,
    nodes.math,
    nodes.math_block,
    nodes.raw,
    nodes.caption,
    nodes.citation,
    nodes.target,
)


def pattern(terms: list[str]) -> re.Pattern:
    """Give the expression that finds any of the terms, the longest first."""
    ordered = sorted(terms, key=lambda term: (-len(term), term))
    return re.compile(rf"\b({'|'.join(map(re.escape, ordered))})(?:e?s)?\b", re.IGNORECASE)


def terms_of(env) -> dict[str, tuple[str, str]]:
    """Map each term in lower case to its page and anchor."""
    found = env.get_domain("std").get_objects()
    return {name.lower(): (page, anchor) for name, _, kind, page, anchor, _ in found if kind == "term"}


def is_open(node: nodes.Node) -> bool:
    """Say whether a text may hold a link: nothing around it is closed, nor a section of references."""
    parent = node.parent
    while parent is not None:
        if isinstance(parent, CLOSED) or "reference" in str(
            parent.get("names", "") if parent.attributes else ""
        ):
            return False
        parent = parent.parent
    return True


def link_terms(app, doctree, docname):
    """Replace the first use of each term of a page by a link."""
    terms = terms_of(app.env)
    if docname in LEFT_ALONE or not terms:
        return
    seen: set[str] = set()
    wanted = pattern(list(terms))
    for text in [node for node in doctree.findall(nodes.Text) if is_open(node)]:
        pieces, position = [], 0
        whole = text.astext()
        for match in wanted.finditer(whole):
            term = match[1].lower()
            if term in seen:
                continue
            seen.add(term)
            page, anchor = terms[term]
            inner = nodes.inline("", match[0], classes=["ds-term"])
            link = make_refnode(app.builder, docname, page, anchor, inner)
            pieces += [nodes.Text(whole[position : match.start()]), link]
            position = match.end()
        if pieces:
            text.parent.replace(text, [*pieces, nodes.Text(whole[position:])])


def setup(app):
    """Run after cross-references are resolved, so that links of the text win."""
    app.connect("doctree-resolved", link_terms, priority=800)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
