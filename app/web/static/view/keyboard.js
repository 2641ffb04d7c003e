/**
 * Keys of the view; they work wherever the focus is, but for fields that take the same keys themselves.
 *
 * @module
 */

const TAKES_ALL = "input:not([type=range]), select, textarea, dialog, video";
const TAKES_ARROWS = ".handle";
const TAKES_SPACE = "button, a, summary, .handle";

/**
 * Do what a table says for a key. Names are those of `KeyboardEvent.key`, after "Shift+" where shift matters.
 *
 * @param {Record<string, (event: KeyboardEvent) => void>} actions
 */
export function listen(actions) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const { target } = event;
    if (target.closest(TAKES_ALL) || document.querySelector("dialog[open]")) return;
    const isArrow = event.key.startsWith("Arrow") || ["Home", "End", "PageUp", "PageDown"].includes(event.key);
    if (isArrow && target.closest(TAKES_ARROWS)) return;
    if ((event.key === " " || event.key === "Enter") && target.closest(TAKES_SPACE)) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const action = (event.shiftKey && actions[`Shift+${key}`]) || actions[key];
    if (!action) return;
    event.preventDefault();
    action(event);
  });
}
