from __future__ import annotations

import pickle

from dicomcore.documents.codes import Code
from dicomcore.documents.values import Container, ContentItem, Number, Text


def tree() -> ContentItem:
    leaf = ContentItem((1, 2, 1), "CONTAINS", "NUM", Code("1", "S", "Length"), Number("3", 3.0, None))
    branch = ContentItem((1, 2), "CONTAINS", "CONTAINER", None, Container(), (leaf,))
    first = ContentItem((1, 1), "CONTAINS", "TEXT", None, Text("words"))
    return ContentItem((1,), "", "CONTAINER", None, Container(), (first, branch))


def test_an_item_is_found_by_its_place() -> None:
    found = tree().at((1, 2, 1))
    assert found is not None
    assert found.anchor == "1.2.1"


def test_a_place_that_is_not_there_is_none() -> None:
    assert [tree().at(place) for place in ((1, 3), (1, 1, 1), (2,), (1, 0), ())] == [None] * 5


def test_content_travels_to_other_processes() -> None:
    assert pickle.loads(pickle.dumps(tree())) == tree()
