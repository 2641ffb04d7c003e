"""multipart/related (RFC 2046 §5.1; rows COM-044, STO-004; limits of the published list)."""

import pytest

from app.multipart import (
    End,
    Event,
    Layout,
    Limits,
    PartBegin,
    PartData,
    PartEnd,
    Reader,
    Span,
    boundary_of,
    closing,
    make_boundary,
    part_header,
)
from dicomcore.errors import InvalidParameter, LimitExceeded, UnsupportedMediaType

Parts = list[tuple[dict[str, str], bytes]]


def parts_of(events: list[Event]) -> Parts:
    parts: Parts = []
    for event in events:
        if isinstance(event, PartBegin):
            parts.append((event.headers, b""))
        elif isinstance(event, PartData):
            headers, data = parts.pop()
            parts.append((headers, data + bytes(event.data)))
    return parts


def read(body: bytes, boundary: str = "b", limits: Limits = Limits()) -> Parts:  # noqa: B008
    reader = Reader(boundary, limits)
    events = reader.feed(body)
    reader.close()
    return parts_of(events)


def test_part_is_begin_data_and_end() -> None:
    reader = Reader("b")
    events = reader.feed(b"--b\r\nContent-Type: application/dicom\r\n\r\nabc\r\n--b--\r\n")
    assert events == [
        PartBegin({"content-type": "application/dicom"}),
        PartData(memoryview(b"abc")),
        PartEnd(),
        End(),
    ]
    assert reader.is_complete


def test_parts_follow_each_other() -> None:
    body = b"--b\r\nA: 1\r\n\r\none\r\n--b\r\nA: 2\r\n\r\ntwo\r\n--b--"
    assert read(body) == [({"a": "1"}, b"one"), ({"a": "2"}, b"two")]


def test_preamble_and_epilogue_are_ignored() -> None:
    body = b"This is\r\n--bnot a delimiter\r\n--b\r\n\r\nx\r\n--b--\r\n--b\r\n\r\nafter\r\n--b--"
    assert read(body) == [({}, b"x")]


def test_what_comes_after_the_end_is_not_looked_at() -> None:
    reader = Reader("b")
    reader.feed(b"--b--")
    assert reader.feed(b"\r\n--b\r\n\r\n") == []


def test_body_without_parts_just_ends() -> None:
    assert Reader("b").feed(b"--b--") == [End()]


def test_part_without_headers_or_data() -> None:
    assert read(b"--b\r\n\r\n\r\n--b--") == [({}, b"")]
    assert read(b"--b\r\n\r\n--b--") == [({}, b"")]
    assert read(b"--b\r\nA: 1\r\n\r\n--b\r\n\r\nx\r\n--b--") == [({"a": "1"}, b""), ({}, b"x")]


def test_line_ends_inside_data_are_data() -> None:
    assert read(b"--b\r\n\r\n\r\n\na\r\n\r\r\n--b--") == [({}, b"\r\n\na\r\n\r")]


def test_lines_that_end_in_lf_only_are_tolerated() -> None:
    assert read(b"--b\nA: 1\n\nx\ny\n--b\n\nz\n--b--\n") == [({"a": "1"}, b"x\ny"), ({}, b"z")]


def test_cr_before_a_delimiter_is_data_where_lines_end_in_lf_only() -> None:
    assert read(b"--b\n\nx\r\n--b--\n") == [({}, b"x\r")]


def test_delimiter_with_lf_only_is_tolerated_where_lines_end_in_crlf() -> None:
    assert read(b"--b\r\n\r\nx\n--b--") == [({}, b"x")]


def test_spaces_after_a_boundary_are_tolerated() -> None:
    assert read(b"--b \t\r\n\r\nx\r\n--b  \r\n\r\ny\r\n--b--") == [({}, b"x"), ({}, b"y")]


def test_many_spaces_after_a_boundary_make_it_data() -> None:
    data = b"\r\n--b" + b" " * 200 + b"\r\n"
    assert read(b"--b\r\n\r\n" + data + b"\r\n--b--") == [({}, data)]


