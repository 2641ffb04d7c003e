/**
 * What can be done with studies, series and instances: sent, retrieved, deleted, downloaded; each with its dialog.
 *
 * Transfers run on the server. A dialog that shows one may be left at any time: the number in the navigation, the page
 * of transfers and a toast at the end tell the rest.
 *
 * @module
 */

import { follow, subscribe } from "./events.js";
import { choose, element, request, root, toast } from "./site.js";

/**
 * @typedef {object} Chosen
 * @property {string} study_instance_uid
 * @property {string} [series_instance_uid]
 * @property {string} [sop_instance_uid]
 * @property {string} label what it is called in questions and messages
 * @property {string} [counts] how much that is, such as "3 series, 120 instances"
 */

const MOST_NAMED = 6;
const EVERYBODY = "*";
const ENDED = ["completed", "failed", "cancelled"];
const STATES = {
  waiting: "Waiting to begin",
  running: "Running",
  completed: "Completed",
  failed: "Failed",
  cancelled: "Cancelled",
};
let dialogs = 0;

/**
 * Ask for a node and send studies there.
 *
 * @param {Chosen[]} studies
 * @param {{source?: string}} [options] the node that they are at, if they are not here
 * @returns {Promise<object | null>} the transfer, or null if there is none
 */
export async function sendStudies(studies, { source = "" } = {}) {
  const where = source === EVERYBODY ? "other nodes" : source;
  if (source) return fail(`These are at ${where}. Retrieve them first, then send them from here.`);
  return askForNode("send", `Send ${countOf(studies)}`, "Send to", "Send", studies);
}

/**
 * Retrieve studies from the node that they are at; of several, ask for one.
 *
 * @param {Chosen[]} studies
 * @param {{source?: string, holders?: string[]}} [options] the node; those that have it, where that is known
 * @returns {Promise<object | null>} the transfer, or null if there is none
 */
export async function retrieveStudies(studies, { source = "", holders = [] } = {}) {
  if (source && source !== EVERYBODY) return start("retrieve", source, studies);
  return askForNode("retrieve", `Retrieve ${countOf(studies)}`, "Retrieve from", "Retrieve", studies, holders);
}

/**
 * Delete after a question, one after the other; what could not be deleted is told by its name.
 *
 * @param {Chosen[]} studies
 * @returns {Promise<Chosen[]>} those that were deleted
 */
export async function deleteStudies(studies) {
  const dialog = makeDialog(`Delete ${countOf(studies)}?`);
  const said = element("p", {}, "This cannot be undone. It is deleted from this archive; copies elsewhere stay.");
  dialog.form.append(listOf(studies, Infinity), said, actionsOf(["", "Cancel"], ["delete", "Delete", "button-danger"]));
  const chosen = await choose(dialog);
  dialog.remove();
  return chosen === "delete" ? deleteAll(studies) : [];
}

/**
 * Download studies or series as ZIP, one file each.
 *
 * @param {Chosen[]} studies
 * @param {{source?: string, dicomdir?: boolean}} [options]
 */
export async function downloadStudies(studies, { source = "", dicomdir = false } = {}) {
  for (const [index, one] of studies.entries()) {
    if (index > 0) await new Promise((resolve) => setTimeout(resolve, 400)); // browsers drop those that come at once
    const query = dicomdir ? "accept=application/zip&dicomdir=true" : "accept=application/zip";
    const link = element("a", { href: `${root}${pathOf(one, source)}?${query}`, download: "" });
    document.body.append(link);
    link.click();
    link.remove();
  }
  if (studies.length > 1) toast(`${studies.length} downloads were started.`);
}

/** The path of a study, series or instance below the prefix; `source` is the node that it is at. */
export function pathOf(one, source = "") {
  const { study_instance_uid: study, series_instance_uid: series, sop_instance_uid: instance } = one;
  const uids = [["studies", study], ["series", series], ["instances", instance]];
  const path = uids.filter(([, uid]) => uid).map(([name, uid]) => `/${name}/${encodeURIComponent(uid)}`).join("");
  return `/dicom-web${source ? `/aets/${encodeURIComponent(source).replaceAll("%2A", "*")}` : ""}${path}`;
}

