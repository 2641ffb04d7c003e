/**
 * The page of transfers: each is a card that follows what the server says of it.
 *
 * @module
 */

import { follow, subscribe } from "./events.js";
import { patientOf } from "./patient_name.js";
import { element, request, root, toast } from "./site.js";

const list = document.getElementById("transfers");
const nothing = document.getElementById("no-transfers");
const clear = document.getElementById("clear-ended");
/** @type {Map<string, {card: HTMLElement, transfer: object}>} */
const shown = new Map();
/** @type {Map<string, Promise<object[]>>} what the archive says of studies */
const described = new Map();

const STATES = {
  waiting: ["waiting", "badge"],
  running: ["running", "badge"],
  completed: ["completed", "badge badge-good"],
  failed: ["failed", "badge badge-bad"],
  cancelled: ["cancelled", "badge badge-warn"],
};
const ENDED = new Set(["completed", "failed", "cancelled"]);
const MOST_STUDIES = 5;
const MOST_OPEN_PROBLEMS = 3; // more are folded

const titleOf = (one) => (one.kind === "send" ? `Send to ${one.node}` : `Retrieve from ${one.node}`);

/** @param {object} one */
function countOf(one) {
  const done = `${one.completed.toLocaleString("en")}${one.total === null ? "" : ` of ${one.total.toLocaleString("en")}`} instances`;
  return one.failed ? `${done}, ${one.failed.toLocaleString("en")} failed` : done;
}

/** @param {number} microseconds since 1970, in UTC */
function timeOf(microseconds) {
  const time = new Date(microseconds / 1000);
  const digits = (number) => String(number).padStart(2, "0");
  const day = `${time.getFullYear()}-${digits(time.getMonth() + 1)}-${digits(time.getDate())}`;
  return `${day} ${digits(time.getHours())}:${digits(time.getMinutes())}`;
}

/** @param {object} one */
function barOf(one) {
  const bar = element("progress", { "aria-label": titleOf(one) });
  if (one.total) {
    bar.max = one.total;
    bar.value = Math.min(one.total, one.completed + one.failed);
  } else if (ENDED.has(one.state)) {
    bar.value = one.state === "completed" ? 1 : 0;
  }
  return bar;
}

/** @param {object} one */
function studiesOf(one) {
  const uids = [...new Set(one.resources.map((resource) => resource.study_instance_uid))];
  const source = one.kind === "retrieve" && one.state !== "completed" ? `?source=${encodeURIComponent(one.node)}` : "";
  const links = uids.slice(0, MOST_STUDIES).map((uid) => {
    const link = element("a", { href: `${root}/ui/studies/${encodeURIComponent(uid)}${source}`, class: "mono" }, uid);
    const item = element("li", {}, "Study ", link);
    describe(uid, item);
    return item;
  });
  if (uids.length > MOST_STUDIES) links.push(element("li", {}, `and ${uids.length - MOST_STUDIES} more studies`));
  return element("ul", { class: "transfer-studies" }, ...links);
}

/** Put the patient, date and description before the UID of a study, if the archive has it. */
async function describe(uid, item) {
  const path = `/dicom-web/studies?StudyInstanceUID=${uid}&includefield=StudyDescription`;
  if (!described.has(uid)) described.set(uid, request("GET", path).catch(() => []));
  const [study] = (await described.get(uid)) ?? [];
  if (!study) {
    described.delete(uid); // it may be here later
    return;
  }
  const date = (study["00080020"]?.Value?.[0] ?? "").replace(/^(\d{4})(\d\d)(\d\d)$/, "$1-$2-$3");
  const words = [patientOf(study), date, study["00081030"]?.Value?.[0]].filter(Boolean).join(" · ");
  item.firstChild.replaceWith(element("strong", {}, words), " ");
}

/** @param {object} one */
function problemsOf(one) {
  if (!one.problems.length) return [];
  const lines = one.problems.map((problem) => element("li", {}, problem));
  const summary = element("summary", {}, one.problems.length === 1 ? "1 problem" : `${one.problems.length} problems`);
  const details = element("details", {}, summary, element("ul", { class: "transfer-problems" }, ...lines));
  details.open = one.problems.length <= MOST_OPEN_PROBLEMS;
  return [details];
}

/** @param {object} one */
function buttonsOf(one) {
  const names = ENDED.has(one.state) ? (one.state === "completed" ? ["remove"] : ["retry", "remove"]) : ["cancel"];
  return names.map((name) => {
    const label = name[0].toUpperCase() + name.slice(1);
    const hidden = element("span", { class: "visually-hidden" }, `: ${titleOf(one)}`);
    return element("button", { type: "button", "data-action": name }, label, hidden);
  });
}

/**
 * Show a transfer as it is now; a new one comes first.
 *
 * @param {object} transfer
 */
function show(transfer) {
  const known = shown.get(transfer.id);
  if (known && known.transfer.changed > transfer.changed) return;
  const [words, badge] = STATES[transfer.state];
  const head = element(
    "div",
    { class: "transfer-head" },
    element("h2", {}, titleOf(transfer)),
    element("span", { class: badge }, words),
    ...buttonsOf(transfer),
  );
  const card = element("li", { class: "card transfer", "data-transfer": transfer.id, "data-state": transfer.state }, head);
  card.append(barOf(transfer), element("div", { class: "transfer-count muted" }, `${countOf(transfer)} · begun ${timeOf(transfer.created)}`));
  card.append(studiesOf(transfer), ...problemsOf(transfer));
  replace(known?.card, card);
  shown.set(transfer.id, { card, transfer });
  showCounts();
}

/** Put a card where the old one was, and keep what was open and focused in it. */
function replace(old, card) {
  if (!old) {
    list.prepend(card);
    return;
  }
  const action = old.contains(document.activeElement) ? document.activeElement.dataset.action : undefined;
  const isOpen = old.querySelector("details")?.open;
  old.replaceWith(card);
  if (isOpen !== undefined && card.querySelector("details")) card.querySelector("details").open = isOpen;
  if (action) (card.querySelector(`[data-action="${action}"]`) ?? card.querySelector("button"))?.focus();
}

function showCounts() {
  nothing.hidden = shown.size > 0;
  clear.disabled = ![...shown.values()].some(({ transfer }) => ENDED.has(transfer.state));
}

/** @param {string} id */
async function remove(id) {
  await request("DELETE", `/transfers/${id}`);
  shown.get(id)?.card.remove();
  shown.delete(id);
  showCounts();
}

list.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-action]");
  if (!button) return;
  const id = button.closest("[data-transfer]").dataset.transfer;
  try {
    if (button.dataset.action === "remove") await remove(id);
    else show(await request("POST", `/transfers/${id}/${button.dataset.action}`));
  } catch (problem) {
    toast(problem.message, "error");
  }
});

clear.addEventListener("click", async () => {
  const ended = [...shown.values()].filter(({ transfer }) => ENDED.has(transfer.state));
  try {
    for (const { transfer } of ended) await remove(transfer.id);
  } catch (problem) {
    toast(problem.message, "error");
  }
});

try {
  const transfers = await request("GET", "/transfers");
  for (const transfer of [...(transfers.transfers ?? transfers)].reverse()) show(transfer);
} catch (problem) {
  toast(problem.message, "error");
}
showCounts();
subscribe({ transfer: show });
for (const { transfer } of shown.values()) follow(transfer);
