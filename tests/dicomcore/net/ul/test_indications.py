from typing import get_args

from dicomcore.net.ul.indications import AbortIndication, Fragment, Indication, ReleaseIndication


def test_a_fragment_says_where_it_belongs() -> None:
    fragment = Fragment(3, is_command=False, is_last=True, data=memoryview(b"ab"))
    assert (fragment.context_id, fragment.is_command, fragment.is_last, bytes(fragment.data)) == (3, False, True, b"ab")


def test_indications_are_values() -> None:
    assert ReleaseIndication() == ReleaseIndication()
    assert AbortIndication(2, 1) != AbortIndication(2, 1, "no PDU has type 99H")


def test_there_is_one_indication_for_each_primitive() -> None:
    assert {one.__name__ for one in get_args(Indication)} == {
        "Fragment",
        "AssociateIndication",
        "AssociateConfirmation",
        "ReleaseIndication",
        "ReleaseConfirmation",
        "AbortIndication",
        "TransportClosed",
    }
