"""Hostile clients, instances and proxies against the pages and what they stand on, by HTTP to a real server.

Nothing may be a 500, last long, grow the server, act in a browser, or lead elsewhere.
"""

from __future__ import annotations

import gzip
import http.client
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from builders import ct_dataset, ct_instance, element, part10, sequence
from running_server import RunningServer, start_server

PATIENCE = 20.0  # seconds that any answer may take
GROWTH = 256 << 20  # bytes that memory may grow, whatever was asked
STREAMS = 20
DICOM, JSON = {"Content-Type": "application/dicom"}, {"Content-Type": "application/json"}
AS_A_BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
STUDY, SERIES = "/ui/studies/1.2.3", "/ui/studies/1.2.3/series/1.2.3.1"
INSTANCE = f"{SERIES}/instances/1.2.3.4"
PARTS = "/ui/parts/studies/1.2.3"
METADATA = f"{PARTS}/series/1.2.3.1/instances/1.2.3.4/metadata"
MARKUP = "<img src=x onerror=alert(1)>"
HUGE, WIDE = "9" * 30, "\N{SUPERSCRIPT TWO}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that is attacked by all tests of this file, and afterwards is what it was before."""
    links = "other=https://viewer.example/?study={study_uid}&accession={accession}&patient={patient_id}"
    running = start_server(
        tmp_path_factory.mktemp("hostile") / "data",
        ISOCENTER_VIEWER_LINKS=links,
        ISOCENTER_MAX_EVENT_STREAMS=str(STREAMS),
    )
    content = ct_instance(PatientName=MARKUP, PatientID="P'\"><svg>", AccessionNumber="A&b=c#/x", SeriesNumber="--5")
    store(running, content)
    httpx.get(running.url).raise_for_status()
    before = running.memory
    try:
        yield running
        assert running.memory - before < GROWTH
        assert running.process.poll() is None
        assert re.findall(r'"status":5(?!03)\d\d', running.log) == []
        assert "Traceback" not in running.log
    finally:
        running.kill()


@pytest.fixture(scope="module")
def client(server: RunningServer) -> Iterator[httpx.Client]:
    """Keeps its connection, and has patience for one answer."""
    with httpx.Client(base_url=server.url, timeout=PATIENCE) as opened:
        yield opened


def store(server: RunningServer, content: bytes) -> None:
    httpx.post(f"{server.base}/studies", content=content, headers=DICOM, timeout=PATIENCE).raise_for_status()


