"""Rendered resources and thumbnails; what the pictures show is tested where they are made."""

from __future__ import annotations

import io
from typing import Any

import httpx
import numpy
import pytest
from builders import JPEG_BASELINE, RLE_LOSSLESS, ct_dataset, ct_instance, element, encapsulated, part10
from dicomweb_bodies import contents, parts_of
from PIL import Image
from rendering_archive import CT, PLAN, REPORT, SEGMENTATION, content_of, copy_of, presentation_state, read

from dicomcore.errors import CorruptFrame

BASE = "http://pacs.test/dicom-web"
STUDY = "/studies/1.2.3"
SERIES = f"{STUDY}/series/1.2.3.1"
INSTANCE = f"{SERIES}/instances/1.2.3.4"
LEVELS = (STUDY, SERIES, INSTANCE)
PNG = {"Accept": "image/png"}
PNG_PARTS = {"Accept": 'multipart/related; type="image/png"'}
STREAM = b"\0\0\0\1\x67 this is a stream in H.264 "
ENCAPSULATED = "1.2.840.10008.5.1.4.1.1.104"


def multiframe(count: int, stored: int | None = None) -> bytes:
    """Frames of 4 x 4 bytes; ``stored`` of them are there."""
    frames = b"".join(bytes([number]) * 16 for number in range(1, (stored or count) + 1))
    eight_bits = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7, "PixelData": frames}
    return with_frames(ct_instance(**eight_bits), count)


def with_frames(content: bytes, count: int) -> bytes:
    place = content.index(element(0x00280010, "US", 4))
    return content[:place] + element(0x00280008, "IS", str(count)) + content[place:]


def compressed(transfer_syntax: str, fragments: list[bytes], frames: int, **overrides: Any) -> bytes:
    eight_bits = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7, "PixelData": None}
    dataset = ct_dataset(**{**eight_bits, **overrides}) + encapsulated(fragments)
    uid = overrides.get("SOPInstanceUID", "1.2.3.4")
    return with_frames(part10(dataset, transfer_syntax, sop_instance=uid), frames)


def rle_frame(value: int) -> bytes:
    """Eight bits, 4 x 4: one segment, one run of one value."""
    return (1).to_bytes(4, "little") + (64).to_bytes(4, "little") + bytes(56) + bytes([241, value])


def video(**overrides: Any) -> bytes:
    return compressed("1.2.840.10008.1.2.4.102", [STREAM], 3, **overrides)


def document(kind: str, content: bytes) -> bytes:
    uid = f"{ENCAPSULATED}.{kind}"
    dataset = ct_dataset(PixelData=None, SOPClassUID=uid, Rows=None, Columns=None)
    return part10(dataset + element(0x00420011, "OB", content), sop_class=uid)


async def store(client: httpx.AsyncClient, *instances: bytes) -> None:
    for content in instances:
        answer = await client.post("/studies", content=content, headers={"Content-Type": "application/dicom"})
        assert answer.status_code == 200, answer.text


def shown(content: bytes) -> numpy.ndarray[Any, Any]:
    return numpy.asarray(Image.open(io.BytesIO(content)))


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("parameter", "")


# One picture


async def test_one_picture_is_a_representation_like_any_other(client: httpx.AsyncClient) -> None:
    await store(client, ct_instance())
    for path in (f"{INSTANCE}/rendered", f"{INSTANCE}/frames/1/rendered"):
        answer = await client.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
        assert answer.headers["content-location"] == BASE + path
        assert {"Accept"} == set(answer.headers["vary"].split(", "))
        frame = answer.content
        assert frame[:3] == b"\xff\xd8\xff"
        assert b"\xff\xc0" in frame  # baseline

        head = await client.head(path)
        assert (head.status_code, head.content) == (200, b"")
        same = ("content-type", "content-length", "etag", "content-location", "accept-ranges")
        assert [head.headers[name] for name in same] == [answer.headers[name] for name in same]

        etag = answer.headers["etag"]
        assert (await client.get(path, headers={"If-None-Match": etag})).status_code == 304
        assert (await client.get(path, headers={"If-None-Match": etag, "Accept": "image/png"})).status_code == 200

        part = await client.get(path, headers={"Range": "bytes=2-9", "If-Range": etag})
        assert (part.status_code, part.content) == (206, frame[2:10])
        assert part.headers["content-range"] == f"bytes 2-9/{len(frame)}"
        assert (await client.get(path, headers={"Range": f"bytes={len(frame)}-"})).status_code == 416