async function deleteAll(studies) {
  const dialog = studies.length > 1 ? makeDialog(`Deleting ${countOf(studies)}`) : null;
  const bar = element("progress", { max: String(studies.length), value: "0", "aria-label": "Deleted" });
  const said = element("p", { role: "status" });
  const stop = element("button", { type: "button" }, "Stop");
  let stopped = false;
  if (dialog) {
    stop.addEventListener("click", () => (stopped = true));
    dialog.addEventListener("cancel", () => (stopped = true));
    dialog.form.append(bar, said, element("div", { class: "dialog-actions" }, stop));
    dialog.showModal();
  }
  const deleted = [];
  const failures = [];
  for (const one of studies) {
    if (stopped) break;
    said.textContent = `${deleted.length + failures.length + 1} of ${studies.length}: ${one.label}`;
    try {
      await request("DELETE", pathOf(one));
      deleted.push(one);
    } catch (problem) {
      if (problem.status === 410) deleted.push(one); // somebody else was quicker
      else failures.push(`${one.label}: ${problem.message}`);
    }
    bar.value = deleted.length + failures.length;
  }
  dialog?.close();
  dialog?.remove();
  if (deleted.length === 1) toast(`Deleted: ${deleted[0].label}`);
  else if (deleted.length) toast(`${countOf(deleted)} were deleted.`);
  if (failures.length) await tell("Not everything was deleted", failures);
  return deleted;
}

async function askForNode(kind, title, label, verb, studies, holders = []) {
  let nodes;
  try {
    nodes = await request("GET", "/nodes");
  } catch (problem) {
    return fail(problem.message);
  }
  const dialog = makeDialog(title);
  const known = nodes.map((node) => node.ae_title);
  const offered = holders.length ? known.filter((name) => holders.includes(name)) : known;
  if (offered.length === 0) {
    const link = element("a", { href: `${root}/ui/nodes` }, "Add a node");
    const why = known.length ? "None of the nodes has them." : "There are no nodes yet. ";
    dialog.form.append(element("p", {}, why, known.length ? "" : link), actionsOf(["", "Close"]));
    await choose(dialog);
    dialog.remove();
    return null;
  }
  const id = `${dialog.id}-node`;
  const options = nodes.filter((one) => offered.includes(one.ae_title)).map(optionOf);
  const select = element("select", { id }, ...options);
  const field = element("div", { class: "field" }, element("label", { for: id }, label), select);
  dialog.form.append(listOf(studies), field, actionsOf(["", "Cancel"], ["go", verb, "button-primary"]));
  const chosen = await choose(dialog);
  const node = select.value;
  dialog.remove();
  return chosen === "go" ? start(kind, node, studies) : null;
}

function optionOf(node) {
  const where = node.kind === "dicomweb" ? node.base_url : `${node.host}:${node.port}`;
  return element("option", { value: node.ae_title }, `${node.ae_title} (${where})`);
}

async function start(kind, node, studies) {
  const resources = studies.map((one) => ({
    study_instance_uid: one.study_instance_uid,
    series_instance_uid: one.series_instance_uid || null,
    sop_instance_uid: one.sop_instance_uid || null,
  }));
  try {
    const transfer = await request("POST", "/transfers", { json: { kind, node, resources } });
    showTransfer(transfer, studies);
    return transfer;
  } catch (problem) {
    return fail(problem.message);
  }
}

