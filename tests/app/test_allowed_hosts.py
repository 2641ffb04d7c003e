import pytest

from app.allowed_hosts import AllowedHosts
from app.settings import load_settings


def hosts(**given: object) -> AllowedHosts:
    return AllowedHosts.of(load_settings(**given))


@pytest.mark.parametrize(
    "host",
    [
        b"127.0.0.1",
        b"127.0.0.1:8080",
        b"[::1]:8080",
        b"192.0.2.7",
        b"localhost",
        b"LOCALHOST:8080",
        b"pacs.localhost",
        b"localhost.",
        b"",
    ],
)
def test_addresses_and_localhost_are_always_answered(host: bytes) -> None:
    assert hosts().allows(host)
    assert hosts(allowed_hosts="pacs.example").allows(host)


@pytest.mark.parametrize(
    "host", [b"evil.example", b"evil.example:8080", b"127.0.0.1.evil.example", b"localhost.evil", b"h"]
)
def test_other_names_are_not_answered_on_loopback(host: bytes) -> None:
    assert not hosts().allows(host)


@pytest.mark.parametrize(
    ("host", "is_allowed"),
    [
        (b"pacs.example", True),
        (b"PACS.Example:443", True),
        (b"other.example", False),
        (b"a.hospital.example", True),
        (b"a.b.hospital.example", True),
        (b"hospital.example", False),
        (b"ahospital.example", False),
    ],
)
def test_names_of_the_operator_are_answered(host: bytes, is_allowed: bool) -> None:
    assert hosts(allowed_hosts="pacs.example,.hospital.example").allows(host) is is_allowed


def test_any_name_is_answered_where_others_are_served_or_when_told_so() -> None:
    assert hosts(host="0.0.0.0").allows(b"pacs.example")
    assert hosts(allowed_hosts="*").allows(b"pacs.example")
    assert not hosts(host="0.0.0.0", allowed_hosts="pacs.example").allows(b"evil.example")
