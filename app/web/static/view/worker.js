/**
 * What is done beside the page: metadata are read and parsed, pixels and pictures fetched and decoded.
 *
 * A request is `{id, task, ...}`; the answer `{id, result}` or `{id, problem}`. `{id, task: "abort"}` ends one.
 *
 * @module
 */

import { text } from "./dataset.js";
import { stacksOf } from "./order.js";
import { OVERLAY_ATTRIBUTES } from "./overlays.js";
import { ATTRIBUTES, tableOf } from "./table.js";

const NATIVE = "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1";
const VIDEO = /^1\.2\.840\.10008\.1\.2\.4\.10\d/;
const JPEG_BASELINE = "1.2.840.10008.1.2.4.50";
const MOST_FRAMES = 100_000;
const MOST_BULK = 256;

const running = new Map();
const bulk = new Map();

/** Ask the server; problems are told in its words. */
async function ask(url, accept, signal, priority = "auto") {
  let response;
  try {
    response = await fetch(url, { headers: { accept }, signal, priority });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw Object.assign(new Error("The server does not answer."), { isAway: true });
  }
  if (response.ok) return response;
  const type = response.headers.get("content-type") ?? "";
  const told = type.includes("json") ? await response.json().catch(() => null) : null;
  throw new Error(told?.detail ?? `The server answers ${response.status}.`);
}

/** The metadata of a series, as stacks of frames. */
async function series({ path }, signal) {
  const fields = [...ATTRIBUTES, ...OVERLAY_ATTRIBUTES].join(",");
  const response = await ask(`${path}/metadata?includefield=${fields}`, "application/dicom+json", signal, "high");
  const { images, others } = tableOf(await response.json());
  const mayMove = images.filter((one) => one.samples > 1 && (one.frames.length > 1 || one.kind === "video"));
  if (mayMove.length) await readSyntaxes(path, mayMove, signal);
  const frames = images.reduce((sum, one) => sum + one.frames.length, 0);
  if (frames > MOST_FRAMES) throw new Error(`The series has ${frames} frames: too many to be shown here.`);
  const result = { stacks: stacksOf(images), others };
  for (const image of images) delete image.frames; // a frame has its image; without this they go round in circles
  return [result, []];
}

/** How colour objects are stored: video is played and not looked at, JPEG is passed on as it is. */
async function readSyntaxes(path, images, signal) {
  const found = await ask(`${path}/instances?includefield=00083002&limit=5000`, "application/dicom+json", signal).then(
    (one) => one.json(),
    () => [],
  );
  const syntaxes = new Map(found.map((one) => [text(one, "00080018"), text(one, "00083002")]));
  for (const image of images) {
    const syntax = syntaxes.get(image.uid) ?? "";
    if (VIDEO.test(syntax)) image.kind = "video";
    image.isJpeg = syntax === JPEG_BASELINE;
  }
}

/** Data sets as they are: `path` may have several attributes to choose. */
async function metadata({ path }, signal) {
  const response = await ask(path, "application/dicom+json", signal);
  return [await response.json(), []];
}

/** The native pixels of a frame, and the bytes of what else it takes to show them. */
async function pixels({ path, bytes, uris, priority }, signal) {
  const response = await ask(path, NATIVE, signal, priority);
  const buffer = await response.arrayBuffer();
  if (buffer.byteLength < bytes) throw new Error(`The frame has ${buffer.byteLength} of ${bytes} bytes.`);
  const base = path.slice(0, path.indexOf("/studies/"));
  // Addresses in metadata may name the server as somebody else sees it: below our own path it is the same.
  const values = await Promise.all(uris.map((uri) => bulkdata(base + uri.slice(uri.indexOf("/studies/")), signal)));
  return [{ buffer, values }, [buffer]];
}

/** Bulk data that several frames may need is asked for once. */
async function bulkdata(uri, signal) {
  if (!bulk.has(uri)) {
    if (bulk.size >= MOST_BULK) bulk.clear();
    const response = await ask(uri, "application/octet-stream", signal);
    const bytes = new Uint8Array(await response.arrayBuffer());
    bulk.set(uri, bytes);
    return bytes;
  }
  return bulk.get(uri);
}

/** A picture that the server has made. */
async function picture({ path, accept, priority }, signal) {
  const response = await ask(path, accept, signal, priority);
  const blob = await response.blob();
  const bitmap = await createImageBitmap(blob, { colorSpaceConversion: "none" });
  return [{ bitmap }, [bitmap]];
}

const TASKS = { series, metadata, pixels, picture };

self.addEventListener("message", async ({ data }) => {
  if (data.task === "abort") {
    running.get(data.id)?.abort();
    return;
  }
  const controller = new AbortController();
  running.set(data.id, controller);
  try {
    const [result, transfer] = await TASKS[data.task](data, controller.signal);
    self.postMessage({ id: data.id, result }, transfer);
  } catch (error) {
    self.postMessage({
      id: data.id,
      problem: error.message || "The picture cannot be read.",
      isAborted: error.name === "AbortError",
      isAway: error.isAway,
    });
  } finally {
    running.delete(data.id);
  }
});
