/**
 * Which series of the study is open, in which form: its images, sections of the volume that they are, or what a
 * presentation state or a segmentation makes of them.
 *
 * @module
 */

import { isVolume, reformatted } from "./reformat.js";
import { presentedFrames, segmentedFrames, statesOf } from "./states.js";

const PAUSE = 400; // ms before the address of the page follows what is shown

/** The study that a page shows. */
export class Session {
  /**
   * @param {HTMLElement} page with what the server says of it in its data attributes
   * @param {import("./view.js").View} view
   * @param {import("./texts.js").Texts} texts
   */
  constructor(page, view, texts) {
    const { service, study, wado, source } = page.dataset;
    this.view = view;
    this.texts = texts;
    this.study = service + study;
    this.wado = wado || null;
    this.source = source;
    this.links = [...page.querySelectorAll("[data-series-uid]")];
    this.series = "";
    this.stacks = [];
    this.stack = null;
    this.mode = "images";
    this.slab = 0;
    this.states = [];
    this.opened = 0;
    this.timer = 0;
    this.events = new EventTarget();
    view.addEventListener("change", () => this.#remember());
  }

  /** What the strip says of the series that is open. */
  get about() {
    const { title = "", number = "" } = this.#link(this.series)?.dataset ?? {};
    return { title: [number, title].filter(Boolean).join(": "), number };
  }

  get isVolume() {
    return isVolume(this.stack);
  }

  #link(uid) {
    return this.links.find((one) => one.dataset.seriesUid === uid);
  }

  /** The series with images, in the order of the strip. */
  get imageLinks() {
    return this.links.filter((one) => one.dataset.images === "true");
  }

  /** Open another series: so many further down the strip. */
  async next(count) {
    const links = this.imageLinks;
    const link = links[links.findIndex((one) => one.dataset.seriesUid === this.series) + count];
    if (link) await this.open(link.dataset.seriesUid);
  }

  /**
   * Open a series.
   *
   * @param {string} uid
   * @param {{instance?: string, frame?: number}} [start] what of it is to be seen first
   */
  async open(uid, { instance, frame } = {}) {
    const turn = (this.opened += 1);
    this.series = uid;
    for (const link of this.links) {
      if (link.dataset.seriesUid === uid) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    this.#link(uid)?.scrollIntoView({ block: "nearest", inline: "nearest" });
    this.texts.tell("");
    this.events.dispatchEvent(new Event("opening"));
    try {
      const { stacks } = await this.view.loader.ask("series", { path: `${this.study}/series/${uid}` });
      if (turn !== this.opened) return;
      this.stacks = stacks;
      this.#prepare(uid);
      if (!stacks.length) this.#nothing(uid);
      else this.#start(instance, frame);
    } catch (error) {
      if (turn === this.opened) this.#failed(uid, error.message);
    }
  }

  /** Give frames the names and addresses that they are asked for by. */
  #prepare(uid) {
    for (const frame of this.stacks.flatMap((one) => one.frames)) {
      const instance = `${this.study}/series/${uid}/instances/${frame.image.uid}`;
      const isGrey = frame.image.kind === "grey";
      frame.key = `${frame.image.uid} ${frame.number}`;
      frame.instance = frame.image.uid;
      frame.path = `${instance}/frames/${frame.number}${isGrey ? "" : "/rendered"}`;
      frame.windowed =
        !isGrey &&
        frame.image.samples === 1 &&
        /^MONOCHROME/.test(frame.image.photometric) &&
        !frame.image.isSegmentation;
      frame.video = `${instance}/rendered`;
    }
  }

