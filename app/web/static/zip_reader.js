/**
 * Zip archives (APPNOTE 6.3.10), read in the browser without loading them: the directory first, files when asked for.
 *
 * Stored files are slices of the archive, deflated ones are inflated by the browser and checked by their CRC-32. What
 * an archive claims is not believed: how many files it has, what they inflate to, that they do not overlap.
 *
 * @module
 */

const MAX_FILES = 500_000;
const MAX_DIRECTORY_BYTES = 128 * 1024 * 1024;
const MAX_INFLATED_BYTES = 2 * 1024 ** 3;
const MAX_RATIO = 200;
const RATIO_APPLIES_ABOVE = 64 * 1024 * 1024;

const END = 0x06054b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const EXTRA_64 = 0x0001;
const ENCRYPTED = 0x0001;
const UTF_8 = 0x0800;
const STORED = 0;
const DEFLATED = 8;
const ALL_ONES = 0xffffffff;

const DAMAGED = "The zip archive is damaged, or is none.";

/** An archive, or a file in one, cannot be read; the message says why. */
export class ZipProblem extends Error {}

/**
 * The files of an archive, in the order of its directory; folders are left out.
 *
 * @param {Blob} archive
 * @returns {Promise<{path: string, size: number, open: () => Promise<Blob>}[]>}
 * @throws {ZipProblem}
 */
export async function filesOfZip(archive) {
  const { start, size, count, shift } = await findDirectory(archive);
  if (count > MAX_FILES || size > MAX_DIRECTORY_BYTES) throw new ZipProblem("The zip archive has too many files.");
  const view = await viewOf(archive, start, size);
  const entries = [];
  for (let position = 0; position + 46 <= view.byteLength && entries.length < MAX_FILES; ) {
    if (view.getUint32(position, true) !== CENTRAL) break;
    const entry = readEntry(view, position);
    position += entry.length;
    entry.start += shift;
    entries.push(entry);
  }
  if (count < 0xffff && entries.length !== count) throw new ZipProblem(DAMAGED);
  const total = entries.reduce((sum, entry) => sum + entry.compressed, 0);
  if (total > archive.size) throw new ZipProblem("The files of the zip archive overlap: it is a trap.");
  return entries
    .filter((entry) => !entry.path.endsWith("/"))
    .map((entry) => ({ path: entry.path, size: entry.size, open: () => openEntry(archive, entry) }));
}

/** Where the directory is. `shift` is how far everything was moved by something put before the archive. */
async function findDirectory(archive) {
  const tailStart = Math.max(0, archive.size - 0xffff - 22);
  const view = await viewOf(archive, tailStart, archive.size - tailStart);
  for (let position = view.byteLength - 22; position >= 0; position -= 1) {
    if (view.getUint32(position, true) !== END) continue;
    if (position + 22 + view.getUint16(position + 20, true) > view.byteLength) continue;
    const count = view.getUint16(position + 10, true);
    const size = view.getUint32(position + 12, true);
    const claimed = view.getUint32(position + 16, true);
    const isLarge = position >= 20 && view.getUint32(position - 20, true) === LOCATOR_64;
    if (isLarge) return findDirectory64(archive, numberAt(view, position - 20 + 8));
    return located(tailStart + position - size, size, count, claimed);
  }
  throw new ZipProblem(DAMAGED);
}

async function findDirectory64(archive, position) {
  const view = await viewOf(archive, position, 56);
  if (view.byteLength < 56 || view.getUint32(0, true) !== END_64) throw new ZipProblem(DAMAGED);
  const [count, size, claimed] = [numberAt(view, 32), numberAt(view, 40), numberAt(view, 48)];
  return located(claimed, size, count, claimed);
}

function located(start, size, count, claimed) {
  if (start < 0 || claimed > start) throw new ZipProblem(DAMAGED);
  return { start, size, count, shift: start - claimed };
}

