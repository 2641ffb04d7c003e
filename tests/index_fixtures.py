"""Records as the index gets them, made of a few attributes; and an index on either database."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy
import zstandard

from dicomcore.index import Index, InstanceRecord, migrate, open_engine
from dicomcore.index import metadata as tables
from dicomcore.index.attributes import ATTRIBUTES
from dicomcore.resources import Level

CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
MR_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.4"
EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"

BY_KEYWORD = {a.keyword: a for level in reversed(Level) for a in ATTRIBUTES[level].values()}


def fragments(**values: Any) -> dict[int, bytes]:
    """Attributes by keyword as DICOM JSON fragments; a list is several values, None is an empty element."""
    found = {}
    for keyword, value in values.items():
        attribute = BY_KEYWORD[keyword]
        element: dict[str, Any] = {"vr": attribute.vr}
        listed = value if isinstance(value, list) else [value]
        if value is not None:
            element["Value"] = [{"Alphabetic": v} for v in listed] if attribute.vr == "PN" else listed
        found[attribute.tag] = orjson.dumps({f"{attribute.tag:08X}": element})[1:-1]
    return dict(sorted(found.items()))


def record(
    study: str = "1.1",
    series: str = "1.1.1",
    instance: str = "1.1.1.1",
    *,
    key: str = "",
    content: str = "",
    pages: tuple[bytes, ...] = (),
    transfer_syntax_uid: str = EXPLICIT_VR_LITTLE_ENDIAN,
    sop_class_uid: str = CT_IMAGE_STORAGE,
    extra: dict[int, bytes] | None = None,
    **values: Any,
) -> InstanceRecord:
    """An instance: its UIDs, and attributes by keyword."""
    uids = {
        "SOPClassUID": sop_class_uid,
        "SOPInstanceUID": instance,
        "StudyInstanceUID": study,
        "SeriesInstanceUID": series,
    }
    found = dict(sorted({**fragments(**uids, **values), **(extra or {})}.items()))
    document = b"{" + b",".join(found.values()) + b"}"
    digest = hashlib.sha256(document + content.encode()).digest()
    return InstanceRecord(
        study_instance_uid=study,
        series_instance_uid=series,
        sop_instance_uid=instance,
        sop_class_uid=sop_class_uid,
        transfer_syntax_uid=transfer_syntax_uid,
        key=key or f"key of {instance} {content}",
        size=1000,
        sha256=digest,
        checksum=digest[:16],
        content_digest=digest[:16],
        dataset_start=300,
        metadata=zstandard.compress(document),
        fragments=found,
        frames_header=b"header",
        frames_pages=pages,
    )


DATABASES = ("sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql))
"""The parameters of a fixture that makes a test run on both databases."""


def new_database(request: pytest.FixtureRequest, directory: Path) -> str:
    """The URL of an empty database of the kind that the fixture's parameter names."""
    if request.param == "sqlite":
        return sqlite_url(directory)
    return empty_database(request.getfixturevalue("postgresql_url"))


@contextmanager
def open_index(url: str) -> Iterator[Index]:
    """A new index in an empty database."""
    migrate(url)
    index = Index(url)
    try:
        yield index
    finally:
        index.close()


def sqlite_url(directory: Path) -> str:
    """The URL of a database that is not there yet."""
    return f"sqlite:///{directory / 'index.db'}"


def empty_database(url: str) -> str:
    """Drop the tables of an earlier test."""
    engine = open_engine(url, writes=True)
    with engine.begin() as connection:
        tables.drop_all(connection)
        connection.execute(sqlalchemy.text("DROP TABLE IF EXISTS alembic_version"))
    engine.dispose()
    return url


def contents(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """All that the tables say about the instances, without numbers of rows and changes."""
    found = {}
    for table in tables.sorted_tables:
        names = [column.name for column in table.columns if column.name not in _NUMBERS]
        if table.name != "change":
            columns = ", ".join(f'"{name}"' for name in names)
            found[table.name] = sorted(rows(url, f"SELECT {columns} FROM {table.name}"))
    return found


_NUMBERS = {"id", "revision", "patient_row", "study_row", "series_row", "instance_row"}


def rows(url: str, statement: str) -> list[tuple[Any, ...]]:
    """Run a SELECT besides the index."""
    engine = open_engine(url, writes=False)
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(sqlalchemy.text(statement))]
    engine.dispose()
    return found
