"""The tables of the index: patient, study, series, instance, what hangs on them; nodes and transfers (SQLAlchemy Core).

The columns of attributes come from `attributes.ATTRIBUTES`; how values are written into them stands there. Text sorts
by code point on both databases. JSON is kept as bytes, ready to be sent: an object is written as

    {"00080020":{...},\\n"00080030":{...}}

with the tags ascending and ``,\\n`` between attributes and nowhere else, so that it can be taken apart without parsing.

- ``attributes``: everything that instances said about this level; a study has its patient's attributes too;
- ``response``: the whole answer of a plain search: required attributes, counts, Retrieve URL with a placeholder;
- ``sources``: which instance each of the ``attributes`` came from (see `levels`), read by the write path only.

``id`` is the number of the change that made the row, so it is never used twice; ``revision`` that of the last change
below it. ``patient_row``, ``study_row``, ``series_row`` and ``instance_row`` refer to ids: the names that end in
``_id`` are the standard's (Patient ID, Study ID).
"""

from __future__ import annotations

import enum
from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, MetaData, Table, Text
from sqlalchemy.types import TypeEngine

from dicomcore.index.attributes import ATTRIBUTES
from dicomcore.resources import Level

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class ChangeKind(enum.IntEnum):
    """What happened to a resource."""

    STORED = 1
    REPLACED = 2
    DELETED = 3


# Collation "C" is SQLite's BINARY: the same order on both databases, and LIKE 'prefix%' can use an index.
TEXT: TypeEngine[str] = Text().with_variant(Text(collation="C"), "postgresql")


# In SQLite a column of type INTEGER is the number of the row itself, without an index; it has 64 bits all the same.
ROW_ID: TypeEngine[int] = BigInteger().with_variant(Integer, "sqlite")


def _text(name: str) -> Column[Any]:
    return Column(name, TEXT, nullable=False)


def _number(name: str) -> Column[Any]:
    return Column(name, BigInteger, nullable=False)


def _bytes(name: str) -> Column[Any]:
    return Column(name, LargeBinary, nullable=False)


def _id() -> Column[Any]:
    return Column("id", ROW_ID, primary_key=True, autoincrement=False)


def _reference(name: str, table: str, *, primary_key: bool = False) -> Column[Any]:
    target = ForeignKey(f"{table}.id", ondelete="CASCADE")
    return Column(name, BigInteger, target, nullable=False, primary_key=primary_key, autoincrement=False)


def _attribute_columns(level: Level) -> list[Column[Any]]:
    columns = []
    for attribute in ATTRIBUTES[level].values():
        if attribute.column:
            columns.append(_number(attribute.column) if attribute.is_number else _text(attribute.column))
        if attribute.column and attribute.is_name:
            columns.append(_text(f"{attribute.column}_key"))
    return columns


patient = Table(
    "patient",
    metadata,
    _id(),
    _number("revision"),
    # A Patient ID of '' identifies nobody: then this is the study whose patient it is, else ''.
    _text("unidentified_in"),
    *_attribute_columns(Level.PATIENT),
    _bytes("response"),
    _bytes("attributes"),
    _bytes("sources"),
    Index("uq_patient", "patient_id", "unidentified_in", "issuer_of_patient_id", unique=True),
    Index("ix_patient_patient_name_key", "patient_name_key"),
)

study = Table(
    "study",
    metadata,
    _id(),
    _reference("patient_row", "patient"),
    _number("revision"),
    *_attribute_columns(Level.STUDY),
    _bytes("response"),
    _bytes("attributes"),
    _bytes("sources"),
    Index("uq_study", "study_instance_uid", unique=True),
    Index("ix_study_patient_row", "patient_row"),
    Index("ix_study_patient_id", "patient_id"),
    Index("ix_study_patient_name_key", "patient_name_key"),
    Index("ix_study_patient_birth_date", "patient_birth_date"),
    Index("ix_study_accession_number", "accession_number"),
    Index("ix_study_study_id", "study_id"),
    Index("ix_study_referring_physician_name_key", "referring_physician_name_key"),
)
Index("ix_study_order", study.c.study_date.desc(), study.c.study_time.desc(), study.c.study_instance_uid)

series = Table(
    "series",
    metadata,
    _id(),
    _reference("study_row", "study"),
    _number("revision"),
    _text("study_instance_uid"),
    *_attribute_columns(Level.SERIES),
    _text("sop_classes"),
    _bytes("response"),
    _bytes("attributes"),
    _bytes("sources"),
    Index("uq_series", "study_instance_uid", "series_instance_uid", unique=True),
    Index("ix_series_study_row", "study_row", "series_number", "series_instance_uid"),
    Index("ix_series_order", "study_instance_uid", "series_number", "series_instance_uid"),
    Index("ix_series_series_instance_uid", "series_instance_uid"),
    Index("ix_series_modality", "modality"),
    Index("ix_series_performed_procedure_step_start_date", "performed_procedure_step_start_date"),
)

