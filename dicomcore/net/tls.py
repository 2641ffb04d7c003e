"""TLS for DICOM (PS3.15 §B.12, §B.13): contexts of the profiles, by name.

Both profiles are BCP 195 (RFC 8996, RFC 9325): TLS 1.2 and 1.3, nothing older, 1.3 preferred, ephemeral elliptic
curves of 256 bits or more and authenticated encryption only. §B.13 narrows what TLS 1.2 may choose. Cipher suites with
DHE are left out of both: the length of their keys cannot be set here, and §B.13 then wants none. TLS 1.3 has only
suites that both profiles allow.

The connection is encrypted from its first byte: there is no upgrade of an open one. Certificates are revoked by lists
(``revocations``, a file that the operator replaces); nobody is asked on the way.
"""

from __future__ import annotations

import enum
import ssl
from pathlib import Path

from dicomcore.errors import InvalidParameter

TLS_PORT = 2762  # PS3.8 §9.1.1


class TlsProfile(enum.Enum):
    """The secure transport connection profiles in force, by their section in PS3.15."""

    BCP_195 = "B.12"
    MODIFIED_BCP_195 = "B.13"


# For TLS 1.2, in order of preference; what AES with 128 bits would make possible is left to B.12.
_CIPHERS = {
    TlsProfile.BCP_195: "ECDHE+AESGCM:ECDHE+CHACHA20:@SECLEVEL=2",
    TlsProfile.MODIFIED_BCP_195: "ECDHE+AESGCM+AES256:ECDHE+CHACHA20:@SECLEVEL=2",
}


def server_context(
    certificate: Path,
    private_key: Path,
    *,
    profile: TlsProfile = TlsProfile.BCP_195,
    password: str | None = None,
    authorities: Path | None = None,
    revocations: Path | None = None,
    is_mutual: bool = False,
) -> ssl.SSLContext:
    """Make the context of an acceptor; with ``is_mutual`` peers need a certificate that ``authorities`` signed.

    Raises `InvalidParameter` if a file cannot be used.
    """
    context = _context(ssl.PROTOCOL_TLS_SERVER, profile)
    context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    _load_certificate(context, certificate, private_key, password)
    if is_mutual:
        if authorities is None:
            raise InvalidParameter("authorities", "mutual TLS needs the certificates that sign those of the peers")
        context.verify_mode = ssl.CERT_REQUIRED
        _load_authorities(context, authorities, revocations)
    return context


def client_context(
    *,
    profile: TlsProfile = TlsProfile.BCP_195,
    authorities: Path | None = None,
    revocations: Path | None = None,
    certificate: Path | None = None,
    private_key: Path | None = None,
    password: str | None = None,
    checks_host_name: bool = True,
) -> ssl.SSLContext:
    """Make the context of a requestor; without ``authorities`` those of the system are believed.

    The certificate of the peer is always verified. ``checks_host_name=False`` is for devices whose certificates name
    no host, and needs ``authorities`` of the site to mean anything. Raises `InvalidParameter` if a file cannot be used.
    """
    context = _context(ssl.PROTOCOL_TLS_CLIENT, profile)
    context.check_hostname = checks_host_name
    if authorities is None:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    else:
        _load_authorities(context, authorities, revocations)
    if certificate is not None:
        _load_certificate(context, certificate, private_key, password)
    return context


def _context(protocol: int, profile: TlsProfile) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS[profile])
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    return context


def _load_certificate(
    context: ssl.SSLContext, certificate: Path, private_key: Path | None, password: str | None
) -> None:
    try:
        # Without a password OpenSSL would ask for one on the terminal, and wait.
        context.load_cert_chain(certificate, private_key, password=password or "")
    except OSError as error:
        raise InvalidParameter("certificate", f"{certificate} and its key cannot be used: {error}") from error


def _load_authorities(context: ssl.SSLContext, authorities: Path, revocations: Path | None) -> None:
    try:
        context.load_verify_locations(authorities)
        if revocations is not None:
            context.load_verify_locations(revocations)
            context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    except OSError as error:
        raise InvalidParameter("authorities", f"{authorities} cannot be used: {error}") from error
