"""Certificates for tests, made with the openssl program: an authority, and whatever it signs."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path


def openssl(*arguments: str | Path, folder: Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], cwd=folder, check=True, capture_output=True, timeout=60)


@dataclass(frozen=True)
class Certificate:
    """A certificate and its key, as files."""

    certificate: Path
    private_key: Path


class Authority:
    """Signs certificates, and takes some of them back."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self.folder = folder
        self.name = name
        self.certificate = folder / f"{name}.pem"
        self._key = folder / f"{name}.key"
        subject = ("-subj", f"/CN={name}", "-days", "30")
        new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-keyout", self._key)
        openssl("req", "-x509", *new_key, *subject, "-out", self.certificate, folder=folder)

    def issue(self, name: str, *, days: int = 30) -> Certificate:
        """Sign a certificate for this name and the loopback addresses; one with no days left has expired."""
        issued = Certificate(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        extensions = self.folder / f"{name}.extensions"
        extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1\n")
        request = self.folder / f"{name}.request"
        new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-keyout", issued.private_key)
        openssl("req", "-new", *new_key, "-subj", f"/CN={name}", "-out", request, folder=self.folder)
        signing = ("-CA", self.certificate, "-CAkey", self._key, "-CAcreateserial", "-days", str(days))
        files = ("-in", request, "-extfile", extensions, "-out", issued.certificate)
        openssl("x509", "-req", *files, *signing, folder=self.folder)
        return issued

    def revoke(self, *revoked: Certificate) -> Path:
        """Write the list of what is revoked."""
        (self.folder / "index.txt").write_text("")
        (self.folder / "crlnumber").write_text("01")
        configuration = self.folder / "ca.cnf"
        configuration.write_text(
            "[ca]\ndefault_ca=here\n[here]\ndatabase=index.txt\ncrlnumber=crlnumber\ndefault_md=sha256\n"
            "default_crl_days=30\n"
        )
        common = ("ca", "-config", configuration, "-keyfile", self._key, "-cert", self.certificate)
        for one in revoked:
            openssl(*common, "-revoke", one.certificate, folder=self.folder)
        written = self.folder / "revocations.pem"
        openssl(*common, "-gencrl", "-out", written, folder=self.folder)
        return written
