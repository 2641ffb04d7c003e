from __future__ import annotations

from typing import Any

import orjson
import pytest
from corpus import content_of, corpus_files

from app.web.metadata_tree import (
    ITEMS,
    MOST_MATCHES,
    MOST_SIBLINGS,
    ROWS,
    Row,
    element_at,
    found_in,
    item_of,
    items_of,
    tree_of,
)
from dicomcore.data import BulkdataPolicy, encode_json, read_file
from dicomcore.errors import DicomError, ResourceNotFound


def value(vr: str, *values: object) -> dict[str, Any]:
    return {"vr": vr, "Value": list(values)}


def sequence(*items: object) -> dict[str, Any]:
    return value("SQ", *items)


CHEST = {
    "00080100": value("SH", "T-D3000"),
    "00080102": value("SH", "SRT"),
    "00080104": value("LO", "Chest"),
}
PRIVATE = {
    "00090010": value("LO", "GEMS_IDEN_01"),
    "00091001": value("LO", "GE_GENESIS_FF"),
    "00110010": value("LO", "NOBODY KNOWS"),
    "00111001": {"vr": "UN", "InlineBinary": "AAEC"},
}


def by_tag(rows: tuple[Row, ...]) -> dict[str, Row]:
    return {row.tag: row for row in rows}


def test_a_row_says_what_an_attribute_is_and_means() -> None:
    (row,) = tree_of({"00080016": value("UI", "1.2.840.10008.5.1.4.1.1.2")}).rows
    assert (row.tag, row.vr, row.name, row.keyword) == ("(0008,0016)", "UI", "SOP Class UID", "SOPClassUID")
    assert (row.text, row.note) == ("1.2.840.10008.5.1.4.1.1.2", "CT Image Storage")


def test_private_attributes_have_the_names_that_the_dictionary_knows_for_their_creator() -> None:
    rows = by_tag(tree_of(PRIVATE).rows)
    assert (rows["(0009,1001)"].name, rows["(0009,1001)"].creator) == ("Full fidelity", "GEMS_IDEN_01")
    assert (rows["(0011,1001)"].name, rows["(0011,1001)"].creator) == ("", "NOBODY KNOWS")
    assert rows["(0009,0010)"].name == "Private Creator"


def test_private_attributes_in_an_item_belong_to_the_creator_that_the_item_names() -> None:
    (row,) = tree_of({"00081140": sequence(PRIVATE, {"00091001": value("LO", "x")})}).rows
    inside, without = row.items
    assert by_tag(inside.rows or ())["(0009,1001)"].name == "Full fidelity"
    assert by_tag(without.rows or ())["(0009,1001)"].name == ""


def test_codes_are_read_in_the_line_of_their_sequence() -> None:
    (row,) = tree_of({"00082218": sequence(CHEST)}).rows
    assert (row.note, row.item_count) == ("Chest (T-D3000, SRT)", 1)
    assert row.items[0].summary == "Chest (T-D3000, SRT)"


def test_bulk_data_are_a_link_with_their_size_where_it_is_known() -> None:
    dataset = {"7FE00010": {"vr": "OW", "BulkDataURI": "/dicom-web/b"}, "00091002": {"vr": "OB", "BulkDataURI": "/c"}}
    rows = by_tag(tree_of(dataset, {"7FE00010": 32}).rows)
    assert (rows["(7FE0,0010)"].bulkdata, rows["(7FE0,0010)"].size) == ("/dicom-web/b", 32)
    assert rows["(0009,1002)"].size is None


def test_a_long_sequence_is_made_in_pieces() -> None:
    dataset = {"52009230": sequence(*({"00200013": value("IS", number)} for number in range(5000)))}
    tree = tree_of(dataset)
    (row,) = tree.rows
    assert (len(row.items), row.item_count, row.next_item, tree.is_complete) == (ITEMS, 5000, ITEMS, False)
    last = items_of(dataset, "52009230", 4990)
    assert [item.number for item in last.items] == list(range(4990, 5000))
    assert (last.items[-1].path, last.next_item) == ("52009230/4999", None)


