"""The state machine of the upper layer (PS3.8 §9.2), as data.

`TRANSITIONS` is Table 9-10: the action that an event causes in a state. `OUTCOMES` is Tables 9-6 to 9-9: what an action
does, in steps, and where it leads. A cell that is not in the table cannot happen: the service user asked for what the
state does not allow, or the transport is not there.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class State(enum.IntEnum):
    """PS3.8 Tables 9-1 to 9-5."""

    IDLE = 1
    AWAITING_ASSOCIATE_RQ = 2
    AWAITING_ASSOCIATE_RESPONSE = 3
    AWAITING_TRANSPORT = 4
    AWAITING_ASSOCIATE_AC = 5
    ESTABLISHED = 6
    AWAITING_RELEASE_RP = 7
    AWAITING_RELEASE_RESPONSE = 8
    COLLISION_REQUESTOR_RESPONSE = 9
    COLLISION_ACCEPTOR_RP = 10
    COLLISION_REQUESTOR_RP = 11
    COLLISION_ACCEPTOR_RESPONSE = 12
    AWAITING_CLOSE = 13


class Event(enum.IntEnum):
    """PS3.8 Table 9-10, from the top."""

    ASSOCIATE_REQUEST = 1
    TRANSPORT_CONFIRMED = 2
    ASSOCIATE_AC = 3
    ASSOCIATE_RJ = 4
    TRANSPORT_INDICATED = 5
    ASSOCIATE_RQ = 6
    ACCEPT_RESPONSE = 7
    REJECT_RESPONSE = 8
    DATA_REQUEST = 9
    P_DATA_TF = 10
    RELEASE_REQUEST = 11
    RELEASE_RQ = 12
    RELEASE_RP = 13
    RELEASE_RESPONSE = 14
    ABORT_REQUEST = 15
    ABORT = 16
    TRANSPORT_CLOSED = 17
    ARTIM_EXPIRED = 18
    INVALID_PDU = 19


class Action(enum.Enum):
    """PS3.8 Tables 9-6 to 9-9."""

    AE_1 = "AE-1"
    AE_2 = "AE-2"
    AE_3 = "AE-3"
    AE_4 = "AE-4"
    AE_5 = "AE-5"
    AE_6 = "AE-6"
    AE_7 = "AE-7"
    AE_8 = "AE-8"
    DT_1 = "DT-1"
    DT_2 = "DT-2"
    AR_1 = "AR-1"
    AR_2 = "AR-2"
    AR_3 = "AR-3"
    AR_4 = "AR-4"
    AR_5 = "AR-5"
    AR_6 = "AR-6"
    AR_7 = "AR-7"
    AR_8 = "AR-8"
    AR_9 = "AR-9"
    AR_10 = "AR-10"
    AA_1 = "AA-1"
    AA_2 = "AA-2"
    AA_3 = "AA-3"
    AA_4 = "AA-4"
    AA_5 = "AA-5"
    AA_6 = "AA-6"
    AA_7 = "AA-7"
    AA_8 = "AA-8"


class Step(enum.Enum):
    """What actions are made of. The PDU to send and the primitive to issue come with the event."""

    SEND = "send the PDU"
    SEND_ABORT = "send A-ABORT"
    ISSUE = "issue the indication or confirmation primitive"
    ISSUE_ABORT = "issue the A-P-ABORT indication primitive"
    START_ARTIM = "start or restart the ARTIM timer"
    STOP_ARTIM = "stop the ARTIM timer"
    CLOSE = "close the transport connection"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an action does, in order, and the state after it; ``acceptor_state`` where that of the acceptor differs."""

    steps: tuple[Step, ...]
    next_state: State
    acceptor_state: State | None = None


