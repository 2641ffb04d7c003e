"""Rendered resources, thumbnails and the URI Service over real files, against a running server."""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email.parser import BytesParser
from pathlib import Path

import httpx
import numpy
import pytest
from builders import RLE_LOSSLESS, ct_dataset, element, encapsulated, part10
from corpus import corpus_files
from dicomweb_client.api import DICOMwebClient
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_file
from running_server import RunningServer, start_server

CT = "CT_small.dcm"
MULTIFRAME = "examples_ybr_color.dcm"
REPORT = "reportsi.dcm"
ECG = "waveform_ecg.dcm"
NAMES = (CT, MULTIFRAME, REPORT, ECG, "examples_palette.dcm", "liver_1frame.dcm", "rtplan.dcm")


def read(name: str) -> Dataset:
    return dcmread(str(get_testdata_file(name)))


def instance_path(dataset: Dataset) -> str:
    return f"/studies/{dataset.StudyInstanceUID}/series/{dataset.SeriesInstanceUID}/instances/{dataset.SOPInstanceUID}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    running = start_server(tmp_path_factory.mktemp("rendered") / "data")
    try:
        with httpx.Client(base_url=running.base) as client:
            for name in NAMES:
                content = Path(str(get_testdata_file(name))).read_bytes()
                headers = {"Content-Type": "application/dicom"}
                assert client.post("/studies", content=content, headers=headers).is_success, name
        yield running
    finally:
        running.stop()


@pytest.fixture
def client(server: RunningServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.base, timeout=60) as opened:
        yield opened


def picture(answer: httpx.Response) -> Image.Image:
    assert answer.status_code == 200, answer.text
    return Image.open(io.BytesIO(answer.content))


def parts(answer: httpx.Response) -> list[tuple[str, bytes]]:
    assert answer.is_success, answer.text
    text = b"Content-Type: " + answer.headers["content-type"].encode() + b"\r\n\r\n" + answer.content
    message = BytesParser().parsebytes(text)
    return [(one.get_content_type(), one.get_payload(decode=True)) for one in message.get_payload()]


def rle_frame(value: int) -> bytes:
    """Eight bits, 4 x 4: one segment, one run of one value."""
    return (1).to_bytes(4, "little") + (64).to_bytes(4, "little") + bytes(56) + bytes([241, value])


def error(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("parameter", "")


# One image


def test_an_instance_is_rendered_to_jpeg_by_default(client: httpx.Client) -> None:
    answer = client.get(f"{instance_path(read(CT))}/rendered")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["content-location"].endswith("/rendered")
    image = picture(answer)
    assert (image.format, image.mode, image.size) == ("JPEG", "L", (128, 128))


@pytest.mark.parametrize(
    ("media_type", "format"),
    [
        ("image/jpeg", "JPEG"),
        ("image/png", "PNG"),
        ("image/gif", "GIF"),
        ("image/webp", "WEBP"),
        ("image/jp2", "JPEG2000"),
        ("image/avif", "AVIF"),
    ],
)
def test_each_media_type_can_be_read(client: httpx.Client, media_type: str, format: str) -> None:
    answer = client.get(f"{instance_path(read(CT))}/rendered", headers={"Accept": media_type})
    assert answer.headers["content-type"] == media_type
    assert (picture(answer).format, picture(answer).size) == (format, (128, 128))


@pytest.mark.parametrize("media_type", ["image/jph", "image/jxl"])
def test_newer_media_types_are_made_too(client: httpx.Client, media_type: str) -> None:
    answer = client.get(f"{instance_path(read(CT))}/rendered", headers={"Accept": media_type})
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)


def test_a_window_changes_the_greys(client: httpx.Client) -> None:
    dataset = read(CT)
    path = f"{instance_path(dataset)}/rendered"
    answer = client.get(path, params={"window": "40,400,linear"}, headers={"Accept": "image/png"})
    shown = numpy.asarray(picture(answer)).astype(float)
    values = dataset.pixel_array * float(dataset.RescaleSlope) + float(dataset.RescaleIntercept)
    expected = numpy.clip(((values - (40 - 0.5)) / (400 - 1) + 0.5) * 255, 0, 255)
    assert numpy.abs(shown - expected).max() <= 1


def test_a_viewport_crops_flips_and_scales(client: httpx.Client) -> None:
    path = f"{instance_path(read(CT))}/rendered"
    png = {"Accept": "image/png"}
    whole = numpy.asarray(picture(client.get(path, headers=png)))
    assert picture(client.get(path, params={"viewport": "64,256"}, headers=png)).size == (64, 64)
    part = client.get(path, params={"viewport": "32,16,10,20,32,16"}, headers=png)
    assert (numpy.asarray(picture(part)) == whole[20:36, 10:42]).all()
    flipped = client.get(path, params={"viewport": "128,128,0,0,-128,-128"}, headers=png)
    assert (numpy.asarray(picture(flipped)) == whole[::-1, ::-1]).all()