function readEntry(view, position) {
  const [nameLength, extraLength, commentLength] = [28, 30, 32].map((at) => view.getUint16(position + at, true));
  const flags = view.getUint16(position + 8, true);
  const length = 46 + nameLength + extraLength + commentLength;
  if (position + length > view.byteLength) throw new ZipProblem(DAMAGED);
  const name = new Uint8Array(view.buffer, position + 46, nameLength);
  const entry = {
    path: new TextDecoder(flags & UTF_8 ? "utf-8" : "windows-1252").decode(name),
    isEncrypted: (flags & ENCRYPTED) !== 0,
    method: view.getUint16(position + 10, true),
    crc: view.getUint32(position + 16, true),
    compressed: view.getUint32(position + 20, true),
    size: view.getUint32(position + 24, true),
    start: view.getUint32(position + 42, true),
    length,
  };
  readExtra64(view, position + 46 + nameLength, extraLength, entry);
  return entry;
}

/** Sizes and offsets beyond 4 GB stand in an extra field, those that are needed one after the other (§4.5.3). */
function readExtra64(view, start, length, entry) {
  for (let position = start; position + 4 <= start + length; ) {
    const end = position + 4 + view.getUint16(position + 2, true);
    if (view.getUint16(position, true) === EXTRA_64) {
      let at = position + 4;
      for (const name of ["size", "compressed", "start"]) {
        if (entry[name] !== ALL_ONES || at + 8 > Math.min(end, start + length)) continue;
        entry[name] = numberAt(view, at);
        at += 8;
      }
    }
    position = end;
  }
}

async function openEntry(archive, entry) {
  if (entry.isEncrypted) throw new ZipProblem("It is encrypted in the zip archive.");
  if (![STORED, DEFLATED].includes(entry.method)) {
    throw new ZipProblem(`It is compressed in a way (${entry.method}) that is not supported.`);
  }
  const header = await viewOf(archive, entry.start, 30);
  if (header.byteLength < 30 || header.getUint32(0, true) !== LOCAL) throw new ZipProblem(DAMAGED);
  const start = entry.start + 30 + header.getUint16(26, true) + header.getUint16(28, true);
  const content = archive.slice(start, start + entry.compressed);
  if (content.size !== entry.compressed) throw new ZipProblem("The zip archive ends before this file does.");
  if (entry.method === DEFLATED) return inflate(content, entry);
  if (entry.size !== entry.compressed) throw new ZipProblem(DAMAGED);
  return content;
}

async function inflate(content, entry) {
  const isBomb = entry.size > RATIO_APPLIES_ABOVE && entry.size > MAX_RATIO * entry.compressed;
  if (isBomb || entry.size > MAX_INFLATED_BYTES) throw new ZipProblem("It grows too much when it is inflated.");
  const reader = content.stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  const pieces = [];
  let [size, crc] = [0, ALL_ONES];
  try {
    for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
      size += value.byteLength;
      if (size > entry.size) break;
      crc = crc32(crc, value);
      pieces.push(value);
    }
  } catch (error) {
    if (error instanceof TypeError) throw new ZipProblem("It is damaged in the zip archive.");
    throw error;
  } finally {
    reader.cancel().catch(() => {}); // what is left of it, if it is not read to its end
  }
  const isWhole = size === entry.size && (crc ^ ALL_ONES) >>> 0 === entry.crc;
  if (!isWhole) throw new ZipProblem("It is damaged in the zip archive.");
  return new Blob(pieces);
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, number) => {
  let value = number;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

function crc32(crc, bytes) {
  let value = crc;
  for (let place = 0; place < bytes.length; place += 1) {
    value = CRC_TABLE[(value ^ bytes[place]) & 0xff] ^ (value >>> 8);
  }
  return value;
}

async function viewOf(blob, start, length) {
  return new DataView(await blob.slice(start, start + length).arrayBuffer());
}

/** Eight bytes; nothing that is read here is near 2^53, or it is damaged. */
function numberAt(view, position) {
  const value = Number(view.getBigUint64(position, true));
  if (!Number.isSafeInteger(value)) throw new ZipProblem(DAMAGED);
  return value;
}
