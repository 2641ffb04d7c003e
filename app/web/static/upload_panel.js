/**
 * What is seen of an upload: how far it is, what can be done about it, its studies and its files.
 *
 * @module
 */

import { element, toast } from "./site.js";
import { UploadList } from "./upload_list.js";
import { Outcome, PROBLEMS, RETRIED, WORDS } from "./upload_outcomes.js";
import { UploadQueue } from "./upload_queue.js";
import { inBytes, inDigits, inTime, Rate } from "./upload_rate.js";
import { server } from "./upload_server.js";
import { UploadStudies } from "./upload_studies.js";

const REDRAWN_EVERY = 200; // milliseconds
const ANNOUNCED_EVERY = 15_000;
const BYTES_OF_A_FILE = 20_000; // that take as long as what a file takes however small it is
const SHOWN_COUNTS = [
  [Outcome.STORED, "badge-good"], [Outcome.THERE, ""], [Outcome.REPLACED, "badge-good"],
  [Outcome.WARNING, "badge-warn"], [Outcome.REFUSED, "badge-bad"], [Outcome.UNREADABLE, "badge-bad"],
  [Outcome.LEFT_OUT, ""], [Outcome.CANCELLED, ""],
];

/** One upload, to which files can be added, as an element for a page. */
export class UploadPanel {
  #rate = new Rate();
  #timer = 0;
  #announced = { phase: "", at: 0 };
  #guard = (event) => (event.preventDefault(), (event.returnValue = "")); // the latter for older browsers
  #isGuarded = false;
  #begun = 0; // when there was something to do, after there was nothing
  #taken = 0;

  constructor() {
    this.queue = new UploadQueue(server, (item) => this.#onChange(item));
    this.list = new UploadList(this.queue);
    this.studies = new UploadStudies();
    this.#build();
    /** Called when files are added. */
    this.onTaken = () => {};
    addEventListener("online", () => this.queue.outage?.retry());
  }

  /**
   * Take files and send them.
   *
   * @param {AsyncIterable<object[]>} found see upload_files.js
   */
  add(found) {
    this.box.hidden = false;
    this.onTaken();
    return this.queue.addAll(found);
  }

  #build() {
    this.title = element("h2", {});
    this.pause = button("Pause", () => (this.queue.isPaused ? this.queue.resume() : this.queue.pause()));
    this.cancel = button("Cancel", () => this.queue.cancel());
    this.bar = element("progress", { max: "1", "aria-label": "Progress of the upload" });
    this.facts = element("p", { class: "upload-facts" });
    this.away = element("p", { class: "notice notice-warn upload-away", hidden: true });
    this.counts = element("p", { class: "upload-counts" });
    this.copy = button("Copy problems as text", () => this.#copyProblems());
    this.again = button("Try again", () => this.queue.retryProblems());
    this.status = element("p", { class: "visually-hidden", role: "status", "aria-live": "polite" });
    const { filters, viewport } = this.list;
    const head = box("div", "upload-head", this.title, box("div", "toolbar", this.pause, this.cancel));
    const about = [this.bar, this.facts, this.away, this.counts, this.status];
    const tools = box("div", "upload-tools", filters, box("div", "toolbar", this.copy, this.again));
    const files = box("section", "upload-files", element("h2", {}, "Files"), tools, viewport);
    const progress = box("section", "card upload-progress", head, ...about);
    this.box = box("div", "upload-panel", progress, this.studies.box, files);
    this.box.hidden = true;
  }

  #onChange(item) {
    if (item?.study) this.studies.add(item.study);
    this.#guardPage(!this.queue.isFinished);
    this.#timer ||= setTimeout(() => this.#draw(), REDRAWN_EVERY);
  }

  /** Who leaves the page while something is under way is asked first. */
  #guardPage(isNeeded) {
    if (isNeeded === this.#isGuarded) return;
    this.#isGuarded = isNeeded;
    if (isNeeded) this.#begun = performance.now();
    else this.#taken += (performance.now() - this.#begun) / 1000;
    if (isNeeded) addEventListener("beforeunload", this.#guard);
    else removeEventListener("beforeunload", this.#guard);
  }

  #draw() {
    this.#timer = 0;
    const { queue } = this;
    const phase = this.#phase();
    if (phase === "sending") this.#rate.note(performance.now(), queue.bytesSent, queue.bytesProcessed);
    else this.#rate.reset();
    this.box.dataset.phase = phase;
    this.title.textContent = this.#titleOf(phase);
    this.bar.value = queue.isFinished ? 1 : this.#share();
    this.facts.textContent = this.#factsOf(phase).join(" · ");
    this.#drawTools(phase);
    this.#drawCounts();
    this.studies.refresh();
    this.list.refresh();
    this.#announce(phase);
    if (["sending", "away"].includes(phase)) this.#timer ||= setTimeout(() => this.#draw(), 1000);
  }

  #phase() {
    const { queue } = this;
    if (queue.isFinished) return "finished";
    if (queue.isPaused) return "paused";
    return queue.outage ? "away" : "sending";
  }

