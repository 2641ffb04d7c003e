/**
 * The tree of metadata: searched as one types, copied from, opened and closed.
 *
 * A tree that is all here is searched here. Of one that is not, the server searches the rest as well and sends what it
 * finds.
 *
 * @module
 */

import { toast } from "./site.js";

const PAUSE = 300; // milliseconds of typing before the server is asked
const MOST_MARKED = 2_000;

const section = document.querySelector(".metadata");
const tools = section.querySelector(".tree-tools");
const field = document.getElementById("tree-search");
const count = document.getElementById("tree-count");
let timer = 0;
let asked = "";

const treeOf = () => document.getElementById("tree");
const wordsOf = () => field.value.toLowerCase().split(/\s+/).filter(Boolean);

/** Show the rows that have all words, and what they are in. */
function filter() {
  const words = wordsOf();
  const tree = treeOf();
  let found = 0;
  for (const row of tree.querySelectorAll(".tree-branch, .tree-row, .tree-item")) row.hidden = words.length > 0;
  if (words.length) {
    for (const row of tree.querySelectorAll(".tree-row, .tree-branch > details > summary")) {
      if (!isFound(row, words)) continue;
      found += 1;
      reveal(row);
    }
  }
  say(words.length ? `${found.toLocaleString("en")} found` : "");
  mark(words);
}

function isFound(row, words) {
  row.haystack ??= `${row.textContent} ${row.closest("[data-path]")?.dataset.path.slice(-8) ?? ""}`.toLowerCase();
  return words.every((word) => row.haystack.includes(word));
}

function reveal(row) {
  for (let one = row; one && one.id !== "tree"; one = one.parentElement) {
    one.hidden = false;
    if (one instanceof HTMLDetailsElement && one.firstElementChild !== row) one.open = true;
  }
}

/** Colour what was found, without touching the page. */
function mark(words) {
  if (!CSS.highlights) return;
  CSS.highlights.delete("found");
  if (!words.length) return;
  const marks = [];
  const walker = document.createTreeWalker(treeOf(), NodeFilter.SHOW_TEXT);
  while (walker.nextNode() && marks.length < MOST_MARKED) {
    const node = walker.currentNode;
    if (node.parentElement.closest("[hidden], button, .tree-said")) continue;
    const text = node.data.toLowerCase();
    if (text.length !== node.data.length) continue; // a letter that has another length in lower case
    for (const word of words) {
      for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) {
        const range = new Range();
        range.setStart(node, at);
        range.setEnd(node, at + word.length);
        marks.push(range);
      }
    }
  }
  CSS.highlights.set("found", new Highlight(...marks));
}

function say(text) {
  count.textContent = text;
}

/** Ask the server for what the words find in all of the metadata; without words for the tree. */
async function ask() {
  const words = field.value.trim();
  if (words === asked) return;
  asked = words;
  say(words ? "Searching …" : "");
  const url = new URL(tools.dataset.part, location.href);
  if (words) url.searchParams.set("q", words);
  const answer = await fetch(url, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (words !== field.value.trim()) return; // typed on
  if (!answer?.ok) {
    say("The search failed.");
    return;
  }
  const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
  const tree = parsed.getElementById("tree");
  treeOf().replaceWith(tree);
  window.htmx.process(tree);
  say(words ? `${Number(tree.dataset.matches).toLocaleString("en")} found` : "");
  mark(words.toLowerCase().split(/\s+/).filter(Boolean));
}

function search() {
  clearTimeout(timer);
  if (treeOf().dataset.complete === "true") filter();
  else timer = setTimeout(ask, PAUSE);
}

async function copy(button) {
  const values = button.parentElement.querySelectorAll("[data-value]");
  try {
    await navigator.clipboard.writeText([...values].at(-1)?.textContent ?? "");
    toast("Copied.");
  } catch {
    toast("The browser does not allow copying here. Select the value and copy it by keyboard.", "error");
  }
}

/** @param {boolean} open */
function openAll(open) {
  for (const details of treeOf().querySelectorAll("details:not(.tree-long)")) {
    const isHere = details.querySelector(":scope > summary[hx-get]") === null; // others are loaded when they are opened
    if (!open || details.closest("[hidden]") === null) details.open = open && isHere;
  }
}

if (tools) {
  field.addEventListener("input", search);
  document.getElementById("tree-open").addEventListener("click", () => openAll(true));
  document.getElementById("tree-close").addEventListener("click", () => openAll(false));
  section.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
  });
  if (field.value) search(); // the browser remembered it
}
