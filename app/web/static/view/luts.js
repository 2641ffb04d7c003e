/**
 * Windows, look-up tables, rescaling and padding as they stand in data sets (PS3.3 §C.11.1, §C.11.2, §C.7.5.1.1.2),
 * by the rules that the server renders with (docs/rendering.md).
 *
 * A table whose entries are not in the metadata has `uri`, the address of its bytes; `entriesOf` makes entries of them.
 *
 * @module
 */

import { binary, item, items, number, numbers, text, values } from "./dataset.js";

/** @typedef {{center: number, width: number, shape: string, name: string}} Window `shape` is the VOI LUT Function. */
/**
 * @typedef {object} Lut
 * @property {number} first value that is mapped
 * @property {number} count
 * @property {number} bits
 * @property {Uint16Array | null} entries
 * @property {string | null} uri
 * @property {string} name
 */
/** @typedef {{slope: number, intercept: number} | Lut | null} Modality */

const SHAPES = ["LINEAR", "LINEAR_EXACT", "SIGMOID"];
const MAX_ENTRIES = 65536;

/** Whether a modality transformation or a VOI is a table. */
export const isTable = (one) => typeof one === "object" && one !== null && "entries" in one;

/** The windows of a data set. @param {import("./dataset.js").Dataset} dataset @returns {Window[]} */
export function windowsOf(dataset) {
  const centers = numbers(dataset, "00281050");
  const widths = numbers(dataset, "00281051");
  const names = values(dataset, "00281055");
  const told = text(dataset, "00281056");
  const shape = SHAPES.includes(told) ? told : "LINEAR";
  const found = [];
  for (let place = 0; place < Math.min(centers.length, widths.length, 64); place += 1) {
    if (centers[place] !== null && widths[place] > 0) {
      found.push({ center: centers[place], width: widths[place], shape, name: String(names[place] ?? "") });
    }
  }
  return found;
}

/**
 * A table; null if it cannot be read. `signed`: how the first value mapped is to be read.
 *
 * @param {import("./dataset.js").Dataset} dataset
 * @param {boolean} signed
 * @returns {Lut | null}
 */
export function lutOf(dataset, signed) {
  const descriptor = numbers(dataset, "00283002");
  if (descriptor.length < 3 || descriptor.some((one) => one === null)) return null;
  const isSigned = signed || dataset["00283002"].vr === "SS";
  const raw = descriptor[1] & 0xffff;
  const lut = {
    first: isSigned && raw > 0x7fff ? raw - 0x10000 : raw,
    count: descriptor[0] & 0xffff || MAX_ENTRIES,
    bits: descriptor[2] & 0xffff,
    entries: null,
    uri: null,
    name: text(dataset, "00283003"),
  };
  const { bytes, uri } = binary(dataset, "00283006");
  if (bytes !== null) return fill(lut, bytes);
  lut.uri = uri;
  return uri === null ? null : lut;
}

/**
 * Fill in the entries of a table: those of 8 bits may be packed two to a word, those that are larger than they say
 * have as many bits as they need.
 *
 * @param {Lut} lut
 * @param {Uint8Array} bytes
 * @returns {Lut | null} null if there are none
 */
export function fill(lut, bytes) {
  const isPacked = lut.bits <= 8 && bytes.length < 2 * lut.count;
  const words = () => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const count = Math.min(lut.count, isPacked ? bytes.length : bytes.length >> 1);
  if (count === 0) return null;
  const entries = new Uint16Array(count);
  const view = words();
  let largest = 1;
  for (let place = 0; place < count; place += 1) {
    entries[place] = isPacked ? bytes[place] : view.getUint16(2 * place, true);
    largest = Math.max(largest, entries[place]);
  }
  lut.entries = entries;
  lut.bits = Math.min(16, Math.max(lut.bits, 32 - Math.clz32(largest)));
  lut.uri = null;
  return lut;
}

/** The modality transformation (PS3.3 §C.11.1). @returns {Modality} */
export function modalityOf(dataset, signed) {
  const table = items(dataset, "00283000").length ? lutOf(item(dataset, "00283000"), signed) : null;
  if (table !== null) return table;
  const slope = number(dataset, "00281053");
  const intercept = number(dataset, "00281052");
  return slope === null && intercept === null ? null : { slope: slope || 1, intercept: intercept || 0 };
}

/** The VOI LUTs of a data set. @returns {Lut[]} */
export function voiLutsOf(dataset, signed, modality) {
  const mayBeNegative =
    !isTable(modality) && (signed || (modality !== null && (modality.intercept < 0 || modality.slope < 0)));
  const found = items(dataset, "00283010").slice(0, 16);
  return found.map((one) => lutOf(one, mayBeNegative)).filter((one) => one !== null);
}

/** Whether grey levels are inverted, and the Presentation LUT (PS3.3 §C.11.6). */
export function presentationOf(dataset, photometric) {
  const isMonochrome1 = photometric === "MONOCHROME1";
  const lut = items(dataset, "20500010").length ? lutOf(item(dataset, "20500010"), false) : null;
  return { inverse: isMonochrome1 || (lut === null && text(dataset, "20500020") === "INVERSE"), lut };
}

/** The range of stored values that is padding, or null. @returns {[number, number] | null} */
export function paddingOf(dataset, signed, bitsStored) {
  const stored = (tag) => {
    const value = number(dataset, tag);
    if (value === null) return null;
    const raw = value & 0xffff;
    if (signed) return raw > 0x7fff ? raw - 0x10000 : raw;
    return bitsStored >= 16 ? raw : raw & ((1 << bitsStored) - 1);
  };
  const value = stored("00280120");
  if (value === null) return null;
  const limit = stored("00280121") ?? value;
  return [Math.min(value, limit), Math.max(value, limit)];
}

/** The range of padding of Float and Double Float Pixel Data, or null. @returns {[number, number] | null} */
export function floatPaddingOf(dataset) {
  for (const [valueTag, limitTag] of [
    ["00280122", "00280124"],
    ["00280123", "00280125"],
  ]) {
    const value = number(dataset, valueTag);
    const limit = number(dataset, limitTag) ?? value;
    if (value !== null) return [Math.min(value, limit), Math.max(value, limit)];
  }
  return null;
}
