/**
 * Lengths, angles and regions that are drawn on a frame: SVG over the canvas, with handles that can be moved by pointer
 * and by keyboard. They belong to the frame that they were drawn on, and are not stored.
 *
 * @module
 */

import { angleText, lengthText, regionLines } from "./regions.js";

const SVG = "http://www.w3.org/2000/svg";
const MOST = 200; // on one frame
const POINTS = { length: 2, angle: 3, rectangle: 2, ellipse: 2 };
const NAMES = { length: "Length", angle: "Angle", rectangle: "Rectangle", ellipse: "Ellipse" };
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const LINE = 15; // px between lines of text

/** Whether a tool makes measurements. @param {string} tool */
export const isMeasuring = (tool) => tool in POINTS;

function svg(name, attributes, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** The measurements of all frames, and those of one of them as they are drawn. */
export class Measurements {
  /**
   * @param {SVGElement} layer
   * @param {import("./viewport.js").Viewport} viewport
   * @param {() => {frame: object, cells: ArrayLike<number> | undefined} | null} current what is shown
   */
  constructor(layer, viewport, current) {
    this.layer = layer;
    this.viewport = viewport;
    this.current = current;
    this.byFrame = new Map();
    layer.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** Those of the frame that is shown. */
  get here() {
    const frame = this.current()?.frame;
    return (frame && this.byFrame.get(frame.key)) ?? [];
  }

  /** Begin a measurement at a point of the image; its last point is to be moved. */
  begin(kind, point) {
    const { frame } = this.current();
    if (!this.byFrame.has(frame.key)) this.byFrame.set(frame.key, []);
    const list = this.byFrame.get(frame.key);
    if (list.length >= MOST) return null;
    const made = { kind, points: Array.from({ length: 2 }, () => ({ ...point })) };
    list.push(made);
    return made;
  }

  /** End the drag of a new measurement: an angle gets its second side; a click without a drag is none. */
  finish(made) {
    const [from, to] = made.points.slice(-2).map((one) => this.viewport.toScreen(one));
    if (Math.hypot(from.x - to.x, from.y - to.y) < 3) this.remove(made);
    else if (made.kind === "angle" && made.points.length < POINTS.angle) made.points.push(sideOf(made.points));
    this.draw();
  }

  /** Put a measurement into the middle of the viewport, for those who have no pointer. */
  place(kind) {
    const { width, height } = this.viewport;
    const at = (x, y) => this.viewport.toImage({ x: width * x, y: height * y });
    const made = this.begin(kind, at(0.4, 0.5));
    if (!made) return;
    made.points = kind === "angle" ? [at(0.4, 0.4), at(0.5, 0.6), at(0.6, 0.4)] : [at(0.4, 0.4), at(0.6, 0.6)];
    this.draw();
    this.layer.querySelector(".measurement:last-child .handle")?.focus();
  }

  remove(made) {
    const list = this.here;
    if (list.includes(made)) list.splice(list.indexOf(made), 1);
  }

  /** Remove all of the frame that is shown. */
  clear() {
    this.here.length = 0;
    this.draw();
  }

  /** The handle of a pointer event, as the point that it moves. */
  handleOf(event) {
    const handle = event.target.closest?.(".handle");
    return handle ? this.here[Number(handle.dataset.measurement)]?.points[Number(handle.dataset.point)] : null;
  }

  /** Draw all of the frame that is shown. */
  draw() {
    const list = this.here;
    if (!list.length && !this.layer.childElementCount) return;
    const focused = document.activeElement?.closest?.(".handle")?.dataset;
    const place = focused ? [focused.measurement, focused.point] : null;
    this.layer.replaceChildren(...list.map((one, number) => this.#drawn(one, number)));
    if (place) this.layer.querySelector(`[data-measurement="${place[0]}"][data-point="${place[1]}"]`)?.focus();
  }

  /** What a measurement says, line by line. */
  linesOf({ kind, points }) {
    const { frame, cells } = this.current();
    if (kind === "length") return [lengthText(frame, points)];
    if (kind === "angle") return points.length < 3 ? [] : [angleText(frame, points)];
    return regionLines(frame, cells, kind, points);
  }

  #drawn(made, number) {
    const points = made.points.map((one) => this.viewport.toScreen(one));
    const lines = this.linesOf(made);
    const name = NAMES[made.kind].toLowerCase();
    const group = svg("g", {
      class: "measurement",
      "data-kind": made.kind,
      role: "group",
      "aria-label": `${NAMES[made.kind]}: ${lines.join(", ")}`,
    });
    const shape = made.kind === "rectangle" || made.kind === "ellipse" ? this.#region(made) : polyline(points);
    for (const layer of ["shadow", "line"]) {
      const drawn = shape.cloneNode();
      drawn.setAttribute("class", layer);
      group.append(drawn);
    }
    const handles = points.map((one, place) =>
      svg("circle", {
        class: "handle",
        cx: one.x,
        cy: one.y,
        r: 6,
        tabindex: 0,
        role: "button",
        "data-measurement": number,
        "data-point": place,
        "aria-label": `Point ${place + 1} of ${name} ${lines[0] ?? ""}: arrow keys move it, Delete removes it`,
      }),
    );
    const corner = points.reduce((best, one) => (one.x > best.x ? one : best));
    const left = Math.max(4, Math.min(corner.x + 10, this.viewport.width - 180));
    const top = Math.max(LINE, Math.min(corner.y + 4, this.viewport.height - lines.length * LINE));
    group.append(...lines.map((line, place) => svg("text", { x: left, y: top + place * LINE }, line)), ...handles);
    return group;
  }

  /** A region is upright in the image, so that it may be turned on the screen. */
  #region({ kind, points }) {
    const [from, to] = points;
    const corners = [from, { x: to.x, y: from.y }, to, { x: from.x, y: to.y }].map((one) =>
      this.viewport.toScreen(one),
    );
    if (kind === "rectangle") return polyline([...corners, corners[0]]);
    const xs = corners.map((one) => one.x);
    const ys = corners.map((one) => one.y);
    const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    return svg("ellipse", {
      cx: (left + right) / 2,
      cy: (top + bottom) / 2,
      rx: (right - left) / 2,
      ry: (bottom - top) / 2,
    });
  }

  #onKey(event) {
    const handle = event.target.closest(".handle");
    if (!handle) return;
    const made = this.here[Number(handle.dataset.measurement)];
    const point = made?.points[Number(handle.dataset.point)];
    if (event.key === "Delete" || event.key === "Backspace") this.remove(made);
    else if (event.key in STEPS && point) {
      const [x, y] = STEPS[event.key].map((one) => one * (event.shiftKey ? 10 : 1));
      point.x += x;
      point.y += y;
    } else return;
    event.preventDefault();
    event.stopPropagation();
    this.draw();
  }
}

const polyline = (points) => svg("polyline", { points: points.map((one) => `${one.x},${one.y}`).join(" ") });

/** The other side of an angle, to begin with: 45 degrees from the first one. */
function sideOf([from, at]) {
  const [x, y] = [from.x - at.x, from.y - at.y];
  return { x: at.x + (x - y) * Math.SQRT1_2, y: at.y + (x + y) * Math.SQRT1_2 };
}
