"""Settings: the only reader of the environment (``ISOCENTER_...``) and of the configuration file (TOML).

What is given on the command line wins over the environment, the environment over the file, the file over the default.
Every field says what it is and in which unit; ``isocenter serve --help`` and ``docs/deployment.md`` are made from that.
"""

import difflib
import ipaddress
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, ByteSize, Field, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from app.transfer_syntax_names import lossless_transfer_syntax_uid
from app.viewer_links import parse_viewer_link
from dicomcore.errors import InvalidParameter
from dicomcore.nodes import check_ae_title

PREFIX = "ISOCENTER_"
EVERYBODY = "*"
NOTHING = "none"  # an empty list; an empty variable counts as one that is not set

MIB = 2**20
GIB = 2**30


class InvalidSettings(Exception):
    """A setting, or the configuration file, is wrong; the message names each and is for the person who starts us."""


def _split(value: object) -> object:
    """Take a comma-separated list from the environment or the command line, or a list from the file."""
    if value == NOTHING:
        return ()
    if isinstance(value, str):
        return tuple(part for part in (piece.strip() for piece in value.split(",")) if part)
    return value


def _ae_title(value: str) -> str:
    try:
        return check_ae_title(value)
    except InvalidParameter as exc:
        raise ValueError(f"an AE title {exc.problem}") from exc


def _lossless(value: str) -> str:
    try:
        return lossless_transfer_syntax_uid(value)
    except InvalidParameter as exc:
        raise ValueError(exc.problem) from exc


LosslessTransferSyntax = Annotated[str, AfterValidator(_lossless)]
AeTitle = Annotated[str, AfterValidator(_ae_title)]
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]


def _field(default: object, description: str, unit: str = "", **limits: Any) -> Any:
    return Field(default, description=description, json_schema_extra={"unit": unit}, **limits)


