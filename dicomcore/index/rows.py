"""Make the rows of each level, and the ready answers in them, from what is known of it in memory.

``counted_*`` gives the columns that change with every instance, ``*_row`` all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dicomcore.index.attributes import ATTRIBUTES, Attribute
from dicomcore.index.columns import column, columns, many, name_word_rows, request_rows
from dicomcore.index.documents import fragment, response, retrieve_url
from dicomcore.index.levels import SeriesState, StudyState
from dicomcore.index.merging import Merged
from dicomcore.index.patients import PatientState
from dicomcore.index.record import InstanceRecord
from dicomcore.index.transaction import Row
from dicomcore.resources import Level, Resource

INSTANCE_AVAILABILITY = 0x00080056
MODALITY = 0x00080060
MODALITIES_IN_STUDY = 0x00080061
SOP_CLASSES_IN_STUDY = 0x00080062
RETRIEVE_URL = 0x00081190
AVAILABLE_TRANSFER_SYNTAX_UID = 0x00083002

_ONLINE = fragment(ATTRIBUTES[Level.STUDY][INSTANCE_AVAILABILITY], ("ONLINE",))


def counted_patient(state: PatientState) -> Row:
    """The columns of a patient that change with every instance."""
    counts = {0x00201200: [state.studies], 0x00201202: [state.series], 0x00201204: [state.instances]}
    return {
        "id": state.id,
        "revision": state.revision,
        "number_of_patient_related_studies": state.studies,
        "number_of_patient_related_series": state.series,
        "number_of_patient_related_instances": state.instances,
        "response": response(Level.PATIENT, state.merged.fragments, _fragments(Level.PATIENT, counts)),
    }


def patient_row(state: PatientState) -> Row:
    """All columns of a patient; those of its identity are what it was found by."""
    patient_id, issuer, unidentified_in = state.identity
    return {
        **columns(Level.PATIENT, state.merged.fragments),
        **_merged_columns(state.merged),
        **counted_patient(state),
        "patient_id": patient_id,
        "issuer_of_patient_id": issuer,
        "unidentified_in": unidentified_in,
    }


def counted_study(state: StudyState) -> Row:
    """The columns of a study that change with every instance."""
    resource = Resource(state.study_instance_uid)
    modalities = sorted(state.modalities)
    made: dict[int, Sequence[str | int]] = {
        MODALITIES_IN_STUDY: modalities,
        0x0020000D: [state.study_instance_uid],
        0x00201206: [state.series],
        0x00201208: [state.instances],
    }
    dynamic = _fragments(Level.STUDY, made) | _found_at(resource)
    return {
        "id": state.id,
        "revision": state.revision,
        "modalities_in_study": many(modalities),
        "number_of_study_related_series": state.series,
        "number_of_study_related_instances": state.instances,
        "response": response(Level.STUDY, state.merged.fragments, dynamic),
    }


def study_row(state: StudyState) -> Row:
    """All columns of a study."""
    return {
        **columns(Level.STUDY, state.merged.fragments),
        **_merged_columns(state.merged),
        **counted_study(state),
        "patient_row": state.patient_row,
        "study_instance_uid": state.study_instance_uid,
        "sop_classes_in_study": many(sorted(state.sop_classes)),
    }


def sop_classes_in_study(state: StudyState) -> bytes:
    """Write SOP Classes in Study (0008,0062), which is among the attributes of a study but not in every answer."""
    return fragment(ATTRIBUTES[Level.STUDY][SOP_CLASSES_IN_STUDY], sorted(state.sop_classes))


def modality(state: SeriesState) -> str:
    """The modality that a series has now."""
    return column(Level.SERIES, MODALITY, state.merged.fragments)


def counted_series(state: SeriesState) -> Row:
    """The columns of a series that change with every instance."""
    resource = Resource(state.study.study_instance_uid, state.series_instance_uid)
    made = _fragments(Level.SERIES, {0x0020000E: [state.series_instance_uid], 0x00201209: [state.instances]})
    return {
        "id": state.id,
        "revision": state.revision,
        "number_of_series_related_instances": state.instances,
        "sop_classes": many(sorted(state.sop_classes)),
        "response": response(Level.SERIES, state.merged.fragments, made | _found_at(resource)),
    }


def series_row(state: SeriesState) -> Row:
    """All columns of a series."""
    return {
        **columns(Level.SERIES, state.merged.fragments),
        **_merged_columns(state.merged),
        **counted_series(state),
        "study_row": state.study.id,
        "study_instance_uid": state.study.study_instance_uid,
        "series_instance_uid": state.series_instance_uid,
    }


def instance_row(record: InstanceRecord, row_id: int, series_row_id: int) -> Row:
    """All columns of an instance."""
    made = {
        0x00080016: [record.sop_class_uid],
        0x00080018: [record.sop_instance_uid],
        AVAILABLE_TRANSFER_SYNTAX_UID: [record.transfer_syntax_uid],
    }
    dynamic = _fragments(Level.INSTANCE, made) | _found_at(record.resource)
    return {
        **columns(Level.INSTANCE, record.fragments),
        "id": row_id,
        "series_row": series_row_id,
        "study_instance_uid": record.study_instance_uid,
        "series_instance_uid": record.series_instance_uid,
        "sop_instance_uid": record.sop_instance_uid,
        "sop_class_uid": record.sop_class_uid,
        "transfer_syntax_uid": record.transfer_syntax_uid,
        "key": record.key,
        "size": record.size,
        "dataset_start": record.dataset_start,
        "is_file": int(record.is_file),
        "sha256": record.sha256,
        "checksum": record.checksum,
        "content_digest": record.content_digest,
        "response": response(Level.INSTANCE, record.fragments, dynamic),
        "frames_header": record.frames_header,
        "metadata": record.metadata,
    }


def request_items(state: SeriesState) -> Iterator[Row]:
    """The rows of the items of Request Attributes Sequence (0040,0275)."""
    for item, (step_id, procedure_id) in enumerate(request_rows(state.merged.fragments)):
        yield {
            "series_row": state.id,
            "item": item,
            "scheduled_procedure_step_id": step_id,
            "requested_procedure_id": procedure_id,
        }


def name_words(level: Level, row_id: int, merged: Merged) -> Iterator[Row]:
    """The rows of the words of person names."""
    owner = f"{level.name.lower()}_row"
    for tag, word, phonetic in name_word_rows(level, merged.fragments):
        yield {owner: row_id, "tag": tag, "word": word, "phonetic": phonetic}


def _merged_columns(merged: Merged) -> Row:
    return {"attributes": merged.attributes(), "sources": merged.written_sources()}


def _found_at(resource: Resource) -> dict[int, bytes]:
    return {INSTANCE_AVAILABILITY: _ONLINE, RETRIEVE_URL: retrieve_url(resource.path)}


def _fragments(level: Level, values: Mapping[int, Sequence[str | int]]) -> dict[int, bytes]:
    attributes: Mapping[int, Attribute] = ATTRIBUTES[level]
    return {tag: fragment(attributes[tag], found) for tag, found in values.items()}
