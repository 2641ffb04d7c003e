from __future__ import annotations

import httpx
import pytest
from builders import ct_instance
from shown_instances import HOSTILE_NAME

from app.web.series import PAGE, class_name, series_label

UI = "http://pacs.test/ui"
PARTS = f"{UI}/parts/studies/1.2.3/series/1.2.3.1/instances"


async def store(client: httpx.AsyncClient, *instances: bytes) -> None:
    for content in instances:
        answer = await client.post("/studies", content=content, headers={"Content-Type": "application/dicom"})
        assert answer.status_code == 200, answer.text


def slices(count: int) -> list[bytes]:
    return [
        ct_instance(
            SOPInstanceUID=f"1.2.3.1.{number}",
            InstanceNumber=str(number),
            ImagePositionPatient=["0", "0", str(3 * number)],
            extra=b"",
        )
        for number in range(1, count + 1)
    ]


async def test_a_series_tells_what_it_is_and_how_it_is_stored(client: httpx.AsyncClient) -> None:
    await store(client, *slices(3))
    page = await client.get(f"{UI}/studies/1.2.3/series/1.2.3.1")
    assert page.status_code == 200
    for text in ("Axial 5 mm", "3 instances", "CT Image", "Explicit VR Little Endian", "5 mm", "MONOCHROME2, 12 bits"):
        assert text in page.text
    assert page.text.count('class="instance-card"') == 3
    assert "Doe, Jane" in page.text


async def test_instances_come_a_page_at_a_time(client: httpx.AsyncClient) -> None:
    await store(client, *slices(PAGE + 5))
    page = (await client.get(f"{UI}/studies/1.2.3/series/1.2.3.1")).text
    assert page.count('class="instance-card"') == PAGE
    assert f'hx-get="/ui/parts/studies/1.2.3/series/1.2.3.1/instances?offset={PAGE}"' in page
    rest = (await client.get(PARTS, params={"offset": PAGE})).text
    assert rest.count('class="instance-card"') == 5
    assert "hx-get" not in rest
    assert (await client.get(PARTS, params={"offset": 9999})).text.strip() == ""


@pytest.mark.parametrize("offset", ["-1", "x", "1" * 10, "²"])
async def test_an_offset_is_a_number(client: httpx.AsyncClient, offset: str) -> None:
    await store(client, ct_instance())
    assert (await client.get(PARTS, params={"offset": offset})).status_code == 400


async def test_what_is_in_the_data_is_text(client: httpx.AsyncClient) -> None:
    await store(client, ct_instance(SeriesDescription=HOSTILE_NAME[:60], PatientName=HOSTILE_NAME))
    page = await client.get(f"{UI}/studies/1.2.3/series/1.2.3.1")
    assert "<img src=x" not in page.text
    assert "<script>alert" not in page.text


async def test_a_series_that_is_not_here_is_not_found(client: httpx.AsyncClient) -> None:
    assert (await client.get(f"{UI}/studies/1.2.3/series/1.2.3.1")).status_code == 404


def test_kinds_and_labels_are_words() -> None:
    assert class_name("1.2.840.10008.5.1.4.1.1.2") == "CT Image"
    assert class_name("1.2.3") == "1.2.3"
    assert series_label({"00200011": {"vr": "IS", "Value": [3]}, "00080060": {"vr": "CS", "Value": ["CT"]}}) == "3 CT"
    assert series_label({}) == "without a number"
