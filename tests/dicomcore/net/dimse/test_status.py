"""Statuses: their classes, who may answer which, and what errors are told as (PS3.7 Annex C)."""

from collections.abc import Iterator

import pytest

from dicomcore import errors
from dicomcore.net.dimse.status import (
    COMMITMENT_FAILURES,
    RANGES,
    STATUS,
    STATUSES,
    Category,
    Service,
    category,
    describe,
    is_allowed,
    nearest,
    status_of,
)


def tree(root: type[errors.DicomError]) -> Iterator[type[errors.DicomError]]:
    yield root
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from tree(child)


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ((0x0000,), Category.SUCCESS),
        ((0x0001, 0x0107, 0x0116, 0xB000, 0xB304, 0xBFFF), Category.WARNING),
        ((0x0105, 0x0110, 0x0122, 0x0213, 0xA700, 0xA801, 0xAFFF, 0xC000, 0xCFFF), Category.FAILURE),
        ((0xFE00,), Category.CANCEL),
        ((0xFF00, 0xFF01), Category.PENDING),
        ((0x0002, 0x4711, 0xFF02, 0xFFFF), Category.FAILURE),
    ],
)
def test_every_status_has_a_category(statuses: tuple[int, ...], expected: Category) -> None:
    assert {category(status) for status in statuses} == {expected}


# Rows UL-019 and UL-020 of the requirements, from PS3.7 §9.1 and §10.1.
WHITELISTS = {
    Service.ECHO: "0000 0122 0210 0211 0212",
    Service.STORE: "0000 0117 0122 0124 0210 0211 0212 A700 A7FF A900 A9FF B000 B006 B007 C000 CFFF",
    Service.FIND: "0000 0122 0124 0210 0211 0212 A700 A900 C000 CFFF FE00 FF00 FF01",
    Service.MOVE: "0000 0122 0124 0210 0211 0212 A701 A702 A801 A900 B000 C000 CFFF FE00 FF00",
    Service.GET: "0000 0122 0124 0210 0211 0212 A701 A702 A900 B000 C000 CFFF FE00 FF00",
    Service.EVENT_REPORT: "0000 0110 0112 0113 0114 0115 0117 0118 0119 0210 0211 0212 0213",
    Service.N_GET: "0000 0107 0110 0112 0117 0118 0119 0124 0210 0211 0212 0213",
    Service.SET: "0000 0105 0106 0107 0110 0112 0116 0117 0118 0119 0121 0124 0210 0211 0212 0213",
    Service.ACTION: "0000 0110 0112 0114 0115 0117 0118 0119 0123 0124 0210 0211 0212 0213",
    Service.CREATE: "0000 0105 0106 0107 0110 0111 0116 0117 0118 0120 0121 0124 0210 0211 0212 0213",
    Service.DELETE: "0000 0110 0112 0117 0118 0119 0124 0210 0211 0212 0213",
}
CANDIDATES = sorted({*range(0x0300), *range(0xA000, 0xC000, 0x80), *range(0xFE00, 0x10000, 0x80), 0xFF01})
PROBES = {0xA700, 0xA701, 0xA702, 0xA7FF, 0xA801, 0xA900, 0xA9FF, 0xB000, 0xB006, 0xB007, 0xC000, 0xCFFF}


@pytest.mark.parametrize("service", Service)
def test_a_service_answers_what_the_standard_lists_for_it(service: Service) -> None:
    allowed = {int(code, 16) for code in WHITELISTS[service].split()}
    ranges = [range(low, high + 1) for low, high, _ in RANGES.get(service, ())]
    expected = allowed | {status for status in (*CANDIDATES, *PROBES) if any(status in one for one in ranges)}
    assert {status for status in (*CANDIDATES, *PROBES) if is_allowed(status, service)} == expected


@pytest.mark.parametrize(("service", "status"), [(service, one) for service in Service for one in STATUSES[service]])
def test_no_status_is_outside_the_classes_of_the_standard(service: Service, status: int) -> None:
    classes = (range(0x0000, 0x0002), range(0x0100, 0x0300), range(0xA000, 0xD000), (0xFE00, 0xFF00, 0xFF01))
    assert any(status in one for one in classes)
    assert describe(status, service) == STATUSES[service][status]


