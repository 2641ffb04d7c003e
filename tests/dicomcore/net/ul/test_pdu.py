import pytest

from dicomcore.errors import MalformedPdu
from dicomcore.net.ul.items import PresentationContextAC, PresentationContextRQ, UserInformation
from dicomcore.net.ul.pdu import (
    CALLED_AE_TITLE_NOT_RECOGNIZED,
    LOCAL_LIMIT_EXCEEDED,
    Abort,
    AssociateAC,
    AssociateRJ,
    AssociateRQ,
    Pdu,
    PduType,
    ReleaseRP,
    ReleaseRQ,
    check_ae_title,
    decode_pdu,
)

UNKNOWN = UserInformation(implementation_class_uid="", implementation_version_name="")
CONTEXT = b"\x20\x00\x00\x2e\x01\x00\x00\x00\x30\x00\x00\x111.2.840.10008.1.1\x40\x00\x00\x111.2.840.10008.1.2"
APPLICATION_CONTEXT = b"\x10\x00\x00\x151.2.840.10008.3.1.1.1"
USER_INFORMATION = b"\x50\x00\x00\x11\x51\x00\x00\x04\x00\x00\x40\x00\x52\x00\x00\x051.2.3"
HEAD = b"\x00\x01\x00\x00ARCHIVE         MODALITY        " + bytes(32)


def decoded(pdu: bytes) -> Pdu:
    """What a PDU with its header is read as."""
    return decode_pdu(pdu[0], pdu[6:])


def with_items(*items: bytes) -> bytes:
    """The body of an A-ASSOCIATE PDU."""
    return HEAD + b"".join(items)


def test_a_request_is_written_byte_by_byte() -> None:
    context = PresentationContextRQ(1, "1.2.840.10008.1.1", ("1.2.840.10008.1.2",))
    information = UserInformation(16_384, "1.2.3", "")
    body = with_items(APPLICATION_CONTEXT, CONTEXT, USER_INFORMATION)
    pdu = AssociateRQ("ARCHIVE", "MODALITY", (context,), information)
    assert pdu.encode() == b"\x01\x00" + len(body).to_bytes(4, "big") + body
    assert decoded(pdu.encode()) == pdu


def test_an_acceptance_is_written_byte_by_byte() -> None:
    contexts = (PresentationContextAC(1, 0, "1.2.840.10008.1.2"), PresentationContextAC(3, 4, "1.2"))
    items = (
        b"\x21\x00\x00\x19\x01\x00\x00\x00\x40\x00\x00\x111.2.840.10008.1.2"
        b"\x21\x00\x00\x0b\x03\x00\x04\x00\x40\x00\x00\x031.2"
    )
    pdu = AssociateAC("ARCHIVE", "MODALITY", contexts, UserInformation(16_384, "1.2.3", ""))
    assert pdu.encode()[6:] == with_items(APPLICATION_CONTEXT, items, USER_INFORMATION)
    assert decoded(pdu.encode()) == pdu


@pytest.mark.parametrize(
    ("pdu", "encoded"),
    [
        (AssociateRJ(1, 1, 7), b"\x03\x00\x00\x00\x00\x04\x00\x01\x01\x07"),
        (ReleaseRQ(), b"\x05\x00\x00\x00\x00\x04\x00\x00\x00\x00"),
        (ReleaseRP(), b"\x06\x00\x00\x00\x00\x04\x00\x00\x00\x00"),
        (Abort(2, 6), b"\x07\x00\x00\x00\x00\x04\x00\x00\x02\x06"),
    ],
)
def test_a_short_pdu_is_written_and_read_byte_by_byte(pdu: Pdu, encoded: bytes) -> None:
    assert pdu.encode() == encoded
    assert decoded(encoded) == pdu


def test_reserved_bytes_are_not_looked_at() -> None:
    head = HEAD[:2] + b"\xff\xff" + HEAD[4:36] + b"\xff" * 32
    context = CONTEXT[:1] + b"\xff" + CONTEXT[2:5] + b"\xff\xff\xff" + CONTEXT[8:]
    assert decode_pdu(1, head + context) == decode_pdu(1, HEAD + CONTEXT)
    assert decode_pdu(3, b"\xff\x01\x01\x07") == AssociateRJ(1, 1, 7)
    assert decode_pdu(5, b"\xff\xff\xff\xff") == ReleaseRQ()


