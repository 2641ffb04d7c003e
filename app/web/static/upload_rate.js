/**
 * How fast it goes and how long it will take, from the last seconds; and numbers as people read them.
 *
 * @module
 */

const WINDOW = 12_000; // milliseconds
const STEP = 400;

/** Rates over the last seconds in which something was done. */
export class Rate {
  #samples = [];

  /**
   * @param {number} now milliseconds
   * @param {number} sent bytes over the network
   * @param {number} processed bytes that are done, in whatever way
   */
  note(now, sent, processed) {
    const last = this.#samples.at(-1);
    if (last && now - last.now < STEP) return;
    this.#samples.push({ now, sent, processed });
    while (now - this.#samples[0].now > WINDOW) this.#samples.shift();
  }

  /** Forget what was: after a pause. */
  reset() {
    this.#samples = [];
  }

  /** Bytes a second over the network; null if that is not known yet. */
  get sent() {
    return this.#perSecond("sent");
  }

  /**
   * Seconds that this many bytes will take; null if that is not known yet.
   *
   * @param {number} bytes
   */
  secondsFor(bytes) {
    const rate = this.#perSecond("processed");
    return rate ? bytes / rate : null;
  }

  #perSecond(name) {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (!first || last.now - first.now < 2 * STEP) return null;
    return (1000 * (last[name] - first[name])) / (last.now - first.now);
  }
}

const count = new Intl.NumberFormat("en");

/** @param {number} number */
export function inDigits(number) {
  return count.format(number);
}

/** @param {number} bytes */
export function inBytes(bytes) {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let [value, unit] = [bytes, 0];
  while (value >= 999.5 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toPrecision(value >= 9.95 ? 3 : 2)} ${units[unit]}`;
}

/** @param {number} seconds */
export function inTime(seconds) {
  if (seconds < 10) return "a few seconds";
  if (seconds < 55) return `${Math.ceil(seconds / 5) * 5} seconds`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return minutes === 1 ? "1 minute" : `${minutes} minutes`;
  const hours = Math.floor(minutes / 60);
  return `${hours} h ${String(minutes % 60).padStart(2, "0")} min`;
}
