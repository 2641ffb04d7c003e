from __future__ import annotations

from typing import Any

import pytest

from app.web.metadata_summaries import LONGEST, item_summary, items_in


def value(vr: str, *values: object) -> dict[str, Any]:
    return {"vr": vr, "Value": list(values)}


def sequence(*items: object) -> dict[str, Any]:
    return value("SQ", *items)


MEANING, VALUE, SCHEME = "00080104", "00080100", "00080102"


@pytest.mark.parametrize(
    ("item", "summary"),
    [
        (
            {MEANING: value("LO", "Chest"), VALUE: value("SH", "T-D3000"), SCHEME: value("SH", "SRT")},
            "Chest (T-D3000, SRT)",
        ),
        ({MEANING: value("LO", "Chest")}, "Chest"),
        ({VALUE: value("SH", "1"), SCHEME: value("SH", "99X")}, "1"),
        ({"00081155": value("UI", "1.2.3")}, "1.2.3"),
        ({}, ""),
    ],
)
def test_codes_and_references_are_a_line(item: dict[str, Any], summary: str) -> None:
    assert item_summary(item) == summary


def test_content_items_of_a_report_are_a_name_and_a_value() -> None:
    concept = {"0040A043": sequence({MEANING: value("LO", "Length")})}
    measured = sequence({"0040A30A": value("DS", 12.5), "004008EA": sequence({VALUE: value("SH", "mm")})})
    assert item_summary({**concept, "0040A300": measured}) == "Length: 12.5 mm"
    assert item_summary({**concept, "0040A168": sequence({MEANING: value("LO", "Long")})}) == "Length: Long"
    assert item_summary(concept) == "Length"
    assert item_summary({"0040A160": value("UT", "long " * 100)}) == ("long " * 100)[:LONGEST] + "…"


def test_what_is_no_item_has_no_attributes() -> None:
    assert list(items_in(sequence({"a": 1}, None, "x"))) == [{"a": 1}, {}, {}]
    assert list(items_in(None)) == []
    assert list(items_in({"Value": "x"})) == []
