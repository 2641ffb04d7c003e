"""Our multipart writer and reader beside those of others: the email package and dicomweb-client."""

import base64
import email
import email.policy
import io
from email.message import EmailMessage
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart

import pytest
from dicomweb_client.web import DICOMwebClient
from requests import Response

from app.multipart import PartBegin, PartData, Reader, boundary_of, closing, make_boundary, part_header
from app.negotiation import Selection, content_type, multipart_content_type

PARTS = [
    b"plain",
    b"",
    bytes(range(256)) * 40,
    b"\r\n\r\nstarts with line ends",
    b"ends with line ends\r\n\r\n",
    b"--" * 50 + b"\r\n--\r\n--x--\r\n",
]
BOUNDARY = make_boundary("etag")
PART_TYPE = content_type(Selection("application/dicom", True, "1.2.840.10008.1.2.1"))
CONTENT_TYPE = multipart_content_type("application/dicom", BOUNDARY)


def written(parts: list[bytes]) -> bytes:
    headers = [("Content-Type", PART_TYPE), ("Content-Location", "/studies/1")]
    framed = (part_header(BOUNDARY, headers, first=n == 0) + part for n, part in enumerate(parts))
    return b"".join(framed) + closing(BOUNDARY)


def read(body: bytes, content_type: str) -> list[bytes]:
    reader = Reader(boundary_of(content_type))
    parts: list[bytes] = []
    for event in reader.feed(body):
        if isinstance(event, PartBegin):
            parts.append(b"")
        elif isinstance(event, PartData):
            parts[-1] += bytes(event.data)
    reader.close()
    return parts


def test_email_reads_what_we_write() -> None:
    text = f"MIME-Version: 1.0\r\nContent-Type: {CONTENT_TYPE}\r\n\r\n".encode()
    parts = [part.replace(b"\r", b"").replace(b"\n", b"") for part in PARTS]
    message = email.message_from_bytes(text + written(parts), policy=email.policy.HTTP)
    assert isinstance(message, EmailMessage)
    found = list(message.iter_parts())
    assert [part.get_payload(decode=True) for part in found] == parts
    assert {part.get_content_type() for part in found} == {"application/dicom"}
    assert {part.get_param("transfer-syntax") for part in found} == {"1.2.840.10008.1.2.1"}
    assert {part["Content-Location"] for part in found} == {"/studies/1"}
    assert not message.defects


@pytest.mark.parametrize("stream", [True, False])
def test_dicomweb_client_reads_what_we_write(stream: bool) -> None:
    response = Response()
    response.headers["content-type"] = CONTENT_TYPE
    parts = [part for part in PARTS if part]
    response.raw = io.BytesIO(written(parts))
    client = DICOMwebClient("http://localhost")
    assert [bytes(part) for part in client._decode_multipart_message(response, stream=stream)] == parts


def test_we_read_what_email_writes() -> None:
    message = MIMEMultipart("related", type="application/dicom")
    for part in PARTS:
        message.attach(MIMEApplication(part, "dicom"))
    headers, _, body = message.as_bytes(policy=email.policy.HTTP).partition(b"\r\n\r\n")
    content_type = email.message_from_bytes(headers)["Content-Type"]
    assert list(map(base64.b64decode, read(body, content_type))) == PARTS


def test_we_read_what_dicomweb_client_writes() -> None:
    content_type = 'multipart/related; type="application/dicom"; boundary="0f3cf5c0-70e0-41ef-baef-c6f9f65ec3e1"'
    body = DICOMwebClient._encode_multipart_message(PARTS, content_type)
    assert read(body, content_type) == PARTS