  /** By bytes, but files count too: thousands of little ones take their time. */
  #share() {
    const { queue } = this;
    const done = queue.bytesProcessed + BYTES_OF_A_FILE * queue.done;
    return done / Math.max(1, queue.bytes.total + BYTES_OF_A_FILE * queue.items.length);
  }

  #titleOf(phase) {
    const { counts, done, items } = this.queue;
    const files = (number) => `${inDigits(number)} ${items.length === 1 ? "file" : "files"}`;
    const all = files(items.length);
    const progress = `${inDigits(done)} of ${all}`;
    const gone = counts.cancelled;
    const end = gone ? `Cancelled after ${inDigits(done - gone)} of ${all}` : `Done: ${all}`;
    const waiting = `Waiting for the server: ${progress}`;
    return { sending: `Uploading: ${progress}`, paused: `Paused: ${progress}`, away: waiting, finished: end }[phase];
  }

  #factsOf(phase) {
    const { queue } = this;
    const facts = [`${inBytes(queue.bytesProcessed)} of ${inBytes(queue.bytes.total)}`];
    if (phase === "finished") {
      return [inBytes(queue.bytes.total), `${inBytes(queue.bytesSent)} sent`, `in ${inTime(this.#taken)}`];
    }
    if (queue.finding) facts.push("looking for more files");
    if (phase === "paused" && queue.sending.size) facts.push(`${queue.sending.size} still being sent`);
    const rate = this.#rate.sent;
    const seconds = this.#rate.secondsFor(queue.bytes.total - queue.bytesProcessed);
    if (rate !== null) facts.push(`${inBytes(rate)}/s`);
    if (seconds !== null && !queue.finding) facts.push(`${inTime(seconds)} left`);
    return facts;
  }

  #drawTools(phase) {
    const { queue } = this;
    this.pause.textContent = queue.isPaused ? "Resume" : "Pause";
    this.pause.hidden = this.cancel.hidden = phase === "finished";
    this.copy.hidden = [...PROBLEMS].every((outcome) => queue.counts[outcome] === 0);
    this.again.hidden = phase !== "finished" || [...RETRIED].every((outcome) => queue.counts[outcome] === 0);
    this.away.hidden = phase !== "away";
    if (phase !== "away") return;
    const seconds = Math.max(0, Math.ceil((queue.outage.nextAttempt - Date.now()) / 1000));
    const comfort = "Nothing is lost; it goes on by itself.";
    this.away.textContent = `${queue.outage.message} ${comfort} Next attempt in ${seconds} s.`;
  }

  #drawCounts() {
    const { counts } = this.queue;
    const badges = SHOWN_COUNTS.filter(([outcome]) => counts[outcome] > 0).map(([outcome, kind]) => {
      const text = `${WORDS[outcome]} ${inDigits(counts[outcome])}`;
      return element("span", { class: `badge ${kind}`, "data-count": outcome }, text);
    });
    this.counts.replaceChildren(...badges);
  }

  /** Say it to those who do not see it: at once when something else begins, else now and then. */
  #announce(phase) {
    const now = performance.now();
    if (phase === this.#announced.phase && now - this.#announced.at < ANNOUNCED_EVERY) return;
    const counts = [...this.counts.children].map((badge) => badge.textContent);
    this.#announced = { phase, at: now };
    const said = phase === "finished" ? counts : this.#factsOf(phase);
    this.status.textContent = `${this.title.textContent}. ${said.join(", ")}.`;
  }

  async #copyProblems() {
    const problems = this.queue.items.filter((item) => PROBLEMS.has(item.outcome));
    const text = problems.map((item) => `${item.path}\t${WORDS[item.outcome]}\t${item.reason}\n`).join("");
    await copyText(text);
    toast(`${inDigits(problems.length)} ${problems.length === 1 ? "line" : "lines"} copied.`);
  }
}

function box(name, kind, ...children) {
  return element(name, { class: kind }, ...children);
}

function button(text, onClick) {
  const made = element("button", { type: "button" }, text);
  made.addEventListener("click", onClick);
  return made;
}

/** The clipboard of the browser is for pages by https; where it is not, the old way. */
async function copyText(text) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const field = element("textarea", { class: "visually-hidden", "aria-hidden": "true" });
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}
