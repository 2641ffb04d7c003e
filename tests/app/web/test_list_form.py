from dataclasses import replace

import pytest
from starlette.datastructures import QueryParams

from app.web.list_form import ListForm, read_form


def test_an_address_that_says_nothing_is_the_first_page_of_this_archive() -> None:
    form = read_form(QueryParams(""))
    assert form == ListForm()
    assert (form.page, form.size, form.source, form.date) == (1, 50, "", "any")
    assert form.is_here
    assert not form.has_criteria


def test_an_address_holds_the_whole_form() -> None:
    text = "?name=doe+j&fuzzy=1&id=P1&accession=A1&description=ct+chest&date=range&from=2026-01-01&to=2026-02-01"
    text += "&modality=CT&modality=MR&source=PACS&size=25&page=3"
    form = read_form(QueryParams(text[1:]))
    assert form.errors == {}
    assert (form.name, form.fuzzy, form.modalities, form.source, form.page) == ("doe j", True, ("CT", "MR"), "PACS", 3)
    assert form.address(form.page) == text


def test_an_address_leaves_out_what_is_usual() -> None:
    form = read_form(QueryParams("name=&id=&date=any&source=&size=50&page=1&all=1&unknown=7"))
    assert form.address(form.page) == ""
    assert replace(form, name="a&b=c").address() == "?name=a%26b%3Dc"


def test_asking_a_node_for_everything_stays_in_the_address_as_long_as_nothing_else_is_asked() -> None:
    assert read_form(QueryParams("source=PACS&all=1")).address() == "?source=PACS&all=1"
    assert read_form(QueryParams("source=PACS&all=1&name=doe")).address() == "?name=doe&source=PACS"


def test_days_without_a_choice_are_a_range() -> None:
    assert read_form(QueryParams("from=2026-01-01")).date == "range"
    assert read_form(QueryParams("date=today&from=2026-01-01")).date == "today"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("name=" + "x" * 129, "name"),
        ("id=a%00b", "id"),
        ("accession=a%0ab", "accession"),
        ("date=tomorrow", "date"),
        ("modality=C*", "modality"),
        ("&".join(f"modality=M{number}" for number in range(33)), "modality"),
        ("size=51", "size"),
        ("size=-1", "size"),
        ("page=0", "page"),
        ("page=x", "page"),
        ("page=9999999999", "page"),
        ("page=%C2%B2", "page"),
    ],
)
def test_what_cannot_be_is_told_at_its_field(query: str, field: str) -> None:
    assert list(read_form(QueryParams(query)).errors) == [field]


@pytest.mark.parametrize("query", ["name=doe", "date=today", "from=2026-01-01", "modality=CT", "id=1", "description=x"])
def test_whatever_narrows_the_search_is_a_criterion(query: str) -> None:
    assert read_form(QueryParams(query)).has_criteria


@pytest.mark.parametrize("query", ["name=*", "source=PACS", "date=range", "fuzzy=1", "size=25", "page=2"])
def test_what_does_not_narrow_the_search_is_no_criterion(query: str) -> None:
    assert not read_form(QueryParams(query)).has_criteria
