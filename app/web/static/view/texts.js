/**
 * What stands around the picture: texts in the corners, letters at the edges, the slider, and messages.
 *
 * @module
 */

import { edgesOf, planeName } from "./letters.js";
import { valueText } from "./regions.js";

const PATIENCE = 250; // ms before a frame that is not here yet is said to be loading

const put = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

const short = (number) => String(Number(number.toPrecision(6)));

/** Keeps the texts of a page up to date with a view. */
export class Texts {
  /**
   * @param {(id: string) => HTMLElement} find
   * @param {import("./view.js").View} view
   * @param {() => {title: string, number: string}} about the series that is shown
   */
  constructor(find, view, about) {
    this.find = find;
    this.view = view;
    this.about = about;
    this.pointer = null;
    this.timer = 0;
    view.addEventListener("change", () => this.update());
  }

  /** The pointer is at this point of the image, or nowhere. */
  hover(point) {
    this.pointer = point;
    this.#value();
  }

  update() {
    const { frame } = this.view;
    if (!frame) return;
    const { find, view } = this;
    const count = view.frames.length;
    put(find("series-text"), this.about().title);
    put(find("number-text"), `Image ${view.index + 1} / ${count}`);
    put(find("moment-text"), frame.caption ? [frame.caption, frame.moment].filter(Boolean).join(", ") : frame.moment);
    put(find("place-text"), this.#place(frame));
    put(find("window-text"), this.#window());
    put(find("zoom-text"), view.entry ? `Zoom ${Math.round(view.viewport.zoom * (devicePixelRatio || 1) * 100)}%` : "");
    this.#value();
    this.#letters(frame);
    this.#slider(count);
    this.#message(frame);
  }

  #place(frame) {
    const parts = [frame.plane?.position ? planeName(frame) : ""];
    if (frame.location !== undefined) parts.push(`${frame.location.toFixed(1)} mm`);
    if (frame.thickness) parts.push(`${short(frame.thickness)} mm thick`);
    return parts.filter(Boolean).join(", ");
  }

  #window() {
    const { levels } = this.view;
    if (!levels) return this.view.isWindowedThere ? "W/L default" : "";
    const name = levels.name ? ` ${levels.name}` : "";
    return `W ${short(levels.width)} L ${short(levels.center)}${name}${this.view.isInverted ? ", inverted" : ""}`;
  }

  #value() {
    const { entry, frame } = this.view;
    const text = this.pointer && entry && frame ? valueText(frame, entry.cells, this.pointer) : "";
    put(this.find("value-text"), text);
  }

  #letters(frame) {
    const edges = this.view.entry ? edgesOf(frame, this.view.viewport.matrix) : {};
    for (const edge of ["left", "right", "top", "bottom"]) put(this.find(`edge-${edge}`), edges[edge] ?? "");
  }

  #slider(count) {
    const slider = this.find("slider");
    const { view } = this;
    if (Number(slider.max) !== count) slider.max = count;
    if (Number(slider.value) !== view.index + 1) slider.value = view.index + 1;
    slider.disabled = count < 2;
    slider.setAttribute("aria-valuetext", `Image ${view.index + 1} of ${count}`);
    put(this.find("slider-text"), `${view.index + 1} / ${count}`);
  }

  /** Why there is no picture, if there is none. */
  #message(frame) {
    const { view } = this;
    const problem = view.loader.problem(frame);
    if (problem) this.tell("This image cannot be shown", problem, true);
    else this.tell("");
    const isLate = !problem && !view.entry && frame.image.kind !== "video";
    if (!isLate) {
      clearTimeout(this.timer);
      this.timer = 0;
      this.find("busy").hidden = true;
    } else if (!this.timer) {
      this.timer = setTimeout(() => {
        this.find("busy").hidden = false;
      }, PATIENCE);
    }
  }

  /**
   * Say something in the middle of the viewport; without a title nothing is said.
   *
   * @param {string} title
   * @param {string} [detail]
   * @param {boolean} [canRetry]
   * @param {{text: string, href: string} | null} [link]
   */
  tell(title, detail = "", canRetry = false, link = null) {
    const box = this.find("message");
    if (!title && box.hidden) return;
    box.hidden = !title;
    if (title) this.find("busy").hidden = true; // as it is from the beginning, until there is something
    put(this.find("message-title"), title);
    put(this.find("message-detail"), detail);
    this.find("message-retry").hidden = !canRetry;
    const anchor = this.find("message-link");
    anchor.hidden = link === null;
    if (link) {
      anchor.href = link.href;
      put(anchor, link.text);
    }
  }
}
