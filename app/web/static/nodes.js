/**
 * The page of nodes: add, test, edit, remove.
 *
 * @module
 */

import { choose, element, request, root, toast } from "./site.js";

const list = document.getElementById("nodes");
const dialog = document.getElementById("node-dialog");
const form = document.getElementById("node-form");
const fault = document.getElementById("node-error");
const NUMBERS = new Set(["port", "max_associations", "connect_timeout", "dimse_timeout"]);
const SECRETS = ["password", "token"];
let edited = null;

const pathOf = (title) => `/nodes/${encodeURIComponent(title)}`;
const rowOf = (title) => [...list.querySelectorAll("[data-node]")].find((row) => row.dataset.node === title);

async function refresh() {
  const answer = await fetch(`${root}/ui/parts/nodes`, { headers: { "hx-request": "true" } });
  // The part is made by our own templates, which escape all that comes from data.
  const part = new DOMParser().parseFromString(await answer.text(), "text/html");
  const rows = [...list.querySelectorAll("[data-node]")];
  const tested = new Map(rows.map((row) => [row.dataset.node, row.querySelector(".node-test")]));
  list.replaceChildren(...part.body.childNodes);
  for (const row of list.querySelectorAll("[data-node]")) {
    const cell = tested.get(row.dataset.node); // what a test has said of the others, or is about to, stays
    if (cell) row.querySelector(".node-test").replaceWith(cell);
  }
}

/** @param {string} title */
async function test(title) {
  const cell = rowOf(title)?.querySelector(".node-test");
  if (!cell) return;
  cell.replaceChildren(element("span", { class: "muted" }, "testing…"));
  try {
    const { milliseconds, status } = await request("POST", `${pathOf(title)}/echo`);
    const isWell = status === 0 || status === 200;
    const words = isWell ? `answers in ${milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms` : `status ${status}`;
    cell.replaceChildren(element("span", { class: isWell ? "badge badge-good" : "badge badge-warn" }, words));
  } catch (problem) {
    cell.replaceChildren(element("span", { class: "badge badge-bad" }, "failed"), " ", problem.message);
  }
}

function showKind() {
  const kind = form.elements.kind.value;
  for (const field of form.querySelectorAll("[data-kind]")) field.hidden = field.dataset.kind !== kind;
}

/** @param {object | null} node the node that is edited, or null for a new one */
function open(node) {
  edited = node;
  form.reset();
  fault.hidden = true;
  document.getElementById("node-dialog-title").textContent = node ? `Edit ${node.ae_title}` : "Add a node";
  form.elements.ae_title.readOnly = node !== null;
  for (const name of SECRETS) document.getElementById(`${name}-hint`).hidden = !node?.[`has_${name}`];
  for (const [name, value] of Object.entries(node ?? {})) {
    const control = form.elements[name];
    if (!control || SECRETS.includes(name)) continue;
    if (name === "character_set" && ![...control.options].some((one) => one.value === value)) {
      control.append(element("option", { value }, value));
    }
    if (control.type === "checkbox") control.checked = value;
    else control.value = value || "";
  }
  showKind();
  dialog.showModal();
  (node ? form.elements.host : form.elements.ae_title).focus();
}

/** What the form says, as the REST wants it: what is hidden or empty is left out, and has its default. */
function written() {
  const node = { ...(edited ?? {}) };
  for (const control of form.elements) {
    if (!control.name || (control.type === "radio" && !control.checked)) continue;
    if (control.type === "checkbox") node[control.name] = control.checked;
    else if (control.value !== "") node[control.name] = NUMBERS.has(control.name) ? Number(control.value) : control.value;
    else if (!SECRETS.includes(control.name)) delete node[control.name];
  }
  for (const name of node.kind === "dicomweb" ? ["host", "port", "tls"] : ["base_url"]) delete node[name];
  return node;
}

/** What is wrong with a node, with fields called as the form calls them. */
function wordsOf(problem, title) {
  if (problem.status === 409) return `There is a node called ${title} already.`;
  const name = problem.document?.parameter ?? "";
  const label = form.querySelector(`label[for="${CSS.escape(name)}"]`);
  const isOfField = label && problem.message.startsWith(`${name}:`);
  return isOfField ? label.textContent + problem.message.slice(name.length) : problem.message;
}

async function save() {
  const node = written();
  try {
    if (edited) await request("PUT", pathOf(edited.ae_title), { json: node });
    else await request("POST", "/nodes", { json: node });
  } catch (problem) {
    fault.textContent = wordsOf(problem, node.ae_title);
    fault.hidden = false;
    form.elements[problem.document?.parameter]?.focus?.();
    return;
  }
  dialog.close();
  await refresh();
  await test(node.ae_title);
}

/** @param {string} title */
async function remove(title) {
  document.getElementById("remove-name").textContent = title;
  if ((await choose(document.getElementById("remove-dialog"))) !== "remove") return;
  await request("DELETE", pathOf(title));
  await refresh();
  toast(`${title} was removed.`);
}

const ACTIONS = { test, edit: async (title) => open(await request("GET", pathOf(title))), remove };

list.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-action]");
  if (!button) return;
  try {
    await ACTIONS[button.dataset.action](button.closest("[data-node]").dataset.node);
  } catch (problem) {
    toast(problem.message, "error");
  }
});
document.getElementById("add-node").addEventListener("click", () => open(null));
document.getElementById("node-cancel").addEventListener("click", () => dialog.close());
document.getElementById("test-all").addEventListener("click", () => {
  for (const row of list.querySelectorAll("[data-node]")) test(row.dataset.node);
});
form.addEventListener("change", (event) => event.target.name === "kind" && showKind());
form.addEventListener("submit", (event) => {
  event.preventDefault();
  save();
});
const ours = document.getElementById("our-url");
ours.textContent = location.origin + ours.dataset.path;