def test_quality_makes_a_jpeg_smaller_and_leaves_a_png_alone(client: httpx.Client) -> None:
    path = f"{instance_path(read(CT))}/rendered"
    sizes = [len(client.get(path, params={"quality": quality}).content) for quality in (5, 50, 95)]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[2]
    pngs = {client.get(path, params={"quality": q}, headers={"Accept": "image/png"}).content for q in (5, 95)}
    assert len(pngs) == 1


def test_annotations_are_burned_in(client: httpx.Client) -> None:
    path = f"{instance_path(read(CT))}/rendered"
    plain = client.get(path, headers={"Accept": "image/png"}).content
    annotated = client.get(path, params={"annotation": "patient,technique,mood"}, headers={"Accept": "image/png"})
    assert annotated.content != plain
    assert "The following annotation values are not supported: mood" in annotated.headers["warning"]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("window=40,400", "window"),
        ("viewport=0,0", "viewport"),
        ("quality=101", "quality"),
        ("annotation=", "annotation"),
        ("iccprofile=maybe", "iccprofile"),
    ],
)
def test_a_parameter_that_cannot_be_is_named(client: httpx.Client, query: str, name: str) -> None:
    assert error(client.get(f"{instance_path(read(CT))}/rendered?{query}")) == (400, name)


def test_what_cannot_be_made_is_answered_with_what_can(client: httpx.Client) -> None:
    answer = client.get(f"{instance_path(read(CT))}/rendered", headers={"Accept": "image/bmp"})
    assert answer.status_code == 406
    assert "image/png" in answer.json()["available"]


def test_an_object_without_a_picture_is_not_implemented(client: httpx.Client) -> None:
    assert client.get(f"{instance_path(read('rtplan.dcm'))}/rendered").status_code == 501


def test_an_entity_tag_saves_the_second_answer(client: httpx.Client) -> None:
    path = f"{instance_path(read(CT))}/rendered"
    etag = client.get(path).headers["etag"]
    assert client.get(path, headers={"If-None-Match": etag}).status_code == 304
    assert client.get(path, params={"quality": 3}).headers["etag"] != etag


# Frames


def test_frames_are_rendered_as_parts(client: httpx.Client) -> None:
    path = f"{instance_path(read(MULTIFRAME))}/frames"
    answer = client.get(f"{path}/2,1,3/rendered", headers={"Accept": 'multipart/related; type="image/png"'})
    found = parts(answer)
    assert [kind for kind, _ in found] == ["image/png"] * 3
    single = client.get(f"{path}/2/rendered", headers={"Accept": "image/png"})
    assert found[0][1] == single.content


def test_several_frames_do_not_fit_into_a_single_part(client: httpx.Client) -> None:
    path = f"{instance_path(read(MULTIFRAME))}/frames/1,2/rendered"
    assert client.get(path, headers={"Accept": "image/jpeg"}).status_code == 406


def test_parts_that_cannot_all_be_made_end_early(client: httpx.Client) -> None:
    """Many pictures are made while they are sent: the client sees that the last one is missing."""
    frames = [rle_frame(number) for number in range(11)]
    dataset = ct_dataset(PixelData=None, BitsAllocated=8, BitsStored=8, HighBit=7) + encapsulated([*frames, b"rubbish"])
    place = dataset.index(element(0x00280010, "US", 4))
    content = part10(dataset[:place] + element(0x00280008, "IS", "12") + dataset[place:], RLE_LOSSLESS)
    assert client.post("/studies", content=content, headers={"Content-Type": "application/dicom"}).is_success
    path = "/studies/1.2.3/series/1.2.3.1/instances/1.2.3.4/frames"
    assert len(parts(client.get(f"{path}/{','.join(map(str, range(1, 12)))}/rendered"))) == 11
    with pytest.raises(httpx.RemoteProtocolError):
        client.get(f"{path}/{','.join(map(str, range(1, 13)))}/rendered")
    answer = client.get(f"{path}/12/rendered")
    assert (answer.status_code, answer.json()["frame_number"]) == (422, 12)


def test_a_frame_that_is_not_there_is_not_found(client: httpx.Client) -> None:
    assert client.get(f"{instance_path(read(MULTIFRAME))}/frames/99999/rendered").status_code == 404


