/**
 * What is known of one file of an upload.
 *
 * @module
 */

import { SMALL_BYTES, State } from "./upload_outcomes.js";

/**
 * A file that nothing has been done with yet.
 *
 * @param {number} id its place in the list
 * @param {import("./upload_files.js").Found} found
 */
export function newItem(id, found) {
  return {
    id,
    found,
    path: found.path,
    size: found.size,
    state: State.WAITING,
    outcome: null,
    reason: "",
    study: null,
    /** SOP Instance UID and digest, if they could be told. */
    uid: null,
    sha256: null,
    /** What is sent, from when it is prepared until it is done. */
    content: null,
    /** Bytes of it that have left. */
    loaded: 0,
    /** How many times it failed though the server was there. */
    blame: 0,
    /** Whether it was sent, and not acknowledged. */
    wasSent: false,
    /** Whether another version was stored before. */
    wasThere: false,
  };
}

/** Bytes of memory that a file takes while it is ahead of those that are sent. */
export function heldBytes({ found, size }) {
  return found.isInflated || size <= SMALL_BYTES ? size : 0;
}