def test_items_beyond_the_budget_of_rows_are_left_until_they_are_opened() -> None:
    wide = {f"0011{number:04X}": value("LO", "x") for number in range(0x1000, 0x1000 + ROWS)}
    dataset = {"00081140": sequence(wide, {"00200013": value("IS", 7)})}
    tree = tree_of(dataset)
    (row,) = tree.rows
    assert row.items[1].rows is None
    assert not tree.is_complete
    item = item_of(dataset, "00081140/1")
    assert [one.text for one in item.rows or ()] == ["7"]


def test_more_siblings_than_a_page_can_hold_are_counted() -> None:
    dataset = {f"{0x00110000 + number:08X}": value("LO", "x") for number in range(0x1000, 0x1000 + MOST_SIBLINGS + 9)}
    tree = tree_of(dataset)
    assert (len(tree.rows), tree.left_out, tree.is_complete) == (MOST_SIBLINGS, 9, False)


@pytest.mark.parametrize(
    ("words", "tags"),
    [
        ("full fidelity", ["(0009,1001)"]),
        ("GENESIS", ["(0009,1001)"]),
        ("00091001", ["(0009,1001)"]),
        ("(0009,1001)", ["(0009,1001)"]),
        ("codemeaning chest", ["(0008,2218)"]),
        ("chest genesis", []),
    ],
)
def test_a_search_finds_by_tag_name_keyword_and_value_and_shows_where(words: str, tags: list[str]) -> None:
    tree = found_in({**PRIVATE, "00082218": sequence(CHEST, CHEST)}, words)
    assert [row.tag for row in tree.rows] == tags
    assert tree.is_complete
    for row in tree.rows:
        assert [[one.tag for one in item.rows or ()] for item in row.items] in ([], [["(0008,0104)"]] * 2)


def test_a_search_looks_into_all_items_but_shows_a_limited_number() -> None:
    dataset = {"52009230": sequence(*({"00200013": value("IS", number)} for number in range(5000)))}
    assert [item.number for item in found_in(dataset, "4999").rows[0].items] == [4999]
    everything = found_in(dataset, "InstanceNumber")
    assert everything.matches == 5000
    assert len(everything.rows[0].items) == MOST_MATCHES


@pytest.mark.parametrize(
    "path",
    ["", "00081140", "00082218/0", "00082218/7/00080104", "00082218/0/00080016", "zz", "00082218/x/00080104", "/"],
)
def test_paths_that_lead_nowhere_are_refused(path: str) -> None:
    with pytest.raises(ResourceNotFound):
        element_at({"00082218": sequence(CHEST)}, path)


def test_what_is_no_sequence_has_no_items() -> None:
    with pytest.raises(ResourceNotFound):
        items_of({"00080016": value("UI", "1.2")}, "00080016", 0)
    with pytest.raises(ResourceNotFound):
        item_of({"00080016": value("UI", "1.2")}, "00080016/0")


def test_a_value_is_found_by_its_path() -> None:
    assert element_at({"00082218": sequence(CHEST)}, "00082218/0/00080104")["Value"] == ["Chest"]


@pytest.mark.parametrize(
    "broken",
    [
        {"00080016": None},
        {"00080016": {"vr": 7, "Value": "x"}},
        {"0008": value("LO", "x")},
        {"00081140": value("SQ", None, "x", 7)},
        {"00091001": {"vr": "UN", "InlineBinary": 7}},
        {"00100010": value("PN", 7, {"Alphabetic": None})},
        {"00280030": value("DS", "x", [])},
    ],
)
def test_json_that_is_no_dicom_makes_a_tree_all_the_same(broken: dict[str, Any]) -> None:
    assert tree_of(broken).is_complete


def test_real_files_become_trees_in_which_most_attributes_have_a_name() -> None:
    names = private = 0
    for path in corpus_files():
        try:
            dataset = read_file(content_of(path)).dataset
            parsed = orjson.loads(encode_json(dataset, BulkdataPolicy(b"/bulkdata/")))
        except DicomError:
            continue
        rows = tree_of(parsed).rows
        assert len(rows) == len(parsed)
        names += sum(bool(row.name) for row in rows)
        private += sum(bool(row.name and row.creator) for row in rows)
    assert names > 3_000
    assert private > 150
