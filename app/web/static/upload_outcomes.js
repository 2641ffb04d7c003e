/**
 * The words for what becomes of a file: states, outcomes, and the two ways in which sending fails; what is small.
 *
 * @module
 */

/** Where a file is on its way. */
export const State = Object.freeze({
  WAITING: "waiting", PREPARING: "preparing", ASKING: "asking", READY: "ready", SENDING: "sending", DONE: "done",
});

/** What became of it. */
export const Outcome = Object.freeze({
  STORED: "stored", THERE: "there", REPLACED: "replaced", WARNING: "warning", REFUSED: "refused",
  UNREADABLE: "unreadable", LEFT_OUT: "left-out", CANCELLED: "cancelled",
});

/** Outcomes that somebody has to look at. */
export const PROBLEMS = new Set([Outcome.WARNING, Outcome.REFUSED, Outcome.UNREADABLE]);

/** Outcomes after which trying once more can help. */
export const RETRIED = new Set([Outcome.REFUSED, Outcome.UNREADABLE, Outcome.CANCELLED]);

/** Files up to this size are read once and kept until they are sent; larger ones are read again while they are sent. */
export const SMALL_BYTES = 1024 * 1024;

/** For people: of a state or an outcome. */
export const WORDS = Object.freeze({
  waiting: "Waiting", preparing: "Reading", asking: "Asking", ready: "Waiting", sending: "Sending",
  stored: "Stored", there: "Already there", replaced: "Replaced", warning: "Stored, changed", refused: "Refused",
  unreadable: "Not readable", "left-out": "Left out", cancelled: "Cancelled",
});

/** The server does not answer, or cannot at the moment: nothing is wrong with the file. */
export class Outage extends Error {}

/** The server answered that it does not take the file. */
export class Refusal extends Error {}