/** Follow a transfer in a dialog; whoever leaves it is told the end by a toast. */
function showTransfer(transfer, studies) {
  const what = transfer.kind === "send" ? `Sending to ${transfer.node}` : `Retrieving from ${transfer.node}`;
  const dialog = makeDialog(what);
  const bar = element("progress", { "aria-label": what });
  const said = element("p", { role: "status" });
  const problems = element("ul", { class: "dialog-problems" });
  const hint = element("p", { class: "field-hint" }, "It goes on when this is closed. ");
  hint.append(element("a", { href: `${root}/ui/transfers` }, "All transfers"));
  dialog.form.append(listOf(studies), bar, said, problems, hint, actionsOf(["", "Close", "button-primary"]));
  let isOpen = true;
  const update = (one) => {
    if (one.id !== transfer.id) return;
    showProgress(one, bar, said, problems);
    if (!ENDED.includes(one.state)) return;
    hint.replaceChildren(...(one.kind === "retrieve" && one.completed ? linksTo(studies) : []));
    leave();
    if (!isOpen || one.state === "completed") toast(endOf(one), one.state === "failed" ? "error" : "info");
  };
  let leave = () => {};
  update(transfer);
  leave = subscribe({ transfer: update });
  follow(transfer);
  choose(dialog).then(() => {
    isOpen = false;
    dialog.remove();
  });
}

/** Links to what is here now. */
function linksTo(studies) {
  const uids = [...new Set(studies.map((one) => one.study_instance_uid))];
  return uids.length === 1 ? [element("a", { href: `${root}/ui/studies/${uids[0]}` }, "Open it in this archive")] : [];
}

function showProgress(one, bar, said, problems) {
  const done = one.completed + one.failed;
  if (one.total) {
    bar.max = one.total;
    bar.value = Math.min(done, one.total);
  } else if (one.state === "completed") {
    bar.value = 1;
  }
  const of = one.total ? ` of ${one.total.toLocaleString("en")}` : "";
  const failed = one.failed ? `, ${one.failed.toLocaleString("en")} failed` : "";
  said.textContent = `${STATES[one.state]}: ${one.completed.toLocaleString("en")}${of} instances${failed}`;
  problems.replaceChildren(...one.problems.slice(0, MOST_NAMED).map((text) => element("li", {}, text)));
}

function endOf(one) {
  const verb = one.kind === "send" ? "sent to" : "retrieved from";
  if (one.state === "completed") return `${one.completed.toLocaleString("en")} instances were ${verb} ${one.node}.`;
  return `Not everything was ${verb} ${one.node}: ${one.problems[0] ?? one.state}`;
}

/** @returns {HTMLDialogElement & {form: HTMLFormElement}} a dialog in the page, with a title and room for more */
function makeDialog(title) {
  const id = `action-dialog-${(dialogs += 1)}`;
  const dialog = element("dialog", { id, class: "action-dialog", "aria-labelledby": `${id}-title` });
  dialog.form = element("form", { method: "dialog" }, element("h2", { id: `${id}-title` }, title));
  dialog.append(dialog.form);
  document.body.append(dialog);
  return dialog;
}

function actionsOf(...buttons) {
  const made = buttons.map(([value, text, kind = ""]) => element("button", { value, class: kind }, text));
  return element("div", { class: "dialog-actions" }, ...made);
}

function listOf(studies, most = MOST_NAMED) {
  const lines = studies.slice(0, most).map((one) => {
    const counts = one.counts ? [element("span", { class: "muted" }, ` ${one.counts}`)] : [];
    return element("li", {}, one.label, ...counts);
  });
  if (studies.length > most) lines.push(element("li", { class: "muted" }, `and ${studies.length - most} more`));
  const scrolled = studies.length > MOST_NAMED ? { tabindex: "0", "aria-label": "Studies" } : {};
  return element("ul", { class: "dialog-list", ...scrolled }, ...lines);
}

/** "1 study", "3 series": what the chosen are together. */
function countOf(studies) {
  const one = studies[0];
  let [single, many] = ["study", "studies"];
  if (one.series_instance_uid) [single, many] = ["series", "series"];
  if (one.sop_instance_uid) [single, many] = ["instance", "instances"];
  return studies.length === 1 ? `1 ${single}` : `${studies.length.toLocaleString("en")} ${many}`;
}

async function tell(title, lines) {
  const dialog = makeDialog(title);
  const list = element("ul", { class: "dialog-problems" }, ...lines.map((line) => element("li", {}, line)));
  dialog.form.append(list, actionsOf(["", "Close"]));
  await choose(dialog);
  dialog.remove();
}

function fail(message) {
  toast(message, "error");
  return null;
}
