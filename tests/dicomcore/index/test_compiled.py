from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from dicomcore.index.compiled import Compiled, among, update_by_id
from dicomcore.index.tables import instance, study

LISTED = select(study.c.id).where(among(study.c.study_instance_uid, "uids"), study.c.patient_id == "P")


def test_a_list_is_one_parameter_of_sqlite() -> None:
    compiled = Compiled(LISTED, sqlite.dialect())
    assert "study_instance_uid IN (SELECT value FROM json_each(?)) AND" in compiled.sql
    assert compiled.query_arguments({"uids": ["1", "2"]}) == ['["1","2"]', "P"]


def test_a_list_is_one_parameter_of_postgresql() -> None:
    compiled = Compiled(LISTED, postgresql.psycopg.dialect())
    assert "study_instance_uid = ANY(%(uids)s::text[]) AND" in compiled.sql
    assert compiled.query_arguments({"uids": ["1", "2"]})["uids"] == ["1", "2"]


def test_a_list_of_numbers_is_one_of_numbers() -> None:
    compiled = Compiled(delete(instance).where(among(instance.c.id, "ids")), postgresql.psycopg.dialect())
    assert compiled.sql == "DELETE FROM instance WHERE instance.id = ANY(%(ids)s::bigint[])"


def test_columns_are_updated_by_row_id() -> None:
    compiled = Compiled(update_by_id(study, ["revision", "response"]), sqlite.dialect())
    assert compiled.sql == "UPDATE study SET revision=?, response=? WHERE study.id = ?"
    assert compiled.arguments({"new_id": 1, "new_response": b"r", "new_revision": 2}) == [2, b"r", 1]