def get(server: RunningServer, target: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Ask for a target as it is, which clients would put into order."""
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)) as connection:
        connection.request("GET", target, headers=AS_A_BROWSER | headers)
        answer = connection.getresponse()
        fields = {name.lower(): value for name, value in answer.getheaders()}
        is_endless = fields.get("content-type", "").startswith("text/event-stream")
        return answer.status, fields, b"" if is_endless else answer.read()


TARGETS = [
    *(f"/?page={one}" for one in ("0", "-1", HUGE, quote(WIDE), "1e3", "%00")),
    *(f"/?size={one}" for one in ("0", "7", HUGE)),
    "/?date=range&from=9999-99-99",
    "/?date=range&from=9999-12-31&to=0001-01-01",
    "/?date=evil&from=0000-00-00",
    *(f"/?name={one}" for one in ("*" * 128, "*a" * 64, "?*" * 60, "%00", "%ff", "%ed%a0%80", "a" * 15_000, "%25_%5c")),
    "/?modality=" + "&modality=".join(["CT"] * 100),
    "/?fuzzy=1&name=%5e%3d%3d%5c",
    *(f"/?all=1&source={one}" for one in ("*", "NOBODY", "x" * 5_000, "%00", "%0d%0ax:y", "%ff", "//evil")),
    f"/ui/parts/studies?page={HUGE}",
    *(f"/ui/studies/{one}" for one in ("x", "..", "%2e%2e/", "%2f", "..%2f..%2fetc", "%00", "%ff", "1" * 10_000)),
    *(f"{STUDY}?source={one}" for one in ("*", "NOBODY", "x" * 5_000, "%00", "%ff", "%0d%0ax:y")),
    f"{STUDY}/series/x",
    f"{INSTANCE}/frames",
    *(f"/ui/view/1.2.3?frame={one}" for one in ("0", HUGE, quote(WIDE), "-1", "%00")),
    *(f"/ui/view/1.2.3?{one}=%3Cscript%3E" for one in ("series", "instance", "frame", "source")),
    "/ui/view/1.2.3?instance=1.2.99",
    "/ui/parts/x",
    f"{PARTS}/x",
    *(f"{PARTS}/series/1.2.3.1/instances?offset={one}" for one in (HUGE, "-1", quote(WIDE), "999999999")),
    *(f"{METADATA}?q={one}" for one in ("%00", "a%20" * 1_000, "%ff", "%3Cscript%3E")),
    *(f"{METADATA}/{one}" for one in ("items", "item", "value", "x", "items?path=x", "item?path=00100010/0/")),
    *(f"{METADATA}/item?path={one}" for one in ("00081140/0/" * 60, "00081140/0/" * 600, "../x", "%00")),
    *(f"{METADATA}/items?path=00081140&first={one}" for one in (HUGE, "-1", quote(WIDE))),
    *(f"{METADATA}/value?path={one}" for one in ("00100010/9999999/00100010", "%3Cscript%3E", "00100010")),
    *(f"/events?since={one}" for one in ("-1", HUGE, quote(WIDE), "x", "999999")),
    *(f"/changes?since={one}" for one in ("-1", HUGE, quote(WIDE), "%00", "999999")),
    *(f"/changes?limit={one}" for one in ("0", "-1", HUGE, quote(WIDE))),
    *(f"/transfers/{one}" for one in ("x", "%00", "..%2f", "%ff", "a" * 10_000)),
    *(f"/transfers?limit={one}" for one in ("0", HUGE, quote(WIDE))),
    *(f"/nodes/{one}" for one in ("%00", "..%2f", "%ff", "a" * 10_000)),
    *(f"/fhir/ImagingStudy?_count={one}" for one in ("0", "-1", HUGE, quote(WIDE))),
    *(f"/fhir/ImagingStudy?_include={one}" for one in ("%3Cscript%3E", "*", "ImagingStudy:*")),
    *(f"/fhir/ImagingStudy?started={one}" for one in ("0000", "ap0001-01-01", "ap9999-12-31", "9999-99-99", "ne0001")),
    "/fhir/ImagingStudy?started=9999-12-31T23:59:59-14:00",
    "/fhir/ImagingStudy?started=0001-01-01T00:00:00%2B14:00",
    "/fhir/ImagingStudy?" + "a=1&" * 3_900,
    "/fhir/ImagingStudy?" + "a.b.c:d." * 500 + "=1",
    *(f"/fhir/ImagingStudy?patient={one}" for one in ("%00", "%ff", "a" * 10_000, "a," * 5_000, "|", "a|b|c")),
    *(f"/fhir/{one}" for one in ("ImagingStudy/%00", "ImagingStudy/" + "1" * 1_000, "Endpoint/%3Cscript%3E", "R9/x")),
    "/launch",
    *(f"/launch?study={one}" for one in ("//evil", "%ff", "%00", "1.2.3%0d%0aX:y", "1.2.3," * 2_500)),
    *(f"/launch?study=1.2.3&source={one}" for one in ("//evil", "%0d%0a", "%ff", "x" * 900)),
    *(f"/launch?study=1.2.3&lowerDateTime={one}" for one in ("x", "9999-12-31T23:59:59-14:00")),
    *(f"/launch?patient={one}" for one in ("%5e%5e%5e", "%5e" * 900)),
]


@pytest.mark.parametrize("target", TARGETS, ids=range(len(TARGETS)))
def test_hostile_target_is_answered(server: RunningServer, target: str) -> None:
    status, headers, body = get(server, target)
    assert status in (200, 302, 307, 400, 404, 406, 414), body
    assert all(value.isprintable() for value in headers.values())
    assert "access-control-allow-origin" not in headers
    if headers.get("content-type", "").startswith("text/html"):
        assert b"<script>" not in body
        assert b"<img src=x" not in body


# What every answer says.


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/?page=0",
        STUDY,
        SERIES,
        INSTANCE,
        "/ui/view/1.2.3",
        METADATA,
        f"{PARTS}/series",
        "/ui/nodes",
        "/ui/upload",
        "/ui/transfers",
        "/ui/status",
        "/viewer",
        "/docs",
        "/ui/studies/x",
        "/ui/none",
        "/none",
        "/launch",
        "/ui/static",
    ],
)
def test_a_page_may_load_nothing_from_elsewhere_and_be_framed_by_nobody_else(
    server: RunningServer, target: str
) -> None:
    status, headers, _ = get(server, target)
    if status == 307:
        return
    assert headers["content-type"].startswith("text/html")
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert re.search("frame-ancestors '(self|none)'", headers["content-security-policy"])
    assert headers["x-content-type-options"] == "nosniff"
    assert headers.get("cache-control") == "no-store" or target == "/docs"


@pytest.mark.parametrize("accept", ["", "*/*", "image/png", "application/json", "text/html;q=0", "," * 1_000, "\xff"])
def test_a_page_is_a_page_whatever_is_accepted(server: RunningServer, accept: str) -> None:
    assert get(server, "/", Accept=accept)[0] in (200, 406)
    assert get(server, "/ui/studies/x", Accept=accept)[0] in (400, 406)


@pytest.mark.parametrize(
    "target", ["/changes", "/nodes", "/transfers", "/status", "/uploads/known", "/dicom-web/studies"]
)
def test_no_page_of_another_origin_reads_what_is_here(client: httpx.Client, target: str) -> None:
    answer = client.get(target, headers={"Origin": "http://evil.example"})
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert not [name for name in answer.headers if name.startswith("access-control")]
    asked = {"Origin": "http://evil.example", "Access-Control-Request-Method": "DELETE"}
    assert client.request("OPTIONS", target, headers=asked).status_code == 405


def test_pictures_of_patients_are_kept_by_no_cache_of_many(client: httpx.Client) -> None:
    for name in ("thumbnail", "rendered", "frames/1", "metadata", "bulkdata/7FE00010"):
        answer = client.get(f"/dicom-web{INSTANCE.removeprefix('/ui')}/{name}")
        assert answer.headers["cache-control"] == "private, no-cache"


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "PUT", "DELETE", "PATCH", "POST"])
@pytest.mark.parametrize(
    "path", ["/", "/ui/nodes", STUDY, "/ui/view/1.2.3", "/ui/static/x/site.js", "/viewer", "/changes"]
)
def test_pages_are_read_only(client: httpx.Client, method: str, path: str) -> None:
    answer = client.request(method, path)
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]


# What pages of other origins can send without being asked (simple requests, Fetch standard).

SIMPLE = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b", None]
SIMPLE += ["text/plain; application/json", "text/plain, application/json", "text/plain; multipart/related; boundary=b"]


@pytest.mark.parametrize("kind", SIMPLE)
@pytest.mark.parametrize("path", ["/uploads/known", "/transfers", "/nodes", "/dicom-web/studies"])
def test_what_a_form_can_send_is_refused(client: httpx.Client, path: str, kind: str | None) -> None:
    headers = {} if kind is None else {"Content-Type": kind}
    assert client.post(path, content=b"{}", headers=headers).status_code in (400, 415)


# Bodies.

BODIES = {
    "levels": b'{"instances":' + b"[" * 100_000,
    "not a number": b'{"instances":[{"sop_instance_uid":NaN}]}',
    "infinite": b'{"instances":[{"sop_instance_uid":1e999}]}',
    "digits": b'{"instances":' + b"9" * 100_000 + b"}",
    "surrogate": b'{"instances":[{"sop_instance_uid":"\\ud800"}]}',
    "surrogate as a name": b'{"\\ud800":1}',
    "null": b'{"instances":[{"sop_instance_uid":"1.2\\u0000"}]}',
    "not UTF-8": b'{"instances":[{"sop_instance_uid":"\xff"}]}',
    "nothing": b"",
    "array": b"[]",
    "no object": b'{"instances":[null,1]}',
    "list for a UID": b'{"instances":[{"sop_instance_uid":["1.2"]}]}',
    "other digits": '{"instances":[{"sop_instance_uid":"1.2","sha256":"%s"}]}'.replace("%s", WIDE * 64).encode(),
    "traversal": b'{"kind":"send","node":"A","resources":[{"study_instance_uid":"../x"}]}',
    "title": b'{"kind":"send","node":"A\\nB","resources":[{"study_instance_uid":"1.2"}]}',
    "3,000 studies": json.dumps(
        {"kind": "send", "node": "A", "resources": [{"study_instance_uid": f"1.2.{n}"} for n in range(3_000)]}
    ).encode(),
    "too many": json.dumps({"instances": [{"sop_instance_uid": f"1.2.{n}"} for n in range(1_001)]}).encode(),
    "too large": b" " * (300 << 10),
    "script as an address": b'{"ae_title":"X","kind":"dicomweb","base_url":"javascript:alert(1)"}',
    "huge port": b'{"ae_title":"X","host":"127.0.0.1","port":1000000000000000000000000000000}',
    "line in a host": b'{"ae_title":"X","host":"a\\r\\nb","port":1}',
}


@pytest.mark.parametrize("path", ["/uploads/known", "/transfers", "/nodes"])
@pytest.mark.parametrize("name", BODIES)
def test_hostile_body_is_refused(client: httpx.Client, path: str, name: str) -> None:
    assert client.post(path, content=BODIES[name], headers=JSON).status_code in (400, 404, 413)


@pytest.mark.parametrize("path", ["/uploads/known", "/transfers", "/nodes", "/fhir/ImagingStudy/_search"])
def test_bomb_is_refused(client: httpx.Client, path: str) -> None:
    kind = "application/x-www-form-urlencoded" if path.startswith("/fhir") else "application/json"
    headers = {"Content-Type": kind, "Content-Encoding": "gzip"}
    assert client.post(path, content=gzip.compress(b" " * (50 << 20), 1), headers=headers).status_code == 413


def test_what_is_named_twice_is_told_once(client: httpx.Client) -> None:
    asked = {"instances": [{"sop_instance_uid": "1.2.3.4"}] * 2}
    assert len(client.post("/uploads/known", json=asked).json()["instances"]) == 1


@pytest.mark.parametrize("name", ["x", "%2e%2e", "%00", "..%2f..", "a" * 8_000, "%ff", "%ed%a0%80", "*"])
def test_an_id_that_is_none_is_told(client: httpx.Client, name: str) -> None:
    for method, end in (("GET", ""), ("POST", "/cancel"), ("POST", "/retry"), ("DELETE", "")):
        assert client.request(method, f"/transfers/{name}{end}").status_code == 404


# Streams.


def open_stream(server: RunningServer) -> socket.socket:
    stream = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
    stream.sendall(b"GET /events?since=0 HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return stream


def test_streams_that_nobody_reads_are_bounded_and_hold_up_nobody(server: RunningServer, client: httpx.Client) -> None:
    with ExitStack() as opened:
        streams = [opened.enter_context(closing(open_stream(server))) for _ in range(10 * STREAMS)]
        statuses = [stream.recv(12)[-3:] for stream in streams]
        assert (statuses.count(b"200"), statuses.count(b"503")) == (STREAMS, 9 * STREAMS)
        assert client.get("/health/live").status_code == 200
        assert client.get("/").status_code == 200
    deadline = time.monotonic() + PATIENCE
    while get(server, "/events")[0] == 503 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert get(server, "/events")[0] == 200


@pytest.mark.parametrize("name", ["x", "-1", "9" * 19, "9" * 10_000, "1,2", "\xb2"])
def test_last_event_id_that_is_no_number_is_refused(server: RunningServer, name: str) -> None:
    assert get(server, "/events", **{"Last-Event-ID": name})[0] == 400


# Files.


@pytest.mark.parametrize(
    "path",
    [
        "x/../pages.py",
        "x/..%2f..%2fpages.py",
        "x/../../pages.py",
        "../pages.py",
        "x//etc/passwd",
        "x/%2fetc/passwd",
        "x/..%5c..%5cpages.py",
        "x/%00",
        "x/" + "a/" * 3000,
        "x/" + "a" * 5000,
        "x",
        "x/view",
        "x/vendor/",
        "x/%ff",
    ],
)
def test_nothing_but_static_files_is_given(server: RunningServer, path: str) -> None:
    for target in (f"/ui/static/{path}", f"/viewer/files/{path}"):
        assert get(server, target)[0] in (404, 307)


# Addresses.


@pytest.mark.parametrize(
    "prefix", ["//evil", '/"><script>', "/a/../b", "/\\evil", "javascript:alert(1)", "/;//evil", "http://evil", "/a b"]
)
def test_prefix_of_a_proxy_that_is_no_path_is_passed_over(server: RunningServer, prefix: str) -> None:
    _, _, body = get(server, "/", **{"X-Forwarded-Prefix": prefix})
    assert b'data-root=""' in body
    _, headers, _ = get(server, "/launch?study=1.2.3", **{"X-Forwarded-Prefix": prefix})
    assert headers["location"] == "/ui/view/1.2.3"


@pytest.mark.parametrize("name", ["Host", "X-Forwarded-Host", "Forwarded"])
@pytest.mark.parametrize("value", ["evil.example", 'evil"><script>', "a@evil.example", "host=evil.example"])
def test_no_page_has_the_host_that_a_client_names(server: RunningServer, name: str, value: str) -> None:
    for target in ("/", STUDY, "/ui/view/1.2.3"):
        assert b"evil" not in get(server, target, **{name: value})[2]


@pytest.mark.parametrize("viewer", ["//evil", "\\\\evil", "https:evil", "https://evil", "%2f%2fevil", "x%0d%0aY:z"])
def test_launch_leads_to_no_viewer_that_is_not_ours(server: RunningServer, viewer: str) -> None:
    status, headers, _ = get(server, f"/launch?study=1.2.3&viewer={viewer}")
    assert (status, headers.get("location")) == (400, None)


def test_what_is_stored_does_not_change_where_a_launch_leads(client: httpx.Client) -> None:
    location = client.get("/launch?study=1.2.3&viewer=other").headers["location"]
    expected = "https://viewer.example/?study=1.2.3&accession=A%26b%3Dc%23%2Fx&patient=P%27%22%3E%3Csvg%3E"
    assert location == expected


# Instances.

PAGE = b"<html xmlns='http://www.w3.org/1999/xhtml'><body><script>alert(document.domain)</script></body></html>"
ENCAPSULATED = {"pdf": "1.2.840.10008.5.1.4.1.1.104.1", "cda": "1.2.840.10008.5.1.4.1.1.104.2"}
ENCAPSULATED |= {"stl": "1.2.840.10008.5.1.4.1.1.104.3"}


def document(sop_class: str, media_type: str, uid: str) -> bytes:
    """An encapsulated document that is a page with a script, and says that it is something else."""
    about: dict[str, Any] = dict.fromkeys(("PixelData", "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit"))
    dataset = ct_dataset(SOPClassUID=sop_class, SOPInstanceUID=uid, StudyInstanceUID="1.2.5", Modality="DOC", **about)
    content = element(0x00420011, "OB", PAGE + b" " * (len(PAGE) & 1)) + element(0x00420012, "LO", media_type)
    return part10(dataset + content, sop_class=sop_class, sop_instance=uid)


@pytest.mark.parametrize("kind", ENCAPSULATED)
@pytest.mark.parametrize(
    "media_type",
    [
        "text/html",
        "TEXT/HTML",
        "application/xhtml+xml",
        "image/svg+xml",
        "image/SVG+XML",
        "text/xml",
        "text/javascript",
        "application/pdf",
        "text/css",
        "multipart/x-mixed-replace",
        "text/html\r\nX: y",
    ],
)
def test_stored_documents_do_not_act_as_pages_of_ours(server: RunningServer, kind: str, media_type: str) -> None:
    store(server, document(ENCAPSULATED[kind], media_type, "1.2.5.9"))
    path = "/studies/1.2.5/series/1.2.3.1/instances/1.2.5.9"
    uri = "/wado?requestType=WADO&studyUID=1.2.5&seriesUID=1.2.3.1&objectUID=1.2.5.9"
    accepts = (AS_A_BROWSER["Accept"], "text/html", "*/*", media_type.partition("\r")[0])
    for target in (f"/dicom-web{path}/bulkdata/00420011", f"/dicom-web{path}/rendered", uri):
        for accept in accepts:
            status, headers, _ = get(server, target, Accept=accept)
            assert status in (200, 400, 404, 406)
            assert headers["x-content-type-options"] == "nosniff"
            assert "script" not in headers["content-type"]
            assert "css" not in headers["content-type"]
            if re.search("html|xml|multipart/x", headers["content-type"], re.IGNORECASE):
                policy = headers["content-security-policy"]
                assert policy.startswith(("sandbox;", "default-src 'none'"))
    assert get(server, f"/ui{path}")[0] == 200


@pytest.mark.parametrize("number", ["--5", "9" * 5_000, "", "x", "-", "+1", "1.5", " 7 ", "\xb2", "0" * 100])
def test_numbers_that_are_none_are_shown(server: RunningServer, number: str) -> None:
    names: dict[str, Any] = {"SeriesNumber": number, "InstanceNumber": number, "Rows": None}
    store(server, ct_instance(StudyInstanceUID="1.2.6", SOPInstanceUID="1.2.6.1", **names))
    series = "/ui/studies/1.2.6/series/1.2.3.1"
    for target in ("/ui/studies/1.2.6", series, f"{series}/instances/1.2.6.1", "/ui/view/1.2.6"):
        assert get(server, target)[0] == 200
    assert get(server, "/fhir/ImagingStudy/1.2.6", Accept="*/*")[0] == 200


def nested(depth: int) -> bytes:
    return sequence(0x00400275, nested(depth - 1)) if depth else b""


def frame(number: int) -> bytes:
    return sequence(0x00209113, element(0x00200032, "DS", ["0", "0", str(number)]))


CODE = b"".join(element(0x00080100 | low, "LO", "x ") for low in (0, 2, 4))
LONG = element(0x00310010, "LO", "A") + b"".join(element(0x00311000 + n, "LT", "<&>'" * 2_500) for n in range(256))
LARGE = {
    "200,000 attributes": sequence(0x0040A730, *[CODE] * 66_667),
    "64 levels": nested(63),
    "10 MB of text": element(0x0040A160, "UT", "<script>" * 1_250_000),
    "4 MB of text": element(0x0040A160, "UT", "<script>" * 500_000),
    "long values": LONG,
    "5,000 frames": element(0x00280008, "IS", "5000") + sequence(0x52009230, *map(frame, range(5_000))),
}


@pytest.mark.parametrize("name", LARGE)
def test_large_instances_are_shown_or_refused_while_others_are_answered(server: RunningServer, name: str) -> None:
    content = ct_instance(
        StudyInstanceUID="1.2.7", SOPInstanceUID="1.2.7.1", extra=LARGE[name], PixelData=bytes(160_000)
    )
    stored = httpx.post(f"{server.base}/studies", content=content, headers=DICOM, timeout=PATIENCE)
    assert stored.status_code in (200, 409)
    slowest = Slowest(server)
    below = "studies/1.2.7/series/1.2.3.1"
    metadata = f"/ui/parts/{below}/instances/1.2.7.1/metadata"
    targets = (
        *("/", "/ui/studies/1.2.7", f"/ui/{below}", f"/ui/{below}/instances/1.2.7.1", "/ui/view/1.2.7", metadata),
        *(f"{metadata}?q=x", f"{metadata}/items?path=0040A730&first=100", f"{metadata}/value?path=0040A160"),
        f"{metadata}/item?path={'/'.join(['00400275/0'] * 60)}",
    )
    for target in targets:
        status, _, body = get(server, target)
        assert status in (200, 404, 410, 413), target
        assert len(body) < 8 << 20
        assert b"<script><script>" not in body
    assert slowest.stop() < PATIENCE / 4
    httpx.delete(f"{server.base}/studies/1.2.7", timeout=PATIENCE)


class Slowest:
    """Asks whether the server lives, again and again, and knows how long the slowest answer took."""

    def __init__(self, server: RunningServer) -> None:
        self._url = f"{server.url}/health/live"
        self._is_over = threading.Event()
        self._seconds = 0.0
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()

    def _ask(self) -> None:
        with httpx.Client(timeout=PATIENCE) as client:
            while not self._is_over.wait(0.01):
                started = time.monotonic()
                client.get(self._url).raise_for_status()
                self._seconds = max(self._seconds, time.monotonic() - started)

    def stop(self) -> float:
        self._is_over.set()
        self._thread.join()
        return self._seconds