async def test_the_form_is_chosen_by_parameter_by_name_by_default(client: httpx.AsyncClient) -> None:
    await store(client, ct_instance())
    for accept, query, expected in [
        ("*/*", {}, "image/jpeg"),
        ("image/*", {}, "image/jpeg"),
        ("image/png, image/gif;q=0.5", {}, "image/png"),
        ("*/*", {"accept": "image/gif"}, "image/gif"),
        ("image/png, image/gif", {"accept": "image/gif"}, "image/gif"),
        ("foo, image/gif", {}, "image/gif"),
    ]:
        answer = await client.get(f"{INSTANCE}/rendered", params=query, headers={"Accept": accept})
        assert (answer.status_code, answer.headers["content-type"]) == (200, expected), accept
    for parameter in ("image/*", "", "application/dicom,image/png"):
        answer = await client.get(f"{INSTANCE}/rendered", params={"accept": parameter})
        assert problem(answer) == (400, "accept")
    assert problem(await client.get(f"{INSTANCE}/rendered", params={"charset": "latin1"})) == (400, "charset")


async def test_parameters_change_the_picture(client: httpx.AsyncClient) -> None:
    values = numpy.arange(16, dtype="<u2").reshape(4, 4)  # -1024 to -1009 as they are rescaled
    await store(client, ct_instance(PixelData=values.tobytes()))
    for path in (f"{INSTANCE}/rendered", f"{INSTANCE}/frames/1/rendered"):
        for function, offset, width in (("linear", 0.5, 14), ("linear-exact", 0, 15)):
            window = await client.get(path, params={"window": f"-1016.5,15,{function}"}, headers=PNG)
            expected = ((values - 7.5 + offset) / width + 0.5).clip(0, 1) * 255
            assert numpy.abs(shown(window.content) - expected).max() <= 1
        part = await client.get(path, params={"viewport": "2,8,,,-2,4", "window": "-1016.5,15,linear"}, headers=PNG)
        assert shown(part.content).shape == (4, 2)
        assert shown(part.content)[0, 0] > shown(part.content)[0, 1]  # flipped
        large = await client.get(path, params={"viewport": "64,100"}, headers=PNG)
        assert shown(large.content).shape == (64, 64)
        warned = await client.get(path, params={"annotation": "patient,mood"}, headers=PNG)
        assert warned.headers["warning"] == (f"299 {BASE}: The following annotation values are not supported: mood")


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("annotation=", "annotation"),
        ("annotation=a%20b", "annotation"),
        ("quality=0", "quality"),
        ("quality=101", "quality"),
        ("quality=50.5", "quality"),
        ("quality=", "quality"),
        ("viewport=512", "viewport"),
        ("viewport=-1,2", "viewport"),
        ("viewport=99999,1", "viewport"),
        ("window=40,400", "window"),
        ("window=40,0,linear", "window"),
        ("window=40,400,cubic", "window"),
        ("iccprofile=cmyk", "iccprofile"),
        ("accept=image/gif&iccprofile=yes", "iccprofile"),
        ("quality=1&quality=2", "quality"),
    ],
)
@pytest.mark.parametrize("path", [f"{STUDY}/rendered", f"{INSTANCE}/rendered", f"{INSTANCE}/frames/1/rendered"])
async def test_a_value_that_cannot_be_is_refused(client: httpx.AsyncClient, path: str, query: str, name: str) -> None:
    await store(client, ct_instance())
    if path.startswith(f"{STUDY}/rendered") and "accept=" in query:
        headers = {"Accept": 'multipart/related; type="image/gif"'}
        assert problem(await client.get(f"{path}?iccprofile=yes", headers=headers)) == (400, name)
    else:
        assert problem(await client.get(f"{path}?{query}")) == (400, name)


@pytest.mark.parametrize("suffix", ["/rendered", "/thumbnail", "/renderedmpr", "/rendered3D"])
async def test_what_is_not_there_is_not_found_and_what_was_deleted_is_gone(
    client: httpx.AsyncClient, suffix: str
) -> None:
    for path in (*LEVELS, f"{INSTANCE}/frames/1"):
        assert (await client.get(path + suffix)).status_code == 404
    assert (await client.get(f"/studies/1..2{suffix}")).status_code == 400
    await store(client, ct_instance())
    assert (await client.get(f"{STUDY}/series/9/instances/1.2.3.4{suffix}")).status_code == 404
    assert (await client.delete(STUDY)).status_code == 204
    for path in (*LEVELS, f"{INSTANCE}/frames/1"):
        assert (await client.get(path + suffix)).status_code == 410


