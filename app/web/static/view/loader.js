/**
 * Frames that are here, on their way, or wanted next: a cache of limited size before a worker that fetches.
 *
 * The frame that is looked at goes first; then come those around it, more of them ahead in the direction of the scroll
 * than behind. What was asked for and is far away by now is given up.
 *
 * @module
 */

import { CELLS } from "./grey.js";
import { fill } from "./luts.js";

const AT_ONCE = 6; // requests: browsers have as many connections to a server over HTTP/1.1
const LARGE = 24 << 20; // of frames of more bytes only two are fetched at once
const AHEAD = 3; // frames ahead for one behind
const isSmall = matchMedia("(pointer: coarse)").matches || (navigator.deviceMemory ?? 8) <= 4;
const BUDGET = (isSmall ? 160 : 600) << 20;

/** @typedef {{cells?: ArrayLike<number>, bitmap?: ImageBitmap, bytes: number, order: number}} Entry */

/** Asks the worker, and keeps frames. */
export class Loader {
  /** @param {(frame: object) => void} onFrame is told of each frame that has come, or could not */
  constructor(onFrame) {
    this.worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    this.worker.addEventListener("message", ({ data }) => this.#answered(data));
    this.worker.addEventListener("error", (event) => this.#broken(event));
    this.onFrame = onFrame;
    this.entries = new Map();
    this.problems = new Map();
    this.loading = new Map();
    this.waiting = new Map();
    this.bytes = 0;
    this.number = 0;
    this.frames = [];
    this.index = 0;
    this.direction = 1;
    this.window = null;
    this.most = AT_ONCE;
    this.isAway = false; // the server did not answer: nothing is fetched ahead until it does
  }

  /**
   * Ask the worker for something that is not a frame.
   *
   * @param {"series" | "metadata"} task
   * @param {object} choices
   * @returns {Promise<any>}
   */
  ask(task, choices) {
    return this.#begin(task, choices).promise;
  }

  /** The key of a frame as it is shown: a picture that the server makes depends on the window. */
  keyOf(frame) {
    return frame.image.kind === "rendered" && frame.windowed && this.window ? `${frame.key} ${this.window}` : frame.key;
  }

  /** What is here of a frame. @returns {Entry | undefined} */
  get(frame) {
    return this.entries.get(this.keyOf(frame));
  }

  /** Why a frame could not be had. @returns {string | undefined} */
  problem(frame) {
    return this.problems.get(this.keyOf(frame));
  }

  /** Forget that a frame could not be had. */
  forgive(frame) {
    this.problems.delete(this.keyOf(frame));
    this.#pump();
  }

  /** Ask again for what could not be had: the server is there again. */
  retry() {
    this.isAway = false;
    this.problems.clear();
    this.#pump();
  }

  /**
   * Say what is looked at; `window` is that of pictures which the server makes, as its parameter has it.
   *
   * @param {object[]} frames
   * @param {number} index
   * @param {string | null} window
   */
  want(frames, index, window = null) {
    if (frames !== this.frames) {
      this.frames = frames;
      for (const [place, frame] of frames.entries()) frame.order = place;
    } else if (index !== this.index) this.direction = index > this.index ? 1 : -1;
    this.index = index;
    this.window = window;
    this.most = frames[index].atOnce ?? AT_ONCE;
    this.#abandon();
    this.#pump();
  }

  /** How far around the frame that is looked at others are fetched, given their size. */
  #reach() {
    const bytes =
      this.frames[this.index].image.rows * this.frames[this.index].image.columns * cellBytes(this.frames[this.index]);
    return { count: Math.max(2, Math.floor((0.9 * BUDGET) / Math.max(1, bytes))), most: bytes > LARGE ? 2 : this.most };
  }

  /** End requests for what is not wanted any more. */
  #abandon() {
    const { count } = this.#reach();
    const isCurrentMissing = !this.get(this.frames[this.index]);
    const far = isCurrentMissing ? 2 * AT_ONCE : count;
    for (const [key, load] of this.loading) {
      const isOurs = this.frames[load.frame.order] === load.frame && key === this.keyOf(load.frame);
      if (isOurs && Math.abs(load.frame.order - this.index) <= far) continue;
      this.loading.delete(key);
      this.worker.postMessage({ id: load.id, task: "abort" });
    }
  }

