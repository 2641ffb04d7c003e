from typing import Any

import httpx
import pytest
from builders import ct_instance, element, sequence
from dicomweb_bodies import parts_of

from app.main import create_app
from app.settings import Settings

BASE = "http://pacs.test/dicom-web"
DICOM = {"Content-Type": "application/dicom"}
SEARCHES = [
    "/studies",
    "/series",
    "/instances",
    "/studies/1.2.3/series",
    "/studies/1.2.3/instances",
    "/studies/1.2.3/series/1.2.3.1/instances",
    "/patients",
]
STUDY_TAGS = {
    "00080020", "00080030", "00080050", "00080056", "00080061", "00080090", "00081190", "00100010", "00100020",
    "00100030", "00100040", "0020000D", "00200010", "00201206", "00201208",
}  # fmt: skip
SERIES_TAGS = {"00080060", "00081190", "0020000E", "00200011", "00201209"}
INSTANCE_TAGS = {"00080016", "00080018", "00081190", "00200013", "00280010", "00280011", "00280100"}

FILES = [
    ct_instance(SOPInstanceUID="1.2.3.4"),
    ct_instance(SOPInstanceUID="1.2.3.5", InstanceNumber="8"),
    ct_instance(SOPInstanceUID="1.2.3.6", SeriesInstanceUID="1.2.3.2", SeriesNumber="3", Modality="SR"),
    ct_instance(
        SOPInstanceUID="9.1", SeriesInstanceUID="9.0", StudyInstanceUID="9", StudyDate="20230101", PatientID="PID2",
        PatientName="Roe^Richard", StudyID=None,
    ),
]  # fmt: skip


@pytest.fixture
async def filled(client: httpx.AsyncClient) -> httpx.AsyncClient:
    for content in FILES:
        assert (await client.post("/studies", content=content, headers=DICOM)).status_code == 200
    return client


def first(attributes: dict[str, Any], tag: str) -> Any:
    return attributes[tag].get("Value", [None])[0]


@pytest.mark.parametrize(
    ("path", "tag", "expected"),
    [
        ("/studies", "0020000D", ["1.2.3", "9"]),
        ("/series", "0020000E", ["1.2.3.1", "1.2.3.2", "9.0"]),
        ("/instances", "00080018", ["1.2.3.4", "1.2.3.5", "1.2.3.6", "9.1"]),
        ("/studies/1.2.3/series", "0020000E", ["1.2.3.1", "1.2.3.2"]),
        ("/studies/1.2.3/instances", "00080018", ["1.2.3.4", "1.2.3.5", "1.2.3.6"]),
        ("/studies/1.2.3/series/1.2.3.1/instances", "00080018", ["1.2.3.4", "1.2.3.5"]),
        ("/patients", "00100020", ["PID1", "PID2"]),
    ],
)
async def test_each_resource_finds_what_is_below_it(
    filled: httpx.AsyncClient, path: str, tag: str, expected: list[str]
) -> None:
    answer = await filled.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/dicom+json")
    assert [first(one, tag) for one in answer.json()] == expected
    assert answer.headers["x-total-count"] == str(len(expected))
    assert "warning" not in answer.headers


@pytest.mark.parametrize(
    ("path", "tags"),
    [
        ("/studies", STUDY_TAGS),
        ("/series", STUDY_TAGS | SERIES_TAGS),
        ("/instances", STUDY_TAGS | SERIES_TAGS | INSTANCE_TAGS),
        ("/studies/1.2.3/series", SERIES_TAGS),
        ("/studies/1.2.3/instances", SERIES_TAGS | INSTANCE_TAGS),
        ("/studies/1.2.3/series/1.2.3.1/instances", INSTANCE_TAGS),
    ],
)
async def test_the_attributes_of_the_levels_that_the_path_does_not_name_are_there(
    filled: httpx.AsyncClient, path: str, tags: set[str]
) -> None:
    for found in (await filled.get(path)).json():
        assert tags <= set(found)
        assert list(found) == sorted(found)


async def test_an_attribute_without_a_value_is_there_empty(filled: httpx.AsyncClient) -> None:
    (found,) = (await filled.get("/studies?PatientID=PID2")).json()
    assert found["00200010"] == {"vr": "SH"}


