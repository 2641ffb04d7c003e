"""What associations are asked for: the presentation contexts of each purpose (PS3.8 §9.3.2.2, PS3.7 §D.3.3).

There are 128 presentation contexts in an association and more SOP Classes than that, each in up to sixty transfer
syntaxes, of which an acceptor picks one for a context. So a context for an instance that is sent has one compressed
transfer syntax, or the native ones; and for C-GET, where the peer chooses what to send, every SOP Class that may come
gets as many contexts as there is room for, the last with all transfer syntaxes that have none of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from dicomcore.data import STORAGE_SOP_CLASSES, TRANSFER_SYNTAXES, is_retired_uid
from dicomcore.net.connection import Proposal
from dicomcore.net.ul.association import MAXIMUM_LENGTH
from dicomcore.net.ul.items import CommonExtendedNegotiation, ExtendedNegotiation, RoleSelection, UserIdentity
from dicomcore.net.ul.negotiation import STORAGE_SERVICE_CLASS
from dicomcore.scu.client import VERIFICATION
from dicomcore.scu.outgoing import NATIVE, Outgoing
from dicomcore.uids import DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN, RLE_LOSSLESS

MAX_CONTEXTS = 128

PATIENT_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.1.1"
PATIENT_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.1.2"
PATIENT_ROOT_GET = "1.2.840.10008.5.1.4.1.2.1.3"
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"

_MOST_TOGETHER = 23  # transfer syntaxes of each of 120 contexts: DCMTK closes the connection above 128 kB of request
_UNDER_WAY = 16  # C-STORE requests that we would have under way at a time
_Context: TypeAlias = tuple[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Purpose:
    """What an association is for: those for the same purpose can be used one for the other."""

    contexts: tuple[_Context, ...]
    roles: tuple[RoleSelection, ...] = ()
    extended: tuple[ExtendedNegotiation, ...] = ()
    common_extended: tuple[CommonExtendedNegotiation, ...] = ()
    asynchronous: tuple[int, int] = (1, 1)

    def proposal(
        self,
        calling_ae_title: str,
        called_ae_title: str,
        user_identity: UserIdentity | None = None,
        maximum_length: int = MAXIMUM_LENGTH,
    ) -> Proposal:
        """Make the proposal to an application entity."""
        return Proposal(
            calling_ae_title,
            called_ae_title,
            self.contexts,
            roles=self.roles,
            extended=self.extended,
            common_extended=self.common_extended,
            user_identity=user_identity,
            asynchronous=self.asynchronous,
            maximum_length=maximum_length,
        )


def services(*sop_class_uids: str, extended: Iterable[ExtendedNegotiation] = ()) -> Purpose:
    """Services that are asked for by messages, such as queries; C-MOVE too."""
    return Purpose(tuple((uid, NATIVE) for uid in sop_class_uids), extended=tuple(extended))


VERIFY = services(VERIFICATION)
QUERY = services(VERIFICATION, STUDY_ROOT_FIND, PATIENT_ROOT_FIND, STUDY_ROOT_MOVE, PATIENT_ROOT_MOVE)
"""Everything that finds and moves, so that one association serves for all of it."""


def retrieval(sop_class_uid: str = STUDY_ROOT_GET, storage_sop_classes: Iterable[str] = ()) -> Purpose:
    """C-GET of instances of these SOP Classes, as SOP Classes in Study (0008,0062) tells them; of the usual without."""
    wanted = list(dict.fromkeys(storage_sop_classes)) or list(USUAL_SOP_CLASSES)
    wanted = wanted[: MAX_CONTEXTS - 1]
    syntaxes = _shares((MAX_CONTEXTS - 1) // len(wanted))
    contexts = tuple((uid, share) for uid in wanted for share in syntaxes)
    roles = tuple(RoleSelection(uid, scu=False, scp=True) for uid in wanted)
    return Purpose(((sop_class_uid, NATIVE), *contexts), roles)


def storage(items: Sequence[Outgoing]) -> list[tuple[Purpose, list[Outgoing]]]:
    """C-STORE of instances: the associations that are needed for all of them, with the instances that go over each.

    A SOP Class gets a context for every transfer syntax that its instances are stored in, so that none has to be
    encoded anew for an acceptor that takes it, and one for the native ones.
    """
    by_class: dict[str, list[Outgoing]] = {}
    for item in items:
        by_class.setdefault(item.sop_class_uid, []).append(item)
    batches: list[tuple[list[_Context], list[Outgoing]]] = []
    for uid, members in by_class.items():
        contexts = _storage_contexts(uid, members)
        if not batches or len(batches[-1][0]) + len(contexts) > MAX_CONTEXTS:
            batches.append(([], []))
        batches[-1][0].extend(contexts)
        batches[-1][1].extend(members)
    return [(_storage(contexts), members) for contexts, members in batches]


def _storage_contexts(uid: str, members: Sequence[Outgoing]) -> list[_Context]:
    stored = dict.fromkeys(item.transfer_syntax_uid for item in members)
    native = tuple(one for one in NATIVE if one not in stored)
    return [*((uid, (one,)) for one in stored), *([(uid, native)] if native else [])]


def _storage(contexts: Sequence[_Context]) -> Purpose:
    private = dict.fromkeys(uid for uid, _ in contexts if uid not in STORAGE_SOP_CLASSES)
    return Purpose(
        tuple(contexts),
        common_extended=tuple(CommonExtendedNegotiation(uid, STORAGE_SERVICE_CLASS) for uid in private),
        asynchronous=(_UNDER_WAY, 1),
    )


def _shares(count: int) -> list[tuple[str, ...]]:
    """Divide all transfer syntaxes among this many contexts of a SOP Class."""
    if count == 1:
        return [(*NATIVE, *_BY_USE[:_MOST_TOGETHER])]
    alone, together = _BY_USE[: count - 2], _BY_USE[count - 2 :]
    return [NATIVE, *((uid,) for uid in alone), *([tuple(together)] if together else [])]


def _by_use() -> Sequence[str]:
    """All transfer syntaxes that instances are stored in, but for the native ones: the most usual first."""
    jpeg = [f"1.2.840.10008.1.2.4.{last}" for last in ("90", "70", "80", "50", "91", "51", "57", "81")]
    htj2k = [f"1.2.840.10008.1.2.4.{last}" for last in (201, 202, 203)]
    video = [f"1.2.840.10008.1.2.4.{last}" for last in (102, 100, 103, 101, 107, 104, 105, 106, 108)]
    usual = [*jpeg, RLE_LOSSLESS, *htj2k, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN, *video]
    rest = [uid for uid, syntax in TRANSFER_SYNTAXES.items() if uid not in (*usual, *NATIVE) and not syntax.referenced]
    return *usual, *rest


_BY_USE = _by_use()

# What no archive of images is asked for without being named: templates and protocols, security and material scans,
# devices of ophthalmology, second generation radiotherapy, long-time waveforms, volumetric presentation states.
_UNUSUAL = tuple(
    f"1.2.840.10008.5.1.4.{branch}."
    for branch in (
        *("34", "38", "39", "43", "44", "45"),
        *(f"1.1.{last}" for last in ("68", "78", "79", "80", "81", "82", "131", "200", "201", "501", "601")),
        *(f"1.1.9.{last}" for last in ("7", "8", "100")),
        *(f"1.1.11.{last}" for last in (7, 9, 10, 11, 12)),
        *(f"1.1.66.{last}" for last in (6, 8)),
        *(f"1.1.88.{last}" for last in (70, 74, 75, 77)),
        *(f"1.1.481.{last}" for last in range(10, 26)),
    )
)


def _usual() -> tuple[str, ...]:
    is_unusual = (uid for uid in STORAGE_SOP_CLASSES if f"{uid}.".startswith(_UNUSUAL) or is_retired_uid(uid))
    return tuple(sorted(STORAGE_SOP_CLASSES.difference(is_unusual)))


USUAL_SOP_CLASSES = _usual()
"""The storage SOP Classes that are proposed for C-GET when nothing is known of what will come."""
