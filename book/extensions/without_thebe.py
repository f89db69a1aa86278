"""Keep Thebe out of the pages: it would ask a remote service for a kernel, and the book works offline."""


def drop_scripts(app, pagename, templatename, context, doctree):
    """Leave out the scripts and styles that `sphinx_thebe` adds to every page, twice."""
    for kind in ("script_files", "css_files"):
        context[kind] = [file for file in context.get(kind, ()) if not _is_thebe(file)]


def _is_thebe(file) -> bool:
    named = str(getattr(file, "filename", file) or "")
    body = str(getattr(file, "attributes", {}).get("body") or "")
    return "thebe" in (named + body).lower()


def drop_settings(app, doctree, docname):
    """Leave out the settings block that `sphinx_thebe` writes into the text of every page."""
    from docutils import nodes

    for node in list(doctree.findall(nodes.raw)):
        if "text/x-thebe-config" in node.astext():
            node.parent.remove(node)


def setup(app):
    """Run after sphinx_thebe, whose handlers have the usual priority of 500."""
    app.connect("doctree-resolved", drop_settings, priority=900)
    app.connect("html-page-context", drop_scripts, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
