/**
 * The pages of a study, a series and an instance: their buttons, and what happens to them while somebody looks.
 *
 * @module
 */

import { deleteStudies, retrieveStudies, sendStudies } from "./actions.js";
import { subscribe } from "./events.js";
import { request, root } from "./site.js";
import { watchThumbnails } from "./thumbnails.js";

const REFRESH = 1_000; // milliseconds: what arrives comes in many changes

const article = document.getElementById("study");
const { study, series, instance, source, label, counts, list } = article.dataset;
const holders = (article.dataset.holders ?? "").split("\\").filter(Boolean);
const chosen = { study_instance_uid: study, series_instance_uid: series, sop_instance_uid: instance, label, counts };
let isLeaving = false;

const ACTIONS = {
  send: () => sendStudies([chosen], { source }),
  retrieve: () => retrieveStudies([chosen], { source, holders }),
  delete: deleteThis,
};

async function deleteThis() {
  isLeaving = true; // what happens next is no news
  const deleted = await deleteStudies([chosen]);
  if (deleted.length) location.assign(await whatIsLeft());
  else isLeaving = false;
}

/** The page to go to when this is gone: with the last instance its series and its study are gone too. */
async function whatIsLeft() {
  if (instance && (await isThere(series))) return list;
  if (series && (await isThere())) return `${root}/ui/studies/${study}`;
  return series ? `${root}/` : list;
}

/** Whether the study, or a series of it, is here still. */
async function isThere(seriesUid) {
  const query = seriesUid
    ? `/dicom-web/studies/${study}/series?SeriesInstanceUID=${seriesUid}`
    : `/dicom-web/studies?StudyInstanceUID=${study}`;
  return (await request("GET", query).catch(() => null)) !== null;
}

document.getElementById("actions").addEventListener("click", (event) => {
  const button = event.target.closest("[data-action]");
  if (button) ACTIONS[button.dataset.action]();
});

/** Menus are closed by Escape, by a choice, and by a click elsewhere. */
function closeMenus(event) {
  for (const menu of document.querySelectorAll(".menu[open]")) {
    if (event.type === "keydown" && event.key !== "Escape") continue;
    if (event.type === "click" && menu.contains(event.target) && !event.target.closest(".menu-list")) continue;
    menu.open = false;
    if (event.type === "keydown") menu.querySelector("summary").focus();
  }
}

document.addEventListener("click", closeMenus);
document.addEventListener("keydown", closeMenus);

/** @param {import("./events.js").Change} change */
function isOurs(change) {
  const theirUids = [change.study_instance_uid, change.series_instance_uid, change.sop_instance_uid];
  const pairs = [study, series, instance].map((ours, level) => [theirUids[level], ours]);
  return pairs.every(([theirs, ours]) => !ours || !theirs || theirs === ours);
}

/** Whether a change took away all that this page is about. */
function isAll(change) {
  const level = instance ? 3 : series ? 2 : 1;
  return change.kind === "deleted" && ["study", "series", "instance"].indexOf(change.level) + 1 <= level;
}

function showGone() {
  if (isLeaving) return;
  document.getElementById("gone").hidden = false;
  article.dataset.gone = "true";
  for (const control of article.querySelectorAll("#actions button, #actions a, #actions summary")) {
    control.setAttribute("aria-disabled", "true");
    if (control instanceof HTMLButtonElement) control.disabled = true;
    control.removeAttribute("href");
  }
}

let timer = 0;

/** Show the series as they are now, once the changes pause. */
function refresh() {
  const section = document.getElementById("series");
  if (!section || article.dataset.gone || document.querySelector("dialog[open]")) return;
  clearTimeout(timer);
  timer = setTimeout(async () => {
    if (await isThere()) window.htmx.ajax("GET", section.dataset.part, { target: section, swap: "innerHTML" });
    else showGone();
  }, REFRESH);
}

/** @param {import("./events.js").Change} change */
function onChange(change) {
  if (source || !isOurs(change)) return;
  if (isAll(change)) showGone();
  else refresh();
}

watchThumbnails();
subscribe({ change: onChange, reset: refresh });
