"""The checks: what is right passes, what is nearly right does not."""

import io

import imagecodecs
import numpy as np
import orjson
import pytest
from numpy.typing import NDArray
from PIL import Image

from benchmarks import part10
from benchmarks.answers import (
    STUDY,
    WrongAnswer,
    described,
    found,
    framed,
    like,
    parts,
    picture,
    retrieved,
    stored,
    transcoded,
)
from benchmarks.client import Response
from benchmarks.instance import Instance


def json_response(content: object, status: int = 200) -> Response:
    return Response(status, {}, orjson.dumps(content))


def multipart(*bodies: bytes, with_length: bool = True) -> Response:
    payload = b""
    for body in bodies:
        length = b"Content-Length: %d\r\n" % len(body) if with_length else b""
        payload += b"--b\r\nContent-Type: x/y\r\n" + length + b"\r\n" + body + b"\r\n"
    return Response(200, {"content-type": 'multipart/related; boundary="b"'}, payload + b"--b--")


def instance(sop: str = "1.2.3", data: bytes = b"data") -> Instance:
    return Instance("1", "2", sop, part10.file_header("1.2", sop, "1.2") + data, element_count=3)


def uid_values(tag: str, *uids: str) -> list[dict[str, object]]:
    return [{tag: {"vr": "UI", "Value": [uid]}} for uid in uids]


def test_a_search_has_to_find_exactly_the_expected() -> None:
    found(["1.1", "1.2"], STUDY)(json_response(uid_values(STUDY, "1.2", "1.1")))
    with pytest.raises(WrongAnswer, match="found 1"):
        found(["1.1", "1.2"], STUDY)(json_response(uid_values(STUDY, "1.2")))


def test_an_error_status_is_a_wrong_answer() -> None:
    with pytest.raises(WrongAnswer, match="status 503"):
        found([], STUDY)(json_response([], 503))


def test_every_instance_has_to_be_stored() -> None:
    answer = {"00081199": {"vr": "SQ", "Value": uid_values("00081155", "1.1")}}
    stored(["1.1"])(json_response(answer))
    with pytest.raises(WrongAnswer):
        stored(["1.1", "1.2"])(json_response(answer))
    with pytest.raises(WrongAnswer, match="not stored"):
        stored(["1.1"])(json_response({**answer, "00081198": {"vr": "SQ", "Value": [{}]}}))


def test_metadata_has_to_hold_the_elements_of_sequences_too() -> None:
    sequence = {"vr": "SQ", "Value": [{"00080100": {"vr": "SH"}}]}
    answer = {"00080018": {"vr": "UI", "Value": ["1.2.3"]}, "00081032": sequence}
    described([instance()])(json_response([answer]))
    with pytest.raises(WrongAnswer, match="1 elements"):
        described([instance()])(json_response([{"00080018": answer["00080018"]}]))


@pytest.mark.parametrize("with_length", [True, False])
def test_parts_are_taken_apart_with_and_without_their_length(with_length: bool) -> None:
    assert [bytes(part) for part in parts(multipart(b"one\r\n", b"two", with_length=with_length))] == [
        b"one\r\n",
        b"two",
    ]


def test_data_sets_have_to_be_equal_byte_for_byte() -> None:
    retrieved([instance()])(multipart(bytes(instance().file)))
    with pytest.raises(WrongAnswer, match="changed"):
        retrieved([instance()])(multipart(bytes(instance(data=b"dato").file)))


def test_a_frame_may_be_padded_but_not_another_one() -> None:
    framed(b"\xff\xd9")(multipart(b"\xff\xd9\0"))
    with pytest.raises(WrongAnswer, match="another frame"):
        framed(b"\xff\xd9")(multipart(b"\xff\xd8"))


PIXELS = np.random.default_rng(1).integers(0, 4096, (32, 48), np.uint16)
RAMP = np.broadcast_to(np.arange(0, 224, 7, np.uint8)[:, None, None], (32, 48, 3))


def jpeg(pixels: NDArray[np.uint8], quality: int = 90) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return file.getvalue()


def rendered(body: bytes, media_type: str = "image/jpeg", status: int = 200) -> Response:
    return Response(status, {"content-type": media_type}, body)


def test_a_transcoded_frame_has_to_have_exactly_its_pixels() -> None:
    transcoded(PIXELS.tobytes())(multipart(imagecodecs.jpegls_encode(PIXELS)))
    with pytest.raises(WrongAnswer, match="other pixels"):
        transcoded(PIXELS.tobytes())(multipart(imagecodecs.jpegls_encode(PIXELS, level=1)))


def test_a_picture_has_to_be_as_large_as_its_frame_and_to_show_something() -> None:
    grey = RAMP[:, :, 0].copy()
    picture(PIXELS.tobytes())(rendered(jpeg(grey)))
    with pytest.raises(WrongAnswer, match=r"a picture of \(31, 48\)"):
        picture(PIXELS.tobytes())(rendered(jpeg(grey[1:])))
    with pytest.raises(WrongAnswer, match="nothing is to be seen"):
        picture(PIXELS.tobytes())(rendered(jpeg(grey // 8)))
    with pytest.raises(WrongAnswer, match="a text/html"):
        picture(PIXELS.tobytes())(rendered(jpeg(grey), "text/html"))
    with pytest.raises(WrongAnswer, match="status 406"):
        picture(PIXELS.tobytes())(rendered(b"", status=406))


def test_a_rendered_tile_may_be_encoded_again_but_not_be_another_one() -> None:
    like(jpeg(RAMP.copy()))(rendered(jpeg(RAMP.copy(), quality=60)))
    with pytest.raises(WrongAnswer, match="another picture"):
        like(jpeg(RAMP.copy()))(rendered(jpeg(RAMP[::-1].copy())))