@pytest.mark.parametrize(
    ("status", "service", "words"),
    [
        (0xA700, Service.STORE, "out of resources"),
        (0xC000, Service.STORE, "the data set cannot be understood"),
        (0xC001, Service.FIND, "unable to process"),
        (0xB000, Service.STORE, "data elements were coerced"),
        (0xB000, Service.MOVE, "sub-operations are complete, with failures or warnings"),
        (0xB123, None, "stored, with a warning"),
        (0x0122, None, "SOP class not supported"),
        (0xA801, None, "the move destination is unknown"),
        (0x0131, None, "duplicate transaction UID"),
        (0x0131, Service.ACTION, "duplicate transaction UID"),
        (0xBABE, Service.MOVE, "warning"),
        (0x4711, None, "failure"),
    ],
)
def test_a_status_is_described_in_words(status: int, service: Service | None, words: str) -> None:
    assert describe(status, service) == words


def test_storage_commitment_has_its_reasons() -> None:
    assert COMMITMENT_FAILURES.keys() == {0x0110, 0x0112, 0x0213, 0x0122, 0x0119, 0x0131}


@pytest.mark.parametrize("error", list(tree(errors.DicomError)))
@pytest.mark.parametrize("service", Service)
def test_every_error_has_a_failure_in_every_service(error: type[errors.DicomError], service: Service) -> None:
    status = nearest(STATUS[error], service)
    assert is_allowed(status, service)
    assert category(status) is Category.FAILURE


@pytest.mark.parametrize("service", Service)
@pytest.mark.parametrize("failure", [0x0110, 0x0111, 0x0112, 0x0122, 0x0124, 0xA700, 0xA702, 0xA801, 0xA900, 0xC122])
def test_every_failure_is_told_as_one_that_the_service_has(failure: int, service: Service) -> None:
    assert is_allowed(nearest(failure, service), service)


@pytest.mark.parametrize(
    ("error", "service", "status"),
    [
        (errors.NotDicom("no"), Service.STORE, 0xC000),
        (errors.AttributeMismatch(0x00080018, "SOP Instance UID", "differs"), Service.STORE, 0xA900),
        (errors.StorageFull("full"), Service.STORE, 0xA700),
        (errors.InstanceConflict("1.2.3"), Service.STORE, 0xC111),
        (errors.UnsupportedTransferSyntax("1.2.3"), Service.STORE, 0xC122),
        (errors.UnsupportedTransferSyntax("1.2.3"), Service.FIND, 0xC122),
        (errors.UnsupportedSopClass("1.2.3"), Service.STORE, 0x0122),
        (errors.UnsupportedSopClass("1.2.3"), Service.ACTION, 0x0118),
        (errors.InvalidParameter("StudyDate", "must be a date"), Service.FIND, 0xA900),
        (errors.InvalidParameter("TransactionUID", "must be a UID"), Service.ACTION, 0x0115),
        (errors.IndexUnavailable("locked"), Service.FIND, 0xA700),
        (errors.IndexUnavailable("locked"), Service.MOVE, 0xA702),
        (errors.IndexUnavailable("locked"), Service.ACTION, 0x0213),
        (errors.UnknownNode("NOBODY"), Service.MOVE, 0xA801),
        (errors.UnknownNode("NOBODY"), Service.FIND, 0xC000),
        (errors.PeerUnreachable("host:104", "refused"), Service.FIND, 0xA700),
        (errors.PeerUnreachable("host:104", "refused"), Service.GET, 0xA702),
        (errors.ResourceNotFound("1.2.3"), Service.DELETE, 0x0112),
        (errors.ResourceNotFound("1.2.3"), Service.CREATE, 0x0110),
        (errors.DicomError("?"), Service.ECHO, 0x0211),
        (errors.DicomError("?"), Service.SET, 0x0110),
    ],
)
def test_an_error_is_told_as_its_service_tells_it(error: errors.DicomError, service: Service, status: int) -> None:
    assert status_of(error, service) == status


def test_an_error_without_a_row_is_told_as_its_nearest_class() -> None:
    class Unheard(errors.StorageFull):
        pass

    assert status_of(Unheard("no room"), Service.STORE) == 0xA700


@pytest.mark.parametrize(
    ("answered", "service", "status"),
    [
        (0xA900, Service.FIND, 0xA900),
        (0xA700, Service.MOVE, 0xA702),
        (0x0110, Service.STORE, 0xA700),
        (0x0111, Service.STORE, 0xC111),
        (0xFE00, Service.FIND, 0xC000),
        (0xFF00, Service.FIND, 0xC000),
        (0xB000, Service.MOVE, 0xC000),
    ],
)
def test_the_failure_of_another_is_passed_on_and_nothing_else_is(answered: int, service: Service, status: int) -> None:
    assert status_of(errors.DimseFailure(answered), service) == status
