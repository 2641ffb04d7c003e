from collections.abc import Iterator
from pathlib import Path

import pytest
from index_fixtures import DATABASES, new_database, open_index
from sqlalchemy import Engine, insert, select

from dicomcore.index import open_engine
from dicomcore.index.compiled import among
from dicomcore.index.engine import write
from dicomcore.index.tables import change
from dicomcore.index.transaction import Row, Transaction

INSERT = insert(change)
SELECT = select(change.c.sequence, change.c.sop_instance_uid).order_by(change.c.sequence)
LISTED = SELECT.where(among(change.c.sop_instance_uid, "uids"))


@pytest.fixture(params=DATABASES)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    url = new_database(request, tmp_path)
    with open_index(url):
        opened = open_engine(url, writes=True)
        yield opened
        opened.dispose()


def row(sequence: int) -> Row:
    uids = {"study_instance_uid": "1", "series_instance_uid": "2", "sop_instance_uid": str(sequence)}
    return {"sequence": sequence, "kind": 1, "level": 3, "time": 0, **uids}


@pytest.mark.parametrize("count", [0, 1, 3])
def test_rows_are_inserted_however_many(engine: Engine, count: int) -> None:
    rows = [row(number) for number in range(count)]
    write(engine, lambda transaction: transaction.execute_many(INSERT, rows))
    found = write(engine, lambda transaction: transaction.select(SELECT))
    assert found == [(number, str(number)) for number in range(count)]


def test_rows_are_selected_by_a_list_of_any_length(engine: Engine) -> None:
    write(engine, lambda transaction: transaction.execute_many(INSERT, map(row, range(3))))
    many = [str(number) for number in range(1, 40_000)]
    assert write(engine, lambda transaction: transaction.select(LISTED, uids=many)) == [(1, "1"), (2, "2")]
    assert write(engine, lambda transaction: transaction.select(LISTED, uids=[])) == []


def test_an_error_undoes_everything(engine: Engine) -> None:
    def work(transaction: Transaction) -> None:
        transaction.execute_many(INSERT, [row(1)])
        raise ValueError("in the middle")

    with pytest.raises(ValueError, match="in the middle"):
        write(engine, work)
    assert write(engine, lambda transaction: transaction.select(SELECT)) == []