@pytest.mark.parametrize(("media_type", "format"), [("image/gif", "GIF"), ("image/webp", "WEBP")])
def test_all_frames_move(client: httpx.Client, media_type: str, format: str) -> None:
    dataset = read(MULTIFRAME)
    answer = client.get(f"{instance_path(dataset)}/rendered", headers={"Accept": media_type})
    image = picture(answer)
    assert image.format == format
    assert 20 < image.n_frames <= dataset.NumberOfFrames  # frames that are alike are one


def test_all_frames_as_video(client: httpx.Client) -> None:
    answer = client.get(f"{instance_path(read(MULTIFRAME))}/rendered", headers={"Accept": "video/mp4"})
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.content[4:8] == b"ftyp"


def test_a_still_media_type_shows_one_frame_of_many(client: httpx.Client) -> None:
    dataset = read(MULTIFRAME)
    answer = client.get(f"{instance_path(dataset)}/rendered", headers={"Accept": "image/png"})
    assert picture(answer).size == (dataset.Columns, dataset.Rows)


def test_colours_stay_colours(client: httpx.Client) -> None:
    dataset = read("examples_palette.dcm")
    image = picture(client.get(f"{instance_path(dataset)}/rendered", headers={"Accept": "image/png"}))
    assert (image.mode, image.size) == ("RGB", (dataset.Columns, dataset.Rows))
    assert len(numpy.unique(numpy.asarray(image).reshape(-1, 3), axis=0)) > 100


# Series and studies


def test_a_study_is_one_part_for_each_instance(client: httpx.Client) -> None:
    study = f"/studies/{read(CT).StudyInstanceUID}"
    ((kind, content),) = parts(client.get(f"{study}/rendered"))
    assert (kind, content[:2]) == ("image/jpeg", b"\xff\xd8")
    assert client.get(f"{study}/rendered", headers={"Accept": "image/jpeg"}).status_code == 406


# Documents and waveforms


@pytest.mark.parametrize(
    ("accept", "content_type", "start"),
    [
        ("*/*", "text/html; charset=utf-8", "<!DOCTYPE html>"),
        ("text/html", "text/html; charset=utf-8", "<!DOCTYPE html>"),
        ("text/plain", "text/plain; charset=utf-8", ""),
        ("text/xml", "text/xml; charset=utf-8", "<?xml"),
    ],
)
def test_a_report_is_text(client: httpx.Client, accept: str, content_type: str, start: str) -> None:
    answer = client.get(f"{instance_path(read(REPORT))}/rendered", headers={"Accept": accept})
    assert answer.headers["content-type"] == content_type
    assert answer.text.lstrip().lower().startswith(start.lower())
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_an_electrocardiogram_is_drawn(client: httpx.Client) -> None:
    path = f"{instance_path(read(ECG))}/rendered"
    assert client.get(path, headers={"Accept": "application/pdf"}).content.startswith(b"%PDF")
    assert b"<svg" in client.get(path, headers={"Accept": "image/svg+xml"}).content
    assert picture(client.get(path, headers={"Accept": "image/png"})).width > 500


# Thumbnails


@pytest.mark.parametrize("name", NAMES)
def test_everything_has_a_thumbnail_at_every_level(client: httpx.Client, name: str) -> None:
    path = instance_path(read(name))
    study, series = path.partition("/series")[0], path.partition("/instances")[0]
    for level in (study, series, path):
        image = picture(client.get(f"{level}/thumbnail", params={"viewport": "96,64"}))
        assert image.format == "JPEG"
        assert image.width == 96 or image.height == 64


def test_a_frame_has_a_thumbnail(client: httpx.Client) -> None:
    path = f"{instance_path(read(MULTIFRAME))}/frames/3/thumbnail"
    assert picture(client.get(path, headers={"Accept": "image/png"})).format == "PNG"


def test_a_thumbnail_does_not_show_who_the_patient_is(client: httpx.Client) -> None:
    path = f"{instance_path(read(CT))}/thumbnail"
    plain = client.get(path, headers={"Accept": "image/png"})
    annotated = client.get(path, params={"annotation": "patient"}, headers={"Accept": "image/png"})
    assert plain.content == annotated.content


# The URI Service


def uri(server: RunningServer, dataset: Dataset, **more: str) -> httpx.Response:
    query = {
        "requestType": "WADO",
        "studyUID": dataset.StudyInstanceUID,
        "seriesUID": dataset.SeriesInstanceUID,
        "objectUID": dataset.SOPInstanceUID,
        **more,
    }
    return httpx.get(f"{server.url}/wado", params=query, timeout=30)


def test_the_uri_service_renders_by_default(server: RunningServer) -> None:
    answer = uri(server, read(CT))
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["content-location"].startswith(f"{server.url}/wado?")
    assert uri(server, read(REPORT)).headers["content-type"] == "text/html; charset=utf-8"


