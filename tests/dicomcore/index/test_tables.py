from sqlalchemy import LargeBinary, Text

from dicomcore.index.attributes import ATTRIBUTES
from dicomcore.index.tables import LEVEL_TABLES, metadata
from dicomcore.resources import Level


def test_every_attribute_with_a_column_has_it() -> None:
    missing = [
        attribute.keyword
        for level in Level
        for attribute in ATTRIBUTES[level].values()
        if attribute.column and attribute.column not in LEVEL_TABLES[level].c
    ]
    assert missing == []


def test_person_names_have_a_key_beside_them() -> None:
    assert "patient_name_key" in LEVEL_TABLES[Level.STUDY].c
    assert "operators_name_key" in LEVEL_TABLES[Level.SERIES].c


def test_nothing_is_nullable() -> None:
    assert [str(column) for table in metadata.sorted_tables for column in table.c if column.nullable] == []


def test_large_columns_come_last() -> None:
    for table in LEVEL_TABLES.values():
        kinds = [type(column.type) for column in table.c]
        assert Text not in kinds[kinds.index(LargeBinary) :]
