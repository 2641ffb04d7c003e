/**
 * The page of the image view: its buttons, menus and keys, put together with what they act on.
 *
 * @module
 */

import { subscribe } from "../events.js";
import { Cine } from "./cine.js";
import { listen } from "./keyboard.js";
import { Measurements, isMeasuring } from "./measurements.js";
import { drawOverlays } from "./overlays.js";
import { isSameWindow, presetsOf } from "./presets.js";
import { Session } from "./session.js";
import { Texts } from "./texts.js";
import { Tools } from "./tools.js";
import { View } from "./view.js";

const NUDGE = 12; // px that a key moves, or changes the window by
const PAN = 40;
const ZOOM = 1.2;

const find = (id) => document.getElementById(id);
const page = find("view");
const view = new View(find("canvas"));
const texts = new Texts(find, view, () => session.about);
const session = new Session(page, view, texts);
const measurements = new Measurements(find("layer"), view.viewport, () =>
  view.frame ? { frame: view.frame, cells: view.entry?.cells } : null,
);
const tools = new Tools(find("viewport"), view, measurements, (point) => texts.hover(point));
const cine = new Cine(view, showCine);

view.onPainted = (frame, pixels) =>
  drawOverlays(frame.image.overlays, frame.number, pixels, frame.image.rows, frame.image.columns);

/* what buttons and keys do */

const change = (act) => () => {
  act();
  view.refresh();
};

const actions = {
  invert: () => view.invert(),
  turn: change(() => view.viewport.turn()),
  "flip-x": change(() => view.viewport.flip("x")),
  "flip-y": change(() => view.viewport.flip("y")),
  fit: change(() => view.viewport.fit()),
  "one-to-one": change(() => view.viewport.oneToOne()),
  "zoom-in": change(() => view.viewport.zoomBy(ZOOM)),
  "zoom-out": change(() => view.viewport.zoomBy(1 / ZOOM)),
  reset: () => view.reset(),
  clear: () => measurements.clear(),
  previous: () => view.step(-1),
  next: () => view.step(1),
  play: () => cine.toggle(),
  texts: () => toggle("texts", !page.classList.contains("no-texts")),
  strip: () => toggle("strip", !page.classList.contains("no-strip")),
  help: () => find("help").showModal(),
};

/** Show or hide texts or the strip. */
function toggle(name, isHidden) {
  page.classList.toggle(`no-${name}`, isHidden);
  document.querySelector(`[data-action="${name}"]`)?.setAttribute("aria-pressed", String(!isHidden));
  view.refresh();
}

/** @param {string} tool */
function choose(tool) {
  tools.tool = tool;
  find("viewport").dataset.tool = tool;
  for (const button of page.querySelectorAll("[data-tool]")) {
    if (button !== find("viewport")) button.setAttribute("aria-pressed", String(button.dataset.tool === tool));
  }
}

for (const button of page.querySelectorAll("[data-action]"))
  button.addEventListener("click", () => actions[button.dataset.action]());
for (const button of page.querySelectorAll("button[data-tool]"))
  button.addEventListener("click", () => choose(button.dataset.tool));
for (const link of session.imageLinks) {
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    session.open(link.dataset.seriesUid);
  });
}

listen({
  ArrowUp: actions.previous,
  ArrowLeft: actions.previous,
  ArrowDown: actions.next,
  ArrowRight: actions.next,
  PageUp: () => view.step(-10),
  PageDown: () => view.step(10),
  Home: () => view.go(0),
  End: () => view.go(view.frames.length - 1),
  "Shift+ArrowUp": change(() => view.viewport.pan(0, PAN)),
  "Shift+ArrowDown": change(() => view.viewport.pan(0, -PAN)),
  "Shift+ArrowLeft": change(() => view.viewport.pan(PAN, 0)),
  "Shift+ArrowRight": change(() => view.viewport.pan(-PAN, 0)),
  " ": actions.play,
  "[": () => session.next(-1),
  "]": () => session.next(1),
  i: actions.invert,
  o: actions.turn,
  h: actions["flip-x"],
  v: actions["flip-y"],
  f: actions.fit,
  1: actions["one-to-one"],
  0: actions.reset,
  "+": actions["zoom-in"],
  "=": actions["zoom-in"],
  "-": actions["zoom-out"],
  t: actions.texts,
  b: actions.strip,
  w: () => choose("window"),
  s: () => choose("scroll"),
  p: () => choose("pan"),
  z: () => choose("zoom"),
  l: () => choose("length"),
  a: () => choose("angle"),
  r: () => choose("rectangle"),
  e: () => choose("ellipse"),
  Enter: () => isMeasuring(tools.tool) && view.entry && measurements.place(tools.tool),
  m: () => nudge(NUDGE, 0),
  n: () => nudge(-NUDGE, 0),
  j: () => nudge(0, NUDGE),
  k: () => nudge(0, -NUDGE),
  x: actions.clear,
  "?": actions.help,
});

function nudge(across, down) {
  if (view.canWindow) view.dragWindow(view.levels, across, down);
}

/* the row below the picture */