OUTCOMES: dict[Action, Outcome] = {
    # Table 9-6. The transport connection request of AE-1 and the response of AE-5 are the driver's business.
    Action.AE_1: Outcome((), State.AWAITING_TRANSPORT),
    Action.AE_2: Outcome((Step.SEND,), State.AWAITING_ASSOCIATE_AC),
    Action.AE_3: Outcome((Step.ISSUE,), State.ESTABLISHED),
    Action.AE_4: Outcome((Step.ISSUE, Step.CLOSE), State.IDLE),
    Action.AE_5: Outcome((Step.START_ARTIM,), State.AWAITING_ASSOCIATE_RQ),
    Action.AE_6: Outcome((Step.STOP_ARTIM, Step.ISSUE), State.AWAITING_ASSOCIATE_RESPONSE),
    Action.AE_7: Outcome((Step.SEND,), State.ESTABLISHED),
    Action.AE_8: Outcome((Step.SEND, Step.START_ARTIM), State.AWAITING_CLOSE),
    # Table 9-7
    Action.DT_1: Outcome((Step.SEND,), State.ESTABLISHED),
    Action.DT_2: Outcome((Step.ISSUE,), State.ESTABLISHED),
    # Table 9-8
    Action.AR_1: Outcome((Step.SEND,), State.AWAITING_RELEASE_RP),
    Action.AR_2: Outcome((Step.ISSUE,), State.AWAITING_RELEASE_RESPONSE),
    Action.AR_3: Outcome((Step.ISSUE, Step.CLOSE), State.IDLE),
    Action.AR_4: Outcome((Step.SEND, Step.START_ARTIM), State.AWAITING_CLOSE),
    Action.AR_5: Outcome((Step.STOP_ARTIM,), State.IDLE),
    Action.AR_6: Outcome((Step.ISSUE,), State.AWAITING_RELEASE_RP),
    Action.AR_7: Outcome((Step.SEND,), State.AWAITING_RELEASE_RESPONSE),
    Action.AR_8: Outcome((Step.ISSUE,), State.COLLISION_REQUESTOR_RESPONSE, State.COLLISION_ACCEPTOR_RP),
    Action.AR_9: Outcome((Step.SEND,), State.COLLISION_REQUESTOR_RP),
    Action.AR_10: Outcome((Step.ISSUE,), State.COLLISION_ACCEPTOR_RESPONSE),
    # Table 9-9
    Action.AA_1: Outcome((Step.SEND_ABORT, Step.START_ARTIM), State.AWAITING_CLOSE),
    Action.AA_2: Outcome((Step.STOP_ARTIM, Step.CLOSE), State.IDLE),
    Action.AA_3: Outcome((Step.ISSUE, Step.CLOSE), State.IDLE),
    Action.AA_4: Outcome((Step.ISSUE,), State.IDLE),
    Action.AA_5: Outcome((Step.STOP_ARTIM,), State.IDLE),
    Action.AA_6: Outcome((), State.AWAITING_CLOSE),
    Action.AA_7: Outcome((Step.SEND_ABORT,), State.AWAITING_CLOSE),
    Action.AA_8: Outcome((Step.SEND_ABORT, Step.ISSUE_ABORT, Step.START_ARTIM), State.AWAITING_CLOSE),
}
"""PS3.8 Tables 9-6 to 9-9. AE-6 is that of a request which the service provider accepts; for others it is AE-8."""

# For each event, from Sta1 to Sta13; an empty cell is one that cannot happen.
_TABLE: dict[Event, str] = {
    Event.ASSOCIATE_REQUEST: "AE-1 - - - - - - - - - - - -",
    Event.TRANSPORT_CONFIRMED: "- - - AE-2 - - - - - - - - -",
    Event.ASSOCIATE_AC: "- AA-1 AA-8 - AE-3 AA-8 AA-8 AA-8 AA-8 AA-8 AA-8 AA-8 AA-6",
    Event.ASSOCIATE_RJ: "- AA-1 AA-8 - AE-4 AA-8 AA-8 AA-8 AA-8 AA-8 AA-8 AA-8 AA-6",
    Event.TRANSPORT_INDICATED: "AE-5 - - - - - - - - - - - -",
    Event.ASSOCIATE_RQ: "- AE-6 AA-8 - AA-8 AA-8 AA-8 AA-8 AA-8 AA-8 AA-8 AA-8 AA-7",
    Event.ACCEPT_RESPONSE: "- - AE-7 - - - - - - - - - -",
    Event.REJECT_RESPONSE: "- - AE-8 - - - - - - - - - -",
    Event.DATA_REQUEST: "- - - - - DT-1 - AR-7 - - - - -",
    Event.P_DATA_TF: "- AA-1 AA-8 - AA-8 DT-2 AR-6 AA-8 AA-8 AA-8 AA-8 AA-8 AA-6",
    Event.RELEASE_REQUEST: "- - - - - AR-1 - - - - - - -",
    Event.RELEASE_RQ: "- AA-1 AA-8 - AA-8 AR-2 AR-8 AA-8 AA-8 AA-8 AA-8 AA-8 AA-6",
    Event.RELEASE_RP: "- AA-1 AA-8 - AA-8 AA-8 AR-3 AA-8 AA-8 AR-10 AR-3 AA-8 AA-6",
    Event.RELEASE_RESPONSE: "- - - - - - - AR-4 AR-9 - - AR-4 -",
    Event.ABORT_REQUEST: "- - AA-1 AA-2 AA-1 AA-1 AA-1 AA-1 AA-1 AA-1 AA-1 AA-1 -",
    Event.ABORT: "- AA-2 AA-3 - AA-3 AA-3 AA-3 AA-3 AA-3 AA-3 AA-3 AA-3 AA-2",
    Event.TRANSPORT_CLOSED: "- AA-5 AA-4 AA-4 AA-4 AA-4 AA-4 AA-4 AA-4 AA-4 AA-4 AA-4 AR-5",
    Event.ARTIM_EXPIRED: "- AA-2 - - - - - - - - - - AA-2",
    Event.INVALID_PDU: "- AA-1 AA-8 - AA-8 AA-8 AA-8 AA-8 AA-8 AA-8 AA-8 AA-8 AA-7",
}

TRANSITIONS: dict[tuple[State, Event], Action] = {
    (state, event): Action(cell)
    for event, row in _TABLE.items()
    for state, cell in zip(State, row.split(), strict=True)
    if cell != "-"
}
"""What is done when an event comes in a state."""