  /** Begin as many requests as may be under way. */
  #pump() {
    if (!this.frames.length) return;
    const { count, most } = this.#reach();
    const current = this.frames[this.index];
    if (this.#isMissing(current)) this.#load(current, "high");
    if (this.isAway) return;
    let ahead = 0;
    let behind = 0;
    for (let step = 1; step < count && this.loading.size < most; step += 1) {
      const isBehind = step % (AHEAD + 1) === 0;
      const away = isBehind ? -(behind += 1) : (ahead += 1);
      const frame = this.frames[this.index + away * this.direction];
      if (frame && this.#isMissing(frame)) this.#load(frame, "low");
      if (this.index + ahead >= this.frames.length && this.index - ahead < 0) break;
    }
  }

  #isMissing(frame) {
    const key = this.keyOf(frame);
    return !this.entries.has(key) && !this.loading.has(key) && !this.problems.has(key) && frame.image.kind !== "video";
  }

  #load(frame, priority) {
    const key = this.keyOf(frame);
    const { id, promise } = this.#begin(...requestFor(frame, this.window, priority));
    this.loading.set(key, { id, frame });
    const ended = () => this.loading.get(key)?.id === id && this.loading.delete(key);
    promise
      .then(
        (result) => {
          ended();
          this.isAway = false;
          this.#keep(key, frame, result);
        },
        (error) => {
          ended();
          this.isAway ||= Boolean(error.isAway);
          // A frame that was fetched ahead while nobody answered is asked for again once it is looked at.
          const isAhead = error.isAway && key !== this.keyOf(this.frames[this.index]);
          if (!error.isAborted && !isAhead) this.problems.set(key, error.message);
        },
      )
      .then(() => {
        this.onFrame(frame);
        this.#pump();
      });
  }

  #keep(key, frame, result) {
    const bytes = result.bitmap ? result.bitmap.width * result.bitmap.height * 4 : result.buffer.byteLength;
    this.entries.set(key, { frame, bytes, ...(result.bitmap ? { bitmap: result.bitmap } : grey(frame, result)) });
    this.bytes += bytes;
    if (this.bytes > BUDGET) this.#evict();
  }

  /** Give up what is farthest away, until a tenth is free. */
  #evict() {
    const distance = (one) =>
      this.frames[one.frame.order] === one.frame ? Math.abs(one.frame.order - this.index) : Infinity;
    const sorted = [...this.entries].map(([key, one]) => [distance(one), key, one]).sort((a, b) => b[0] - a[0]);
    for (const [away, key, one] of sorted) {
      if (this.bytes <= 0.9 * BUDGET || away === 0) return;
      one.bitmap?.close();
      this.entries.delete(key);
      this.bytes -= one.bytes;
    }
  }

  #begin(task, choices) {
    const id = (this.number += 1);
    const promise = new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
    this.worker.postMessage({ id, task, ...choices });
    return { id, promise };
  }

  #answered({ id, result, problem, isAborted, isAway }) {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    if (problem === undefined) waiting?.resolve(result);
    else waiting?.reject(Object.assign(new Error(problem), { isAborted, isAway }));
  }

  #broken(event) {
    for (const { reject } of this.waiting.values())
      reject(new Error(event.message || "The page's worker has stopped."));
    this.waiting.clear();
  }
}

const cellBytes = (frame) => (frame.image.kind === "grey" ? Number(frame.image.cell[1]) : 4);

/** What the worker is asked for a frame. */
function requestFor(frame, window, priority) {
  const { image } = frame;
  if (image.kind === "grey") {
    const bytes = image.rows * image.columns * cellBytes(frame);
    return ["pixels", { path: frame.path, bytes, uris: missing(frame).map((one) => one.uri), priority }];
  }
  const mark = frame.path.includes("?") ? "&" : "?";
  const path = frame.windowed && window ? `${frame.path}${mark}window=${window}` : frame.path;
  return ["picture", { path, accept: frame.accept ?? (image.isJpeg ? "image/jpeg" : "image/png"), priority }];
}

/** The tables and planes of a frame whose bytes are not here yet. */
function missing(frame) {
  const tables = [frame.luts[0], frame.modality, frame.image.presentationLut];
  return [...tables, ...frame.image.overlays].filter((one) => one?.uri);
}

function grey(frame, { buffer, values }) {
  missing(frame).forEach((one, place) => {
    if (!values[place]) return;
    if ("entries" in one) fill(one, values[place]);
    else Object.assign(one, { bytes: values[place], uri: null });
  });
  const count = frame.image.rows * frame.image.columns;
  return { cells: new CELLS[frame.image.cell](buffer, 0, count) };
}
