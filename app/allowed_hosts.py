"""The names that this server answers to (the Host of a request).

A server that listens on loopback is reached by programs of this machine, and so by the browser on it. A page of another
origin whose own name is made to lead to 127.0.0.1 (DNS rebinding) would be of the same origin as ours, and could read
and delete everything. Its name in the Host gives it away: then only addresses, ``localhost`` and the names that the
operator allows are answered. A server that listens for others has names that nobody but its operator knows, and is
open to whoever reaches it anyway.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import lru_cache

from app.settings import EVERYBODY, Settings

REFUSAL = "This server does not answer to that name; the setting allowed-hosts can allow it."


@dataclass(frozen=True)
class AllowedHosts:
    """The names that are answered to besides addresses and ``localhost``; a name that begins with a dot stands for all
    names below it.
    """

    names: frozenset[str] = frozenset()
    allows_any: bool = False

    @classmethod
    def of(cls, settings: Settings) -> AllowedHosts:
        """Take them from the settings; without any, all are allowed where others than this machine are served."""
        names = frozenset(name.lower().rstrip(".") for name in settings.allowed_hosts)
        return cls(names, EVERYBODY in names or not (names or settings.is_loopback))

    def allows(self, host: bytes) -> bool:
        """Say whether a request with this Host, which may have a port, is answered."""
        return self.allows_any or _is_allowed(self, host)


@lru_cache(maxsize=256)
def _is_allowed(hosts: AllowedHosts, host: bytes) -> bool:
    name = _name(host.decode("latin-1").strip().lower())
    if name in ("", "localhost") or name.endswith(".localhost") or name in hosts.names:
        return True
    above = {name[position:] for position, letter in enumerate(name) if letter == "."}
    return bool(above & hosts.names) or _is_address(name)


def _name(host: str) -> str:
    """The host without its port; IPv6 addresses without brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].rstrip(".")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