class Settings(BaseSettings):
    """Everything that an operator can choose, with defaults that run on a laptop."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", env_ignore_empty=True)

    config: Path | None = _field(None, "TOML file with any of these settings")
    host: str = _field("127.0.0.1", "address to listen on; anything but loopback needs allow-anonymous")
    port: int = _field(8080, "TCP port to listen on", ge=0, le=65535)
    data: Path = _field(Path("isocenter-data"), "folder of the stored instances, and of the SQLite index")
    database: str | None = _field(
        None,
        "index database, postgresql://user:password@host/name or sqlite:///file; by default SQLite in the data folder",
    )
    workers: int = _field(1, "processes that answer requests", "workers", ge=1, le=256)
    allow_anonymous: bool = _field(False, "serve everybody who can reach the address, without authentication")
    root_path: str = _field("", "path prefix that a reverse proxy takes off, such as /pacs")
    trusted_proxies: Names = _field(
        ("127.0.0.1", "::1"),
        "addresses and networks whose Forwarded and X-Forwarded-... headers are believed; * for any, none for none",
    )
    viewer: Path | None = _field(
        None, "folder of the OHIF viewer, put there by isocenter viewer install; by default viewer in the data folder"
    )
    allowed_hosts: Names = _field(
        (),
        "names in the Host of a request that are answered, besides addresses and localhost; .example.org is all below, "
        "* any; by default any, but none if host is a loopback address",
    )
    relative_urls: bool = _field(False, "write URLs in answers as absolute paths, without scheme and host")
    cors_origins: Names = _field((), "origins whose pages may call us from a browser; * for any, none for none")
    strict_accept: bool = _field(False, "refuse requests whose Accept is missing or malformed, instead of assuming */*")
    duplicates: Literal["replace-if-changed", "keep-first", "reject"] = _field(
        "replace-if-changed", "what happens when a stored SOP Instance UID comes again with other content"
    )
    verify_on_read: bool = _field(True, "check the SHA-256 of an instance whenever the whole of it is retrieved")
    inline_threshold_bytes: ByteSize = _field(
        ByteSize(1024), "largest binary value that stands inline in metadata; larger ones become bulk data", "bytes"
    )
    spool_memory_bytes: ByteSize = _field(
        ByteSize(4 * MIB), "size up to which an incoming instance is held in memory before it goes to a file", "bytes"
    )
    max_instance_bytes: ByteSize = _field(ByteSize(4 * GIB), "largest instance that is stored", "bytes", gt=0)
    max_request_bytes: ByteSize = _field(ByteSize(10 * GIB), "largest request body", "bytes", gt=0)
    max_parts: int = _field(10_000, "largest number of parts in a multipart request", "parts", ge=1)
    search_default_limit: int = _field(5_000, "results of a search that names no limit", "results", ge=1)
    search_max_limit: int = _field(50_000, "most results of a search, whatever limit it names", "results", ge=1)
    max_connections_per_address: int = _field(
        512, "open connections from one address to one worker; trusted proxies are not counted", "connections", ge=1
    )
    max_event_streams: int = _field(200, "open event streams (/events) of one worker", "streams", ge=1)
    codec_processes: int | None = _field(
        None,
        "processes that decode, encode and render pixels, for each worker; by default one for each processor, shared "
        "out among the workers",
        "processes",
        ge=1,
        le=256,
    )
    frame_cache: Literal["memory", "disk"] = _field(
        "memory", "where decoded, transcoded and rendered frames are kept to be given again"
    )
    frame_cache_bytes: ByteSize = _field(
        ByteSize(128 * MIB), "size up to which such frames are kept, for each worker if in memory", "bytes"
    )
    header_timeout_seconds: float = _field(10.0, "time a client has for its request line and headers", "seconds", gt=0)
    keep_alive_seconds: int = _field(15, "time an idle connection is kept open", "seconds", ge=1)
    shutdown_seconds: int = _field(30, "time that running requests have when the server is stopped", "seconds", ge=0)
    dimse_port: int | None = _field(
        None,
        "TCP port for DICOM associations; 11112 is usual, 2762 with TLS; without one there are none",
        ge=0,
        le=65535,
    )
    dimse_host: str = _field(
        "127.0.0.1", "address for DICOM associations; anything but loopback needs allow-anonymous or dimse-tls-mutual"
    )
    ae_title: AeTitle = _field("ISOCENTER", "our AE title: how we call others, and are called")
    called_ae_titles: Names = _field(
        (),
        "AE titles that we answer to besides our own, * for any; TITLE=NODE is answered from that node",
    )
    calling_ae_titles: Names = _field((), "AE titles that may call us; by default any may")
    max_associations: int = _field(50, "open associations to one worker", "associations", ge=1)
    max_associations_per_address: int = _field(
        10, "open associations from one address to one worker", "associations", ge=1
    )
    artim_timeout_seconds: float = _field(
        30.0, "time a peer has to ask for an association, and to close it at the end (ARTIM)", "seconds", gt=0
    )
    association_timeout_seconds: float = _field(
        30.0, "time a peer has to answer when we ask for an association, or for its end", "seconds", gt=0
    )
    dimse_timeout_seconds: float = _field(
        60.0, "time a peer has for the next piece of a message, or for its answer", "seconds", gt=0
    )
    idle_timeout_seconds: float = _field(60.0, "time an association is kept on which nothing happens", "seconds", gt=0)
    dimse_tls_certificate: Path | None = _field(
        None, "PEM file of our certificate and its chain; with it all associations to us are TLS"
    )
    dimse_tls_key: Path | None = _field(None, "PEM file of the private key, if it is not with the certificate")
    dimse_tls_ca: Path | None = _field(
        None, "PEM file of the authorities that sign the certificates of peers; by default those of the system"
    )
    dimse_tls_revocations: Path | None = _field(None, "PEM file of revoked certificates of peers")
    dimse_tls_profile: Literal["B.12", "B.13"] = _field(
        "B.12", "secure transport connection profile of PS3.15: B.12 is BCP 195, B.13 narrows it"
    )
    dimse_tls_mutual: bool = _field(False, "take associations only from peers with a certificate of dimse-tls-ca")
    dimse_tls_host_names: bool = _field(True, "take a certificate of a node only if it names the host of the node")
    accept_unknown_sop_classes: bool = _field(False, "store instances of SOP classes that are not known here")
    bridge_keep: Literal["keep", "cache", "discard"] = _field(
        "keep", "what becomes of instances got from a node for a client: keep is for good, cache for a while"
    )
    bridge_cache_bytes: ByteSize = _field(
        ByteSize(50 * GIB), "size up to which instances got from nodes are kept by bridge-keep cache", "bytes", gt=0
    )
    bridge_cache_seconds: int = _field(
        7 * 86_400, "time for which instances got from nodes are kept by bridge-keep cache", "seconds", ge=1
    )
    max_transfers: int = _field(
        4, "sends to nodes and retrieves from them that one worker carries out at the same time", "transfers", ge=1
    )
    recompress: LosslessTransferSyntax | None = _field(
        None,
        "transfer syntax that native images are recompressed to without loss after they were stored, by its UID or a "
        "name such as htj2k or jpeg-ls; by default they stay as they came",
    )
    time_zone: str | None = _field(
        None,
        "time zone of dates and times that name none, such as Europe/Berlin; without one FHIR tells only dates",
    )
    viewer_links: Names = _field(
        (),
        "further viewers for /launch, NAME=URL with {study_uid}, {accession}, {patient_id} or {dicomweb_url} in it",
    )
    log_format: Literal["auto", "console", "json"] = _field(
        "auto", "form of the log: auto is console on a terminal and JSON elsewhere"
    )
    log_level: Literal["debug", "info", "warning", "error"] = _field("info", "least severe event that is logged")

    @field_validator("root_path")
    @classmethod
    def _root_path_is_a_path(cls, value: str) -> str:
        path = value.rstrip("/")
        if path and not path.startswith("/"):
            raise ValueError("must start with /")
        return path

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies_are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            if network != EVERYBODY:
                ipaddress.ip_network(network, strict=False)
        return value

    @field_validator("called_ae_titles", "calling_ae_titles")
    @classmethod
    def _titles_are_ae_titles(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for title in value:
            for part in title.split("=", 1):
                if title != EVERYBODY:
                    _ae_title(part)
        return value

    @field_validator("time_zone")
    @classmethod
    def _time_zone_is_known(cls, value: str | None) -> str | None:
        try:
            return value if value is None else ZoneInfo(value).key
        except (KeyError, OSError, ValueError) as exc:  # what is not there, or not a name at all
            raise ValueError(f"there is no time zone {value!r}, or none are installed") from exc

    @field_validator("viewer_links")
    @classmethod
    def _links_are_templates(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        names = [parse_viewer_link(one).name.lower() for one in value]
        if len(names) != len(set(names)):
            raise ValueError("two viewers have the same name")
        return value

    @model_validator(mode="after")
    def _tls_is_complete(self) -> Self:
        if self.dimse_tls_certificate is None and (self.dimse_tls_key or self.dimse_tls_mutual):
            raise ValueError("dimse_tls_key and dimse_tls_mutual need dimse_tls_certificate")
        if self.dimse_tls_mutual and self.dimse_tls_ca is None:
            raise ValueError("dimse_tls_mutual needs dimse_tls_ca")
        return self

    @property
    def accepted_ae_titles(self) -> tuple[str, ...]:
        """The titles that we may be called by; none is any."""
        if EVERYBODY in self.called_ae_titles:
            return ()
        return self.ae_title, *(title.partition("=")[0] for title in self.called_ae_titles)

    @property
    def answering_nodes(self) -> dict[str, str]:
        """The nodes that requests to some of our titles are answered from, by title."""
        pairs = (title.partition("=") for title in self.called_ae_titles)
        return {title: node for title, _, node in pairs if node}

    @property
    def database_url(self) -> str:
        """The index database; SQLite in the data folder unless one is set."""
        return self.database or f"sqlite:///{self.data.absolute() / 'index.sqlite'}"

    @property
    def viewer_folder(self) -> Path:
        """Where the OHIF viewer is, if it is there at all."""
        return self.viewer or self.data / "viewer"

    @property
    def is_loopback(self) -> bool:
        """Whether nobody but this machine can reach the address."""
        return _is_loopback(self.host)

    @property
    def is_dimse_guarded(self) -> bool:
        """Whether nobody but this machine, or who has a certificate, can open associations."""
        return self.dimse_port is None or self.dimse_tls_mutual or _is_loopback(self.dimse_host)

    def environment(self) -> dict[str, str]:
        """These settings as environment variables: how worker processes, which start anew, receive them."""
        return {f"{PREFIX}{name.upper()}": _as_text(value) for name, value in self if value not in (None, "")}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put the command line first, then the environment, then the file."""
        path = init_settings().get("config") or env_settings().get("config")
        return init_settings, env_settings, _TomlFile(settings_cls, path)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


