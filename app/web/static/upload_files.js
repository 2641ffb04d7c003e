/**
 * The files of a drop or of a picker: folders are walked, zip archives opened, however many files there are.
 *
 * @module
 */

import { filesOfZip, ZipProblem } from "./zip_reader.js";

const MAX_DEPTH = 64;
const AT_ONCE = 50;
const IS_ZIP = /\.zip$/i;

/**
 * @typedef {object} Found a file, or what cannot be read
 * @property {string} path for people
 * @property {number} size of what is sent
 * @property {(() => Promise<Blob>)} [open]
 * @property {string} [problem] why there is no `open`
 * @property {boolean} [isInflated] what `open` gives is in memory
 */

/**
 * The entries of a drop. Has to be called while the event is handled: afterwards the browser has forgotten them.
 *
 * @param {DataTransfer} transfer
 * @returns {(FileSystemEntry | File)[]}
 */
export function entriesOfDrop(transfer) {
  const items = [...transfer.items].filter((item) => item.kind === "file");
  return items.map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile()).filter((entry) => entry !== null);
}

/**
 * Whether a drag carries files, and not a link or a text.
 *
 * @param {DataTransfer | null} transfer
 */
export function hasFiles(transfer) {
  return transfer !== null && [...transfer.types].includes("Files");
}

/**
 * All files below what was dropped or picked, some at a time.
 *
 * @param {Iterable<FileSystemEntry | File>} entries
 * @returns {AsyncGenerator<Found[]>}
 */
export async function* filesOf(entries) {
  for await (const batch of walk([...entries])) {
    const plain = batch.filter((found) => !isZip(found));
    if (plain.length) yield plain;
    for (const found of batch.filter(isZip)) yield* filesOfArchive(found);
  }
}

function isZip(found) {
  return found.open !== undefined && IS_ZIP.test(found.path);
}

async function* walk(entries) {
  const folders = [];
  yield* sorted(entries, folders, 1);
  while (folders.length) {
    const { folder, depth } = folders.pop();
    const inside = [];
    try {
      if (depth > MAX_DEPTH) throw new Error("too deep");
      for await (const some of entriesOf(folder)) yield* sorted(some, inside, depth + 1);
    } catch {
      yield [unreadable(folder.fullPath, "The folder cannot be read.")];
    }
    folders.push(...inside.reverse());
  }
}

/** Gives the files of some entries, and puts the folders aside. */
async function* sorted(entries, folders, depth) {
  const files = byPath(entries.filter((entry) => entry.isDirectory !== true));
  for (const folder of entries.filter((entry) => entry.isDirectory === true)) folders.push({ folder, depth });
  for (let start = 0; start < files.length; start += AT_ONCE) {
    yield await Promise.all(files.slice(start, start + AT_ONCE).map(fileOf));
    await breath();
  }
}

const order = new Intl.Collator("en", { numeric: true });

/** In the order in which people count; each path is asked for once, since that is slow. */
function byPath(files) {
  const named = files.map((file) => ({ file, name: file.webkitRelativePath || file.name }));
  return named.sort((one, other) => order.compare(one.name, other.name)).map(({ file }) => file);
}

/** Let the page be used in between: the browser asks the disc for the size of each file, and waits for the answer. */
function breath() {
  return new Promise((resolve) => setTimeout(resolve));
}

/** All entries of a folder; a browser gives some of them (Chromium a hundred) each time it is asked. */
async function* entriesOf(folder) {
  const reader = folder.createReader();
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return;
    yield some;
  }
}

/** @returns {Promise<Found>} */
async function fileOf(entry) {
  const path = entry instanceof File ? entry.webkitRelativePath || entry.name : entry.fullPath.replace(/^\//, "");
  try {
    const file = entry instanceof File ? entry : await new Promise((resolve, reject) => entry.file(resolve, reject));
    return { path, size: file.size, open: async () => file };
  } catch {
    return unreadable(path, "The file cannot be read.");
  }
}

/** The files of an archive, which may be one of the files in a folder; those of an archive in an archive are not. */
async function* filesOfArchive(found) {
  try {
    const files = await filesOfZip(await found.open());
    for (let start = 0; start < files.length; start += AT_ONCE) {
      const some = files.slice(start, start + AT_ONCE);
      yield some.map(({ path, ...file }) => ({ ...file, path: `${found.path}/${path}`, isInflated: true }));
      await breath();
    }
  } catch (error) {
    yield [unreadable(found.path, error instanceof ZipProblem ? error.message : "The file cannot be read.")];
  }
}

function unreadable(path, problem) {
  return { path: path.replace(/^\//, ""), size: 0, problem };
}
