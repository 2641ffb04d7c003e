"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False)


def binary(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), nullable=False)


def row_id(name: str) -> sa.Column[int]:
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column(name, kind, autoincrement=False, nullable=False)


def number(name: str, *, autoincrement: bool = True) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), autoincrement=autoincrement, nullable=False)


def upgrade() -> None:
    op.create_table(
        "change",
        row_id("sequence"),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        text("study_instance_uid"),
        text("series_instance_uid"),
        text("sop_instance_uid"),
        number("time"),
        sa.PrimaryKeyConstraint("sequence", name="pk_change"),
    )
    op.create_index(
        "ix_change_deleted",
        "change",
        ["study_instance_uid", "series_instance_uid", "sop_instance_uid"],
        sqlite_where=sa.text("kind = 3"),
        postgresql_where=sa.text("kind = 3"),
    )
    op.create_table(
        "patient",
        row_id("id"),
        number("revision"),
        text("unidentified_in"),
        text("patient_name"),
        text("patient_name_key"),
        text("patient_id"),
        text("issuer_of_patient_id"),
        text("patient_birth_date"),
        text("patient_sex"),
        number("number_of_patient_related_studies"),
        number("number_of_patient_related_series"),
        number("number_of_patient_related_instances"),
        binary("response"),
        binary("attributes"),
        binary("sources"),
        sa.PrimaryKeyConstraint("id", name="pk_patient"),
    )
    op.create_index("ix_patient_patient_name_key", "patient", ["patient_name_key"])
    op.create_index("uq_patient", "patient", ["patient_id", "unidentified_in", "issuer_of_patient_id"], unique=True)
    op.create_table(
        "patient_name_word",
        number("patient_row", autoincrement=False),
        number("tag", autoincrement=False),
        text("word"),
        text("phonetic"),
        sa.ForeignKeyConstraint(
            ["patient_row"], ["patient.id"], name="fk_patient_name_word_patient_row", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("patient_row", "tag", "word", name="pk_patient_name_word"),
    )
    op.create_index("ix_patient_name_word_phonetic", "patient_name_word", ["tag", "phonetic"])
    op.create_index("ix_patient_name_word_word", "patient_name_word", ["tag", "word"])
    op.create_table(
        "study",
        row_id("id"),
        number("patient_row", autoincrement=False),
        number("revision"),
        text("study_date"),
        text("study_time"),
        text("accession_number"),
        text("modalities_in_study"),
        text("sop_classes_in_study"),
        text("referring_physician_name"),
        text("referring_physician_name_key"),
        text("study_description"),
        text("name_of_physicians_reading_study"),
        text("name_of_physicians_reading_study_key"),
        text("patient_name"),
        text("patient_name_key"),
        text("patient_id"),
        text("issuer_of_patient_id"),
        text("patient_birth_date"),
        text("patient_sex"),
        text("study_instance_uid"),
        text("study_id"),
        number("number_of_study_related_series"),
        number("number_of_study_related_instances"),
        binary("response"),
        binary("attributes"),
        binary("sources"),
        sa.ForeignKeyConstraint(["patient_row"], ["patient.id"], name="fk_study_patient_row", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_study"),
    )
    op.create_index("ix_study_accession_number", "study", ["accession_number"])
    op.create_index(
        "ix_study_order",
        "study",
        [sa.literal_column("study_date DESC"), sa.literal_column("study_time DESC"), "study_instance_uid"],
    )
    op.create_index("ix_study_patient_birth_date", "study", ["patient_birth_date"])
    op.create_index("ix_study_patient_id", "study", ["patient_id"])
    op.create_index("ix_study_patient_name_key", "study", ["patient_name_key"])
    op.create_index("ix_study_patient_row", "study", ["patient_row"])
    op.create_index("ix_study_referring_physician_name_key", "study", ["referring_physician_name_key"])
    op.create_index("ix_study_study_id", "study", ["study_id"])
    op.create_index("uq_study", "study", ["study_instance_uid"], unique=True)
    op.create_table(
        "series",
        row_id("id"),
        number("study_row", autoincrement=False),
        number("revision"),
        text("study_instance_uid"),
        text("series_date"),
        text("series_time"),
        text("modality"),
        text("institution_name"),
        text("station_name"),
        text("series_description"),
        text("performing_physician_name"),
        text("performing_physician_name_key"),
        text("operators_name"),
        text("operators_name_key"),
        text("body_part_examined"),
        text("protocol_name"),
        text("series_instance_uid"),
        number("series_number"),
        number("number_of_series_related_instances"),
        text("performed_procedure_step_start_date"),
        text("performed_procedure_step_start_time"),
        text("sop_classes"),
        binary("response"),
        binary("attributes"),
        binary("sources"),
        sa.ForeignKeyConstraint(["study_row"], ["study.id"], name="fk_series_study_row", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_series"),
    )
    op.create_index("ix_series_modality", "series", ["modality"])
    op.create_index("ix_series_order", "series", ["study_instance_uid", "series_number", "series_instance_uid"])
    op.create_index("ix_series_performed_procedure_step_start_date", "series", ["performed_procedure_step_start_date"])
    op.create_index("ix_series_series_instance_uid", "series", ["series_instance_uid"])
    op.create_index("ix_series_study_row", "series", ["study_row", "series_number", "series_instance_uid"])
    op.create_index("uq_series", "series", ["study_instance_uid", "series_instance_uid"], unique=True)
    op.create_table(
        "study_name_word",
        number("study_row", autoincrement=False),
        number("tag", autoincrement=False),
        text("word"),
        text("phonetic"),
        sa.ForeignKeyConstraint(["study_row"], ["study.id"], name="fk_study_name_word_study_row", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("study_row", "tag", "word", name="pk_study_name_word"),
    )
    op.create_index("ix_study_name_word_phonetic", "study_name_word", ["tag", "phonetic"])
    op.create_index("ix_study_name_word_word", "study_name_word", ["tag", "word"])
    op.create_table(
        "instance",
        row_id("id"),
        number("series_row", autoincrement=False),
        text("study_instance_uid"),
        text("series_instance_uid"),
        text("sop_class_uid"),
        text("sop_instance_uid"),
        text("content_date"),
        text("content_time"),
        number("instance_number"),
        number("number_of_frames"),
        number("rows"),
        number("columns"),
        number("bits_allocated"),
        text("transfer_syntax_uid"),
        text("key"),
        number("size"),
        number("dataset_start"),
        number("is_file"),
        binary("sha256"),
        binary("checksum"),
        binary("content_digest"),
        binary("response"),
        binary("frames_header"),
        binary("metadata"),
        sa.ForeignKeyConstraint(["series_row"], ["series.id"], name="fk_instance_series_row", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_instance"),
    )
    op.create_index("ix_instance_key", "instance", ["key"])
    op.create_index("ix_instance_order", "instance", ["series_instance_uid", "instance_number", "sop_instance_uid"])
    op.create_index("ix_instance_series_row", "instance", ["series_row", "instance_number", "sop_instance_uid"])
    op.create_index("ix_instance_study_instance_uid", "instance", ["study_instance_uid"])
    op.create_index("uq_instance", "instance", ["sop_instance_uid"], unique=True)
    op.create_table(
        "series_name_word",
        number("series_row", autoincrement=False),
        number("tag", autoincrement=False),
        text("word"),
        text("phonetic"),
        sa.ForeignKeyConstraint(
            ["series_row"], ["series.id"], name="fk_series_name_word_series_row", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("series_row", "tag", "word", name="pk_series_name_word"),
    )
    op.create_index("ix_series_name_word_phonetic", "series_name_word", ["tag", "phonetic"])
    op.create_index("ix_series_name_word_word", "series_name_word", ["tag", "word"])
    op.create_table(
        "series_request",
        number("series_row", autoincrement=False),
        sa.Column("item", sa.Integer(), autoincrement=False, nullable=False),
        text("scheduled_procedure_step_id"),
        text("requested_procedure_id"),
        sa.ForeignKeyConstraint(["series_row"], ["series.id"], name="fk_series_request_series_row", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("series_row", "item", name="pk_series_request"),
    )
    op.create_index("ix_series_request_requested_procedure_id", "series_request", ["requested_procedure_id"])
    op.create_index("ix_series_request_scheduled_procedure_step_id", "series_request", ["scheduled_procedure_step_id"])
    op.create_table(
        "frame_page",
        number("instance_row", autoincrement=False),
        sa.Column("page", sa.Integer(), autoincrement=False, nullable=False),
        binary("spans"),
        sa.ForeignKeyConstraint(
            ["instance_row"], ["instance.id"], name="fk_frame_page_instance_row", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("instance_row", "page", name="pk_frame_page"),
    )


def downgrade() -> None:
    for name in (
        "frame_page",
        "series_request",
        "series_name_word",
        "instance",
        "study_name_word",
        "series",
        "study",
        "patient_name_word",
        "patient",
        "change",
    ):
        op.drop_table(name)
