/**
 * A clinical document (HL7 CDA) in place: its title and the narrative text of its sections, in elements of our own.
 *
 * Nothing of the document becomes markup: of its narrative blocks a few kinds are known, of everything else the text is
 * shown. A document that has no sections, or is none, is shown as its source.
 *
 * @module
 */

import { element } from "./site.js";

const LARGEST = 2_000_000; // characters
const DEEPEST = 30;
const KNOWN = {
  paragraph: "p", list: "ul", item: "li", table: "table", caption: "caption", thead: "thead", tbody: "tbody",
  tfoot: "tfoot", tr: "tr", th: "th", td: "td", br: "br", sub: "sub", sup: "sup", content: "span", footnote: "small",
};

/** @param {Element} parent @param {string} name */
const childrenOf = (parent, name) => [...parent.children].filter((child) => child.localName === name);

/** Write a narrative block, and what is in it. */
function narrative(node, depth = 0) {
  if (node.nodeType === Node.TEXT_NODE) return [document.createTextNode(node.data)];
  if (node.nodeType !== Node.ELEMENT_NODE || depth > DEEPEST) return [];
  const inside = [...node.childNodes].flatMap((child) => narrative(child, depth + 1));
  const name = KNOWN[node.localName];
  return name ? [element(name, {}, ...inside)] : inside;
}

/** Write the sections below a node, those within others after them. */
function sections(node, depth = 0) {
  if (depth > DEEPEST) return [];
  return childrenOf(node, "component").flatMap((component) => {
    const inner = component.firstElementChild;
    if (!inner) return [];
    if (inner.localName !== "section") return [...nonXml(inner), ...sections(inner, depth + 1)];
    const titles = childrenOf(inner, "title").map((title) => element("h3", {}, title.textContent.trim()));
    const texts = childrenOf(inner, "text").map((text) => {
      return element("div", {}, ...[...text.childNodes].flatMap((one) => narrative(one)));
    });
    return [...titles, ...texts, ...sections(inner, depth + 1)];
  });
}

/** The body of a document that is plain text. */
function nonXml(body) {
  if (body.localName !== "nonXMLBody") return [];
  const texts = childrenOf(body, "text").filter((text) => !text.hasAttribute("representation"));
  return texts.map((text) => element("pre", {}, text.textContent));
}

/** The source, a line for each element. */
function source(text) {
  return element("pre", {}, text.replaceAll(/>\s*</g, ">\n<"));
}

/** @param {string} text */
function read(text) {
  // As elements of HTML or SVG their attributes would be looked at, though nothing of a parsed document ever runs.
  const harmless = text.replaceAll(/www\.w3\.org\/(?:1999\/xhtml|2000\/svg)/g, "none");
  const parsed = new DOMParser().parseFromString(harmless, "application/xml");
  const top = parsed.documentElement;
  if (parsed.querySelector("parsererror") || top.localName !== "ClinicalDocument") return [source(text)];
  const titles = childrenOf(top, "title").map((title) => element("h2", {}, title.textContent.trim()));
  const found = sections(top);
  return found.length ? [...titles, ...found] : [...titles, source(text)];
}

const box = document.getElementById("clinical-document");
try {
  const answer = await fetch(box.dataset.address);
  if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
  const text = await answer.text();
  if (text.length > LARGEST) throw new Error("it is too long.");
  box.replaceChildren(...read(text));
} catch (problem) {
  box.replaceChildren(element("p", { class: "muted" }, `The document cannot be shown: ${problem.message}`));
}
