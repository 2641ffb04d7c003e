/**
 * Files dropped on a page are uploaded from there, without leaving it: a small panel shows how far it is.
 *
 * A page calls `acceptDrops(element)` once: what is dropped on the element is taken, folders and zip archives too.
 *
 * @module
 */

import { element } from "./site.js";
import { entriesOfDrop, filesOf, hasFiles } from "./upload_files.js";
import { UploadPanel } from "./upload_panel.js";

/**
 * Take what is dropped on an element.
 *
 * @param {HTMLElement} target
 * @param {{panel?: UploadPanel, zone?: HTMLElement}} [options] the panel that takes the files, without one a small one
 *   is made at the edge of the page; `zone` is what shows that files may be dropped, without one the element itself
 */
export function acceptDrops(target, { panel, zone = target } = {}) {
  let taker = panel;
  let depth = 0; // of the elements that the drag has entered and not left
  const mark = (isOver) => zone.classList.toggle("upload-over", isOver);
  loadStyle();
  target.addEventListener("dragenter", (event) => {
    if (!hasFiles(event.dataTransfer)) return;
    event.preventDefault();
    depth += 1;
    mark(true);
  });
  target.addEventListener("dragleave", (event) => {
    if (!hasFiles(event.dataTransfer)) return;
    depth = Math.max(0, depth - 1);
    mark(depth > 0);
  });
  target.addEventListener("dragover", (event) => {
    if (!hasFiles(event.dataTransfer)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
  });
  target.addEventListener("drop", (event) => {
    if (!hasFiles(event.dataTransfer)) return;
    event.preventDefault();
    depth = 0;
    mark(false);
    taker ??= openDock();
    taker.add(filesOf(entriesOfDrop(event.dataTransfer)));
  });
}

/** A panel at the edge of the page: how far it is, and on demand the studies and files; closed when it is done. */
function openDock() {
  const panel = new UploadPanel();
  const details = element("button", { type: "button", "aria-expanded": "false" }, "Details");
  const close = element("button", { type: "button", "aria-label": "Close the upload" }, "Close");
  const tools = element("div", { class: "toolbar upload-dock-tools" }, details, close);
  const dock = element("aside", { class: "upload-dock upload-folded", "aria-label": "Upload" }, panel.box, tools);
  details.addEventListener("click", () => {
    const isFolded = dock.classList.toggle("upload-folded");
    details.setAttribute("aria-expanded", String(!isFolded));
    panel.list.refresh();
  });
  close.addEventListener("click", () => {
    dock.hidden = true;
    panel.queue.cancel(); // of what is finished nothing is left to cancel
  });
  panel.onTaken = () => (dock.hidden = false);
  document.body.append(dock);
  return panel;
}

function loadStyle() {
  const href = new URL("./upload.css", import.meta.url).href;
  const isThere = [...document.querySelectorAll('link[rel="stylesheet"]')].some((link) => link.href === href);
  if (!isThere) document.head.append(element("link", { rel: "stylesheet", href }));
}
