import orjson

from app.web.study_rows import Place, parse_study, study_row, uid_of

HERE = Place("/pacs", "ISOCENTER", "")
PACS = Place("", "ISOCENTER", "PACS")
ALL = Place("", "ISOCENTER", "*")


def study(**values: object) -> dict[str, dict[str, list[object]]]:
    tags = {"uid": "0020000D", "holders": "00080054", "availability": "00080056", "name": "00100010", "id": "00100020"}
    tags |= {
        "modalities": "00080061",
        "date": "00080020",
        "time": "00080030",
        "images": "00201208",
        "series": "00201206",
    }
    return {tags[name]: {"Value": value if isinstance(value, list) else [value]} for name, value in values.items()}


def test_a_study_is_shown_as_people_read_it() -> None:
    found = study(
        uid="1.2", name={"Alphabetic": "Doe^Jane"}, date="20261123", time="140500", modalities=["CT", "SR"], images=240
    )
    row = study_row(found, HERE)
    assert (row.name, row.date, row.time, row.modalities) == ("Doe, Jane", "2026-11-23", "14:05", "CT SR")
    assert row.label == "Doe, Jane, 2026-11-23, CT SR"
    assert row.counts == "240 instances"


def test_what_a_study_is_called_is_never_empty() -> None:
    assert study_row(study(id="P1"), HERE).label == "P1"
    assert study_row({}, HERE).label == "no name"


def test_one_instance_is_not_called_instances() -> None:
    assert study_row(study(series=1, images=1), HERE).counts == "1 series, 1 instance"
    assert study_row(study(series=2, images=11), HERE).counts == "2 series, 11 instances"


def test_studies_of_this_archive_link_to_its_pages_below_the_prefix() -> None:
    row = study_row(study(uid="1.2", holders="ISOCENTER"), HERE)
    assert row.is_here
    assert (row.page, row.view) == ("/pacs/ui/studies/1.2", "/pacs/ui/view/1.2")
    assert row.viewer == "/pacs/viewer?StudyInstanceUIDs=1.2"
    assert row.holders == ()


def test_studies_of_a_node_are_read_from_it() -> None:
    row = study_row(study(uid="1.2", holders="PACS", availability="NEARLINE"), PACS)
    assert not row.is_here
    assert (row.page, row.source) == ("/ui/studies/1.2?source=PACS", "PACS")
    assert row.viewer.endswith("datasources=PACS")
    assert (row.holders, row.availability) == (("PACS",), "nearline")


def test_studies_of_a_node_that_are_here_too_are_marked() -> None:
    assert study_row(study(uid="1.2", holders="PACS"), PACS, frozenset(["1.2"])).is_here


def test_of_all_nodes_the_archive_comes_first_and_then_whoever_has_it() -> None:
    both = study_row(study(uid="1.2", holders=["ISOCENTER", "PACS"]), ALL)
    assert (both.is_here, both.source, both.holders) == (True, "", ("PACS",))
    elsewhere = study_row(study(uid="1.2", holders=["A B", "PACS"]), ALL)
    assert (elsewhere.is_here, elsewhere.source, elsewhere.page) == (False, "A B", "/ui/studies/1.2?source=A%20B")


def test_a_study_without_a_valid_uid_has_no_links() -> None:
    row = study_row(study(uid="javascript:alert(1)"), PACS)
    assert (row.uid, row.page, row.view, row.viewer) == ("", "", "", "")
    assert uid_of({}) == ""


def test_the_place_of_the_base_uri_is_left_empty() -> None:
    found = b'{"00081190":{"vr":"UR","Value":["\xff/studies/1.2"]}}'
    assert parse_study(found) == orjson.loads(found.replace(b"\xff", b""))
