from __future__ import annotations

import pytest
from report_documents import CT_IMAGE

from dicomcore.documents.codes import Code
from dicomcore.documents.outline import Run, Tone
from dicomcore.documents.phrases import Phrases, label_of, safe_link
from dicomcore.documents.values import (
    Concept,
    Container,
    ContentItem,
    Coordinates,
    Link,
    Moment,
    Number,
    PersonName,
    Reference,
    TemporalCoordinates,
    Text,
    Uid,
    Unreadable,
    Value,
)

MM = Code("mm2", "UCUM", "square millimetre")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Text("some\nwords"), "some\nwords"),
        (Moment("DA", "20240131"), "2024-01-31"),
        (Moment("TM", "1403"), "14:03"),
        (Moment("DT", "202401311403"), "2024-01-31 14:03 +01:00"),
        (Uid("1.2.3"), "1.2.3"),
        (Uid("1.2.840.10008.1.2"), "Implicit VR Little Endian"),
        (PersonName("Doe^John"), "Doe, John"),
        (Concept(Code("1", "SCT", "Mass")), "Mass"),
        (Number("3.50", 3.5, MM), "3.50\u00a0mm²"),
        (Number("", 0.25, MM), "0.25\u00a0mm²"),
        (Number("45", 45.0, Code("deg", "UCUM", "degree")), "45°"),
        (Number("", None, None, Code("1", "DCM", "Not a number")), "(Not a number)"),
        (Number("", None, None), "no value"),
        (Coordinates("POINT", ((1.0, 2.5),)), "Point (1, 2.5)"),
        (TemporalCoordinates("SEGMENT", samples=(5, 6, 7)), "Segment samples 5-7"),
        (TemporalCoordinates("POINT", offsets=(1.5,)), "Point seconds 1.5"),
        (Unreadable(), "no value"),
        (Container(), ""),
    ],
)
def test_a_value_has_its_words(value: Value, words: str) -> None:
    assert " ".join(run.text for run in Phrases(offset="+0100").of(value)) == words


def test_a_code_and_a_unit_are_hints() -> None:
    assert Phrases().of(Concept(Code("1", "SCT", "Mass")))[0].hint == '(1, SCT, "Mass")'
    assert Phrases().of(Number("3", 3.0, MM))[0].hint == '(mm2, UCUM, "square millimetre")'


def test_a_reference_says_what_it_is_and_which_parts() -> None:
    reference = Reference(CT_IMAGE, "1.9", frames=(1, 2, 3), segments=(4,), presentation="1.8")
    words = [run.text for run in Phrases().of(reference)]
    assert words == ["CT Image, frames 1-3, segment 4", "1.9", "as presented by", "1.8"]


def test_many_points_are_counted_rather_than_written() -> None:
    (run,) = Phrases().of(Coordinates("POLYLINE", tuple((float(at), 0.0) for at in range(20))))
    assert run.text.endswith("(7, 0) and 12 more points")


def test_a_reference_is_linked_by_who_knows_the_urls() -> None:
    phrases = Phrases(lambda reference: f"../../instances/{reference.sop_instance_uid}")
    assert phrases.of(Reference(CT_IMAGE, "1.9"))[0].link == "../../instances/1.9"
    assert Phrases().of(Reference(CT_IMAGE, "1.9"))[0].link == ""


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "data:text/html,x", " https://x", "JavaScript:1", "java\nscript:1", "", None]
)
def test_a_link_that_could_run_a_script_is_none(link: str | None) -> None:
    assert safe_link(lambda _: link, Reference(CT_IMAGE, "1.9")) == ""


@pytest.mark.parametrize(
    "link", ["../../instances/1", "/studies/1", "studies/1", "https://example.org/1", "#i1", "?a=b:c"]
)
def test_links_of_the_web_are_kept(link: str) -> None:
    assert safe_link(lambda _: link, Reference(CT_IMAGE, "1.9")) == link


def test_a_relationship_by_reference_names_its_target() -> None:
    length = ContentItem((1, 1), "CONTAINS", "NUM", Code("1", "S", "Length"), Number("3", 3.0, MM))
    root = ContentItem((1,), "", "CONTAINER", None, Container(), (length,))
    assert Phrases(root=root).of(Link((1, 1))) == (Run("Length: 3 mm² (item 1.1)", Tone.NOTE, target="1.1"),)
    assert Phrases(root=root).of(Link((1, 2)))[0].text == "item 1.2, which is not there"


def test_links_that_lead_to_each_other_end() -> None:
    one = ContentItem((1, 1), "CONTAINS", "", None, Link((1, 2)))
    two = ContentItem((1, 2), "CONTAINS", "", None, Link((1, 1)))
    root = ContentItem((1,), "", "CONTAINER", None, Container(), (one, two))
    assert Phrases(root=root).of(Link((1, 1)))[0].text == "item 1.1"


def test_a_concept_name_is_a_label() -> None:
    assert label_of(None) is None
    assert label_of(Code("1", "S", "Length")) == Run("Length", Tone.LABEL, hint='(1, S, "Length")')


def test_an_item_that_is_referred_to_is_quoted_in_short() -> None:
    root = ContentItem((1,), "", "CONTAINER", None, Container(), (ContentItem((1, 1), "", "", None, Text("x" * 999)),))
    assert len(Phrases(root=root).of(Link((1, 1)))[0].text) < 100