  #nothing(uid) {
    this.stack = null;
    this.view.frames = [];
    const link = this.#link(uid);
    this.texts.tell("No images in this series", "It holds something else.", false, {
      text: "Open its page",
      href: link?.dataset.page ?? "",
    });
    this.events.dispatchEvent(new Event("open"));
  }

  #failed(uid, message) {
    this.stack = null;
    this.view.frames = [];
    const page = this.#link(uid)?.dataset.page;
    this.texts.tell("This series cannot be shown", message, false, page ? { text: "Open its page", href: page } : null);
    this.events.dispatchEvent(new Event("open"));
  }

  #start(instance, frame) {
    const isAsked = (one) => (!instance || one.instance === instance) && (!frame || one.number === frame);
    const stack = (instance || frame ? this.stacks.find((one) => one.frames.some(isAsked)) : null) ?? this.stacks[0];
    const asked = instance || frame ? stack.frames.findIndex(isAsked) : -1;
    this.show(stack, asked >= 0 ? asked : firstOf(stack));
  }

  /** Show one of the stacks of the series. */
  show(stack, index = firstOf(stack)) {
    this.stack = stack;
    this.mode = "images";
    this.view.open(stack.frames, index);
    this.events.dispatchEvent(new Event("open"));
  }

  /**
   * Show the images themselves, or the volume that they are.
   *
   * @param {string} mode images, axial, coronal, sagittal, mip or volume
   * @param {number} slab in mm
   */
  reformat(mode, slab) {
    if (!this.stack) return;
    this.mode = mode;
    this.slab = slab;
    if (mode === "images") {
      this.show(this.stack);
      return;
    }
    const path =
      this.stack.frames.length > 1 && this.stack.frames[0].instance === this.stack.frames.at(-1).instance
        ? `${this.study}/series/${this.series}/instances/${this.stack.frames[0].instance}`
        : `${this.study}/series/${this.series}`;
    const { levels } = this.view;
    const window =
      mode !== "volume" && levels ? { ...levels, shape: "LINEAR", width: Math.max(1, levels.width) } : null;
    const made = reformatted(mode, this.stack.frames, path, slab, window);
    this.view.open(made.frames, made.index, window);
    this.events.dispatchEvent(new Event("open"));
  }

  /** Find the presentation states and segmentations of the study. */
  async findStates() {
    const series = this.links.filter((one) => one.dataset.laidOver === "true").map((one) => one.dataset.seriesUid);
    if (!series.length) return;
    this.states = await statesOf(this.view.loader, this.study, series);
    this.events.dispatchEvent(new Event("states"));
  }

  /** Show what a presentation state or a segmentation makes of images; null: the images themselves. */
  async apply(state) {
    if (state === null) {
      if (this.stack) this.show(this.stack);
      return;
    }
    const image = this.view.frame?.image ?? { rows: 1, columns: 1 };
    const here = this.view.frame?.instance;
    let frames;
    try {
      frames = state.isSegmentation
        ? await this.#segmented(state)
        : presentedFrames(state, this.study, this.wado, image);
    } catch (error) {
      this.texts.tell("This cannot be shown", error.message);
      return;
    }
    this.mode = "state";
    const index = frames.findIndex((one) => one.instance === here);
    this.view.open(frames, index < 0 ? Math.floor(frames.length / 2) : index);
    this.events.dispatchEvent(new Event("open"));
  }

  async #segmented(state) {
    const [path, uid] = state.path.split("/instances/");
    const { stacks } = await this.view.loader.ask("series", { path });
    return segmentedFrames(
      state,
      stacks.flatMap((one) => one.frames).filter((one) => one.image.uid === uid),
    );
  }

  /** Let the address of the page lead to what is shown. */
  #remember() {
    clearTimeout(this.timer);
    if (this.mode !== "images") return;
    this.timer = setTimeout(() => {
      const { frame } = this.view;
      if (!frame) return;
      const query = new URLSearchParams({ series: this.series, instance: frame.instance });
      if (frame.number > 1) query.set("frame", frame.number);
      if (this.source) query.set("source", this.source);
      history.replaceState(history.state, "", `?${query}`);
    }, PAUSE);
  }
}

/** What is seen first of a stack: the middle of slices, else the beginning. */
function firstOf(stack) {
  return stack.isSpatial ? Math.floor(stack.frames.length / 2) : 0;
}
