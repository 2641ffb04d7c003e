/**
 * Plays a stack in a loop. A frame that is not here yet is waited for, so that none is left out.
 *
 * @module
 */

const DEFAULT_RATE = 10;
const LATE = 4; // frames; more behind than that, the clock starts anew

/** The player of a view. */
export class Cine {
  /**
   * @param {import("./view.js").View} view
   * @param {(isPlaying: boolean) => void} onChange
   */
  constructor(view, onChange) {
    this.view = view;
    this.onChange = onChange;
    this.rate = DEFAULT_RATE;
    this.isPlaying = false;
  }

  /** Take the rate that a stack says it is to be shown with. */
  adopt(frames) {
    this.stop();
    const told = frames[0]?.image.milliseconds;
    this.rate = told ? Math.min(120, Math.max(0.1, Math.round(10_000 / told) / 10)) : DEFAULT_RATE;
  }

  toggle() {
    if (this.isPlaying) this.stop();
    else this.start();
  }

  start() {
    if (this.isPlaying || this.view.frames.length < 2) return;
    this.isPlaying = true;
    this.due = performance.now() + 1000 / this.rate;
    this.onChange(true);
    requestAnimationFrame((now) => this.#tick(now));
  }

  stop() {
    if (!this.isPlaying) return;
    this.isPlaying = false;
    this.onChange(false);
  }

  #tick(now) {
    if (!this.isPlaying) return;
    const { view } = this;
    const isHere = view.entry || view.loader.problem(view.frame);
    if (now >= this.due && isHere) {
      const time = 1000 / this.rate;
      this.due = now - this.due > LATE * time ? now + time : this.due + time;
      view.go((view.index + 1) % view.frames.length);
    }
    requestAnimationFrame((later) => this.#tick(later));
  }
}
