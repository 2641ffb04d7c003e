from dataclasses import fields
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.requests import Request

from app.dependencies import MAX_FRAMES, Asked, Services
from app.negotiation import ANYTHING
from app.settings import load_settings
from app.storing import Gate
from app.urls import UrlPolicy
from dicomcore.errors import InvalidParameter, InvalidUid, LimitExceeded, UnknownNode
from dicomcore.resources import Resource
from dicomcore.source import Source


class Nobody(SimpleNamespace):
    """A source that is never asked."""


async def remote(ae_title: str) -> Source:
    raise UnknownNode(ae_title)


def asked(query: str = "", *, strict: bool = False, accept: list[str] | None = None, **path: str) -> Asked:
    scope = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "path": "/",
        "query_string": query.encode(),
        "path_params": path,
        "headers": [(b"host", b"pacs.test"), *((b"accept", one.encode()) for one in accept or ())],
    }
    source: Source = Nobody()  # type: ignore[assignment]  # nothing is asked of it
    nobody: Any = Nobody()
    known = {
        "settings": load_settings(strict_accept=strict),
        "source": source,
        "urls": UrlPolicy("/dicom-web"),
        "gate": Gate(),
        "remote": remote,
    }
    services = Services(**dict.fromkeys((field.name for field in fields(Services)), nobody) | known)
    return Asked(Request(scope), services, source)


def test_the_base_uri_is_that_of_the_request() -> None:
    assert asked().base == "http://pacs.test/dicom-web"


@pytest.mark.parametrize(
    ("path", "resource"),
    [
        ({}, Resource()),
        ({"study": "1.2"}, Resource("1.2")),
        ({"study": "1.2", "series": "1.02"}, Resource("1.2", "1.02")),
        ({"study": "1.2", "series": "1.3", "instance": "2.25.1"}, Resource("1.2", "1.3", "2.25.1")),
    ],
)
def test_the_resource_is_that_of_the_path(path: dict[str, str], resource: Resource) -> None:
    assert asked(**path).resource == resource


@pytest.mark.parametrize("uid", ["abc", "1..2", "1.2.", "1.2 ", "1.2\0", "1" * 65, ""])
def test_a_path_that_is_no_uid_is_refused(uid: str) -> None:
    with pytest.raises(InvalidUid):
        _ = asked(study=uid).resource


@pytest.mark.parametrize(("frames", "numbers"), [("1", [1]), ("3,1,2", [3, 1, 2]), ("007", [7])])
def test_frames_are_numbers_in_the_order_given(frames: str, numbers: list[int]) -> None:
    assert asked(frames=frames).frame_numbers == numbers


@pytest.mark.parametrize("frames", ["", "0", "1,", "1-2", "-1", "1 ", "²", "1" * 10])
def test_what_is_no_frame_number_is_refused(frames: str) -> None:
    with pytest.raises(InvalidParameter):
        _ = asked(frames=frames).frame_numbers


def test_frames_in_a_request_are_limited() -> None:
    assert len(asked(frames=",".join(["1"] * MAX_FRAMES)).frame_numbers) == MAX_FRAMES
    with pytest.raises(LimitExceeded):
        _ = asked(frames=",".join(["1"] * (MAX_FRAMES + 1))).frame_numbers


def test_a_missing_accept_means_anything_unless_strictness_is_set() -> None:
    assert asked().accepted.header == (ANYTHING,)
    assert asked(strict=True).accepted.header == ()


def test_repeated_accept_headers_are_one_list() -> None:
    names = [one.name for one in asked(accept=["image/jpeg", "application/dicom"]).accepted.header]
    assert names == ["image/jpeg", "application/dicom"]


@pytest.mark.parametrize(
    "query",
    [
        "accept=application/dicom+json",
        "accept=application%2Fdicom%2Bjson",
        "foo=1&accept=application/dicom%2bjson&bar=2",
        "accept=application/dicom+json&accept=image/*",
    ],
)
def test_the_accept_parameter_is_read_with_its_plus(query: str) -> None:
    (one,) = asked(query).accepted.parameter
    assert one.name == "application/dicom+json"


def test_names_of_parameters_are_case_sensitive() -> None:
    assert asked("Accept=image/*&Charset=foo").accepted.parameter == ()


@pytest.mark.parametrize("query", ["accept=image/*", "accept=", "charset=latin1", "charset="])
def test_parameters_with_values_that_cannot_be_are_refused(query: str) -> None:
    with pytest.raises(InvalidParameter):
        _ = asked(query).accepted


@pytest.mark.parametrize(
    ("query", "expected"), [("", False), ("x=true", True), ("x=false", False), ("y=true", False), ("xx=true", False)]
)
def test_a_flag_is_true_false_or_absent(query: str, expected: bool) -> None:
    assert asked(query).flag("x") is expected


@pytest.mark.parametrize("value", ["", "1", "True", "yes"])
def test_a_flag_is_nothing_else(value: str) -> None:
    with pytest.raises(InvalidParameter):
        asked(f"x={value}").flag("x")
