from __future__ import annotations

import re
from html.parser import HTMLParser

from lxml import etree, html
from report_documents import code, container, dataset_of, document, image, item, link, number, text

from dicomcore.data import Dataset
from dicomcore.documents.content_tree import MAX_LEVELS
from dicomcore.documents.html_page import html_page
from dicomcore.documents.report import outline_of, read_report

ATTACK = "\"><script>alert('x')</script>{{ 7 * 7 }}<img src=x onerror=y>"


def page(dataset: Dataset) -> str:
    return html_page(outline_of(read_report(dataset), lambda one: f"/i/{one.sop_instance_uid}")).decode()


def attacked() -> Dataset:
    name = code(ATTACK, ATTACK[:16], ATTACK[:16])
    children = [
        text("Finding", ATTACK),
        item("UIDREF", "U", UID=ATTACK),
        item("PNAME", "P", PersonName=ATTACK),
        item("DATE", "D", Date=ATTACK),
        item("SCOORD", "S", GraphicType=ATTACK[:16]),
        item("NUM", "N", MeasuredValueSequence=dataset_of(NumericValue=ATTACK, MeasurementUnitsCodeSequence=name)),
        item("CODE", "C", ConceptCodeSequence=name),
        image("I", ATTACK),
        container("G", number(ATTACK, "1", ATTACK), number("B", "2", "mm")),
    ]
    return document(*children, title=ATTACK, PatientName=ATTACK, PatientID=ATTACK, CompletionFlag=ATTACK)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)
        self.attributes.update(name for name, _ in attrs)


def test_no_value_is_ever_markup() -> None:
    tags = Tags()
    tags.feed(page(attacked()))
    assert not tags.found & {"script", "img", "iframe", "object", "link", "svg", "form", "base"}
    assert not {name for name in tags.attributes if name.startswith("on")}


def test_every_value_that_attacks_is_there_as_text() -> None:
    assert page(attacked()).count("&lt;script&gt;alert(") >= 10
    assert "49" not in page(attacked())


def test_the_page_needs_nothing_but_itself() -> None:
    written = page(document(image("I", "9")))
    assert "default-src 'none'" in written
    assert "url(" not in written
    assert "@import" not in written
    assert set(re.findall(r'(?:src|href)="([^"]*)"', written)) == {"/i/9"}


def test_links_by_reference_lead_to_an_id_that_is_there() -> None:
    written = page(document(text("A", "a"), container("B", link(1, 1), link(1, 7))))
    assert 'href="#i1.1"' in written
    assert 'id="i1.1"' in written
    assert 'href="#i1.7"' not in written


def test_ids_are_unique() -> None:
    groups = [container("G", number("L", str(at), "mm", text("N", "x")), text("T", "y")) for at in range(3)]
    ids = re.findall(r'id="([^"]*)"', page(document(*groups, container("C", text("a", "b"), continuity="CONTINUOUS"))))
    assert len(ids) == len(set(ids))


def test_headings_go_down_one_level_at_a_time() -> None:
    tree = html.fromstring(page(document(container("A", container("B", container("C", text("t", "x")))))))
    assert [one.tag for one in tree.iter("h1", "h2", "h3", "h4")][-3:] == ["h2", "h3", "h4"]


def test_tables_have_headings_with_a_scope() -> None:
    tree = html.fromstring(page(document(number("L", "1", "mm"), number("W", "2", "mm"))))
    assert [one.get("scope") for one in tree.iter("th")] == ["col", "col", "row", "row"]
    assert [one.text_content().strip() for one in tree.iter("td")] == ["1\u00a0mm", "2\u00a0mm"]


def test_the_deepest_document_is_written() -> None:
    deep = container("end", text("T", "the bottom"))
    for _ in range(MAX_LEVELS - 3):
        deep = container("level", deep)
    assert "the bottom" in page(document(deep))


def test_deep_entries_are_written_too() -> None:
    deep = text("T", "the bottom")
    for _ in range(MAX_LEVELS - 2):
        deep = text("T", "above", deep, relationship="HAS PROPERTIES")
    assert "the bottom" in page(document(deep))


def test_control_characters_are_replaced() -> None:
    written = page(document(text("A", "bell\x07null\x00.")))
    assert "bell\ufffdnull\ufffd." in written
    etree.HTML(written)