@pytest.mark.parametrize("accept", ["application/dicom", "image/bmp", "text/plain", "video/mp4", "image/jpeg;q=0"])
async def test_what_cannot_be_made_is_refused_with_what_can(client: httpx.AsyncClient, accept: str) -> None:
    await store(client, ct_instance())
    for path in (*LEVELS, f"{INSTANCE}/frames/1"):
        answer = await client.get(f"{path}/rendered", headers={"Accept": accept})
        assert answer.status_code == 406
        assert 'multipart/related; type="image/png"' in answer.json()["available"]


@pytest.mark.parametrize(("content", "status"), [(content_of(PLAN), 501), (ct_instance(PixelData=None), 404)])
async def test_what_has_no_picture_says_why(client: httpx.AsyncClient, content: bytes, status: int) -> None:
    answer = await client.post("/studies", content=content, headers={"Content-Type": "application/dicom"})
    (item,) = answer.json()["00081199"]["Value"]
    url = item["00081190"]["Value"][0]
    for path in (url, url.partition("/series")[0]):
        assert (await client.get(f"{path}/rendered")).status_code == status
    assert (await client.get(f"{url}/frames/1/rendered")).status_code == 404


# Frames


async def test_frames_are_parts_and_one_that_is_torn_is_named(client: httpx.AsyncClient) -> None:
    await store(client, multiframe(12, stored=11))
    answer = await client.get(f"{INSTANCE}/frames/3,1/rendered", headers=PNG_PARTS)
    locations = [part.headers["Content-Location"] for part in parts_of(answer)]
    assert locations == [f"{BASE}{INSTANCE}/frames/{number}/rendered" for number in (3, 1)]
    for accept in ("image/png", "image/*"):
        refused = await client.get(f"{INSTANCE}/frames/1,2/rendered", headers={"Accept": accept})
        assert refused.status_code == 406
    many = ",".join(map(str, range(1, 12)))
    streamed = await client.get(f"{INSTANCE}/frames/{many}/rendered", headers=PNG_PARTS)
    assert [shown(part).shape for part in contents(parts_of(streamed))] == [(4, 4)] * 11
    for path in ("12", "1,12", f"{many},12"):
        torn = await client.get(f"{INSTANCE}/frames/{path}/rendered")
        assert (torn.status_code, torn.json()["frame_number"]) == (422, 12)
    assert (await client.get(f"{INSTANCE}/frames/13/rendered")).status_code == 404


async def test_many_frames_end_at_one_that_cannot_be_decoded(client: httpx.AsyncClient) -> None:
    frames = [rle_frame(number) for number in range(11)]
    await store(client, compressed(RLE_LOSSLESS, [*frames, b"rubbish"], 12))
    with pytest.raises(RuntimeError) as broken_off:  # a server breaks the answer off
        await client.get(f"{INSTANCE}/frames/{','.join(map(str, range(1, 13)))}/rendered")
    assert isinstance(broken_off.value.__cause__, CorruptFrame)
    assert (await client.get(f"{INSTANCE}/frames/11,12/rendered")).status_code == 422
    assert (await client.get(f"{INSTANCE}/frames/5/rendered")).status_code == 200


async def test_a_codestream_that_is_none_is_a_corrupt_frame(client: httpx.AsyncClient) -> None:
    await store(client, compressed(JPEG_BASELINE, [b"\xff\xd8" + bytes([n]) * 60 + b"\xff\xd9" for n in range(3)], 3))
    answer = await client.get(f"{INSTANCE}/frames/2/rendered")
    assert (answer.status_code, answer.json()["frame_number"]) == (422, 2)
    assert (await client.get(f"{INSTANCE}/rendered", headers=PNG)).status_code == 422


@pytest.mark.parametrize(("frames", "status"), [("0", 400), ("x", 400), ("1,", 400), ("4", 404), ("1,4", 404)])
@pytest.mark.parametrize("suffix", ["rendered", "thumbnail"])
async def test_a_frame_that_is_none_is_refused(
    client: httpx.AsyncClient, frames: str, status: int, suffix: str
) -> None:
    await store(client, multiframe(3))
    assert (await client.get(f"{INSTANCE}/frames/{frames}/{suffix}")).status_code == status


# Series and studies


