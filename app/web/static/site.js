/**
 * What all pages use: requests with problems told in words, toasts, dialogs, and whether live updates are on.
 *
 * @module
 */

import { subscribe } from "./events.js";

/** The prefix that everything of the server is below: empty, or such as `/pacs`. */
export const root = document.body.dataset.root;

/** An answer of the server that is no success; the message is for people. */
export class Problem extends Error {
  /**
   * @param {number} status 0 if there was no answer
   * @param {string} message
   * @param {object} [document] the problem document (RFC 9457), if there is one
   */
  constructor(status, message, document = {}) {
    super(message);
    this.status = status;
    this.document = document;
  }
}

/**
 * Ask the server; `path` is below the prefix.
 *
 * @param {string} method
 * @param {string} path
 * @param {{json?: unknown, body?: BodyInit, headers?: Record<string, string>, signal?: AbortSignal}} [options]
 * @returns {Promise<any>} the answer's JSON, or null if it has none
 * @throws {Problem}
 */
export async function request(method, path, { json, body, headers = {}, signal } = {}) {
  const fields = { accept: "application/json, application/dicom+json;q=0.9, application/problem+json;q=0.9", ...headers };
  if (json !== undefined) fields["content-type"] = "application/json";
  let response;
  try {
    response = await fetch(root + path, { method, signal, headers: fields, body: json === undefined ? body : JSON.stringify(json) });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "The server does not answer.");
  }
  const type = response.headers.get("content-type") ?? "";
  const answer = type.includes("json") ? await response.json() : null;
  if (!response.ok) throw new Problem(response.status, answer?.detail ?? `${response.status} ${response.statusText}`, answer ?? {});
  return answer;
}

/**
 * Say something in the corner for a while.
 *
 * @param {string} text
 * @param {"info" | "error"} [kind]
 */
export function toast(text, kind = "info") {
  const box = document.createElement("div");
  box.className = kind === "error" ? "toast toast-error" : "toast";
  box.textContent = text;
  document.getElementById("toasts").append(box);
  setTimeout(() => box.remove(), kind === "error" ? 10_000 : 5_000);
}

/**
 * Make an element: `element("a", {href: "..."}, "text", child)`. Text is never read as HTML.
 *
 * @param {string} name
 * @param {Record<string, string | boolean>} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(key, "");
    else if (value !== false) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

/**
 * Open a `<dialog>` and wait for what is chosen: the value of the button that closed it, or "" if it was left.
 *
 * @param {HTMLDialogElement} dialog with `<form method="dialog">`
 * @returns {Promise<string>}
 */
export function choose(dialog) {
  return new Promise((resolve) => {
    dialog.returnValue = "";
    dialog.addEventListener("close", () => resolve(dialog.returnValue), { once: true });
    dialog.showModal();
  });
}

/** @param {"connecting" | "live" | "lost"} state */
function showLive(state) {
  const live = document.getElementById("live");
  live.dataset.state = state;
  live.querySelector(".live-text").textContent = { connecting: "Connecting", live: "Live", lost: "Offline" }[state];
}

const running = new Set();

/** @param {{id: string, state: string}} transfer */
function countTransfer(transfer) {
  const count = document.getElementById("transfers-running");
  if (["waiting", "running"].includes(transfer.state)) running.add(transfer.id);
  else running.delete(transfer.id);
  count.hidden = running.size === 0;
  count.textContent = String(running.size);
  count.setAttribute("aria-label", `${running.size} running`);
}

subscribe({ state: showLive, transfer: countTransfer });
