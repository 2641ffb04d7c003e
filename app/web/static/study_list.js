/**
 * The study list: search while typing, the keyboard, selection, and studies that appear as they arrive.
 *
 * htmx asks for the part below the form; what is here says when, and keeps focus and selection when the part comes.
 *
 * @module
 */

import { subscribe } from "./events.js";
import { toast } from "./site.js";
import { Selection } from "./study_selection.js";
import { acceptDrops } from "./upload_drop.js";

const REMOTE_LEAST = 3; // characters that are typed before another archive is asked
const REFRESH_PAUSE = 1_000; // milliseconds from one refresh to the next

const form = document.getElementById("search");
const results = document.getElementById("results");
const announcement = document.getElementById("announcement");
const selection = new Selection(results, document.getElementById("selection"), refresh);

const listing = () => document.getElementById("listing")?.dataset ?? {};
const links = () => [...results.querySelectorAll(".study-link")];
const uids = () => new Set([...results.querySelectorAll("tr[data-study]")].map((row) => row.dataset.study));

// ---- what is asked, and when

/** Whether what is typed is too little to trouble another archive with; Enter asks all the same. */
function isTooLittle(event) {
  const isTyped = event?.type === "input" && event.target.type === "search";
  const text = isTyped ? event.target.value.trim() : "";
  return isTyped && form.elements.source.value !== "" && text.length > 0 && text.length < REMOTE_LEAST;
}

function showRange() {
  document.getElementById("search-range").hidden = form.elements.date.value !== "range";
}

document.addEventListener("htmx:config:request", (event) => {
  const { sourceElement, sourceEvent } = event.detail.ctx;
  if (sourceElement === form && isTooLittle(sourceEvent)) event.preventDefault();
});
form.addEventListener("change", (event) => {
  if (event.target === form.elements.source) form.dispatchEvent(new Event("htmx:abort"));
  if (event.target === form.elements.date) showRange();
}, { capture: true });

/** Empty the form and search again; the source stays. */
function clear() {
  for (const control of form.elements) {
    if (control.type === "checkbox") control.checked = false;
    else if (control.name === "date") control.value = "any";
    else if (control.matches("input")) control.value = "";
  }
  showRange();
  form.elements.name.focus();
  refresh();
}

function refresh() {
  form.dispatchEvent(new Event("refresh"));
}

// ---- what comes

/** What is remembered of the part that is taken away. */
let before = null;
let isLeafing = false;
let isRefresh = false;
let isUnanswered = false; // what is shown is not what was asked for

function focused() {
  const active = document.activeElement;
  if (!results.contains(active) || active === results) return null;
  const row = active.closest("tr[data-study]");
  if (!row) return active.id ? { id: active.id } : {};
  return { study: row.dataset.study, place: [...row.querySelectorAll("a, input")].indexOf(active) };
}

function focusAgain(what) {
  if (what === null || results.contains(document.activeElement)) return;
  const row = what.study && results.querySelector(`tr[data-study="${CSS.escape(what.study)}"]`);
  const again = row ? row.querySelectorAll("a, input")[what.place] : what.id && document.getElementById(what.id);
  (again?.matches("a[href], input, select, button") ? again : results).focus({ preventScroll: true });
}

/** Say what happened: how many there are now, or how many came since. */
function announce(then, now, known) {
  const more = Number(now.total) - Number(then.total);
  const isSame = isRefresh && then.address === now.address && then.page === now.page;
  if (!isSame) {
    announcement.textContent = now.summary;
    return;
  }
  if (more === 0) return;
  const studies = Math.abs(more) === 1 ? "study" : "studies";
  announcement.textContent = more > 0 ? `${more} new ${studies}` : `${-more} ${studies} removed`;
  for (const row of results.querySelectorAll("tr[data-study]")) {
    if (more > 0 && !known.has(row.dataset.study)) row.dataset.new = "";
  }
}

