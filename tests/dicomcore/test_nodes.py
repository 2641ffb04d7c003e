from dataclasses import replace

import pytest

from dicomcore.errors import InvalidParameter
from dicomcore.nodes import Echo, Kind, Node, check_ae_title, check_node

PACS = Node("PACS", "pacs.example", 104)
WEB = Node("WEB", kind=Kind.DICOMWEB, base_url="https://web.example/dicom-web")


@pytest.mark.parametrize("title", ["A", "SIXTEEN_LETTERS_", "lower and UPPER", "CT-1.room=2/*", "~"])
def test_an_ae_title_is_1_to_16_characters_of_the_default_repertoire(title: str) -> None:
    assert check_ae_title(title) == title


def test_spaces_around_an_ae_title_mean_nothing() -> None:
    assert check_ae_title("  PACS ") == "PACS"


@pytest.mark.parametrize("title", ["", "    ", "SEVENTEEN_LETTERS", "A\\B", "A\nB", "A\0", "ZÜRICH", "A\x7f", "*"])
def test_what_is_no_ae_title_is_refused(title: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        check_ae_title(title, "called_ae_title")
    assert refused.value.name == "called_ae_title"


@pytest.mark.parametrize(
    "host", ["pacs", "PACS-1.clinic.example", "pacs_1", "192.0.2.1", "2001:db8::1", "fe80::1%eth0"]
)
def test_hosts_are_names_and_addresses(host: str) -> None:
    assert check_node(replace(PACS, host=host)).host == host


def test_a_node_has_a_normal_form() -> None:
    assert check_node(Node(" PACS ", "[::1]", 104)) == Node("PACS", "::1", 104)
    assert check_node(replace(WEB, base_url=WEB.base_url + "/")) == WEB


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/dicom-web", "https://[::1]/", "https://web.example:8443"])
def test_base_urls_are_http(url: str) -> None:
    assert check_node(replace(WEB, base_url=url)).base_url == url.rstrip("/")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ae_title", ""),
        ("host", ""),
        ("host", "a b"),
        ("host", "-pacs"),
        ("host", "pacs..example"),
        ("host", "pacs/../x"),
        ("host", "http://pacs"),
        ("host", "a" * 64),
        ("host", ".".join(["a" * 60] * 5)),
        ("port", 0),
        ("port", 65_536),
        ("base_url", "http://web.example"),
        ("character_set", ""),
        ("character_set", "utf-8"),
        ("character_set", "ISO_IR 100\\"),
        ("max_associations", 0),
        ("max_associations", 101),
        ("connect_timeout", 0.0),
        ("association_timeout", -1.0),
        ("dimse_timeout", float("nan")),
        ("idle_timeout", float("inf")),
        ("maximum_length", -1),
        ("maximum_length", 10),
        ("maximum_length", 2**32),
        ("username", "a\r\nb"),
        ("password", "a\0"),
        ("token", "a" * 20_000),
    ],
)
def test_a_field_that_cannot_be_is_named(field: str, value: object) -> None:
    with pytest.raises(InvalidParameter) as refused:
        check_node(replace(PACS, **{field: value}))  # type: ignore[arg-type]
    assert refused.value.name == field


@pytest.mark.parametrize(
    "url",
    [
        "",
        "web.example",
        "ftp://web.example",
        "http://",
        "http://web.example:0",
        "http://web.example:port",
        "http://web.example/?a=b",
        "http://web.example/#a",
        "http://user@web.example",
        "http://web.example/a b",
        "http://[::1",
    ],
)
def test_what_is_no_base_url_is_refused(url: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        check_node(replace(WEB, base_url=url))
    assert refused.value.name == "base_url"


@pytest.mark.parametrize(("field", "value"), [("host", "web.example"), ("port", 443)])
def test_a_dicomweb_server_has_its_address_in_its_url(field: str, value: object) -> None:
    with pytest.raises(InvalidParameter) as refused:
        check_node(replace(WEB, **{field: value}))  # type: ignore[arg-type]
    assert refused.value.name == field


@pytest.mark.parametrize("length", [0, 1024, 2**32 - 1])
def test_pdus_may_have_any_length_or_a_bound(length: int) -> None:
    assert check_node(replace(PACS, maximum_length=length)).maximum_length == length


@pytest.mark.parametrize(("status", "is_success"), [(0x0000, True), (200, True), (0x0211, False), (0xC000, False)])
def test_a_node_is_well_if_it_says_so(status: int, is_success: bool) -> None:
    assert Echo(status, 1.0).is_success is is_success
