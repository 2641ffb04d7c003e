/**
 * Pointers on the viewport: what a drag, the wheel, a pinch and a click do.
 *
 * One pointer uses the chosen tool; the right button zooms, the middle one and the space between two fingers move. A
 * drag changes the window the way workstations do: to the right it becomes wider, down its center rises.
 *
 * @module
 */

import { isMeasuring } from "./measurements.js";

const NOTCH = 100; // wheel units of one frame
const LINES = 40; // wheel units of a line, where the wheel counts in lines
const MOST_STEPS = 20; // frames for one turn of the wheel
const ZOOM = 1.005;
const DRAG = 12; // px of a drag for one frame, fewer in long stacks

/** Attach the tools to a view. */
export class Tools {
  /**
   * @param {HTMLElement} element the viewport
   * @param {import("./view.js").View} view
   * @param {import("./measurements.js").Measurements} measurements
   * @param {(point: {x: number, y: number} | null) => void} onHover is told where in the image the pointer is
   */
  constructor(element, view, measurements, onHover) {
    this.element = element;
    this.view = view;
    this.measurements = measurements;
    this.onHover = onHover;
    this.tool = matchMedia("(pointer: coarse)").matches ? "scroll" : "window";
    this.pointers = new Map();
    this.wheel = 0;
    this.drag = null;
    const listen = (name, react) => element.addEventListener(name, react.bind(this), { passive: false });
    listen("pointerdown", this.#down);
    listen("pointermove", this.#move);
    for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) listen(name, this.#up);
    listen("pointerleave", () => this.onHover(null));
    listen("wheel", this.#onWheel);
    listen("contextmenu", (event) => event.preventDefault());
    listen("dblclick", () => isMeasuring(this.tool) || this.#change(() => this.view.viewport.fit()));
  }

  #at(event) {
    const box = this.element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  #change(act) {
    act();
    this.view.refresh();
  }

  #down(event) {
    if (event.target.closest("button, a, video") || event.button > 2 || !this.view.frame) return;
    event.preventDefault();
    const handle = this.measurements.handleOf(event);
    (handle ? event.target : this.element).focus?.({ preventScroll: true });
    this.element.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, this.#at(event));
    if (this.pointers.size > 1) this.#beginPinch();
    else this.drag = this.#begin(event, this.#at(event), handle);
  }

  /** What a drag does, by button and tool: a function of the place and of the way from the last one. */
  #begin(event, at, handle) {
    const { view } = this;
    const kind = { 1: "pan", 2: "zoom" }[event.button] ?? this.tool;
    const image = view.viewport.toImage(at);
    if (handle) return { kind: "handle", act: (to) => Object.assign(handle, view.viewport.toImage(to)) };
    if (isMeasuring(kind)) return this.#beginMeasurement(kind, image);
    if (kind === "window") return this.#beginWindow(at);
    if (kind === "scroll") return this.#beginScroll(at);
    if (kind === "pan") return { kind, act: (_, x, y) => view.viewport.pan(x, y) };
    return { kind, act: (_, x, y) => view.viewport.zoomBy(ZOOM ** -y, at) };
  }

  #beginMeasurement(kind, image) {
    if (!this.view.entry) return null;
    const made = this.measurements.begin(kind, image);
    if (!made) return null;
    return {
      kind,
      act: (to) => Object.assign(made.points.at(-1), this.view.viewport.toImage(to)),
      end: () => this.measurements.finish(made),
    };
  }

  #beginWindow(start) {
    const { view } = this;
    const from = view.levels;
    if (!view.canWindow) return null;
    return { kind: "window", act: (to) => view.dragWindow(from, to.x - start.x, to.y - start.y) };
  }

  #beginScroll(start) {
    const { view } = this;
    const from = view.index;
    const step = Math.min(DRAG, Math.max(2, this.element.clientHeight / view.frames.length));
    return { kind: "scroll", act: (to) => view.go(from + Math.round((to.y - start.y) / step)) };
  }

  /** Two fingers move and zoom at once. */
  #beginPinch() {
    this.drag?.end?.();
    const spread = () => {
      const [a, b] = [...this.pointers.values()];
      return {
        middle: { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 },
        size: Math.max(10, Math.hypot(a.x - b.x, a.y - b.y)),
      };
    };
    let last = spread();
    const { viewport } = this.view;
    const act = () => {
      const now = spread();
      viewport.pan(now.middle.x - last.middle.x, now.middle.y - last.middle.y);
      viewport.zoomBy(now.size / last.size, now.middle);
      last = now;
    };
    this.drag = { kind: "pinch", act };
  }

  #move(event) {
    const at = this.#at(event);
    const before = this.pointers.get(event.pointerId);
    if (before === undefined) {
      if (this.view.frame) this.onHover(this.view.viewport.toImage(at));
      return;
    }
    this.pointers.set(event.pointerId, at);
    if (this.drag) this.#change(() => this.drag.act(at, at.x - before.x, at.y - before.y));
    if (event.pointerType === "mouse") this.onHover(this.view.viewport.toImage(at));
  }

  #up(event) {
    if (!this.pointers.delete(event.pointerId)) return;
    const { drag } = this;
    this.drag = null;
    drag?.end?.();
    this.view.refresh();
  }

  #onWheel(event) {
    event.preventDefault();
    const { view } = this;
    if (event.ctrlKey || event.metaKey) {
      this.#change(() => view.viewport.zoomBy(Math.exp(-event.deltaY / 300), this.#at(event)));
      return;
    }
    const delta = (event.deltaY || event.deltaX) * (event.deltaMode === 0 ? 1 : LINES);
    if (Math.sign(delta) !== Math.sign(this.wheel)) this.wheel = 0;
    this.wheel += delta;
    const steps = Math.trunc(this.wheel / NOTCH);
    this.wheel -= steps * NOTCH;
    if (steps) view.step(Math.min(MOST_STEPS, Math.max(-MOST_STEPS, steps)) * (event.shiftKey ? 10 : 1));
  }
}
