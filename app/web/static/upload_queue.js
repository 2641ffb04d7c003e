/**
 * What becomes of many files: looked at, asked about, sent, each with its outcome. A state machine without a page.
 *
 * Each goes WAITING -> PREPARING -> ASKING -> READY -> SENDING -> DONE. Some are prepared (read, hashed) ahead of those
 * that are sent, and asked about together: whatever has gathered while the last question was answered. When the server
 * is away, what was under way goes back and is asked about again, so that nothing is lost or comes twice.
 *
 * @module
 */

import { heldBytes, newItem } from "./upload_item.js";
import { Outage, Outcome, Refusal, RETRIED, State } from "./upload_outcomes.js";
import { Recovery } from "./upload_recovery.js";

const IN_FLIGHT = 4;
const PREPARED_AT_ONCE = 4;
const AHEAD = 96;
const AHEAD_BYTES = 96 * 1024 * 1024;
const ASKED_AT_ONCE = 64;
const ATTEMPTS = 8;

/** Sends files to one server. */
export class UploadQueue {
  #server;
  #onChange;
  #next = 0; // of #items, the first that nobody has taken yet
  #again = []; // those that are to be prepared once more
  #toAsk = [];
  #ready = [];
  #preparing = new Set();
  #asking = new Set();
  #sent = new Map(); // digest of what was stored last, by SOP Instance UID
  #bytesAhead = 0;
  #cancelling = new AbortController();

  /**
   * @param {typeof import("./upload_server.js").server} server
   * @param {(item: object | null) => void} onChange called often, with the item that is done if one is
   */
  constructor(server, onChange) {
    this.#server = server;
    this.#onChange = onChange;
    this.items = [];
    this.sending = new Set();
    this.counts = Object.fromEntries(Object.values(Outcome).map((outcome) => [outcome, 0]));
    this.done = 0;
    this.bytes = { total: 0, done: 0, sent: 0 };
    this.finding = 0;
    this.isPaused = false;
    /** @type {Recovery | null} the server is away */
    this.outage = null;
  }

  /** Whether there is nothing left to do. */
  get isFinished() {
    return this.finding === 0 && this.done === this.items.length;
  }

  /** Bytes that are done or on their way. */
  get bytesProcessed() {
    return this.bytes.done + this.#bytesOnTheirWay();
  }

  /** Bytes that went over the network, also in vain. */
  get bytesSent() {
    return this.bytes.sent + this.#bytesOnTheirWay();
  }

  /**
   * Take files as they are found, and work on them meanwhile.
   *
   * @param {AsyncIterable<object[]>} batches of `Found`, see upload_files.js
   */
  async addAll(batches) {
    this.finding += 1;
    const { signal } = this.#cancelling;
    try {
      for await (const batch of batches) {
        if (signal.aborted) break;
        for (const found of batch) this.#add(found);
        this.#pump();
      }
    } finally {
      this.finding -= 1;
      this.#onChange(null);
    }
  }

  /** Begin no other file; those that are being sent are sent to their end. */
  pause() {
    this.isPaused = true;
    this.#onChange(null);
  }

  /** Go on, and see at once whether the server is back. */
  resume() {
    this.isPaused = false;
    this.outage?.retry();
    this.#pump();
  }