def test_boundary_that_begins_another_word_is_data() -> None:
    data = b"x\r\n--bb\r\n--b-\r\n--b x\r\n"
    assert read(b"--b\r\n\r\n" + data + b"\r\n--b--") == [({}, data)]


def test_header_names_are_lower_case_and_folded_lines_are_joined() -> None:
    body = b'--b\r\nContent-TYPE : application/dicom;\r\n  transfer-syntax="1.2"\r\nX:\r\n\r\n\r\n--b--'
    assert read(body) == [({"content-type": 'application/dicom; transfer-syntax="1.2"', "x": ""}, b"")]


def test_first_of_equal_headers_counts() -> None:
    assert read(b"--b\r\nA: 1\r\na: 2\r\n\r\n\r\n--b--") == [({"a": "1"}, b"")]


def test_header_values_are_utf_8_and_wrong_bytes_are_replaced() -> None:
    assert read(b"--b\r\nA: \xc3\xa9\xff\r\n\r\n\r\n--b--") == [({"a": "é\ufffd"}, b"")]


def test_header_line_without_colon_is_invalid() -> None:
    with pytest.raises(InvalidParameter, match="part 1 has no colon"):
        read(b"--b\r\nnonsense\r\n\r\n\r\n--b--")


@pytest.mark.parametrize("body", [b"", b"preamble", b"--b", b"\r\n--b\r"])
def test_body_that_ends_before_the_first_part_is_invalid(body: bytes) -> None:
    with pytest.raises(InvalidParameter, match=f"before the first part, at byte {len(body)}"):
        read(body)


@pytest.mark.parametrize(
    "body", [b"--b\r\n", b"--b\r\nA: 1\r\n", b"--b\r\n\r\nabc", b"--b\r\n\r\nabc\r\n--b", b"--b\r\n\r\nabc\r\n--b-"]
)
def test_body_that_ends_in_a_part_is_invalid(body: bytes) -> None:
    with pytest.raises(InvalidParameter, match=f"in part 1, at byte {len(body)}"):
        read(body)


def test_nothing_of_a_part_is_lost_before_it_is_known_to_be_cut() -> None:
    reader = Reader("b")
    events = reader.feed(b"--b\r\n\r\nabc")
    assert parts_of(events) == [({}, b"abc")]


def test_data_are_views_of_what_was_fed() -> None:
    reader = Reader("b")
    reader.feed(b"--b\r\n\r\nx")
    chunk = b"y" * 100_000
    (event,) = reader.feed(chunk)
    assert isinstance(event, PartData)
    assert event.data.obj is chunk


def test_chunks_that_may_change_are_copied() -> None:
    reader = Reader("b")
    chunk = bytearray(b"--b\r\n\r\nabc")
    events = reader.feed(chunk)
    chunk[-3:] = b"xyz"
    assert parts_of(events) == [({}, b"abc")]


def test_byte_by_byte_gives_the_same_parts() -> None:
    body = b"preamble\r\n--b\r\nA: 1\r\n\r\n\r\n--\r\n--bb\r\r\n--b \r\n\r\n--b--\r\n"
    reader = Reader("b")
    events = [event for byte in body for event in reader.feed(bytes([byte]))]
    assert parts_of(events) == [({"a": "1"}, b"\r\n--\r\n--bb\r"), ({}, b"")]
    assert events[-1] == End()


def test_more_parts_than_allowed_are_refused() -> None:
    body = b"--b\r\n\r\n\r\n" * 3 + b"--b--"
    assert len(read(body, limits=Limits(parts=3))) == 3
    with pytest.raises(LimitExceeded, match="parts"):
        read(body, limits=Limits(parts=2))


def test_more_header_lines_than_allowed_are_refused() -> None:
    body = b"--b\r\n" + b"A: 1\r\n" * 33 + b"\r\n\r\n--b--"
    with pytest.raises(LimitExceeded, match="header lines"):
        read(body)
    assert read(body, limits=Limits(header_lines=33))


