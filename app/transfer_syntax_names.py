"""Short names of transfer syntaxes, for people who type them: ``htj2k`` for 1.2.840.10008.1.2.4.201."""

from dicomcore.data import lookup
from dicomcore.errors import InvalidParameter
from dicomcore.pixels import check_lossless_target

_ROOT = "1.2.840.10008.1.2"

TRANSFER_SYNTAX_NAMES = {
    "explicit": f"{_ROOT}.1",
    "deflated": f"{_ROOT}.1.99",
    "uncompressed": f"{_ROOT}.1.98",
    "deflated-frames": f"{_ROOT}.8.1",
    "rle": f"{_ROOT}.5",
    "jpeg": f"{_ROOT}.4.50",
    "jpeg-extended": f"{_ROOT}.4.51",
    "jpeg-lossless": f"{_ROOT}.4.70",
    "jpeg-ls": f"{_ROOT}.4.80",
    "jpeg-ls-near": f"{_ROOT}.4.81",
    "jpeg-2000": f"{_ROOT}.4.90",
    "jpeg-2000-lossy": f"{_ROOT}.4.91",
    "jpeg-xl": f"{_ROOT}.4.110",
    "jpeg-xl-lossy": f"{_ROOT}.4.112",
    "htj2k": f"{_ROOT}.4.201",
    "htj2k-rpcl": f"{_ROOT}.4.202",
    "htj2k-lossy": f"{_ROOT}.4.203",
}


def transfer_syntax_uid(text: str) -> str:
    """Return the UID that a name stands for, or that ``text`` is; raise `InvalidParameter` for anything else."""
    uid = TRANSFER_SYNTAX_NAMES.get(text.lower(), text)
    if lookup(uid) is None:
        raise InvalidParameter(
            "transfer syntax", f"{text[:80]!r} is no UID, and none of {', '.join(TRANSFER_SYNTAX_NAMES)}"
        )
    return uid


def lossless_transfer_syntax_uid(text: str) -> str:
    """As `transfer_syntax_uid`, but only for what compresses without loss."""
    return check_lossless_target(transfer_syntax_uid(text))