async def test_each_instance_of_a_study_is_a_part_in_the_form_of_its_kind(client: httpx.AsyncClient) -> None:
    ids = {"StudyInstanceUID": "1.2.3", "PatientID": "PID1"}
    report = copy_of(REPORT, SeriesInstanceUID="1.2.3.2", SOPInstanceUID="1.2.3.2.1", **ids)
    plan = copy_of(PLAN, SeriesInstanceUID="1.2.3.5", SOPInstanceUID="1.2.3.5.1", **ids)
    movie = video(SeriesInstanceUID="1.2.3.3", SOPInstanceUID="1.2.3.3.1")
    await store(client, ct_instance(), report, movie, plan)

    def found(answer: httpx.Response) -> dict[str, str]:
        parts = parts_of(answer)
        return {part.headers["Content-Location"][-17:]: part.headers["Content-Type"] for part in parts}

    whole = await client.get(f"{STUDY}/rendered")
    assert whole.status_code == 206
    assert whole.headers["warning"].startswith(f"299 {BASE}: 1 of 4 instances are left out")
    assert sorted(found(whole).values()) == ["image/jpeg", "text/html; charset=utf-8", "video/mp4"]
    accept = ", ".join(f'multipart/related; type="{one}"' for one in ("image/png", "text/plain", "video/mp4"))
    chosen = await client.get(f"{STUDY}/rendered", headers={"Accept": accept})
    assert sorted(found(chosen).values()) == ["image/png", "text/plain; charset=utf-8", "video/mp4"]
    texts = await client.get(f"{STUDY}/rendered", headers={"Accept": 'multipart/related; type="text/xml"'})
    assert (texts.status_code, len(parts_of(texts))) == (206, 1)
    for accept in ("image/png", "text/html, image/png"):
        assert (await client.get(f"{STUDY}/rendered", headers={"Accept": accept})).status_code == 406


async def test_a_series_is_whole_where_everything_of_it_is_shown(client: httpx.AsyncClient) -> None:
    await store(client, *(ct_instance(SOPInstanceUID=f"1.2.3.4.{number}") for number in range(10)))
    answer = await client.get(f"{SERIES}/rendered", headers=PNG_PARTS)
    assert (answer.status_code, len(parts_of(answer))) == (200, 10)
    assert "warning" not in answer.headers
    assert (await client.get(f"{SERIES}/rendered", headers=PNG)).status_code == 406


# Kinds