class _TomlFile(PydanticBaseSettingsSource):
    """The configuration file; read once, and a mistake in it is told with its nearest right name."""

    def __init__(self, settings_cls: type[BaseSettings], path: str | Path | None) -> None:
        super().__init__(settings_cls)
        self._values = _read_toml(Path(path), settings_cls.model_fields) if path else {}

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Give one value of the file."""
        return self._values.get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        return self._values


def _read_toml(path: Path, fields: Mapping[str, FieldInfo]) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise InvalidSettings(f"cannot read the configuration file {path}: {exc}") from exc
    named = {name.replace("-", "_"): value for name, value in values.items()}
    for name in named.keys() - fields.keys():
        near = difflib.get_close_matches(name, fields, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise InvalidSettings(f"{path}: there is no setting {name!r}{hint}")
    return named


def _as_text(value: object) -> str:
    return ",".join(value) or NOTHING if isinstance(value, tuple) else str(value)


def load_settings(**given: Any) -> Settings:
    """Read the settings; ``given`` are those of the command line, where None means not given.

    Raises InvalidSettings with a sentence for each mistake.
    """
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as exc:
        problems = (f"{'.'.join(map(str, error['loc'])) or 'settings'}: {error['msg']}" for error in exc.errors())
        raise InvalidSettings("; ".join(problems)) from exc


def export_environment(variables: Mapping[str, str]) -> None:
    """Set environment variables for the processes that this one starts."""
    os.environ.update(variables)
