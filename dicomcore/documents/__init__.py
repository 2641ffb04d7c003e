"""Documents that are read rather than looked at: structured reports, key object selections, encapsulated documents.

`document_media_types` says what can be made of an instance, `rendered_document` makes it (PS3.18 §8.7.4, Text
category). From data set to page:

- `content_tree` reads the tree of content items (PS3.3 §C.17.3) into `values`, with `codes`, `tables` and `evidence`;
  `header` reads what stands beside it; `report` is both
- `layout`, with `grids` and `cover`, makes an `outline` of it, in the words of `phrases` and `wording`
- `html_page` and `plain_text` write an outline down; `content_xml` writes the tree itself
- `encapsulated` takes PDF, CDA and 3D models out of their instances
- `rendered` knows which of these forms an instance has

No value of a stored object is ever markup: text is escaped where it is written, control characters are replaced.
"""

from dicomcore.documents.phrases import Links
from dicomcore.documents.rendered import document_media_types, is_written_here, rendered_document
from dicomcore.documents.values import Reference

__all__ = [
    "Links",
    "Reference",
    "document_media_types",
    "is_written_here",
    "rendered_document",
]
