/**
 * One file sent by STOW-RS (PS3.18 §10.5), and what the Store Instances Response Module (Annex I) says became of it.
 *
 * @module
 */

import { Outage, Outcome, Refusal } from "./upload_outcomes.js";

const STALLED_AFTER = 90_000; // milliseconds without a byte that left
const ANSWERED_WITHIN = 600_000; // milliseconds after the last one
const FAILED_SOP_SEQUENCE = "00081198";
const REFERENCED_SOP_SEQUENCE = "00081199";
const OTHER_FAILURES_SEQUENCE = "0008119A";
const FAILURE_REASON = "00081197";
const WARNING_REASON = "00081196";
const RETRIEVE_URL = "00081190";

/** PS3.18 Tables I.2-1 and I.2-2. */
const REASONS = {
  0x0110: "processing failure",
  0x0111: "duplicate SOP instance",
  0x0122: "SOP class not supported",
  0xa700: "out of resources",
  0xa900: "data set does not match SOP class",
  0xc000: "cannot understand",
  0xc122: "transfer syntax not supported",
  0xb000: "coercion of data elements",
  0xb006: "elements discarded",
  0xb007: "data set does not match SOP class",
};
const STATUSES = {
  401: "The server wants to know who you are (401).",
  403: "You may not store instances here (403).",
  413: "The file is larger than the server, or a proxy before it, takes (413).",
};

/**
 * Send one file in a request of its own. A blob is read by the browser while it is sent, and nothing of it is copied;
 * what is in memory already is sent sooner as it is there.
 *
 * @param {string} url
 * @param {Blob | ArrayBuffer} content
 * @param {{signal: AbortSignal, onProgress: (bytes: number) => void}} options
 * @returns {Promise<{outcome: string, reason: string, study: string | null}>}
 * @throws {Outage | Refusal}
 */
export async function store(url, content, { signal, onProgress }) {
  const boundary = Array.from(crypto.getRandomValues(new Uint32Array(4)), (word) => word.toString(36)).join("-");
  const head = `--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`;
  const tail = `\r\n--${boundary}--\r\n`;
  const body = content instanceof Blob ? new Blob([head, content, tail]) : joined(head, content, tail);
  const type = `multipart/related; type="application/dicom"; boundary=${boundary}`;
  const answer = await post(url, body, type, signal, (bytes) => onProgress(Math.max(0, bytes - head.length)));
  if (answer.status === 0) {
    if (content instanceof Blob) await checkReadable(content);
    throw new Outage("The connection to the server was lost.");
  }
  return resultOf(answer);
}

function joined(head, content, tail) {
  const [before, after] = [head, tail].map((text) => new TextEncoder().encode(text));
  const body = new Uint8Array(before.length + content.byteLength + after.length);
  body.set(before);
  body.set(new Uint8Array(content), before.length);
  body.set(after, before.length + content.byteLength);
  return body;
}

/** Like `fetch`, which cannot say how much has been sent; the status is 0 if there was no answer. */
function post(url, body, type, signal, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let timer = 0;
    const expect = (milliseconds) => {
      clearTimeout(timer);
      timer = setTimeout(() => request.abort(), milliseconds);
    };
    const abort = () => request.abort();
    request.upload.onprogress = ({ loaded }) => {
      expect(STALLED_AFTER);
      onProgress(loaded);
    };
    request.upload.onload = () => expect(ANSWERED_WITHIN);
    request.onloadend = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      if (signal.aborted) reject(signal.reason);
      else resolve(answerOf(request));
    };
    signal.addEventListener("abort", abort);
    request.open("POST", url);
    request.setRequestHeader("content-type", type);
    request.setRequestHeader("accept", "application/dicom+json");
    expect(STALLED_AFTER);
    request.send(body);
  });
}

function answerOf(request) {
  const { status, responseText: text } = request;
  return { status, text, warning: request.getResponseHeader("warning") };
}

/** That a file has gone looks like a lost connection. */
async function checkReadable(blob) {
  try {
    await blob.slice(0, 1).arrayBuffer();
  } catch {
    throw new Error(GONE);
  }
}

/** What is said of a file that could be read once. */
export const GONE = "The file was changed, moved or removed after it was chosen.";

/**
 * Read the answer to a store of one instance.
 *
 * @param {{status: number, text: string, warning: string | null}} answer
 * @returns {{outcome: string, reason: string, study: string | null}}
 */
export function resultOf({ status, text, warning }) {
  const document = parse(text);
  if (status === 429 || status === 408 || (status >= 500 && status !== 501)) {
    throw new Outage(document?.detail ?? `The server cannot store at the moment (${status}).`);
  }
  const reference = itemOf(document, REFERENCED_SOP_SEQUENCE);
  if (reference !== null) return stored(reference, warning);
  const failure = itemOf(document, FAILED_SOP_SEQUENCE) ?? itemOf(document, OTHER_FAILURES_SEQUENCE);
  if (failure !== null) throw new Refusal(inWords(numberOf(failure, FAILURE_REASON), warning));
  throw new Refusal(document?.detail ?? STATUSES[status] ?? `The server refused it (${status}).`);
}

function stored(reference, warning) {
  const study = /\/studies\/([0-9.]+)\//.exec(reference[RETRIEVE_URL]?.Value?.[0] ?? "")?.[1] ?? null;
  const code = numberOf(reference, WARNING_REASON);
  if (code === null) return { outcome: Outcome.STORED, reason: "", study };
  return { outcome: Outcome.WARNING, reason: inWords(code, warning), study };
}

/** The sentence of the Warning header, which is for people, and the code, which is for whoever they ask. */
function inWords(code, warning) {
  const hex = (code ?? 0).toString(16).toUpperCase().padStart(4, "0");
  const meaning = `${hex}: ${REASONS[code] ?? "unknown reason"}`;
  const pieces = (warning ?? "").split(/(?:^|, )[0-9A-F]{3,4} \S+: /);
  const sentences = pieces.filter((piece) => piece && piece !== "Out of memory");
  if (sentences.length === 0) return meaning;
  const text = sentences.join("; ");
  return `${text.charAt(0).toUpperCase()}${text.slice(1)} (${meaning})`;
}

function itemOf(document, tag) {
  return document?.[tag]?.Value?.[0] ?? null;
}

function numberOf(item, tag) {
  return item[tag]?.Value?.[0] ?? null;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
