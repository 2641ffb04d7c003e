"""An outline as one HTML page.

The page needs nothing but itself: no script, no font, no picture and no other origin, and its Content-Security-Policy
says so. Jinja escapes every value; the templates beside this module are the only markup. It follows the reader's choice
of light or dark, and prints.
"""

from __future__ import annotations

from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from dicomcore.documents.layout import anchors_in
from dicomcore.documents.outline import Outline
from dicomcore.documents.xml_text import legal_text


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("dicomcore.documents"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: legal_text(value) if type(value) is str else value,
    )
    return environment.get_template("document.html")


def html_page(outline: Outline) -> bytes:
    """Write an outline as HTML 5 in UTF-8."""
    anchors = anchors_in((*outline.body, *outline.appendix))
    return _template().render(outline=outline, anchors=anchors).encode("utf-8", "replace")
