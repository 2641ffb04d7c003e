"""The Base URI behind proxies (row COM-002; RFC 7239), and headers that lie."""

from typing import Any

import pytest

from app.urls import UrlPolicy, base_uri, origin, root_path

PROXIED = UrlPolicy.of("/dicom-web", trusted_proxies=("10.0.0.0/8", "::1"))


def scope(*headers: tuple[str, str], client: str | None = "10.0.0.1", **more: Any) -> dict[str, Any]:
    return {
        "scheme": "http",
        "client": None if client is None else (client, 40000),
        "server": ("127.0.0.1", 8080),
        "root_path": "",
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers],
        **more,
    }


HOST = ("host", "archive.example:8080")


def test_base_uri_is_what_the_client_asked_for() -> None:
    assert base_uri(scope(HOST), UrlPolicy.of("/dicom-web")) == "http://archive.example:8080/dicom-web"


@pytest.mark.parametrize(
    ("scheme", "host"), [("http", "a.example:80"), ("https", "a.example:443"), ("https", "a.example")]
)
def test_default_ports_are_left_out(scheme: str, host: str) -> None:
    assert base_uri(scope(("host", host), scheme=scheme), PROXIED) == f"{scheme}://a.example/dicom-web"


def test_unknown_schemes_are_http() -> None:
    assert base_uri(scope(HOST, scheme="gopher"), PROXIED).startswith("http://")


def test_root_path_stands_in_front() -> None:
    assert base_uri(scope(HOST, root_path="/pacs/"), PROXIED) == "http://archive.example:8080/pacs/dicom-web"


def test_relative_base_uri_has_no_host() -> None:
    policy = UrlPolicy.of("/dicom-web", trusted_proxies=["*"], relative=True)
    assert base_uri(scope(HOST, ("x-forwarded-prefix", "/a"), root_path="/b"), policy) == "/a/b/dicom-web"


@pytest.mark.parametrize(
    "host", ["", "evil/path", "a b", "a\tb", "a@b", "a:b", "a:123456", "[x]", "-a", "a?b", "a#b", '"a"']
)
def test_host_that_is_none_is_not_used(host: str) -> None:
    assert base_uri(scope(("host", host)), PROXIED) == "http://127.0.0.1:8080/dicom-web"


def test_ipv6_hosts_keep_their_brackets() -> None:
    assert base_uri(scope(("host", "[::1]:8080")), PROXIED) == "http://[::1]:8080/dicom-web"
    assert base_uri(scope(server=("::1", 8080)), PROXIED) == "http://[::1]:8080/dicom-web"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_host_that_is_our_address_without_a_port_gets_ours(host: str) -> None:
    """dicomweb-client leaves the port out of Host."""
    assert base_uri(scope(("host", host)), PROXIED) == f"http://{host}:8080/dicom-web"


def test_port_that_a_proxy_left_out_is_the_default_one() -> None:
    forwarded = scope(("host", "127.0.0.1"), ("x-forwarded-proto", "https"))
    assert base_uri(forwarded, PROXIED) == "https://127.0.0.1/dicom-web"
    assert base_uri(scope(("host", "archive.example")), PROXIED) == "http://archive.example/dicom-web"


def test_without_host_or_port_localhost_is_named() -> None:
    assert base_uri(scope(server=None), PROXIED) == "http://localhost/dicom-web"
    assert base_uri(scope(server=("/run/isocenter.sock", None)), PROXIED) == "http://localhost/dicom-web"


def test_x_forwarded_headers_of_a_trusted_proxy_count() -> None:
    headers = (
        HOST,
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "public.example"),
        ("x-forwarded-port", "8443"),
        ("x-forwarded-prefix", "/pacs/"),
    )
    assert base_uri(scope(*headers), PROXIED) == "https://public.example:8443/pacs/dicom-web"


def test_forwarded_goes_before_x_forwarded() -> None:
    headers = (
        HOST,
        ("forwarded", 'For="[2001:db8::1]:4711";Proto=https;Host="public.example:8443"'),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-host", "other.example"),
    )
    assert base_uri(scope(*headers), PROXIED) == "https://public.example:8443/dicom-web"