@pytest.mark.parametrize("field", [b"ARCHIVE         ", b"ARCHIVE" + bytes(9), b"  ARCHIVE\0     \0"])
def test_titles_may_be_padded_on_both_sides(field: bytes) -> None:
    body = HEAD[:4] + field + HEAD[20:]
    assert decode_pdu(1, body).called_ae_title == "ARCHIVE"  # type: ignore[union-attr]


def test_an_answer_repeats_a_title_that_is_no_ascii() -> None:
    request = decode_pdu(1, HEAD[:4] + b"R\xd6NTGEN".ljust(16) + HEAD[20:])
    assert isinstance(request, AssociateRQ)
    assert AssociateAC(request.called_ae_title, "", ()).encode()[10:26] == b"R\xd6NTGEN".ljust(16)


def test_items_of_unknown_type_are_passed_over() -> None:
    body = with_items(b"\x7f\x00\x00\x02ab", CONTEXT, b"\x21\x00\x00\x00", USER_INFORMATION)
    assert decode_pdu(1, body) == decode_pdu(1, with_items(CONTEXT, USER_INFORMATION))


def test_a_context_of_a_request_is_no_answer() -> None:
    body = with_items(b"\x21\x00\x00\x0b\x03\x00\x00\x00\x40\x00\x00\x031.2", CONTEXT)
    assert decode_pdu(2, body).presentation_contexts == (PresentationContextAC(3, 0, "1.2"),)  # type: ignore[union-attr]


def test_a_request_without_items_proposes_nothing() -> None:
    assert decode_pdu(1, HEAD) == AssociateRQ("ARCHIVE", "MODALITY", (), UNKNOWN, "")


def test_the_transfer_syntax_of_a_refused_context_may_be_missing() -> None:
    body = with_items(b"\x21\x00\x00\x04\x03\x00\x03\x00")
    assert decode_pdu(2, body).presentation_contexts == (PresentationContextAC(3, 3, ""),)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("pdu_type", "body"),
    [
        (PduType.ASSOCIATE_RQ, HEAD[:-1]),
        (PduType.ASSOCIATE_AC, b""),
        (PduType.ASSOCIATE_RJ, b"\x00\x01\x01"),
        (PduType.RELEASE_RQ, b""),
        (PduType.ABORT, b"\x00\x00\x02"),
        (PduType.P_DATA_TF, b"\x00\x00\x00\x02\x01\x03"),
        (0x08, b"\x00\x00\x00\x00"),
    ],
)
def test_a_pdu_that_is_too_short_or_unknown_is_malformed(pdu_type: int, body: bytes) -> None:
    with pytest.raises(MalformedPdu):
        decode_pdu(pdu_type, body)


@pytest.mark.parametrize(
    "item",
    [
        b"\x20\x00\x00\x03\x01\x00\x00",
        b"\x20\x00\x00\x0b\x01\x00\x00\x00\x40\x00\x00\x031.2",
        b"\x20\x00\x00\x0b\x01\x00\x00\x00\x30\x00\x00\x031.2",
        CONTEXT[:4] + b"\x02" + CONTEXT[5:],
        CONTEXT + CONTEXT,
        b"\x10\x00\x00\x02\xff1",
    ],
    ids=["cut off", "no abstract syntax", "no transfer syntax", "even ID", "same ID twice", "no UID"],
)
def test_a_request_with_such_an_item_is_malformed(item: bytes) -> None:
    with pytest.raises(MalformedPdu):
        decode_pdu(PduType.ASSOCIATE_RQ, HEAD + item)


def test_a_rejection_says_why_in_words() -> None:
    assert str(CALLED_AE_TITLE_NOT_RECOGNIZED) == "rejected for good: called AE title not recognized"
    assert str(LOCAL_LIMIT_EXCEEDED) == "rejected for now: local limit exceeded"
    assert str(AssociateRJ(1, 1, 9)) == "rejected for good: source 1, reason 9"


def test_an_ae_title_has_up_to_sixteen_printable_characters() -> None:
    assert check_ae_title("  STORE scp 1 ") == "STORE scp 1"
    assert check_ae_title("A" * 16) == "A" * 16


@pytest.mark.parametrize("title", ["", "   ", "A" * 17, "A\\B", "A\nB", "RÖNTGEN"])
def test_other_text_is_no_ae_title(title: str) -> None:
    with pytest.raises(MalformedPdu, match="AE title"):
        check_ae_title(title)