find("slider").addEventListener("input", (event) => view.go(Number(event.target.value) - 1));
find("rate").addEventListener("change", (event) => {
  cine.rate = Math.min(120, Math.max(0.1, Number(event.target.value) || 10));
  event.target.value = cine.rate;
});
// A stream that opens says that the server is there, or is there again.
subscribe({ state: (now) => now === "live" && view.loader.isAway && (view.loader.retry(), view.refresh()) });
find("message-retry").addEventListener("click", () => view.frame && (view.loader.forgive(view.frame), view.refresh()));

function showCine(isPlaying) {
  const button = document.querySelector('[data-action="play"]');
  button.setAttribute("aria-pressed", String(isPlaying));
  button.setAttribute("aria-label", isPlaying ? "Stop cine" : "Play cine");
  button.title = isPlaying ? "Stop (space)" : "Play as cine (space)";
}

/* menus */

const option = (text, value) => Object.assign(document.createElement("option"), { textContent: text, value });

/** The windows that can be chosen; the list is made anew when what it is made of has changed. */
let presets = [];
let shownPresets = "";
function showPresets() {
  const { frame } = view;
  const groups = frame && view.canWindow ? presetsOf(frame) : [];
  const key = JSON.stringify(groups.map((one) => one.choices.map((choice) => choice.name)));
  const menu = find("presets");
  if (key !== shownPresets) {
    shownPresets = key;
    menu.replaceChildren(
      ...groups.map(({ label, choices }) => {
        const made = Object.assign(document.createElement("optgroup"), { label });
        made.append(...choices.map((one) => option(one.name, "")));
        return made;
      }),
      option(groups.length ? "Custom" : "Fixed", "custom"),
    );
    [...menu.options].forEach((one, place) => (one.value = one.value || String(place)));
    menu.options[menu.options.length - 1].disabled = true;
  }
  presets = groups.flatMap((one) => one.choices);
  menu.disabled = presets.length === 0;
  const place = presets.findIndex((one) => isSameWindow(one.window, view.window));
  menu.value = place >= 0 ? String(place) : "custom";
}

find("presets").addEventListener("change", (event) => {
  const { window } = presets[Number(event.target.value)] ?? { window: null };
  if (window === "range") view.useRange();
  else if (window === "auto") view.useAutomatic();
  else view.setWindow(window);
});

const reformat = () => session.reformat(find("mode").value, Number(find("slab").value));
find("mode").addEventListener("change", reformat);
find("slab").addEventListener("change", reformat);
find("stacks").addEventListener("change", (event) => session.show(session.stacks[Number(event.target.value)]));
find("states").addEventListener("change", (event) =>
  session.apply(session.states[event.target.selectedIndex - 1] ?? null),
);

session.events.addEventListener("states", () => {
  find("states").replaceChildren(
    option("None", ""),
    ...session.states.map((one, place) => option(one.label, String(place))),
  );
  find("states-field").hidden = session.states.length === 0;
});

session.events.addEventListener("opening", () => cine.stop());
session.events.addEventListener("open", () => {
  cine.adopt(view.frames);
  find("rate").value = cine.rate;
  find("cine").hidden = view.frames.length < 2;
  find("mode-field").hidden = !session.isVolume;
  find("mode").value = ["images", "state"].includes(session.mode) ? "images" : session.mode;
  find("slab-field").hidden = !["axial", "coronal", "sagittal"].includes(session.mode);
  if (session.mode !== "state") find("states").value = "";
  find("stacks").replaceChildren(...session.stacks.map((one, place) => option(one.label, String(place))));
  find("stacks").value = String(session.stacks.indexOf(session.stack));
  find("stacks-field").hidden = session.stacks.length < 2;
});

/* what follows the picture */

view.addEventListener("change", () => {
  showVideo();
  showPresets();
  measurements.draw();
  document.querySelector('[data-action="invert"]').setAttribute("aria-pressed", String(view.isInverted));
});
view.addEventListener("drawn", () => {
  // What is on the canvas, for whoever looks at the page from outside.
  find("canvas").dataset.drawn = view.index;
});

/** Videos are played by the browser. */
function showVideo() {
  const video = find("video");
  const source = view.frame?.image.kind === "video" ? view.frame.video : "";
  if (video.dataset.source === source) return;
  video.dataset.source = source;
  video.hidden = !source;
  if (source) video.src = source;
  else video.removeAttribute("src");
}

find("video").addEventListener(
  "error",
  () =>
    find("video").dataset.source &&
    texts.tell("This video cannot be played", "The browser does not know its format, or it could not be read."),
);

const announce = () => {
  const { frame } = view;
  if (!frame) return;
  find("canvas").setAttribute("aria-label", `${session.about.title}, image ${view.index + 1} of ${view.frames.length}`);
};
let quiet = 0;
view.addEventListener("drawn", () => {
  clearTimeout(quiet);
  quiet = setTimeout(announce, 300);
});

choose(tools.tool);
const { series, instance, frame } = page.dataset;
const first = series || session.imageLinks[0]?.dataset.seriesUid;
if (first) await session.open(first, { instance, frame: Number(frame) || undefined });
else {
  const link = { text: "Open the study", href: page.querySelector(".bar > a").href };
  texts.tell("No images in this study", "It holds something else.", false, link);
}
await session.findStates();
