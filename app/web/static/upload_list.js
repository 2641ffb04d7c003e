/**
 * The list of files: of however many there are, only those that can be seen are in the page.
 *
 * @module
 */

import { element } from "./site.js";
import { Outcome, PROBLEMS, State, WORDS } from "./upload_outcomes.js";
import { inBytes, inDigits } from "./upload_rate.js";

const MARGIN = 6; // rows above and below those that can be seen

/** What can be chosen to be shown: name, words, which items. */
const FILTERS = [
  ["all", "All", () => true],
  ["problems", "Problems", (item) => PROBLEMS.has(item.outcome)],
  ["there", "Already there", (item) => item.outcome === Outcome.THERE],
  ["left-out", "Left out", (item) => item.outcome === Outcome.LEFT_OUT],
];
const BADGES = {
  [Outcome.STORED]: "badge-good", [Outcome.REPLACED]: "badge-good", [Outcome.WARNING]: "badge-warn",
  [Outcome.REFUSED]: "badge-bad", [Outcome.UNREADABLE]: "badge-bad",
};

/** Shows the items of a queue, of one kind or all of them. */
export class UploadList {
  #queue;
  #chosen = "all";
  #shown = [];
  #seen = 0; // how many of those that are done were looked at
  #follows = true;
  #buttons = new Map();

  /** @param {import("./upload_queue.js").UploadQueue} queue */
  constructor(queue) {
    this.#queue = queue;
    this.rows = element("ul", { class: "upload-rows" });
    const attributes = { class: "upload-viewport", tabindex: "0", role: "region", "aria-label": "List of files" };
    this.viewport = element("div", attributes, this.rows);
    this.filters = element("div", { class: "upload-filters", role: "group", "aria-label": "Which files are shown" });
    for (const [name, words] of FILTERS) this.filters.append(this.#makeButton(name, words));
    this.viewport.addEventListener("scroll", () => this.#draw());
    for (const kind of ["wheel", "pointerdown", "keydown", "touchstart"]) {
      this.viewport.addEventListener(kind, () => (this.#follows = false), { passive: true });
    }
  }

  /** Show what is so now. */
  refresh() {
    const number = this.#queue.items.length;
    const isStale = this.#chosen !== "all" && this.#seen !== this.#queue.done;
    if (isStale) this.#collect();
    const counts = this.#counts();
    for (const [name, words] of FILTERS) {
      const button = this.#buttons.get(name);
      button.textContent = `${words} ${inDigits(counts[name])}`;
      button.hidden = name !== "all" && counts[name] === 0 && this.#chosen !== name;
    }
    if (number > 0) this.#draw();
  }

  #makeButton(name, words) {
    const button = element("button", { type: "button", "aria-pressed": String(name === this.#chosen) }, words);
    button.addEventListener("click", () => this.show(name));
    this.#buttons.set(name, button);
    return button;
  }

  /** Choose what is shown. */
  show(name) {
    this.#chosen = name;
    for (const [other, button] of this.#buttons) button.setAttribute("aria-pressed", String(other === name));
    this.#follows = name === "all" && !this.#queue.isFinished;
    this.rows.classList.toggle("upload-rows-long", name === "problems");
    this.viewport.scrollTop = 0;
    this.#collect();
    this.refresh();
  }

  #counts() {
    const { counts, items } = this.#queue;
    const problems = [...PROBLEMS].reduce((sum, outcome) => sum + counts[outcome], 0);
    return { all: items.length, problems, there: counts[Outcome.THERE], "left-out": counts[Outcome.LEFT_OUT] };
  }

  #collect() {
    this.#seen = this.#queue.done;
    const [, , isShown] = FILTERS.find(([name]) => name === this.#chosen);
    this.#shown = this.#chosen === "all" ? [] : this.#queue.items.filter(isShown);
  }

  #draw() {
    const items = this.#chosen === "all" ? this.#queue.items : this.#shown;
    const height = this.#rowHeight();
    if (this.#follows) this.#follow(items, height);
    const { scrollTop, clientHeight } = this.viewport;
    const first = Math.max(0, Math.floor(scrollTop / height) - MARGIN);
    const last = Math.min(items.length, Math.ceil((scrollTop + clientHeight) / height) + MARGIN);
    this.rows.style.height = `${items.length * height}px`;
    this.rows.style.paddingTop = `${first * height}px`;
    const rows = items.slice(first, last).map((item, place) => rowOf(item, first + place + 1, items.length));
    this.rows.replaceChildren(...rows);
  }

  /** Keep in sight what is being sent, until somebody scrolls. */
  #follow(items, height) {
    const [active] = this.#queue.sending;
    if (this.#queue.isFinished) this.viewport.scrollTop = 0;
    if (!active || active.id >= items.length) return;
    const top = active.id * height - this.viewport.clientHeight / 2;
    if (Math.abs(top - this.viewport.scrollTop) > 2 * height) this.viewport.scrollTop = top;
  }

  #rowHeight() {
    return parseFloat(getComputedStyle(this.rows).getPropertyValue("--row-height")) || 36;
  }
}

function rowOf(item, place, total) {
  const isDone = item.state === State.DONE;
  const kind = isDone ? (BADGES[item.outcome] ?? "") : "badge-plain";
  const badge = element("span", { class: `badge ${kind}` }, WORDS[isDone ? item.outcome : item.state]);
  const slash = item.path.lastIndexOf("/") + 1;
  const path = element("span", { class: "upload-path", title: item.path });
  if (slash) path.append(element("span", { class: "upload-folder muted" }, item.path.slice(0, slash)));
  path.append(element("span", { class: "upload-name" }, item.path.slice(slash)));
  return element(
    "li",
    { "aria-setsize": String(total), "aria-posinset": String(place), "data-outcome": item.outcome ?? item.state },
    element("span", { class: "upload-state" }, badge),
    path,
    element("span", { class: "upload-size number muted" }, item.found.open ? inBytes(item.size) : "–"),
    element("span", { class: "upload-reason", title: item.reason }, item.reason),
  );
}
