"""The Base URI as the client sees it (PS3.18 §8.2), from an ASGI scope, behind whatever proxies stand in front.

Forwarded (RFC 7239) goes before X-Forwarded-Proto, -Host, -Port and -Prefix; all of them count only when the peer is
a trusted proxy. With several proxies, each having added its element, the one taken is that of the outermost trusted
proxy. Whatever does not look like a host or a path is not used, so that no header can put anything else into a URL.

uvicorn must run with ``proxy_headers=False``: it would change the peer's address, which the decision is made on.
"""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

_HOST = re.compile(r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]{0,253})|\[[0-9A-Fa-f:.]{2,45}\])(?::(?P<port>[0-9]{1,5}))?")
_PREFIX = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~%!$&'()*+,;=:@-]+)*/?")
_PAIR = re.compile(r'\s*([A-Za-z]+)\s*=\s*("(?:[^"\\]|\\.)*+"|[^;,"]*)\s*')
_ELEMENT = re.compile(r'(?:[^,"]++|"(?:[^"\\]++|\\.)*+"?+)++')
_LONGEST_HOST = 300
_LOOPBACK = ("127.0.0.1", "::1")
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_INTERESTING = frozenset(
    (b"host", b"forwarded", *(b"x-forwarded-" + name for name in (b"for", b"proto", b"host", b"port", b"prefix")))
)


@dataclass(frozen=True, slots=True)
class UrlPolicy:
    """How the Base URI is made: ``service_path`` is where the service is mounted, such as ``/dicom-web``.

    ``relative`` leaves scheme and host out (``/pacs/dicom-web``). ``trusts_all`` stands for the setting ``*``.
    """

    service_path: str = ""
    relative: bool = False
    trusted: tuple[str, ...] = ()
    trusts_all: bool = False

    @classmethod
    def of(cls, service_path: str, *, trusted_proxies: Iterable[str] = (), relative: bool = False) -> "UrlPolicy":
        """Make a policy from the texts of the settings: addresses, networks, or ``*``."""
        proxies = tuple(trusted_proxies)
        networks = tuple(str(ipaddress.ip_network(proxy, strict=False)) for proxy in proxies if proxy != "*")
        return cls(service_path, relative, networks, "*" in proxies)

    def trusts(self, address: str) -> bool:
        """Say whether ``address`` is that of a proxy we believe."""
        return self.trusts_all or _is_within(address, self.trusted)


@lru_cache(maxsize=1024)
def _is_within(address: str, networks: tuple[str, ...]) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(found in ipaddress.ip_network(network) for network in networks)


@dataclass(frozen=True, slots=True)
class _Origin:
    scheme: str | None = None
    host: str | None = None
    port: str | None = None
    prefix: str = ""


_NOTHING = _Origin()
_Server = tuple[str, int | None] | None


def base_uri(scope: Mapping[str, Any], policy: UrlPolicy) -> str:
    """Return the Base URI, without a slash at the end."""
    headers = _headers(scope)
    host = headers.get(b"host", "")
    scheme, root_path, server = scope.get("scheme", "http"), scope.get("root_path", ""), scope.get("server")
    if len(headers) == (b"host" in headers) and len(host) <= _LONGEST_HOST:
        return _plain_base_uri(policy, scheme, host, root_path, None if server is None else tuple(server))
    client = scope.get("client")
    is_told = (policy.trusts_all or policy.trusted) and policy.trusts(client[0] if client else "")
    return _base_uri(policy, _told(headers, policy) if is_told else _NOTHING, scheme, host, root_path, server)


def root_path(scope: Mapping[str, Any], policy: UrlPolicy) -> str:
    """Return the path that everything of ours is below, as the client sees it: empty, or a prefix such as ``/pacs``."""
    return base_uri(scope, replace(policy, service_path="", relative=True))


def origin(scope: Mapping[str, Any], policy: UrlPolicy) -> str:
    """Return scheme, host and port, as the client sees them: the origin of our pages (RFC 6454 §6.2)."""
    scheme, _, rest = base_uri(scope, replace(policy, relative=False)).partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def _base_uri(policy: UrlPolicy, told: _Origin, scheme: str, host: str, root_path: str, server: _Server) -> str:
    path = _prefix(told.prefix) + _prefix(root_path) + policy.service_path
    if policy.relative:
        return path
    scheme = (told.scheme or scheme).lower()
    if scheme not in _DEFAULT_PORTS:
        scheme = "http"
    return f"{scheme}://{_authority(scheme, told, host, server)}{path}"


