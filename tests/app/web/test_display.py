import pytest

from app.web.display import (
    age_text,
    all_values,
    count_text,
    date_text,
    first_value,
    integer,
    integer_text,
    number_text,
    person_name,
    sex_text,
    size_text,
    time_text,
    values_of,
)

NAME, MODALITIES, SERIES = 0x00100010, 0x00080061, 0x00201206


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Doe^Jane", "Doe, Jane"),
        ("Doe^Jane^Quinn^Dr.^MD", "Doe, Dr. Jane Quinn, MD"),
        ("Doe", "Doe"),
        ("^Jane", "Jane"),
        ("", ""),
        ("^^^^", ""),
        ("a^b^c^d^e^f", "a, d b c, e"),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "Yamada, Tarou (山田 太郎, やまだ たろう)"),
        ("=山田^太郎", "山田 太郎"),
        ("<img src=x onerror=alert(1)>", "<img src (x onerror, alert(1)>)"),
        ({"Alphabetic": "Doe^Jane"}, "Doe, Jane"),
        (
            {"Alphabetic": "Hong^Gildong", "Ideographic": "洪^吉洞", "Phonetic": "홍^길동"},
            "Hong, Gildong (洪 吉洞, 홍 길동)",
        ),
        ({"Phonetic": "やまだ^たろう"}, "やまだ たろう"),
        ({"Alphabetic": None}, ""),
    ],
)
def test_names_of_people_are_shown_family_first_with_their_other_writings(name: object, shown: str) -> None:
    assert person_name(name) == shown  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("date", "shown"),
    [("20261123", "2026-11-23"), ("2026.11.23", "2026-11-23"), ("20261399", "20261399"), ("", ""), (" x ", "x")],
)
def test_dates_are_shown_with_hyphens_and_what_is_no_date_as_it_is(date: str, shown: str) -> None:
    assert date_text(date) == shown


@pytest.mark.parametrize(
    ("time", "shown"), [("140559.123456", "14:05"), ("14", "14:00"), ("14:05:59", "14:05"), ("noon", "noon"), ("", "")]
)
def test_times_are_shown_to_the_minute_and_what_is_no_time_as_it_is(time: str, shown: str) -> None:
    assert time_text(time) == shown


def test_times_are_shown_with_seconds_on_demand() -> None:
    assert time_text("140559.5", seconds=True) == "14:05:59"


@pytest.mark.parametrize(
    ("age", "shown"),
    [("063Y", "63 years"), ("001M", "1 month"), ("010D", "10 days"), ("000W", "0 weeks"), ("old", "old"), ("", "")],
)
def test_ages_are_shown_in_words_and_what_is_no_age_as_it_is(age: str, shown: str) -> None:
    assert age_text(age) == shown


def test_sexes_are_shown_as_words_and_others_as_they_are() -> None:
    assert [sex_text(sex) for sex in ("F", "m", "O", "X", "")] == ["female", "male", "other", "X", ""]


def test_the_first_value_of_an_attribute_is_text_and_empty_where_there_is_none() -> None:
    dataset = {"00100010": {"vr": "PN", "Value": [{"Alphabetic": "Doe^Jane"}]}, "00201206": {"vr": "IS", "Value": [3]}}
    assert first_value(dataset, NAME) == "Doe, Jane"
    assert first_value(dataset, SERIES) == "3"
    assert first_value(dataset, MODALITIES) == ""


def test_all_values_of_an_attribute_stand_side_by_side() -> None:
    dataset = {"00080061": {"vr": "CS", "Value": ["CT", None, "", "SR"]}}
    assert all_values(dataset, MODALITIES) == "CT, SR"
    assert all_values(dataset, MODALITIES, " ") == "CT SR"


@pytest.mark.parametrize("element", [None, 7, "text", {"vr": "CS"}, {"vr": "CS", "Value": "CT"}])
def test_an_element_that_another_archive_got_wrong_has_no_values(element: object) -> None:
    assert values_of({"00080061": element}, MODALITIES) == []


def test_numbers_are_shown_with_commas_and_what_they_count() -> None:
    assert number_text(10_000) == "10,000"
    assert count_text(1, "study", "studies") == "1 study"
    assert count_text(2_000, "study", "studies") == "2,000 studies"
    assert count_text(0, "instance") == "0 instances"


@pytest.mark.parametrize(
    ("size", "expected"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (1_540_000, "1.5 MB"), (123_456_789_012, "123 GB")],
)
def test_sizes_are_written_for_people(size: int, expected: str) -> None:
    assert size_text(size) == expected


@pytest.mark.parametrize(
    ("text", "number", "shown"),
    [
        ("7", 7, "7"),
        (" -12 ", -12, "-12"),
        ("+1234", 1234, "1,234"),
        ("--5", None, ""),
        ("", None, ""),
        ("1.5", None, ""),
        ("\N{SUPERSCRIPT TWO}", None, ""),
        ("9" * 5_000, None, ""),
        ("x", None, ""),
    ],
    ids=range(9),
)
def test_whole_numbers_are_read_if_they_are_some(text: str, number: int | None, shown: str) -> None:
    assert (integer(text), integer_text(text)) == (number, shown)
