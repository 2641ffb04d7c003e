"""Rendered MPR and 3D volumes by HTTP; what they show is tested where they are made."""

from __future__ import annotations

import io
from typing import Any

import httpx
import numpy
import pytest
from builders import ct_instance, element
from PIL import Image

BASE = "http://pacs.test/dicom-web"
STUDY = "/studies/1.2.3"
SERIES = f"{STUDY}/series/1.2.3.1"
FIRST = f"{SERIES}/instances/1.2.3.4.1"
PNG = {"Accept": "image/png"}
SEEN = {"window": "50,100,linear-exact", "orientation": "f"}


def axial(number: int) -> bytes:
    """A slice of 8 x 8 pixels of 1 mm, ``number`` mm up, all of them 10 ``number`` Hounsfield units."""
    content = ct_instance(
        Rows=8,
        Columns=8,
        PixelData=numpy.full(64, number * 10 + 1024, "<u2").tobytes(),
        ImagePositionPatient=None,
        InstanceNumber=str(number),
        SOPInstanceUID=f"1.2.3.4.{number}",
    )
    plane = element(0x00200032, "DS", ["0", "0", str(number)]) + element(0x00200037, "DS", list("100010"))
    for tag, addition in ((0x00280002, plane), (0x00280100, element(0x00280030, "DS", ["1", "1"]))):
        place = content.index(tag.to_bytes(4, "big")[1::-1] + tag.to_bytes(4, "big")[:1:-1] + b"US")
        content = content[:place] + addition + content[place:]
    return content


async def store(client: httpx.AsyncClient, *instances: bytes) -> None:
    for content in instances:
        answer = await client.post("/studies", content=content, headers={"Content-Type": "application/dicom"})
        assert answer.status_code == 200, answer.text


async def grey(client: httpx.AsyncClient, path: str, **parameters: str) -> numpy.ndarray[Any, Any]:
    answer = await client.get(path, params={**SEEN, **parameters}, headers=PNG)
    assert answer.status_code == 200, answer.text
    return numpy.asarray(Image.open(io.BytesIO(answer.content)))


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("parameter", "")


@pytest.fixture
async def cube(client: httpx.AsyncClient) -> None:
    """Ten slices."""
    await store(client, *map(axial, range(10)))


@pytest.mark.usefixtures("cube")
async def test_a_volume_is_a_picture_like_any_other(client: httpx.AsyncClient) -> None:
    for path in (STUDY, SERIES):
        for name in ("renderedmpr", "renderedMPR", "rendered3D", "rendered3d"):
            answer = await client.get(f"{path}/{name}", params=SEEN)
            assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg"), answer.text
            assert answer.headers["content-location"] == f"{BASE}{path}/{name}"
    url = f"{SERIES}/renderedmpr"
    etag = answer.headers["etag"]
    assert (await client.get(f"{SERIES}/rendered3d", params=SEEN, headers={"If-None-Match": etag})).status_code == 304
    head = await client.head(f"{SERIES}/rendered3d", params=SEEN)
    assert (head.content, head.headers["etag"]) == (b"", etag)
    part = await client.get(f"{SERIES}/rendered3d", params=SEEN, headers={"Range": "bytes=0-2"})
    assert (part.status_code, part.content) == (206, b"\xff\xd8\xff")
    as_part = await client.get(url, params=SEEN, headers={"Accept": 'multipart/related; type="image/png"'})
    assert as_part.headers["content-type"].startswith('multipart/related; type="image/png"')
    warned = await client.get(url, params={**SEEN, "annotation": "patient,mood", "foo": "1"})
    assert len(warned.headers.get_list("warning")) == 2