@lru_cache(maxsize=256)
def _plain_base_uri(policy: UrlPolicy, scheme: str, host: str, root_path: str, server: _Server) -> str:
    """What nearly all requests have: no word of a proxy, and one of a few hosts."""
    return _base_uri(policy, _NOTHING, scheme, host, root_path, server)


def _headers(scope: Mapping[str, Any]) -> dict[bytes, str]:
    """The headers that matter; of repeated ones the values in order, joined by commas (RFC 9110 §5.3)."""
    found: dict[bytes, str] = {}
    for name, value in scope.get("headers", ()):
        if name in _INTERESTING:
            text = value.decode("latin-1")
            found[name] = f"{found[name]},{text}" if name in found else text
    return found


def _told(headers: Mapping[bytes, str], policy: UrlPolicy) -> _Origin:
    """What the proxies say."""
    elements = [_pairs(element) for element in _ELEMENT.findall(headers.get(b"forwarded", ""))]
    prefix = headers.get(b"x-forwarded-prefix", "")
    if elements:
        hop = _outermost([element.get("for", "") for element in elements], policy)
        chosen = elements[-hop]
        return _Origin(chosen.get("proto"), chosen.get("host"), None, _at(prefix, hop) or "")
    hop = _outermost(_values(headers.get(b"x-forwarded-for", "")), policy)
    scheme, host, port = (
        _at(headers.get(name, ""), hop) for name in (b"x-forwarded-proto", b"x-forwarded-host", b"x-forwarded-port")
    )
    return _Origin(scheme, host, port, _at(prefix, hop) or "")


def _outermost(clients: list[str], policy: UrlPolicy) -> int:
    """Which element from the right (1 is the last) the outermost trusted proxy added; ``clients`` says to whom each."""
    if policy.trusts_all:
        return max(1, len(clients))
    hop = 1
    while hop < len(clients) and policy.trusts(_address(clients[-hop])):
        hop += 1
    return hop


def _address(node: str) -> str:
    """The address in a ``for``: ``192.0.2.1:47011``, ``[2001:db8::1]:80``, or without a port."""
    if node.startswith("["):
        return node[1:].partition("]")[0]
    return node.partition(":")[0] if node.count(":") == 1 else node


def _values(text: str) -> list[str]:
    return [value.strip() for value in text.split(",") if value.strip()]


def _at(text: str, hop: int) -> str | None:
    values = _values(text)
    return values[-min(hop, len(values))] if values else None


def _pairs(element: str) -> dict[str, str]:
    return {name.lower(): value.strip().strip('"') for name, value in _PAIR.findall(element)}


def _authority(scheme: str, told: _Origin, host_header: str, server: _Server) -> str:
    for candidate in (told.host, host_header.strip()):
        found = _HOST.fullmatch(candidate) if candidate else None
        if found is not None:
            port = found["port"] or (told.port if told.port and told.port.isdecimal() and len(told.port) <= 5 else None)
            return found["name"] + _port(scheme, port or _lost_port(found["name"], told, server))
    server = server or ("localhost", None)
    name = f"[{server[0]}]" if ":" in server[0] else server[0]
    return (name if _HOST.fullmatch(name) else "localhost") + _port(scheme, server[1])


def _lost_port(name: str, told: _Origin, server: _Server) -> int | None:
    """Our own port, if the Host is our own address without one: dicomweb-client leaves the port out, whatever it is."""
    address, port = server or ("", None)
    is_ours = name.strip("[]") == address or (name == "localhost" and address in _LOOPBACK)
    return port if is_ours and told == _NOTHING else None


def _port(scheme: str, port: str | int | None) -> str:
    return "" if port is None or str(port) == _DEFAULT_PORTS[scheme] else f":{port}"


def _prefix(text: str) -> str:
    return text.rstrip("/") if _PREFIX.fullmatch(text) else ""