@pytest.mark.parametrize("line", [b"A: 1\r\n", b"A"])
def test_larger_headers_than_allowed_are_refused_before_they_end(line: bytes) -> None:
    with pytest.raises(LimitExceeded, match="bytes in the headers"):
        Reader("b").feed(b"--b\r\n" + line * 20_000)


def test_boundary_is_found_quoted_and_unquoted() -> None:
    assert boundary_of('multipart/related; type="application/dicom"; boundary="a b"') == "a b"
    assert boundary_of("Multipart/Related;type=application/dicom;BOUNDARY====x=") == "===x="
    assert boundary_of(f"multipart/related; boundary={'x' * 70}") == "x" * 70


@pytest.mark.parametrize("boundary", ["", '""', "x" * 71, '"x "', "a{b", '"a\r\nb"', "é"])
def test_illegal_boundaries_are_refused(boundary: str) -> None:
    with pytest.raises(InvalidParameter, match="boundary"):
        boundary_of(f"multipart/related; boundary={boundary}")


def test_missing_boundary_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="without boundary"):
        boundary_of("multipart/related; type=application/dicom")


def test_other_media_types_are_not_supported() -> None:
    with pytest.raises(UnsupportedMediaType) as caught:
        boundary_of("multipart/form-data; boundary=x")
    assert caught.value.available == ("multipart/related",)


def test_writer_makes_what_the_reader_reads() -> None:
    body = (
        part_header("b", [("Content-Type", "application/dicom; transfer-syntax=1.2")], first=True)
        + b"one"
        + part_header("b", [("Content-Location", "/studies/1")])
        + b"two"
        + closing("b")
    )
    assert body.startswith(b"--b\r\nContent-Type: application/dicom; transfer-syntax=1.2\r\n\r\n")
    assert read(body) == [
        ({"content-type": "application/dicom; transfer-syntax=1.2"}, b"one"),
        ({"content-location": "/studies/1"}, b"two"),
    ]


def test_part_headers_cannot_be_broken_out_of() -> None:
    assert part_header("b", [("A", "x\r\n\r\nB: y")], first=True) == b"--b\r\nA: x B: y\r\n\r\n"


def test_boundary_depends_on_the_identity_alone() -> None:
    assert make_boundary("etag", b"x") == make_boundary("etag", "x")
    assert make_boundary("ab", "c") != make_boundary("a", "bc")
    assert boundary_of(f"multipart/related; boundary={make_boundary()}") == make_boundary()


def test_layout_knows_size_and_order_before_the_data_are_there() -> None:
    data = [b"one", b"", b"three"]
    layout = Layout("b", [([("A", str(len(one)))], len(one)) for one in data])
    body = b"".join(data[p.part][p.start : p.end] if isinstance(p, Span) else p for p in layout.slices(0, layout.size))
    assert len(body) == layout.size
    assert [part for _, part in read(body, layout.boundary)] == data


def test_layout_gives_any_range_of_the_body() -> None:
    layout = Layout("b", [([], 10), ([], 10)])
    whole = list(layout.slices(0, layout.size))
    assert whole == [b"--b\r\n\r\n", Span(0, 0, 10), b"\r\n--b\r\n\r\n", Span(1, 0, 10), b"\r\n--b--\r\n"]
    assert list(layout.slices(9, 19)) == [Span(0, 2, 10), b"\r\n"]
    assert list(layout.slices(5, 5)) == []


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_what_was_complete_before_an_error_is_given_however_the_body_is_cut(size: int) -> None:
    body = b"--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b\r\nno colon\r\n\r\nthree\r\n--b--"
    reader, events = Reader("b"), []
    with pytest.raises(InvalidParameter, match="no colon"):
        for start in range(0, len(body), size):
            events += reader.feed(body[start : start + size])
        reader.close()
    assert b"".join(bytes(event.data) for event in events if isinstance(event, PartData)) == b"onetwo"
    assert events.count(PartEnd()) == 2
