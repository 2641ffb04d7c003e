/**
 * Reading data sets in the DICOM JSON model (PS3.18 Annex F): what is missing or nonsense reads as nothing.
 *
 * @module
 */

/** @typedef {Record<string, {vr?: string, Value?: any[], InlineBinary?: string, BulkDataURI?: string}>} Dataset */

const LARGEST = 1e100;
const GROUPS = ["Alphabetic", "Ideographic", "Phonetic"];

/** All values of an attribute. @param {Dataset} dataset @param {string} tag @returns {any[]} */
export function values(dataset, tag) {
  const found = dataset?.[tag]?.Value;
  return Array.isArray(found) ? found : [];
}

/** The first value as text. @param {Dataset} dataset @param {string} tag */
export function text(dataset, tag) {
  const value = values(dataset, tag)[0];
  if (value === undefined || value === null) return "";
  return typeof value === "object" ? personName(value) : String(value).trim();
}

/** All values as numbers; null for each that is none. @param {Dataset} dataset @param {string} tag */
export function numbers(dataset, tag) {
  return values(dataset, tag).map((value) => {
    const number = typeof value === "object" || value === "" ? NaN : Number(value);
    return Number.isFinite(number) && Math.abs(number) < LARGEST ? number : null;
  });
}

/** The first value as a number, or null. @param {Dataset} dataset @param {string} tag */
export function number(dataset, tag) {
  return numbers(dataset, tag)[0] ?? null;
}

/**
 * So many numbers, or null if one of them is missing.
 *
 * @param {Dataset} dataset
 * @param {string} tag
 * @param {number} count
 */
export function vector(dataset, tag, count) {
  const found = numbers(dataset, tag);
  return found.length >= count && found.slice(0, count).every((one) => one !== null) ? found.slice(0, count) : null;
}

/** The items of a sequence. @param {Dataset} dataset @param {string} tag @returns {Dataset[]} */
export function items(dataset, tag) {
  return values(dataset, tag).filter((item) => item !== null && typeof item === "object");
}

/**
 * The first item of a sequence, or an empty data set.
 *
 * @param {Dataset} dataset
 * @param {string} tag
 * @returns {Dataset}
 */
export function item(dataset, tag) {
  return items(dataset, tag)[0] ?? {};
}

/**
 * The bytes of a binary value as far as they are in the metadata; else where they are.
 *
 * @param {Dataset} dataset
 * @param {string} tag
 * @returns {{bytes: Uint8Array | null, uri: string | null}}
 */
export function binary(dataset, tag) {
  const element = dataset?.[tag] ?? {};
  if (typeof element.InlineBinary === "string") {
    return { bytes: Uint8Array.from(atob(element.InlineBinary), (one) => one.charCodeAt(0)), uri: null };
  }
  if (typeof element.BulkDataURI === "string") return { bytes: null, uri: element.BulkDataURI };
  if (Array.isArray(element.Value)) {
    return { bytes: new Uint8Array(Uint16Array.from(element.Value, Number).buffer), uri: null };
  }
  return { bytes: null, uri: null };
}

/** A name as "Family, Given". @param {Record<string, string>} name */
function personName(name) {
  const shown = GROUPS.map((group) => String(name[group] ?? "").split("^"));
  const latin = [shown[0][0], shown[0].slice(1, 3).join(" ").trim()].filter(Boolean).join(", ");
  return [latin, ...shown.slice(1).map((parts) => parts.join(" ").trim())].filter(Boolean).join(" ");
}
