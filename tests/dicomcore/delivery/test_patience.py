import pytest

from dicomcore.delivery.patience import ends_all, may_pass
from dicomcore.errors import (
    AssociationAborted,
    AssociationRejected,
    AssociationTimeout,
    CodecUnavailable,
    DamagedInstance,
    DicomError,
    DimseFailure,
    IndexUnavailable,
    NoPresentationContext,
    PeerUnreachable,
    ResourceNotFound,
    StorageFull,
    WorkersUnavailable,
)


@pytest.mark.parametrize(
    ("error", "passes", "ends"),
    [
        (PeerUnreachable("pacs:104", "connection refused"), True, True),
        (AssociationAborted(), True, True),
        (AssociationTimeout("A-ASSOCIATE-AC", 30), True, True),
        (AssociationRejected(2, 3, 2, "local limit exceeded"), True, True),
        (AssociationRejected(1, 1, 7, "called AE title not recognized"), False, True),
        (IndexUnavailable("it is restarted"), True, True),
        (WorkersUnavailable(), True, True),
        (StorageFull(), False, True),
        (DamagedInstance("/studies/1", "it differs"), False, False),
        (NoPresentationContext("1.2"), False, False),
        (DimseFailure(0xA900), False, False),
        (CodecUnavailable("1.2"), False, False),
        (ResourceNotFound("/studies/1"), False, False),
    ],
)
def test_what_may_pass_and_what_ends_all(error: DicomError, passes: bool, ends: bool) -> None:
    assert (may_pass(error), ends_all(error)) == (passes, ends)


def test_where_nothing_is_wrong_nothing_has_to_pass() -> None:
    assert may_pass(None) is False