instance = Table(
    "instance",
    metadata,
    _id(),
    _reference("series_row", "series"),
    _text("study_instance_uid"),
    _text("series_instance_uid"),
    *_attribute_columns(Level.INSTANCE),
    _text("transfer_syntax_uid"),
    _text("key"),
    _number("size"),
    _number("dataset_start"),
    # 1 if the object is a PS3.10 file, 0 if it came without preamble or File Meta Information.
    _number("is_file"),
    _bytes("sha256"),
    _bytes("checksum"),
    _bytes("content_digest"),
    _bytes("response"),
    _bytes("frames_header"),
    # The largest column comes last: what is read without it does not touch the pages it overflows to.
    _bytes("metadata"),
    Index("uq_instance", "sop_instance_uid", unique=True),
    Index("ix_instance_series_row", "series_row", "instance_number", "sop_instance_uid"),
    Index("ix_instance_order", "series_instance_uid", "instance_number", "sop_instance_uid"),
    Index("ix_instance_study_instance_uid", "study_instance_uid"),
    Index("ix_instance_key", "key"),
)

frame_page = Table(
    "frame_page",
    metadata,
    _reference("instance_row", "instance", primary_key=True),
    Column("page", Integer, primary_key=True, autoincrement=False),
    _bytes("spans"),
)

# The items of Request Attributes Sequence (0040,0275): keys must match in one and the same item (PS3.4 §C.2.2.2.6).
series_request = Table(
    "series_request",
    metadata,
    _reference("series_row", "series", primary_key=True),
    Column("item", Integer, primary_key=True, autoincrement=False),
    _text("scheduled_procedure_step_id"),
    _text("requested_procedure_id"),
    Index("ix_series_request_scheduled_procedure_step_id", "scheduled_procedure_step_id"),
    Index("ix_series_request_requested_procedure_id", "requested_procedure_id"),
)


def _name_words(owner: str) -> Table:
    """One row per word of each person name column of ``owner``, for fuzzy matching by word prefix and by sound."""
    return Table(
        f"{owner}_name_word",
        metadata,
        _reference(f"{owner}_row", owner, primary_key=True),
        Column("tag", BigInteger, primary_key=True, autoincrement=False),
        Column("word", TEXT, primary_key=True),
        _text("phonetic"),
        Index(f"ix_{owner}_name_word_word", "tag", "word"),
        Index(f"ix_{owner}_name_word_phonetic", "tag", "phonetic"),
    )


patient_name_word = _name_words("patient")
study_name_word = _name_words("study")
series_name_word = _name_words("series")

# Every change in the order of its commit. UIDs below the level of the change are ''. Rows are never taken away: those
# of kind DELETED are what "410 Gone" is answered from.
change = Table(
    "change",
    metadata,
    Column("sequence", ROW_ID, primary_key=True, autoincrement=False),
    Column("kind", Integer, nullable=False),
    Column("level", Integer, nullable=False),
    _text("study_instance_uid"),
    _text("series_instance_uid"),
    _text("sop_instance_uid"),
    # Microseconds since 1970-01-01 UTC: for people; order is by sequence.
    _number("time"),
)
_DELETED = change.c.kind == ChangeKind.DELETED.value
Index(
    "ix_change_deleted",
    change.c.study_instance_uid,
    change.c.series_instance_uid,
    change.c.sop_instance_uid,
    sqlite_where=_DELETED,
    postgresql_where=_DELETED,
)

# Other application entities (`dicomcore.nodes`). Only their title is ever searched for: the rest is JSON, and may grow
# without another table.
node = Table("node", metadata, Column("ae_title", TEXT, primary_key=True), _bytes("document"))

# Transfers to and from nodes (`dicomcore.transfer`). Times are in microseconds since 1970-01-01 UTC; a total of -1 is
# not known. ``owner`` is the process that carries it out, and says at ``heartbeat`` that it does; ``position`` is where
# to go on. The resources, which may be many, never change.
transfer = Table(
    "transfer",
    metadata,
    Column("id", TEXT, primary_key=True),
    _text("kind"),
    _text("node"),
    _text("state"),
    _text("owner"),
    _number("total"),
    _number("completed"),
    _number("failed"),
    _number("attempts"),
    _number("created"),
    _number("changed"),
    _number("heartbeat"),
    _bytes("problems"),
    _bytes("position"),
    _bytes("resources"),
    Index("ix_transfer_state", "state", "created"),
    Index("ix_transfer_created", "created"),
    Index("ix_transfer_changed", "changed"),
)

LEVEL_TABLES = {Level.PATIENT: patient, Level.STUDY: study, Level.SERIES: series, Level.INSTANCE: instance}
"""The table of each level."""

NAME_WORD_TABLES = {Level.PATIENT: patient_name_word, Level.STUDY: study_name_word, Level.SERIES: series_name_word}
"""Where the words of person names are, by level."""