@pytest.mark.usefixtures("cube")
async def test_parameters_and_matching_keys_make_the_volume(client: httpx.AsyncClient) -> None:
    def value(picture: numpy.ndarray[Any, Any]) -> float:
        """Hounsfield units in the middle of the picture."""
        rows, columns = picture.shape[:2]
        return float(picture.reshape(rows, columns, -1)[rows // 2, columns // 2, 0]) / 2.55

    method = "renderingmethod"
    assert value(await grey(client, f"{SERIES}/rendered3D", **{method: "maximum_ip"})) == pytest.approx(90, abs=2)
    assert value(await grey(client, f"{SERIES}/rendered3D", **{method: "minimum_ip"})) == pytest.approx(0, abs=2)
    assert value(await grey(client, f"{SERIES}/rendered3D", **{method: "average_ip"})) == pytest.approx(45, abs=3)
    assert value(await grey(client, f"{SERIES}/renderedmpr")) == pytest.approx(45, abs=6)
    slab = {"mprslab": "20", method: "maximum_ip"}
    assert value(await grey(client, f"{SERIES}/renderedmpr", **slab)) == pytest.approx(90, abs=2)
    highest = {method: "maximum_ip", "volumeinputreference": "1.2.3.4.1,1.2.3.4.2,1.2.3.4.3"}
    assert value(await grey(client, f"{STUDY}/rendered3D", **highest)) == pytest.approx(30, abs=2)
    matched = {method: "maximum_ip", "InstanceNumber": "2-5"}
    assert value(await grey(client, f"{STUDY}/rendered3D", **matched)) == pytest.approx(50, abs=2)
    one = {method: "maximum_ip", "viewport": "32,64"}
    assert (await grey(client, f"{SERIES}/rendered3D", **one)).shape[1] == 32
    none = await client.get(f"{SERIES}/renderedmpr", params={**SEEN, "Modality": "MR"})
    assert none.status_code == 404


@pytest.mark.usefixtures("cube")
async def test_a_volume_moves_where_that_is_asked_for(client: httpx.AsyncClient) -> None:
    turning = {**SEEN, "swivelrange": "20", "animationstepsize": "10", "animationrate": "5"}
    for accept, expected in (("*/*", "image/gif"), ("video/mp4", "video/mp4"), ("image/webp", "image/webp")):
        answer = await client.get(f"{SERIES}/rendered3D", params=turning, headers={"Accept": accept})
        assert (answer.status_code, answer.headers["content-type"]) == (200, expected), answer.text


@pytest.mark.usefixtures("cube")
async def test_the_metadata_are_json_and_always_the_same(client: httpx.AsyncClient) -> None:
    wanted = {**SEEN, "renderedvolumetricmetadata": "yes"}
    first = await client.get(f"{SERIES}/renderedmpr", params=wanted)
    assert first.headers["content-type"] == "application/dicom+json"
    assert first.json()["00720510"]["Value"] == ["MPR"]
    assert (await client.get(f"{SERIES}/renderedmpr", params=wanted)).content == first.content
    assert (await client.get(f"{SERIES}/renderedmpr", params=wanted, headers=PNG)).status_code == 406


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("renderingmethod=surface", "renderingmethod"),
        ("orientation=x", "orientation"),
        ("orientation=a&viewpointup=0,0,1", "orientation"),
        ("viewpointposition=1,2", "viewpointposition"),
        ("mprslab=-1", "mprslab"),
        ("swivelrange=0", "swivelrange"),
        ("animationrate=0", "animationrate"),
        ("volumetriccurvepoint=1,2,3", "volumetriccurvepoint"),
        ("volumeinputreference=x", "volumeinputreference"),
        ("renderedvolumetricmetadata=no", "renderedvolumetricmetadata"),
        ("StudyDate=x", "StudyDate"),
        ("viewport=1", "viewport"),
        ("window=40", "window"),
    ],
)
@pytest.mark.parametrize("path", [STUDY, f"{FIRST}/frames/1"])
async def test_a_value_that_cannot_be_is_refused(client: httpx.AsyncClient, path: str, query: str, name: str) -> None:
    await store(client, axial(1))
    assert problem(await client.get(f"{path}/renderedmpr?{query}")) == (400, name)


async def test_a_volumetric_presentation_state_decides_how_it_is_shown(client: httpx.AsyncClient) -> None:
    """PS3.18 §8.3.5.3.3 and .13; none is shown as yet."""
    uid = "1.2.840.10008.5.1.4.1.1.11.6"
    await store(client, ct_instance(SOPClassUID=uid, PixelData=None, SOPInstanceUID="1.2.3.4.1"))
    for query, name in (("renderingmethod=maximum_ip", "renderingmethod"), ("mprslab=3", "mprslab")):
        assert problem(await client.get(f"{FIRST}/renderedmpr?{query}")) == (400, name)
    refused = await client.get(f"{FIRST}/renderedmpr?renderedvolumetricmetadata=yes")
    assert problem(refused) == (400, "renderedvolumetricmetadata")
    assert (await client.get(f"{FIRST}/renderedmpr?orientation=a")).status_code == 501


async def test_what_is_no_volume_is_told(client: httpx.AsyncClient) -> None:
    await store(client, axial(1))
    for path in (STUDY, SERIES, FIRST, f"{FIRST}/frames/1"):
        assert (await client.get(f"{path}/renderedmpr")).status_code == 400  # one slice
    assert (await client.get(f"{FIRST}/frames/0/renderedmpr")).status_code == 400
    assert (await client.get(f"{FIRST}/frames/1,2/renderedmpr")).status_code == 404
    assert (await client.get(f"{SERIES}/rendered3D?mprslab=3")).status_code == 400
    assert (await client.get(f"{SERIES}/renderedmpr", headers={"Accept": "text/html"})).status_code == 406
    await store(client, ct_instance(StudyInstanceUID="1.2.4", SeriesInstanceUID="1.2.4.1", SOPInstanceUID="1.2.4.2"))
    assert (await client.get("/studies/1.2.4/rendered3D")).status_code == 400  # no plane