  /** Give up everything that is not done. */
  cancel() {
    this.#cancelling.abort();
    this.#cancelling = new AbortController();
    this.outage = null;
    this.isPaused = false;
    for (const item of this.items) if (item.state !== State.DONE) this.#finish(item, Outcome.CANCELLED);
    for (const set of [this.#preparing, this.#asking, this.sending]) set.clear();
    [this.#again, this.#toAsk, this.#ready, this.#next, this.#bytesAhead] = [[], [], [], this.items.length, 0];
    this.#onChange(null);
  }

  /** Try those once more that were refused, could not be read or were given up. */
  retryProblems() {
    for (const item of this.items.filter((one) => RETRIED.has(one.outcome) && one.found.open)) {
      this.counts[item.outcome] -= 1;
      this.done -= 1;
      this.bytes.done -= item.size;
      Object.assign(item, { state: State.WAITING, outcome: null, reason: "", blame: 0 });
      this.#again.push(item);
    }
    this.#pump();
  }

  #bytesOnTheirWay() {
    return [...this.sending].reduce((sum, item) => sum + item.loaded, 0);
  }

  #add(found) {
    const item = newItem(this.items.length, found);
    this.items.push(item);
    this.bytes.total += item.size;
    if (!found.open) this.#finish(item, Outcome.UNREADABLE, found.problem);
  }

  #pump() {
    if (!this.isPaused && !this.outage) {
      while (this.#mayPrepare()) {
        const item = this.#again.shift() ?? this.#takeNext();
        if (!item) break;
        this.#prepare(item);
      }
      // While there is enough to send, questions are gathered: one about many costs what one about a single file does.
      const isHungry = this.#ready.length < 2 * IN_FLIGHT || this.#toAsk.length >= ASKED_AT_ONCE;
      if (this.#asking.size === 0 && this.#toAsk.length && isHungry) this.#ask(this.#toAsk.splice(0, ASKED_AT_ONCE));
      while (this.sending.size < IN_FLIGHT && this.#ready.length) this.#send(this.#ready.shift());
    }
    this.#onChange(null);
  }

  #takeNext() {
    while (this.items[this.#next]?.state === State.DONE) this.#next += 1;
    return this.items[this.#next] && this.items[this.#next++];
  }

  #mayPrepare() {
    const ahead = this.#preparing.size + this.#toAsk.length + this.#asking.size + this.#ready.length;
    return this.#preparing.size < PREPARED_AT_ONCE && ahead < AHEAD && this.#bytesAhead < AHEAD_BYTES;
  }

  async #prepare(item) {
    const { signal } = this.#cancelling;
    item.state = State.PREPARING;
    this.#preparing.add(item);
    this.#bytesAhead += heldBytes(item);
    try {
      const { isLeftOut, reason, ...prepared } = await this.#server.prepare(item);
      if (signal.aborted) return;
      Object.assign(item, prepared);
      if (isLeftOut) this.#finish(item, Outcome.LEFT_OUT, reason);
      else this.#enqueue(item);
    } catch (error) {
      if (!signal.aborted) this.#finish(item, Outcome.UNREADABLE, error.message);
    }
    if (signal.aborted) return;
    this.#preparing.delete(item);
    this.#pump();
  }

  /** Ask about what has a digest; send the rest. */
  #enqueue(item) {
    const isAskable = item.uid !== null && item.sha256 !== null;
    item.state = isAskable ? State.ASKING : State.READY;
    (isAskable ? this.#toAsk : this.#ready).push(item);
  }

  async #ask(items) {
    const { signal } = this.#cancelling;
    let [known, outage] = [new Map(), null];
    this.#asking = new Set(items);
    try {
      known = await this.#server.known(items);
    } catch (error) {
      if (error instanceof Outage) outage = error; // anything else: then they are sent without having been asked about
    }
    if (signal.aborted) return;
    this.#asking.clear();
    if (outage) {
      this.#toAsk.unshift(...items);
      this.#wait(outage, []);
    } else for (const item of items) this.#decide(item, known.get(item.uid));
    this.#pump();
  }

  #decide(item, holding) {
    if (!holding?.isSame) {
      Object.assign(item, { state: State.READY, wasThere: holding !== undefined });
      this.#ready.push(item);
      return;
    }
    item.study = holding.study;
    // What was sent, but not acknowledged before the connection was lost, had arrived.
    const arrived = item.wasThere ? Outcome.REPLACED : Outcome.STORED;
    this.#finish(item, item.wasSent ? arrived : Outcome.THERE);
  }

  async #send(item) {
    if (item.sha256 !== null && this.#sent.get(item.uid) === item.sha256) {
      this.#finish(item, Outcome.THERE, "The same file is among those that were sent.");
      return;
    }
    const { signal } = this.#cancelling;
    Object.assign(item, { state: State.SENDING, loaded: 0, wasThere: item.wasThere || this.#sent.has(item.uid) });
    this.sending.add(item);
    try {
      const onProgress = (bytes) => {
        item.loaded = Math.min(bytes, item.size);
        this.#onChange(null);
      };
      const result = await this.#server.send(item.content, { signal, onProgress });
      const outcome = item.wasThere ? await this.#outcomeOfAnother(item, result) : result.outcome;
      if (signal.aborted) return;
      this.bytes.sent += item.size;
      item.study = result.study;
      if (item.uid !== null) this.#sent.set(item.uid, item.sha256);
      this.#finish(item, outcome, result.reason);
    } catch (error) {
      if (signal.aborted) return;
      item.wasSent = true;
      this.#fail(item, error);
    }
    this.sending.delete(item);
    this.#pump();
  }

  /** What a store did to an instance of which another file was there; if that is the one that is there now, nothing. */
  async #outcomeOfAnother(item, result) {
    if (result.outcome !== Outcome.STORED || item.sha256 === null) return result.outcome;
    const known = await this.#server.known([item]);
    return known.get(item.uid)?.isSame ? Outcome.REPLACED : Outcome.THERE;
  }

  #fail(item, error) {
    if (error instanceof Outage) {
      this.bytes.sent += item.loaded;
      this.#enqueue(item);
      this.#wait(error, [item]);
    } else {
      this.#finish(item, error instanceof Refusal ? Outcome.REFUSED : Outcome.UNREADABLE, error.message);
    }
  }

  /** Wait until the server is back. What fails time and again though it is there has itself to blame: given up. */
  async #wait(outage, items) {
    if (this.outage) {
      this.outage.items.push(...items);
      return;
    }
    const { signal } = this.#cancelling;
    const recovery = new Recovery(outage.message, [...items]);
    this.outage = recovery;
    const patience = Math.max(0, ...items.map((item) => item.blame));
    await recovery.wait(this.#server, patience, signal, () => this.#onChange(null));
    if (signal.aborted) return;
    this.outage = null;
    if (recovery.attempts === 1) this.#blame(recovery);
    this.#pump();
  }

  #blame({ message, items }) {
    for (const item of items) {
      item.blame += 1;
      if (item.blame < ATTEMPTS) continue;
      this.#toAsk = this.#toAsk.filter((one) => one !== item);
      this.#ready = this.#ready.filter((one) => one !== item);
      this.#finish(item, Outcome.REFUSED, `${message} That happened ${ATTEMPTS} times.`);
    }
  }

  #finish(item, outcome, reason = "") {
    if (item.state !== State.WAITING) this.#bytesAhead -= heldBytes(item);
    Object.assign(item, { state: State.DONE, outcome, reason, content: null, loaded: 0 });
    this.counts[outcome] += 1;
    this.done += 1;
    this.bytes.done += item.size;
    this.#onChange(item);
  }
}
