/**
 * Waiting for a server that is away: asked now and then, less and less often, until it is ready.
 *
 * @module
 */

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 15_000;

/** One time that the server is away. */
export class Recovery {
  #waking = new AbortController();

  /**
   * @param {string} message what went wrong
   * @param {object[]} items what was under way, and has to be sent again
   */
  constructor(message, items) {
    this.message = message;
    this.items = items;
    this.nextAttempt = 0;
    this.attempts = 0;
  }

  /** Do not wait any longer, ask now. */
  retry() {
    this.#waking.abort();
  }

  /**
   * Wait until the server is ready, or the signal says that nobody is interested any more.
   *
   * @param {typeof import("./upload_server.js").server} server
   * @param {number} patience how many times the first pause is doubled already
   * @param {AbortSignal} signal
   * @param {() => void} onWait called before each pause
   */
  async wait(server, patience, signal, onWait) {
    signal.addEventListener("abort", () => this.retry(), { once: true });
    do {
      const pause = Math.min(FIRST_PAUSE * 2 ** (patience + this.attempts), LONGEST_PAUSE);
      this.nextAttempt = Date.now() + pause;
      onWait();
      await server.sleep(pause, this.#waking.signal);
      if (!signal.aborted) this.#waking = new AbortController();
      this.attempts += 1;
    } while (!signal.aborted && !(await server.isReady()));
  }
}
