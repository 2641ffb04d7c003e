/**
 * What happens on the server, as it happens: one stream of events for the whole page, shared by all who subscribe.
 *
 * The stream is resumed where it ended, whatever ended it (docs/events.md): the server was restarted, the network was
 * away, the page was hidden. A page that stays hidden gives its connection back, since browsers have only six for all
 * pages of a server, and gets what it missed when it is looked at again.
 *
 * @module
 */

/** @typedef {"connecting" | "live" | "lost"} State */
/**
 * @typedef {object} Change
 * @property {number} sequence
 * @property {"stored" | "replaced" | "deleted"} kind
 * @property {"study" | "series" | "instance"} level
 * @property {string} study_instance_uid
 * @property {string | null} series_instance_uid
 * @property {string | null} sop_instance_uid
 * @property {string} time
 */

const HIDDEN_FOR = 10_000; // milliseconds after which a hidden page gives its connection back
const FIRST_PAUSE = 500; // milliseconds, doubled with each attempt that fails
const LONGEST_PAUSE = 30_000;
const RUNNING = ["waiting", "running"];

const root = document.body.dataset.root ?? "";
const listeners = { change: new Set(), transfer: new Set(), state: new Set(), reset: new Set() };

/** @type {EventSource | null} */
let source = null;
/** Number of the last change that was told; a page may say what it was made with. */
let last = document.body.dataset.sequence ?? null;
/** @type {State} */
let state = "connecting";
let failures = 0;
let timer = 0;
/** Transfers that had not ended when they were last told, by id. */
const unfinished = new Map();
/** When each transfer changed that was told, by id: what was asked for may be overtaken by the stream. */
const told = new Map();
/** Ids of transfers that the stream told since it was opened, until it says where it stands. */
let arrived = null;

/**
 * Be told what happens; the current state, and the transfers that run, are told at once.
 *
 * @param {object} wanted
 * @param {(change: Change) => void} [wanted.change] something was stored, replaced or deleted
 * @param {(transfer: {id: string, state: string}) => void} [wanted.transfer] a transfer is as it says now
 * @param {(state: State) => void} [wanted.state] whether there is a stream
 * @param {() => void} [wanted.reset] changes may have been missed: what is shown has to be asked for again
 * @returns {() => void} call it to be told nothing more
 */
export function subscribe(wanted) {
  const mine = Object.entries(wanted).filter(([kind, listener]) => kind in listeners && listener);
  for (const [kind, listener] of mine) listeners[kind].add(listener);
  wanted.state?.(state);
  for (const transfer of unfinished.values()) wanted.transfer?.(transfer);
  if (source === null && timer === 0) open();
  return () => mine.forEach(([kind, listener]) => listeners[kind].delete(listener));
}

/**
 * Be sure to be told how a transfer ends that was begun or read just now: it may have ended before the stream was open,
 * or before anybody subscribed.
 *
 * @param {{id: string, state: string, changed: number}} transfer as the server gave it
 */
export function follow(transfer) {
  if (!RUNNING.includes(transfer.state) || unfinished.has(transfer.id)) return;
  if (!isOlder(transfer)) unfinished.set(transfer.id, transfer);
  ask(transfer.id);
}

function isOlder(transfer) {
  return transfer.changed < (told.get(transfer.id) ?? 0);
}

function tell(kind, value) {
  for (const listener of listeners[kind]) {
    try {
      listener(value);
    } catch (error) {
      reportError(error); // one listener must not keep the others from being told
    }
  }
}

/** @param {State} now */
function enter(now) {
  if (state === now) return;
  state = now;
  tell("state", now);
}

function open() {
  clearTimeout(timer);
  timer = 0;
  if (source !== null) return;
  arrived = new Set();
  source = new EventSource(last === null ? `${root}/events` : `${root}/events?since=${last}`);
  source.addEventListener("open", () => enter("live"));
  source.addEventListener("position", onPosition);
  source.addEventListener("change", (event) => {
    last = event.lastEventId;
    tell("change", JSON.parse(event.data));
  });
  source.addEventListener("transfer", (event) => {
    const transfer = JSON.parse(event.data);
    arrived?.add(transfer.id);
    onTransfer(transfer);
  });
  source.addEventListener("error", onError);
}

function close() {
  clearTimeout(timer);
  timer = 0;
  source?.close();
  source = null;
}

function onPosition(event) {
  failures = 0;
  last = event.lastEventId;
  const missed = [...unfinished.keys()].filter((id) => arrived !== null && !arrived.has(id));
  arrived = null;
  missed.forEach(ask);
}

function onTransfer(transfer) {
  if (isOlder(transfer)) return;
  told.set(transfer.id, transfer.changed);
  if (RUNNING.includes(transfer.state)) unfinished.set(transfer.id, transfer);
  else unfinished.delete(transfer.id);
  tell("transfer", transfer);
}

/** Ask for a transfer that may have ended without our being told. */
async function ask(id) {
  try {
    const answer = await fetch(`${root}/transfers/${encodeURIComponent(id)}`, { cache: "no-store" });
    if (answer.ok) onTransfer(await answer.json());
    else if (answer.status === 404) unfinished.delete(id);
  } catch {
    // The server is away again: the next stream begins with the same question.
  }
}

function onError() {
  const isRefused = source.readyState === EventSource.CLOSED; // with a status, and not by the network
  close();
  enter("lost");
  const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** failures) * (0.75 + Math.random() / 2);
  failures += 1;
  timer = setTimeout(() => reopen(isRefused), pause);
}

async function reopen(isRefused) {
  if (isRefused && last !== null && (await isUnknown(last))) {
    last = null;
    tell("reset");
  }
  open();
}

/** Whether the server has no such change: it serves another archive now, or one from a backup. */
async function isUnknown(sequence) {
  try {
    return (await fetch(`${root}/changes?since=${sequence}&limit=1`, { cache: "no-store" })).status === 400;
  } catch {
    return false;
  }
}

let hiding = 0;

function onVisibility() {
  clearTimeout(hiding);
  if (document.visibilityState === "hidden") hiding = setTimeout(close, HIDDEN_FOR);
  else reconnect();
}

/** Open the stream now, if it is not open. */
function reconnect() {
  if (source !== null) return;
  failures = 0;
  open();
}

document.addEventListener("visibilitychange", onVisibility);
addEventListener("online", reconnect);
addEventListener("pagehide", close);
addEventListener("pageshow", (event) => event.persisted && reconnect());
if (document.visibilityState === "hidden") onVisibility();
