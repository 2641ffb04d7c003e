"""How the first studies come into an archive: commands that work as they stand, with the addresses of this server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from shlex import quote
from urllib.parse import urlsplit

from app.settings import Settings


@dataclass(frozen=True, slots=True)
class Command:
    """A command, and what it is for."""

    purpose: str
    text: str


def first_steps(settings: Settings, base: str) -> Sequence[Command]:
    """The ways to store instances that a server has; ``base`` is its Base URI, with scheme and host."""
    ways = (
        Command("Import files and folders", _import(settings)),
        Command("Store over the web (STOW-RS)", _stow(base)),
        Command("Send from a modality or another PACS (C-STORE)", _store_scu(settings, base)),
    )
    return [way for way in ways if way.text]


def _import(settings: Settings) -> str:
    """Name the data folder if it is another than usual, but only to who is at this machine."""
    is_usual = settings.data == Settings.model_fields["data"].default
    folder = f" --data {quote(str(settings.data.absolute()))}" if settings.is_loopback and not is_usual else ""
    return f"isocenter import{folder} PATH"


def _stow(base: str) -> str:
    return f"curl {quote(base + '/studies')} -H 'Content-Type: application/dicom' --data-binary @image.dcm"


def _store_scu(settings: Settings, base: str) -> str:
    """Give the command where associations need no certificates."""
    if not settings.dimse_port or settings.dimse_tls_certificate is not None:
        return ""
    host = _reachable(settings.dimse_host) or urlsplit(base).hostname or "localhost"
    return f"storescu -aec {quote(settings.ae_title)} +sd +r {quote(host)} {settings.dimse_port} PATH"


def _reachable(host: str) -> str:
    """Return the host that we listen on, unless that is every address."""
    try:
        return "" if ip_address(host.strip("[]")).is_unspecified else host
    except ValueError:
        return host
