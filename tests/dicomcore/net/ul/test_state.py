from itertools import product

import pytest

from dicomcore.net.ul.state import OUTCOMES, TRANSITIONS, Action, Event, State, Step

# PS3.8 Table 9-10, read column by column: the states, and for each the events that have an action in it.
RECEIVED_AND_WRONG = {3: "AA-8", 4: "AA-8", 6: "AA-8", 10: "AA-8", 12: "AA-8", 13: "AA-8", 19: "AA-8"}
ASSOCIATED = RECEIVED_AND_WRONG | {15: "AA-1", 16: "AA-3", 17: "AA-4"}
TABLE_9_10: dict[int, dict[int, str]] = {
    1: {1: "AE-1", 5: "AE-5"},
    2: {3: "AA-1", 4: "AA-1", 6: "AE-6", 10: "AA-1", 12: "AA-1", 13: "AA-1", 16: "AA-2", 17: "AA-5", 18: "AA-2"}
    | {19: "AA-1"},
    3: ASSOCIATED | {7: "AE-7", 8: "AE-8"},
    4: {2: "AE-2", 15: "AA-2", 17: "AA-4"},
    5: ASSOCIATED | {3: "AE-3", 4: "AE-4"},
    6: ASSOCIATED | {9: "DT-1", 10: "DT-2", 11: "AR-1", 12: "AR-2"},
    7: ASSOCIATED | {10: "AR-6", 12: "AR-8", 13: "AR-3"},
    8: ASSOCIATED | {9: "AR-7", 14: "AR-4"},
    9: ASSOCIATED | {14: "AR-9"},
    10: ASSOCIATED | {13: "AR-10"},
    11: ASSOCIATED | {13: "AR-3"},
    12: ASSOCIATED | {14: "AR-4"},
    13: {3: "AA-6", 4: "AA-6", 6: "AA-7", 10: "AA-6", 12: "AA-6", 13: "AA-6", 16: "AA-2", 17: "AR-5", 18: "AA-2"}
    | {19: "AA-7"},
}


@pytest.mark.parametrize(("state", "event"), list(product(range(1, 14), range(1, 20))))
def test_a_cell_of_the_table_has_the_action_of_the_standard(state: int, event: int) -> None:
    action = TRANSITIONS.get((State(state), Event(event)))
    assert (action.value if action else None) == TABLE_9_10[state].get(event)


# PS3.8 Tables 9-6 to 9-9: the next state of each action.
NEXT_STATES = {
    **{"AE-1": 4, "AE-2": 5, "AE-3": 6, "AE-4": 1, "AE-5": 2, "AE-6": 3, "AE-7": 6, "AE-8": 13},
    **{"DT-1": 6, "DT-2": 6},
    **{
        "AR-1": 7,
        "AR-2": 8,
        "AR-3": 1,
        "AR-4": 13,
        "AR-5": 1,
        "AR-6": 7,
        "AR-7": 8,
        "AR-8": 9,
        "AR-9": 11,
        "AR-10": 12,
    },
    **{"AA-1": 13, "AA-2": 1, "AA-3": 1, "AA-4": 1, "AA-5": 1, "AA-6": 13, "AA-7": 13, "AA-8": 13},
}


def test_every_action_leads_to_the_state_of_the_standard() -> None:
    assert {action.value: outcome.next_state for action, outcome in OUTCOMES.items()} == NEXT_STATES


def test_only_a_release_collision_leads_the_acceptor_elsewhere() -> None:
    elsewhere = {action: outcome.acceptor_state for action, outcome in OUTCOMES.items() if outcome.acceptor_state}
    assert elsewhere == {Action.AR_8: State.COLLISION_ACCEPTOR_RP}


def test_the_artim_timer_starts_where_a_peer_is_waited_for_that_owes_nothing() -> None:
    starting = {action.value for action, outcome in OUTCOMES.items() if Step.START_ARTIM in outcome.steps}
    assert starting == {"AE-5", "AE-8", "AR-4", "AA-1", "AA-8"}


def test_the_transport_is_closed_by_four_actions() -> None:
    closing = {action.value for action, outcome in OUTCOMES.items() if Step.CLOSE in outcome.steps}
    assert closing == {"AE-4", "AR-3", "AA-2", "AA-3"}


def test_every_action_is_in_the_table() -> None:
    assert set(TRANSITIONS.values()) == set(Action) == set(OUTCOMES)