@pytest.mark.parametrize("path", SEARCHES[:-1])
async def test_retrieve_urls_lead_to_what_was_found(filled: httpx.AsyncClient, path: str) -> None:
    for found in (await filled.get(path)).json():
        assert found["00081190"]["vr"] == "UR"
        url = first(found, "00081190")
        assert url.startswith(f"{BASE}/studies/")
        assert (await filled.get(url)).status_code == 200


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("PatientID=PID1", ["1.2.3"]),
        ("00100020=PID2", ["9"]),
        ("PatientName=doe*", ["1.2.3"]),
        ("StudyDate=20230101-20231231", ["9"]),
        ("StudyInstanceUID=1.2.3,9", ["1.2.3", "9"]),
        ("ModalitiesInStudy=SR", ["1.2.3"]),
        ("PatientID=", ["1.2.3", "9"]),
        ("foo=1&PatientID=PID1", ["1.2.3"]),
        ("patientid=PID1", ["1.2.3", "9"]),
    ],
)
async def test_studies_are_found_by_their_attributes(
    filled: httpx.AsyncClient, query: str, expected: list[str]
) -> None:
    assert [first(one, "0020000D") for one in (await filled.get(f"/studies?{query}")).json()] == expected


async def test_all_values_of_a_matched_attribute_are_returned(filled: httpx.AsyncClient) -> None:
    (found,) = (await filled.get("/studies?ModalitiesInStudy=SR")).json()
    assert found["00080061"]["Value"] == ["CT", "SR"]


