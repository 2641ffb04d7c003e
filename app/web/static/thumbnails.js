/**
 * Thumbnails: what cannot be had is left to the word behind it, and those of other archives come when they are wanted.
 *
 * @module
 */

import { element } from "./site.js";

/** Watch the pictures of the page, those that come later too. */
export function watchThumbnails() {
  document.addEventListener("error", onError, true); // errors of pictures do not bubble
  for (const image of document.querySelectorAll(".thumb img, .instance-shown img")) {
    if (image.complete && image.src && !image.naturalWidth) giveUp(image);
  }
  document.getElementById("show-pictures")?.addEventListener("click", showAll);
}

function onError(event) {
  if (event.target instanceof HTMLImageElement) giveUp(event.target);
}

/** A thumbnail leaves its place to the word behind it, a picture to a sentence that leads to what the server says. */
function giveUp(image) {
  if (image.hidden) return;
  image.hidden = true;
  const box = image.closest(".shown-picture, .shown-drawing");
  if (!box) return;
  const link = element("a", { href: image.src }, "What the server says");
  box.replaceWith(element("p", { class: "empty" }, "This picture cannot be shown. ", link));
}

/** Load the pictures that were held back, as they come into view, now and from now on. */
function showAll(event) {
  event.target.hidden = true;
  loadIn(document);
  document.addEventListener("htmx:after:swap", () => loadIn(document));
}

function loadIn(parent) {
  for (const image of parent.querySelectorAll(".thumb img[data-src]")) {
    image.src = image.dataset.src;
    image.removeAttribute("data-src");
  }
}