document.addEventListener("htmx:before:request", (event) => {
  const { sourceElement, sourceEvent } = event.detail.ctx;
  isLeafing = sourceElement.matches(".pager-step");
  isRefresh = sourceEvent?.type === "refresh";
  results.setAttribute("aria-busy", "true");
});
document.addEventListener("htmx:before:swap", () => {
  before ??= { listing: { ...listing() }, uids: uids(), focus: focused() };
});
document.addEventListener("htmx:finally:request", () => {
  results.setAttribute("aria-busy", "false");
  if (before === null) return;
  const { listing: then, uids: known, focus } = before;
  before = null;
  selection.restore();
  showErrors();
  focusAgain(focus);
  announce(then, listing(), known);
  if (isLeafing && results.getBoundingClientRect().top < 0) results.scrollIntoView();
});
document.addEventListener("htmx:error", () => {
  isUnanswered = true;
  toast("The server does not answer. What is shown is of the search before.", "error");
});
document.addEventListener("htmx:after:request", () => (isUnanswered = false));
// A page of the history is loaded anew: it is never kept in the browser.
document.addEventListener("htmx:before:history:restore", (event) => {
  event.preventDefault();
  location.reload();
});

function showErrors() {
  for (const error of form.querySelectorAll(".field-error")) {
    const control = document.getElementById(error.id.replace("error-", "search-"));
    if (error.textContent) control?.setAttribute("aria-invalid", "true");
    else control?.removeAttribute("aria-invalid");
  }
}

// ---- live

let lastRefresh = 0;
let timer = 0;
let isStale = false;

/** Ask again soon; only the first page of this archive, while somebody looks at it. */
function noteChange() {
  const { page, source } = listing();
  if (source !== "" || page !== "1") return;
  if (document.visibilityState === "hidden") {
    isStale = true;
    return;
  }
  if (timer) return;
  timer = setTimeout(() => {
    timer = 0;
    lastRefresh = Date.now();
    refresh();
  }, Math.max(0, lastRefresh + REFRESH_PAUSE - Date.now()));
}

subscribe({
  change: noteChange,
  reset: noteChange,
  state: (now) => now === "live" && isUnanswered && refresh(), // the server is there again
});
document.addEventListener("visibilitychange", () => {
  if (!isStale || document.visibilityState === "hidden") return;
  isStale = false;
  noteChange();
});

// ---- keyboard and buttons

const isTyping = (element) => element.matches("input:not([type=checkbox]), select, textarea, [contenteditable]");

/** Go to the study above or below; from the search to the first one, and back. */
function step(by) {
  const all = links();
  const row = document.activeElement.closest("tr[data-study]");
  const place = all.indexOf(row?.querySelector(".study-link"));
  if (place < 0 ? by < 0 : place + by < 0) return form.elements.name.focus();
  all[Math.min(place + by, all.length - 1)]?.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || document.querySelector("dialog[open]")) return;
  const { target, key } = event;
  if (key === "/" && !isTyping(target)) form.elements.name.select();
  else if (key === "ArrowDown" && (target === form.elements.name || target.closest("tr[data-study]"))) step(1);
  else if (key === "ArrowUp" && target.closest("tr[data-study]")) step(-1);
  else return;
  event.preventDefault();
});

document.getElementById("clear").addEventListener("click", (event) => {
  event.preventDefault();
  clear();
});
results.addEventListener("click", async (event) => {
  if (event.target.matches("[data-clear]")) clear();
  const { copy } = event.target.dataset;
  if (copy === undefined) return;
  try {
    await navigator.clipboard.writeText(copy); // there is none on pages without TLS
    toast("Copied.");
  } catch {
    getSelection().selectAllChildren(event.target.previousElementSibling);
    toast("It is selected: copy it with the keyboard.");
  }
});

// On a phone all but the name is folded away, unless it narrows the search.
const more = document.getElementById("more");
more.hidden = false;
more.addEventListener("click", () => fold(!form.classList.contains("search-folded")));

/** @param {boolean} isFolded */
function fold(isFolded) {
  form.classList.toggle("search-folded", isFolded);
  more.setAttribute("aria-expanded", String(!isFolded));
  more.textContent = isFolded ? "More filters" : "Fewer filters";
}

const USUAL = { name: form.elements.name.value, date: "any" };
const isUsual = (control) => (control.type === "checkbox" ? !control.checked : control.value === (USUAL[control.name] ?? ""));
fold([...form.elements].filter((control) => control.matches(".field [name], [type=checkbox]")).every(isUsual));
showRange();
acceptDrops(document.body);
