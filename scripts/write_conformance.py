"""Write the tables of docs/conformance.md that the code knows: ``python scripts/write_conformance.py``."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from app import dependencies, http_protocol, parameters, ranges, representations, request_body
from app.api_description.operation import multipart
from app.api_description.operations import OPERATIONS, SERVER_OPERATIONS
from app.commands.options import default_of, sentence_of
from app.errors import STATUS
from app.multipart import DEFAULT_LIMITS
from app.negotiation import NEVER_ON_THE_WEB as NEVER_WRITTEN
from app.settings import PREFIX, Settings
from dicomcore import matching_keys
from dicomcore.data import dictionary, inflate, json_model, json_parser, reading
from dicomcore.data.transfer_syntax import DEFAULT_TRANSFER_SYNTAXES, OCTET_STREAM, TRANSFER_SYNTAXES, TransferSyntax
from dicomcore.index.attributes import ATTRIBUTES, Attribute
from dicomcore.pixels import codec_of, decoding, is_encodable
from dicomcore.resources import Level
from dicomcore.source import FAILURE_REASONS, FailureReason, WarningReason

DOCUMENT = Path(__file__).parents[1] / "docs" / "conformance.md"
BEGIN = "<!-- {}: written by scripts/write_conformance.py -->\n"
END = "<!-- end -->"

# The settings that change what a client sees; all settings are in docs/deployment.md.
SETTINGS = (
    "strict_accept",
    "duplicates",
    "relative_urls",
    "trusted_proxies",
    "root_path",
    "cors_origins",
    "allow_anonymous",
    "verify_on_read",
    "inline_threshold_bytes",
    "max_instance_bytes",
    "max_request_bytes",
    "max_parts",
    "search_default_limit",
    "search_max_limit",
    "max_connections_per_address",
    "header_timeout_seconds",
    "keep_alive_seconds",
    "dimse_port",
    "ae_title",
    "called_ae_titles",
    "calling_ae_titles",
    "max_associations",
    "max_associations_per_address",
    "artim_timeout_seconds",
    "association_timeout_seconds",
    "dimse_timeout_seconds",
    "idle_timeout_seconds",
    "dimse_tls_certificate",
    "dimse_tls_profile",
    "dimse_tls_mutual",
    "accept_unknown_sop_classes",
    "bridge_keep",
    "recompress",
)


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    lines = [" | ".join(map(str, row)) for row in rows]
    names = list(head)
    return "\n".join([f"| {' | '.join(names)} |", "|---" * len(names) + "|", *(f"| {line} |" for line in lines)]) + "\n"


def services() -> str:
    rows = []
    for operation in (*OPERATIONS, *SERVER_OPERATIONS):
        method = "GET, HEAD" if operation.method == "get" and operation in OPERATIONS else operation.method.upper()
        rows.append((method, f"`{operation.path}`", operation.summary, operation.tag))
    return table(("method", "path", "what it does", "service"), rows)


def media_types() -> str:
    rows = []
    for operation in OPERATIONS:
        content = [names for answer in operation.responses.values() if (names := answer.get("content"))]
        if operation.method == "get" and content:
            rows.append((f"`{operation.path}`", ", ".join(_forms(content[0]))))
    return table(("resource", "media types of the answer, the default first"), rows)


def _forms(names: Iterable[str]) -> list[str]:
    """Name the media types; those of compressed frames, which are many, all at once."""
    given = list(names)
    compressed = set(DEFAULT_TRANSFER_SYNTAXES) - {OCTET_STREAM}
    forms = [f"`{name}`" for name in given if name not in compressed | {multipart(one) for one in compressed}]
    if compressed & set(given):
        return [*forms, "those of compressed frames in both forms"]
    return [*forms, "those of compressed frames in parts"] if multipart("image/jpeg") in given else forms


def transfer_syntaxes() -> str:
    rows = [
        (f"`{syntax.uid}`", syntax.name, _bulkdata(syntax), _decoded(syntax), _encoded(syntax))
        for syntax in TRANSFER_SYNTAXES.values()
    ]
    return table(("UID", "name", "media type of its frames", "decoded", "encoded"), rows)


def _bulkdata(syntax: TransferSyntax) -> str:
    if syntax.referenced:
        return "none"
    name = syntax.media_type or "application/octet-stream"
    return f"`{name}`" + (" (default)" if DEFAULT_TRANSFER_SYNTAXES.get(name) == syntax else "")


def _decoded(syntax: TransferSyntax) -> str:
    codec = codec_of(syntax.uid)
    if codec is None:
        return "no: 406"
    return "in a process of its own" if codec.is_sandboxed else "yes"


def _encoded(syntax: TransferSyntax) -> str:
    if syntax.uid in NEVER_WRITTEN or not is_encodable(syntax.uid):
        return "no"
    return "yes" if syntax.lossless else "when its UID is asked for"


def sop_classes() -> str:
    named = sorted((dictionary.uid_name(uid), uid) for uid in dictionary.STORAGE_SOP_CLASSES)
    return table(("SOP Class", "UID"), ((name, f"`{uid}`") for name, uid in named))


def attributes(level: Level) -> Callable[[], str]:
    def rows() -> str:
        known = ATTRIBUTES[level].values()
        return table(
            ("tag", "attribute", "VR", "matched", "returned"),
            ((_tag(one.tag), one.keyword, one.vr, _matched(one), _returned(one)) for one in known),
        )

    return rows


def _tag(tag: int) -> str:
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def _matched(attribute: Attribute) -> str:
    if attribute.keyword == "RetrieveURL":
        return "no"
    if attribute.column or attribute.keyword == "AvailableTransferSyntaxUID":
        return "always"
    return "by its items" if attribute.vr == "SQ" else "if narrowed"


def _returned(attribute: Attribute) -> str:
    return "always" if attribute.required else "if known" if attribute.if_known else "on request"


def statuses() -> str:
    rows = [
        (status, ", ".join(f"`{error.__name__}`" for error in STATUS if STATUS[error] == status))
        for status in sorted(set(STATUS.values()))
    ]
    return table(("status", "errors"), rows)


def reasons() -> str:
    def causes(reason: FailureReason) -> str:
        return ", ".join(f"`{error.__name__}`" for error, found in FAILURE_REASONS.items() if found is reason)

    failures = [(f"{reason:04X}H", int(reason), _words(reason.name), causes(reason)) for reason in FailureReason]
    warnings = [(f"{reason:04X}H", int(reason), _words(reason.name), "warning") for reason in WarningReason]
    return table(("code", "decimal", "meaning", "cause"), [*failures, *warnings])


def _words(name: str) -> str:
    return name.replace("_", " ").lower()


def settings() -> str:
    fields = Settings.model_fields
    rows = []
    for name in SETTINGS:
        sentence = sentence_of(fields[name]).replace("*", "\\*")
        rows.append((f"`{name}`", f"`{PREFIX}{name.upper()}`", default_of(fields[name]), sentence))
    return table(("setting", "variable", "default", "what it is"), rows)


def limits() -> str:
    found: dict[str, object] = {
        "request line, bytes": http_protocol.MAX_REQUEST_LINE,
        "request headers, bytes": http_protocol.MAX_HEADERS,
        "request headers, lines": http_protocol.MAX_HEADER_LINES,
        "body rate, bytes a second": http_protocol.MIN_BODY_RATE,
        "query parameters": parameters.MAX_PARAMETERS,
        "value of a parameter, bytes": parameters.MAX_VALUE_LENGTH,
        "list of values, bytes": parameters.MAX_LIST_LENGTH,
        "UIDs in a list": matching_keys.MAX_UIDS,
        "values of a key": matching_keys.MAX_VALUES,
        "wild cards in a value": matching_keys.MAX_WILD_CARDS,
        "attributes of `includefield`": parameters.MAX_INCLUDE_FIELDS,
        "byte ranges": ranges.MAX_RANGES,
        "frames in a request": dependencies.MAX_FRAMES,
        "headers of a part, bytes": DEFAULT_LIMITS.header_bytes,
        "headers of a part, lines": DEFAULT_LIMITS.header_lines,
        "levels of sequences": reading.MAX_DEPTH,
        "elements of an instance": reading.MAX_ELEMENTS,
        "fragments of an instance": reading.MAX_FRAGMENTS,
        "value that is no bulk data, bytes": json_model.MAX_VALUE,
        "metadata of an instance, bytes of JSON": json_model.MAX_METADATA,
        "metadata of an instance that are written as XML, bytes of JSON": representations.MAX_JSON_FOR_XML,
        "levels of JSON": json_parser.MAX_JSON_DEPTH,
        "inflated to received bytes of a data set, above 64 MB": inflate.MAX_RATIO,
        "decompressed to received bytes of a body, above 64 MB": request_body.MAX_RATIO,
        "decoded frame, bytes": decoding.MAX_FRAME_LENGTH,
    }
    return table(("limit", "value"), ((name, f"{value:,}") for name, value in found.items()))


TABLES: dict[str, Callable[[], str]] = {
    "services": services,
    "media types": media_types,
    "transfer syntaxes": transfer_syntaxes,
    **{f"{level.name.lower()} attributes": attributes(level) for level in Level},
    "statuses": statuses,
    "reasons": reasons,
    "settings": settings,
    "limits": limits,
    "sop classes": sop_classes,
}


def with_tables(document: str) -> str:
    for name, make in TABLES.items():
        begin = BEGIN.format(name)
        pattern = re.escape(begin) + ".*?" + re.escape(END)
        before, *rest = re.split(pattern, document, flags=re.DOTALL)
        if len(rest) != 1:
            raise SystemExit(f"{DOCUMENT.name} has {len(rest)} places for the table of {name}")
        document = f"{before}{begin}{make()}{END}{rest[0]}"
    return document


if __name__ == "__main__":
    DOCUMENT.write_text(with_tables(DOCUMENT.read_text("utf-8")), "utf-8")