def test_the_uri_service_gives_instances(server: RunningServer) -> None:
    answer = uri(server, read("examples_palette.dcm"), contentType="application/dicom")
    assert answer.headers["content-type"].startswith("application/dicom")
    found = dcmread(io.BytesIO(answer.content))
    assert found.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"


def test_the_uri_service_gives_instances_in_another_transfer_syntax(server: RunningServer) -> None:
    answer = uri(server, read(CT), contentType="application/dicom", transferSyntax="1.2.840.10008.1.2.4.80")
    found = dcmread(io.BytesIO(answer.content))
    assert found.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.4.80"
    assert (found.pixel_array == read(CT).pixel_array).all()
    refused = uri(server, read(CT), contentType="application/dicom", transferSyntax="1.2.840.10008.1.2")
    assert refused.status_code == 406


def test_the_uri_service_renders_a_frame_a_region_and_a_size(server: RunningServer) -> None:
    dataset = read(MULTIFRAME)
    answer = uri(
        server, dataset, frameNumber="2", contentType="image/png", region="0,0,0.5,1", rows="32", imageQuality="50"
    )
    assert picture(answer).size == (21, 32)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"frameNumber": "99999"}, (400, "frameNumber")),
        ({"windowCenter": "40"}, (400, "windowWidth")),
        ({"contentType": "application/dicom,image/jpeg"}, (400, "accept")),
        ({"anonymize": "yes"}, (501, "")),
        ({"objectUID": "1.2.3"}, (404, "")),
        ({"presentationSeriesUID": "1.2", "presentationUID": "1.3"}, (400, "presentationUID")),
    ],
)
def test_the_uri_service_says_what_is_wrong(
    server: RunningServer, more: dict[str, str], expected: tuple[int, str]
) -> None:
    assert error(uri(server, read(MULTIFRAME), **more)) == expected


# Another archive behind this one


def test_what_a_node_has_is_rendered_as_if_it_were_here(server: RunningServer, tmp_path: Path) -> None:
    """The routes below /aets/{ae} are the same ones: pictures are made here, of what the node holds."""
    dataset = read(CT)
    bridge = start_server(tmp_path / "data")
    try:
        node = {"ae_title": "FAR", "kind": "dicomweb", "base_url": server.base}
        added = httpx.post(f"{bridge.url}/nodes", json=node)
        assert added.status_code == 201, added.text
        far = f"{bridge.base}/aets/FAR{instance_path(dataset)}"
        answer = httpx.get(f"{far}/rendered", headers={"Accept": "image/png"}, timeout=60)
        assert answer.headers["content-location"] == f"{far}/rendered"
        near = httpx.get(f"{server.base}{instance_path(dataset)}/rendered", headers={"Accept": "image/png"}, timeout=60)
        assert (numpy.asarray(picture(answer)) == numpy.asarray(picture(near))).all()
        assert picture(httpx.get(f"{far}/thumbnail?viewport=64,64", timeout=60)).size == (64, 64)
        assert httpx.get(f"{bridge.base}/aets/NOBODY{instance_path(dataset)}/rendered").status_code == 404
    finally:
        bridge.stop()


# Clients


def test_dicomweb_client_gets_rendered_instances_and_frames(server: RunningServer) -> None:
    dataset = read(MULTIFRAME)
    client = DICOMwebClient(server.base)
    uids = dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.SOPInstanceUID
    for media_type in ("image/jpeg", "image/png", "image/gif", "image/jp2"):
        frame = client.retrieve_instance_frames_rendered(*uids, [1], media_types=(media_type,))
        assert isinstance(frame, bytes)
    content = client.retrieve_instance_rendered(*uids, media_types=("image/jpeg",))
    assert content[:2] == b"\xff\xd8"


def test_many_who_ask_for_the_same_frame_get_the_same(server: RunningServer) -> None:
    path = f"{server.base}{instance_path(read(MULTIFRAME))}/frames/7/rendered?quality=61"
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: httpx.get(path, timeout=60), range(16)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1


@pytest.mark.slow
def test_every_file_of_the_corpus_is_rendered_or_refused_with_a_reason(server: RunningServer) -> None:
    unexpected = []
    with httpx.Client(base_url=server.base, timeout=60) as client:
        for path in corpus_files():
            stored = client.post("/studies", content=path.read_bytes(), headers={"Content-Type": "application/dicom"})
            if stored.status_code != 200:
                continue
            (item,) = stored.json()["00081199"]["Value"]
            answer = httpx.get(item["00081190"]["Value"][0] + "/rendered", timeout=60)
            if answer.status_code not in (200, 404, 413, 422, 501):
                unexpected.append((path.name, answer.status_code, answer.text[:200]))
    assert unexpected == []
