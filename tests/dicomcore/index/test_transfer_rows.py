from dicomcore.index.transfer_rows import COLUMNS, new_row, position_of, problems_of, total_column, transfer_of
from dicomcore.resources import Resource
from dicomcore.transfer import Problems, Transfer, TransferKind

WANTED = Transfer("a", TransferKind.SEND, "PACS", (Resource("1"), Resource("1.2", "1.2.1")), total=None, created=7)


def read(transfer: Transfer) -> tuple[object, ...]:
    row = new_row(transfer)
    return tuple(row[column.name] for column in COLUMNS)


def test_a_transfer_comes_back_as_it_was_written() -> None:
    assert transfer_of(read(WANTED)) == WANTED


def test_nobody_has_noted_anything_of_a_new_one() -> None:
    assert (problems_of(read(WANTED)), position_of(read(WANTED))) == (Problems(), b"")


def test_a_total_that_is_not_known_is_no_number_of_instances() -> None:
    assert (total_column(None), total_column(0), total_column(5)) == (-1, 0, 5)
