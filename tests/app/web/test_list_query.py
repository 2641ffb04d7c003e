from datetime import date

import pytest
from builders import ct_instance
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from app.web.display import Json, first_value
from app.web.list_form import read_form
from app.web.list_query import criteria_of
from app.web.study_rows import parse_study
from dicomcore.archive import Archive
from dicomcore.query import Literal, MatchingKey, Range, WildCard

TODAY = date(2026, 11, 23)
STUDY_UID = 0x0020000D


def keys_of(query: str) -> list[MatchingKey]:
    criteria = criteria_of(read_form(QueryParams(query)), TODAY)
    assert criteria.errors == {}
    return criteria.keys


async def store(archive: Archive, number: int, **attributes: object) -> None:
    uids = {"StudyInstanceUID": f"1.2.{number}", "SeriesInstanceUID": f"1.2.{number}.1"}
    spool = archive.spool()
    spool.write(ct_instance(SOPInstanceUID=f"1.2.{number}.1.1", **uids, **attributes))
    assert (await archive.store(spool)).is_stored


async def found(archive: Archive, query: str) -> list[int]:
    form = read_form(QueryParams(query))
    criteria = criteria_of(form, TODAY)
    assert criteria.errors == {}
    answer = await archive.search(criteria.query(form, form.page))
    studies: list[Json] = [parse_study(one) for one in answer.objects]
    return sorted(int(first_value(study, STUDY_UID).rpartition(".")[2]) for study in studies)


@pytest.mark.parametrize(
    "typed",
    ["jane", "JANE", "ane", "doe", "Doe, Jane", "doe^jane", "jane doe", "do ja", "d?e", "do*ne", "  jane  ", "*", "\\"],
)
async def test_a_name_is_found_by_any_part_of_its_words_in_any_order(archive: Archive, typed: str) -> None:
    await store(archive, 1, PatientName="Doe^Jane")
    assert await found(archive, str(QueryParams({"name": typed}))) == [1]


@pytest.mark.parametrize("typed", ["jan doee", "smith", "doejane"])
async def test_a_name_that_lacks_a_word_is_not_found(archive: Archive, typed: str) -> None:
    await store(archive, 1, PatientName="Doe^Jane")
    assert await found(archive, str(QueryParams({"name": typed}))) == []


async def test_similar_names_are_found_on_demand_only(archive: Archive) -> None:
    await store(archive, 1, PatientName="Meyer^Jane")
    assert await found(archive, "name=jane+maier") == []
    assert await found(archive, "name=jane+maier&fuzzy=1") == [1]


@pytest.mark.parametrize("typed", ["ct chest", "CHEST", "chest ct", "Chest", "w/o"])
async def test_words_of_a_description_are_found_in_the_usual_ways_to_write_them(archive: Archive, typed: str) -> None:
    await store(archive, 1, StudyDescription="CT Chest w/o contrast")
    await store(archive, 2, StudyDescription="MR Brain")
    assert await found(archive, str(QueryParams({"description": typed}))) == [1]


async def test_identifiers_are_found_by_their_beginning_in_large_and_small_letters(archive: Archive) -> None:
    await store(archive, 1, PatientID="PID77", AccessionNumber="ACC1")
    await store(archive, 2, PatientID="XPID7", AccessionNumber="acc2")
    assert await found(archive, "id=pid7") == [1]
    assert await found(archive, "id=*pid7") == [1, 2]
    assert await found(archive, "accession=acc") == [1, 2]
    assert await found(archive, "accession=acc1") == [1]


async def test_any_of_several_modalities_is_found(archive: Archive) -> None:
    for number, modality in enumerate(("CT", "MR", "US")):
        await store(archive, number, Modality=modality)
    assert await found(archive, "modality=CT&modality=US") == [0, 2]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("date=today", [1]),
        ("date=yesterday", [2]),
        ("date=week", [0, 1, 2, 3]),
        ("date=month", [0, 1, 2, 3, 4]),
        ("from=2026-11-17&to=2026-11-22", [2, 3]),
        ("to=2026-11-16", [4, 5]),
        ("from=20261123", [0, 1]),
        ("date=range", [0, 1, 2, 3, 4, 5]),
    ],
)
async def test_dates_are_counted_from_today(archive: Archive, query: str, numbers: list[int]) -> None:
    days = ("20261124", "20261123", "20261122", "20261117", "20261025", "20261024")
    for number, day in enumerate(days):
        await store(archive, number, StudyDate=day)
    assert await found(archive, query) == numbers


async def test_all_criteria_hold_together(archive: Archive) -> None:
    await store(archive, 1, PatientName="Doe^Jane", Modality="CT", StudyDescription="Chest")
    await store(archive, 2, PatientName="Doe^Jane", Modality="MR", StudyDescription="Chest")
    await store(archive, 3, PatientName="Roe^Jane", Modality="CT", StudyDescription="Chest")
    assert await found(archive, "name=doe&modality=CT&description=chest") == [1]


def test_other_archives_are_asked_with_one_pattern_a_field() -> None:
    keys = keys_of("source=PACS&name=jane+doe&id=p7&description=ct+chest&date=week")
    assert [key.match for key in keys] == [
        WildCard(("*jane*doe*",)),
        WildCard(("p7*",)),
        WildCard(("*ct*chest*",)),
        Range("20261117", None),
    ]


def test_several_modalities_are_one_key() -> None:
    assert keys_of("modality=ct&modality=MR") == [MatchingKey((0x00080061,), "CS", Literal(("CT", "MR")))]


@pytest.mark.parametrize(
    ("query", "field", "sentence"),
    [
        ("name=a+b+c+d+e+f+g+h+i", "name", "This has more than 8 words."),
        ("description=" + "*" * 20 + "x", "description", "This has more than 16 wild cards."),
        ("id=" + "%3F" * 20 + "x", "id", "This has more than 16 wild cards."),
        ("from=2026-13-01", "from", "A date is written like 2026-11-23."),
        ("to=yesterday", "to", "A date is written like 2026-11-23."),
        ("from=2026-02-01&to=2026-01-01", "to", "The last day is before the first."),
    ],
)
def test_what_no_key_can_be_made_of_is_told_at_its_field(query: str, field: str, sentence: str) -> None:
    assert criteria_of(read_form(QueryParams(query)), TODAY).errors == {field: sentence}


@given(
    st.dictionaries(st.sampled_from(("name", "id", "accession", "description", "from", "to")), st.text(max_size=140))
)
@settings(max_examples=200, deadline=None)
def test_whatever_is_typed_is_a_query_or_told_at_its_field(typed: dict[str, str]) -> None:
    form = read_form(QueryParams(typed))
    criteria = criteria_of(form, TODAY)
    assert criteria.query(form, form.page).limit == 50
    assert {*form.errors, *criteria.errors} <= {*typed}
