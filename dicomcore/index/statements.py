"""Turn a query into SELECTs (PS3.18 §10.6, PS3.4 §C.4.1): one at the right level for a page of answers, one to count.

`plan` sorts the keys of a query into conditions on columns, keys that are left to be matched on stored JSON, and keys
that cannot be matched here. A key of a level above the search is matched on that level, even where PS3.18 §10.6.1.2.1
does not ask for it; one of a level below is not supported. Keys without a column are matched only if something else
narrows the search, else each of them would read the whole archive.

A statement depends on the `Shape` of a query alone, so that it is made and compiled once for all values.
"""

from __future__ import annotations

from collections.abc import Mapping

from dicomcore.resources import Level

REQUEST_ATTRIBUTES_SEQUENCE = 0x00400275
RETRIEVE_URL = 0x00081190
AVAILABLE_TRANSFER_SYNTAX_UID = 0x00083002
_REQUEST_COLUMNS = {
    (REQUEST_ATTRIBUTES_SEQUENCE, 0x00400009): "series_request.scheduled_procedure_step_id",
    (REQUEST_ATTRIBUTES_SEQUENCE, 0x00401001): "series_request.requested_procedure_id",
}

# Columns that are not in the table of their attribute's level, or have none there: they save a join.
_OTHER_COLUMNS: Mapping[tuple[Level, int], str] = {
    (Level.SERIES, 0x0020000D): "series.study_instance_uid",
    (Level.INSTANCE, 0x0020000D): "instance.study_instance_uid",
    (Level.INSTANCE, 0x0020000E): "instance.series_instance_uid",
    (Level.INSTANCE, AVAILABLE_TRANSFER_SYNTAX_UID): "instance.transfer_syntax_uid",
}

# The stable orders, by level; those of the instances of a study follow the order of its series.
_ORDERS: Mapping[Level, tuple[str, ...]] = {
    Level.PATIENT: ("patient.patient_name_key", "patient.patient_id", "patient.id"),
    Level.STUDY: ("-study.study_date", "-study.study_time", "study.study_instance_uid"),
    Level.SERIES: ("series.study_instance_uid", "series.series_number", "series.series_instance_uid"),
    Level.INSTANCE: ("instance.series_instance_uid", "instance.instance_number", "instance.sop_instance_uid"),
}
_ORDER_IN_STUDY = (
    "series.series_number",
    "series.series_instance_uid",
    "instance.instance_number",
    "instance.sop_instance_uid",
)