@pytest.mark.parametrize("client", ["192.0.2.1", None, "not an address"])
def test_headers_of_others_do_not_count(client: str | None) -> None:
    headers = (HOST, ("x-forwarded-host", "evil.example"), ("forwarded", "host=evil.example"))
    assert base_uri(scope(*headers, client=client), PROXIED) == "http://archive.example:8080/dicom-web"


def test_headers_do_not_count_without_trusted_proxies() -> None:
    assert (
        base_uri(scope(HOST, ("x-forwarded-host", "evil.example")), UrlPolicy.of("")) == "http://archive.example:8080"
    )


@pytest.mark.parametrize("client", ["::1", "::ffff:10.1.2.3", "10.255.0.1"])
def test_addresses_are_compared_with_networks(client: str) -> None:
    assert base_uri(scope(HOST, ("x-forwarded-proto", "https"), client=client), PROXIED).startswith("https://")


def test_star_trusts_everybody_and_takes_the_outermost_proxy() -> None:
    policy = UrlPolicy.of("/dicom-web", trusted_proxies=["*"])
    headers = (("forwarded", "for=1.2.3.4;proto=https;host=outer.example, for=5.6.7.8;host=inner.example"),)
    assert base_uri(scope(*headers, client=None), policy) == "https://outer.example/dicom-web"


def test_elements_that_the_client_made_up_are_not_reached() -> None:
    forged = "for=192.0.2.9;host=evil.example"
    outer = "for=192.0.2.1;host=outer.example;proto=https"
    inner = 'for="10.0.0.7:1234";host=inner.example'
    assert base_uri(scope(("forwarded", f"{forged}, {outer}, {inner}")), PROXIED) == "https://outer.example/dicom-web"


def test_x_forwarded_lists_are_read_as_far_as_proxies_are_trusted() -> None:
    headers = (
        ("x-forwarded-for", "192.0.2.9, 192.0.2.1"),
        ("x-forwarded-for", "10.0.0.7"),
        ("x-forwarded-host", "evil.example, outer.example, inner.example"),
        ("x-forwarded-proto", "https"),
    )
    assert base_uri(scope(*headers), PROXIED) == "https://outer.example/dicom-web"


@pytest.mark.parametrize("prefix", ["//evil.example", "pacs", "/a/../b", "/a b", '/"', "/a?b", "/.", "/\\evil.example"])
def test_prefix_that_is_no_path_is_not_used(prefix: str) -> None:
    assert base_uri(scope(HOST, ("x-forwarded-prefix", prefix)), PROXIED) == "http://archive.example:8080/dicom-web"


@pytest.mark.parametrize("port", ["x", "123456", "8 0"])
def test_port_that_is_none_is_not_used(port: str) -> None:
    headers = (("x-forwarded-host", "a.example"), ("x-forwarded-port", port))
    assert base_uri(scope(*headers), PROXIED) == "http://a.example/dicom-web"


def test_trusted_proxies_are_recognised_by_ipv6_address_too() -> None:
    headers = (
        ("accept", "*/*"),
        ("forwarded", 'for=192.0.2.1;host=outer.example, for="[::1]:47011";host=inner.example'),
    )
    assert base_uri(scope(*headers), PROXIED) == "http://outer.example/dicom-web"


def test_the_root_is_the_prefix_alone() -> None:
    assert root_path(scope(HOST), PROXIED) == ""
    assert root_path(scope(HOST, ("x-forwarded-prefix", "/pacs"), root_path="/one"), PROXIED) == "/pacs/one"
    assert root_path(scope(HOST, ("x-forwarded-prefix", "/pacs"), client="192.0.2.1"), PROXIED) == ""


def test_the_origin_has_no_path_whatever_stands_in_front() -> None:
    told = (HOST, ("x-forwarded-proto", "https"), ("x-forwarded-host", "[::1]:8443"), ("x-forwarded-prefix", "/a"))
    assert origin(scope(*told, root_path="/b"), PROXIED) == "https://[::1]:8443"
    assert origin(scope(HOST), UrlPolicy.of("", relative=True)) == "http://archive.example:8080"