async def test_a_video_leaves_as_it_is_stored(client: httpx.AsyncClient) -> None:
    await store(client, video())
    answer = await client.get(f"{INSTANCE}/rendered")
    assert (answer.headers["content-type"], answer.content.rstrip(b"\0")) == ("video/mp4", STREAM)
    part = await client.get(f"{INSTANCE}/rendered", headers={"Accept": "video/mp4", "Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, STREAM[:4])
    assert (await client.get(f"{INSTANCE}/rendered", headers={"Accept": "video/mpeg"})).status_code == 406


async def test_an_encapsulated_document_leaves_as_it_is(client: httpx.AsyncClient) -> None:
    await store(client, document("1", b"%PDF-1.7 it is"))
    answer = await client.get(f"{INSTANCE}/rendered")
    assert (answer.headers["content-type"], answer.content) == ("application/pdf", b"%PDF-1.7 it is")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert (await client.get(f"{INSTANCE}/rendered", headers={"Accept": "text/html"})).status_code == 406
    assert (await client.get(f"{INSTANCE}/rendered", headers={"Range": "bytes=0-3"})).content == b"%PDF"
    assert (await client.get(f"{INSTANCE}/rendered?window=x")).status_code == 400


async def test_a_clinical_document_says_itself_what_its_character_set_is(client: httpx.AsyncClient) -> None:
    text = '<?xml version="1.0" encoding="ISO-8859-1"?><ClinicalDocument>\xe9</ClinicalDocument>'.encode("latin-1")
    await store(client, document("2", text))
    answer = await client.get(f"{INSTANCE}/rendered")
    assert (answer.headers["content-type"], answer.content.rstrip(b"\0")) == ("text/xml", text)
    assert "sandbox" in answer.headers["content-security-policy"]


async def test_parameters_of_pictures_do_not_matter_to_text(client: httpx.AsyncClient) -> None:
    await store(
        client, copy_of(REPORT, StudyInstanceUID="1.2.3", SeriesInstanceUID="1.2.3.1", SOPInstanceUID="1.2.3.4")
    )
    plain = await client.get(f"{INSTANCE}/rendered")
    with_parameters = await client.get(f"{INSTANCE}/rendered?window=40,400,linear&quality=5&viewport=7,7&iccprofile=no")
    assert with_parameters.content == plain.content
    assert "sandbox" in plain.headers["content-security-policy"]


async def test_presentation_states_and_segmentations_are_pictures(client: httpx.AsyncClient) -> None:
    image = read(CT)
    state = f"/studies/{image.StudyInstanceUID}/series/1.2.826.2/instances/1.2.826.1"
    await store(client, presentation_state(image))
    assert (await client.get(f"{state}/rendered")).status_code == 404  # without its image there is nothing to show
    await store(client, content_of(CT), content_of(SEGMENTATION))
    upright = f"/studies/{image.StudyInstanceUID}/series/{image.SeriesInstanceUID}/instances/{image.SOPInstanceUID}"
    window = {"window": "40,400,linear"}
    expected = shown((await client.get(f"{upright}/rendered", params=window, headers=PNG)).content)
    turned = await client.get(f"{state}/rendered", headers=PNG)
    assert (abs(shown(turned.content).astype(int).reshape(128, 128, -1)[..., 0] - expected[::-1, ::-1]) <= 1).all()
    small = await client.get(f"{state}/rendered", params={"viewport": "64,64", "annotation": "patient"}, headers=PNG)
    assert shown(small.content).shape[:2] == (64, 64)
    for query, name in (("window=40,400,linear", "window"), ("viewport=64,64,0,0,9,9", "viewport")):
        assert problem(await client.get(f"{state}/rendered?{query}")) == (400, name)
    study = await client.get(f"/studies/{image.StudyInstanceUID}/rendered?window=40,400,linear", headers=PNG_PARTS)
    assert (study.status_code, len(parts_of(study))) == (200, 2)  # a window for the image, none for the state
    mask = read(SEGMENTATION)
    path = f"/studies/{mask.StudyInstanceUID}/series/{mask.SeriesInstanceUID}/instances/{mask.SOPInstanceUID}"
    for suffix in ("rendered", "frames/1/rendered"):
        assert shown((await client.get(f"{path}/{suffix}", headers=PNG)).content).shape == (512, 512, 3)


async def test_a_picture_is_made_anew_when_an_image_in_it_is_deleted(client: httpx.AsyncClient) -> None:
    image = read(CT)
    await store(client, presentation_state(image), content_of(CT))
    state = f"/studies/{image.StudyInstanceUID}/series/1.2.826.2/instances/1.2.826.1/rendered"
    etag = (await client.get(state)).headers["etag"]
    assert (await client.get(state, headers={"If-None-Match": etag})).status_code == 304
    await client.delete(f"/studies/{image.StudyInstanceUID}/series/{image.SeriesInstanceUID}")
    for headers in ({}, {"If-None-Match": etag}):
        assert (await client.get(state, headers=headers)).status_code in (404, 410)


# Thumbnails


async def test_a_thumbnail_is_one_small_picture_at_every_level(client: httpx.AsyncClient) -> None:
    await store(client, multiframe(3))
    for path in (*LEVELS, f"{INSTANCE}/frames/2", f"{INSTANCE}/frames/1,2,3"):
        answer = await client.get(f"{path}/thumbnail")
        assert (answer.headers["content-type"], shown(answer.content).shape[:2]) == ("image/jpeg", (256, 256))
        assert answer.headers["content-location"] == f"{BASE}{path}/thumbnail"
        sized = await client.get(f"{path}/thumbnail", params={"viewport": "64,32", "accept": "image/png"})
        assert shown(sized.content).shape[:2] == (32, 32)
        head = await client.head(f"{path}/thumbnail")
        assert (head.content, head.headers["etag"]) == (b"", answer.headers["etag"])
        unchanged = await client.get(f"{path}/thumbnail", headers={"If-None-Match": answer.headers["etag"]})
        assert unchanged.status_code == 304
        assert sized.headers["etag"] != answer.headers["etag"]


@pytest.mark.parametrize("path", [*LEVELS, f"{INSTANCE}/frames/1"])
async def test_a_thumbnail_takes_a_size_and_nothing_else(client: httpx.AsyncClient, path: str) -> None:
    await store(client, ct_instance())
    assert problem(await client.get(f"{path}/thumbnail?viewport=64,64,0,0,9,9")) == (400, "viewport")
    assert problem(await client.get(f"{path}/thumbnail?viewport=x")) == (400, "viewport")
    assert problem(await client.get(f"{path}/thumbnail?charset=latin1")) == (400, "charset")
    refused = await client.get(f"{path}/thumbnail", headers={"Accept": "image/avif"})
    assert refused.status_code == 406
    assert refused.json()["available"][0] == "image/jpeg"