@pytest.mark.parametrize("path", SEARCHES)
async def test_no_match_is_no_content(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["x-total-count"] == "0"
    assert "content-type" not in answer.headers


@pytest.mark.parametrize("path", ["/studies/8/series", "/studies/8/instances", "/studies/1.2.3/series/8/instances"])
async def test_a_parent_that_is_not_there_has_no_matches(filled: httpx.AsyncClient, path: str) -> None:
    assert (await filled.get(path)).status_code == 204


@pytest.mark.parametrize("path", ["/studies/abc/series", "/studies/1..2/instances"])
async def test_a_parent_that_is_no_uid_is_a_bad_request(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 400


@pytest.mark.parametrize(
    ("page", "expected", "remaining"),
    [
        ("limit=2", ["1.2.3.4", "1.2.3.5"], 2),
        ("limit=2&offset=2", ["1.2.3.6", "9.1"], 0),
        ("limit=1&offset=1", ["1.2.3.5"], 2),
        ("offset=3", ["9.1"], 0),
        ("limit=100", ["1.2.3.4", "1.2.3.5", "1.2.3.6", "9.1"], 0),
    ],
)
async def test_pages_say_how_much_remains(
    filled: httpx.AsyncClient, page: str, expected: list[str], remaining: int
) -> None:
    answer = await filled.get(f"/instances?{page}")
    assert [first(one, "00080018") for one in answer.json()] == expected
    assert answer.headers["x-total-count"] == "4"
    sentence = f"299 {BASE}: There are {remaining} additional results that can be requested"
    assert answer.headers.get_list("warning") == ([sentence] if remaining else [])


async def test_a_limit_of_nothing_tells_how_much_there_is(filled: httpx.AsyncClient) -> None:
    answer = await filled.get("/studies?limit=0")
    assert (answer.status_code, answer.headers["x-total-count"]) == (204, "2")
    assert answer.headers["warning"] == f"299 {BASE}: There are 2 additional results that can be requested"


async def test_an_offset_beyond_the_end_finds_nothing(filled: httpx.AsyncClient) -> None:
    answer = await filled.get("/studies?offset=10")
    assert (answer.status_code, answer.headers["x-total-count"]) == (204, "2")
    assert "warning" not in answer.headers


async def test_the_same_search_gives_the_same_bytes(filled: httpx.AsyncClient) -> None:
    for path in SEARCHES:
        assert (await filled.get(path)).content == (await filled.get(path)).content


@pytest.mark.parametrize(
    "query",
    [
        "limit=-1", "limit=x", "limit=1&limit=2", "offset=-1", "fuzzymatching=yes", "fuzzymatching=",
        "StudyDate=yesterday", "PatientID=1&00100020=2", "includefield=all,PatientID", "00291001=1",
    ],
)  # fmt: skip
async def test_a_value_that_cannot_be_is_a_bad_request(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(f"/studies?{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert answer.json()["parameter"]


async def test_an_unknown_parameter_is_ignored_with_a_warning(filled: httpx.AsyncClient) -> None:
    answer = await filled.get("/studies?Limit=1")
    assert (answer.status_code, len(answer.json())) == (200, 2)
    assert answer.headers["warning"] == (f"299 {BASE}: The Limit parameter is not supported. It has been ignored.")


async def test_fields_that_are_asked_for_are_included_at_their_levels(filled: httpx.AsyncClient) -> None:
    query = "includefield=StudyDescription&includefield=SeriesDescription,SliceThickness"
    (study, _) = (await filled.get(f"/studies?{query}")).json()
    assert first(study, "00081030") == "Thorax"
    assert "0008103E" not in study and "00180050" not in study
    series = (await filled.get(f"/studies/1.2.3/series?{query}")).json()[0]
    assert first(series, "0008103E") == "Axial 5 mm"
    assert "00180050" not in series
    instance = (await filled.get(f"/instances?{query}")).json()[0]
    assert (first(instance, "0008103E"), first(instance, "00180050")) == ("Axial 5 mm", 5.0)


async def test_requests_of_a_series_are_matched_in_their_sequence(client: httpx.AsyncClient) -> None:
    request = sequence(0x00400275, element(0x00400009, "SH", "SPS1") + element(0x00401001, "SH", "RP1"))
    await client.post("/studies", content=ct_instance(extra=request), headers=DICOM)
    matched = "RequestAttributesSequence.ScheduledProcedureStepID=SPS1&00400275.RequestedProcedureID=RP1"
    assert len((await client.get(f"/series?{matched}")).json()) == 1
    assert (await client.get("/series?RequestAttributesSequence.RequestedProcedureID=RP2")).status_code == 204


@pytest.mark.parametrize("path", SEARCHES)
async def test_matches_in_xml_are_a_part_each(filled: httpx.AsyncClient, path: str) -> None:
    accept = {"Accept": 'multipart/related; type="application/dicom+xml"'}
    answer = await filled.get(path, headers=accept)
    assert answer.headers["content-type"].startswith('multipart/related; type="application/dicom+xml"; boundary=')
    parts = parts_of(answer)
    assert len(parts) == int(answer.headers["x-total-count"])
    assert all(part.headers["Content-Type"] == "application/dicom+xml" for part in parts)
    assert all(b"<NativeDicomModel" in part.content for part in parts)


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("*/*", "application/dicom+json"),
        ("application/json", "application/json"),
        ("foo, */*", "application/dicom+json"),
    ],
)
async def test_json_is_the_default(filled: httpx.AsyncClient, accept: str, content_type: str) -> None:
    answer = await filled.get("/studies", headers={"Accept": accept})
    assert answer.headers["content-type"] == content_type


@pytest.mark.parametrize("accept", ["image/png", "application/dicom", "application/dicom+xml"])
async def test_other_media_types_are_refused(filled: httpx.AsyncClient, accept: str) -> None:
    answer = await filled.get("/studies", headers={"Accept": accept})
    assert answer.status_code == 406
    assert "application/dicom+json" in answer.json()["available"]


async def test_without_accept_strictness_decides(settings: Settings) -> None:
    for strict, status in ((True, 406), (False, 204)):
        app = create_app(settings.model_copy(update={"strict_accept": strict}))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE) as client:
            del client.headers["accept"]
            assert (await client.get("/studies")).status_code == status


async def test_more_than_the_largest_number_of_results_is_never_given(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"search_default_limit": 1, "search_max_limit": 2}))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE) as client:
        for content in FILES:
            await client.post("/studies", content=content, headers=DICOM)
        assert len((await client.get("/instances")).json()) == 1
        answer = await client.get("/instances?limit=100")
    assert (len(answer.json()), answer.headers["x-total-count"]) == (2, "4")
    assert answer.headers["warning"] == f"299 {BASE}: There are 2 additional results that can be requested"


async def test_counts_follow_every_store_and_delete(client: httpx.AsyncClient) -> None:
    async def counts() -> tuple[int, int, list[str]]:
        (study,) = (await client.get("/studies")).json()
        return first(study, "00201206"), first(study, "00201208"), study["00080061"]["Value"]

    for content, expected in zip(FILES, [(1, 1, ["CT"]), (1, 2, ["CT"]), (2, 3, ["CT", "SR"])], strict=False):
        await client.post("/studies", content=content, headers=DICOM)
        assert await counts() == expected
    await client.delete("/studies/1.2.3/series/1.2.3.2")
    assert await counts() == (1, 2, ["CT"])


async def test_head_is_get_without_a_body(filled: httpx.AsyncClient) -> None:
    get, head = await filled.get("/studies?limit=1"), await filled.head("/studies?limit=1")
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-type", "content-length", "x-total-count", "warning"):
        assert head.headers[name] == get.headers[name]
