/**
 * What is shown: a stack of frames, one of them, its window and where it lies; drawn when the browser draws.
 *
 * A window that somebody chose holds for the whole stack; without one each frame has its own. Whoever wants to know
 * what is shown listens to `change` (what is asked for) and `drawn` (what is on the screen).
 *
 * @module
 */

import { defaultVoi, paint, rangeWindow } from "./grey.js";
import { Loader } from "./loader.js";
import { isTable } from "./luts.js";
import { Viewport } from "./viewport.js";

const WINDOW_PAUSE = 150; // ms before the server is asked for pictures with another window
const MOST_WIDTH = 1e9;
const STEP = 1 / 300; // of the width, that a pixel of a drag changes

/** A stack on a canvas. */
export class View extends EventTarget {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    super();
    this.viewport = new Viewport(canvas);
    this.loader = new Loader((frame) => this.#came(frame));
    this.frames = [];
    this.index = 0;
    this.window = null;
    this.isInverted = false;
    this.isScheduled = false;
    this.painted = "";
    this.timer = 0;
    new ResizeObserver(() => this.refresh()).observe(canvas);
  }

  /** A frame has come, or could not. */
  #came(frame) {
    if (frame === this.frame) this.refresh();
    this.viewport.canvas.dataset.here = this.loader.entries.size;
  }

  get frame() {
    return this.frames[this.index];
  }

  /** What is here of the frame that is asked for. */
  get entry() {
    return this.frame && this.loader.get(this.frame);
  }

  /** Pictures that the server makes with a window of their own, and not the browser. */
  get isWindowedThere() {
    return Boolean(this.frame?.windowed);
  }

  get canWindow() {
    return this.frame?.image.kind === "grey" || this.isWindowedThere;
  }

  /**
   * Show a stack.
   *
   * @param {object[]} frames
   * @param {number} index
   * @param {import("./luts.js").Window | null} [window]
   */
  open(frames, index, window = null) {
    this.frames = frames;
    this.window = window;
    this.isInverted = false;
    this.painted = "";
    this.viewport.reset();
    this.viewport.picture = null;
    this.go(index);
    this.dispatchEvent(new Event("open"));
  }

  /** Show another frame. */
  go(index) {
    if (!this.frames.length) return;
    this.index = Math.min(this.frames.length - 1, Math.max(0, index));
    this.#want();
    this.refresh();
  }

  step(count) {
    const before = this.index;
    this.go(this.index + count);
    return this.index !== before;
  }

  #want() {
    const chosen = this.isWindowedThere && this.window;
    this.loader.want(this.frames, this.index, chosen ? `${chosen.center},${chosen.width},linear` : null);
  }

  /** The window that is shown, or a VOI LUT; null if nothing is, or a picture without. */
  get voi() {
    if (this.window) return this.window;
    if (this.isWindowedThere) return this.frame.windows[0] ?? null;
    return this.entry?.cells ? defaultVoi(this.frame, this.entry) : null;
  }

  /** The shown window as center and width, of a VOI LUT what it covers. */
  get levels() {
    const { voi } = this;
    if (!voi || !isTable(voi)) return voi;
    return { center: voi.first + voi.count / 2, width: voi.count, shape: "LINEAR", name: voi.name };
  }

  /** Choose a window for the stack; null leaves it to each frame. */
  setWindow(window) {
    this.window = window;
    if (this.isWindowedThere) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.#want(), WINDOW_PAUSE);
    }
    this.refresh();
  }

  /** Change the window that is shown: `across` to the right makes it wider, `down` raises its center. */
  dragWindow(from, across, down) {
    if (!from) return;
    const isExact = from.shape !== "LINEAR" || from.width < 2;
    const least = isExact ? 1e-6 : 1;
    const width = Math.min(MOST_WIDTH, Math.max(least, from.width * Math.exp(across * STEP)));
    const center = from.center + down * from.width * STEP;
    const rounded = (value) => (from.width >= 50 ? Math.round(value) : Number(value.toPrecision(5)));
    this.setWindow({ center: rounded(center), width: Math.max(least, rounded(width)), shape: from.shape, name: "" });
  }

  /** The window of all values of the frame. */
  useRange() {
    if (this.entry?.cells)
      this.setWindow(rangeWindow({ ...this.frame, image: { ...this.frame.image, padding: null } }, this.entry.cells));
  }

  /** The window of the values of the frame without padding. */
  useAutomatic() {
    if (this.entry?.cells) this.setWindow(rangeWindow(this.frame, this.entry.cells));
  }

  invert() {
    this.isInverted = !this.isInverted;
    this.refresh();
  }

  reset() {
    this.viewport.reset();
    this.isInverted = false;
    this.setWindow(this.isWindowedThere ? (this.frame.window ?? null) : null);
    this.#want();
  }

  /** Draw with the next picture of the screen. */
  refresh() {
    if (this.isScheduled) return;
    this.isScheduled = true;
    requestAnimationFrame(() => {
      this.isScheduled = false;
      this.#render();
    });
  }

  #render() {
    if (!this.frame) return;
    const isDrawn = this.#draw();
    this.dispatchEvent(new Event("change"));
    if (isDrawn) this.dispatchEvent(new CustomEvent("drawn", { detail: this.index }));
  }

  /** @returns {boolean} whether the frame that is asked for is on the canvas now; else the last one stays */
  #draw() {
    const isResized = this.viewport.resize();
    const { entry } = this;
    if (!entry) {
      if (isResized) this.viewport.draw();
      return false;
    }
    if (entry.bitmap) this.#usePicture(entry.bitmap);
    else this.#usePixels(entry);
    this.viewport.draw();
    if (entry.bitmap && this.isInverted) this.#invertPicture();
    return true;
  }

  #usePicture(bitmap) {
    const isStored = this.frame.image.rows === bitmap.height && this.frame.image.columns === bitmap.width;
    this.viewport.size = { columns: bitmap.width, rows: bitmap.height, aspect: isStored ? this.frame.aspect : [1, 1] };
    this.viewport.picture = bitmap;
    if (this.frame.extent) this.frame.measures = measuresOf(this.frame.extent, bitmap);
    this.painted = "";
  }

  #usePixels(entry) {
    const { frame } = this;
    const { rows, columns } = frame.image;
    const { voi } = this;
    const key = `${frame.key} ${this.isInverted} ${isTable(voi) ? "table" : JSON.stringify(voi)}`;
    this.viewport.size = { columns, rows, aspect: frame.aspect };
    if (key === this.painted) return;
    const pixels = this.viewport.pixelsFor(columns, rows);
    paint(frame, entry.cells, voi, this.isInverted, pixels);
    this.onPainted?.(frame, pixels);
    this.viewport.usePixels();
    this.painted = key;
  }

  /** Colours and pictures of the server are inverted on the canvas. */
  #invertPicture() {
    const { context, size } = this.viewport;
    context.globalCompositeOperation = "difference";
    context.fillStyle = "#fff";
    context.fillRect(0, 0, size.columns, size.rows);
    context.globalCompositeOperation = "source-over";
  }
}

/** The side of the square pixels of a picture that shows so many mm down and across. */
function measuresOf({ size, at }, bitmap) {
  const side = bitmap.width > bitmap.height ? size[1] / bitmap.width : size[0] / bitmap.height;
  return { spacing: [side, side], at };
}
