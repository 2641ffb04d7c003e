"""Lettering: words in pictures and documents, in every script that has a typeface here.

- `typefaces`: DejaVu Sans, which comes along (`fonts/`), and what the machine has for the scripts that it lacks
- `text`: text as it can be written
- `lines`: how wide a line is, and writing it
"""

from dicomcore.lettering.lines import Anchor, ascent_of, width_of, write
from dicomcore.lettering.text import MAX_LETTERS, is_plain, is_writable, printable, printable_line
from dicomcore.lettering.typefaces import own_typeface

__all__ = [
    "MAX_LETTERS",
    "Anchor",
    "ascent_of",
    "is_plain",
    "is_writable",
    "own_typeface",
    "printable",
    "printable_line",
    "width_of",
    "write",
]
