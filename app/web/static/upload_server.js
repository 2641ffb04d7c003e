/**
 * What uploading asks of files and of the server: reading, asking what is there, storing, waiting.
 *
 * @module
 */

import { HEAD_BYTES, identify, Kind } from "./part10.js";
import { MAX_HASHED_BYTES, sha256 } from "./sha256.js";
import { Problem, request, root } from "./site.js";
import { GONE, store } from "./stow.js";
import { Outage, SMALL_BYTES } from "./upload_outcomes.js";
import { ZipProblem } from "./zip_reader.js";

const LEFT_OUT = {
  [Kind.DIRECTORY]: "A DICOMDIR is a list of files and no instance.",
  [Kind.OTHER]: "This is no DICOM file.",
};

/** The server that the page came from. */
export const server = {
  /** Open a file, see what it is, and make its digest. */
  async prepare({ found, path }) {
    try {
      const blob = await found.open();
      const content = blob.size <= SMALL_BYTES ? await blob.arrayBuffer() : blob;
      const head = content === blob ? await blob.slice(0, HEAD_BYTES).arrayBuffer() : content;
      const { kind, sopInstanceUid } = identify(head, path);
      if (kind in LEFT_OUT) return { isLeftOut: true, reason: LEFT_OUT[kind] };
      const isHashed = sopInstanceUid !== null && blob.size <= MAX_HASHED_BYTES;
      return { isLeftOut: false, content, uid: sopInstanceUid, sha256: isHashed ? await sha256(content) : null };
    } catch (error) {
      throw error instanceof ZipProblem ? error : new Error(GONE);
    }
  },

  /** Which of the files are stored already, by SOP Instance UID, and whether as they are. */
  async known(items) {
    const instances = items.map((item) => ({ sop_instance_uid: item.uid, sha256: item.sha256 }));
    try {
      const answer = await request("POST", "/uploads/known", { json: { instances } });
      const holdingOf = (one) => ({ isSame: one.is_same, study: one.study_instance_uid });
      return new Map(answer.instances.map((one) => [one.sop_instance_uid, holdingOf(one)]));
    } catch (error) {
      const isAway = error instanceof Problem && (error.status === 0 || error.status === 429 || error.status >= 500);
      throw isAway ? new Outage(error.message) : error;
    }
  },

  /** Send one file. */
  send(content, options) {
    return store(`${root}/dicom-web/studies`, content, options);
  },

  /** Whether it can serve requests. */
  async isReady() {
    try {
      return (await fetch(`${root}/health/ready`, { cache: "no-store", signal: AbortSignal.timeout(10_000) })).ok;
    } catch {
      return false;
    }
  },

  /** Wait, or until the signal. */
  sleep(milliseconds, signal) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
    });
  },
};
