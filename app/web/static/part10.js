/**
 * Whether a file is a DICOM instance, and which one: File Meta Information (PS3.10 §7.1) is read, nothing else.
 *
 * @module
 */

/** What a file is. */
export const Kind = Object.freeze({ INSTANCE: "instance", DIRECTORY: "directory", OTHER: "other" });

const MEDIA_STORAGE_DIRECTORY = "1.2.840.10008.1.3.10";
const MEDIA_STORAGE_SOP_CLASS_UID = 0x0002;
const MEDIA_STORAGE_SOP_INSTANCE_UID = 0x0003;
const LONG_LENGTHS = new Set(["OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"]);
const UID = /^[0-9]+(\.[0-9]+)*$/;
const EXTENSION = /\.(dcm|dicom|dic|ima)$/i;

/** How much of a file is looked at. */
export const HEAD_BYTES = 8192;

/**
 * Look at the beginning of a file.
 *
 * What is called `.dcm` but does not look like it is an instance all the same: the server says what is wrong with it.
 * So is what has neither preamble nor File Meta Information, which old systems write.
 *
 * @param {ArrayBuffer} head
 * @param {string} path only its end counts
 * @returns {{kind: string, sopInstanceUid: string | null}}
 */
export function identify(head, path) {
  const view = new DataView(head);
  if (hasPrefix(view)) {
    const [sopClassUid, sopInstanceUid] = fileMetaOf(view);
    return { kind: sopClassUid === MEDIA_STORAGE_DIRECTORY ? Kind.DIRECTORY : Kind.INSTANCE, sopInstanceUid };
  }
  const isInstance = beginsLikeDataSet(view) || EXTENSION.test(path);
  return { kind: isInstance ? Kind.INSTANCE : Kind.OTHER, sopInstanceUid: null };
}

function hasPrefix(view) {
  return view.byteLength >= 132 && view.getUint32(128) === 0x4449434d;
}

/** Media Storage SOP Class and Instance UID; null if they are missing, or not where they must be. */
function fileMetaOf(view) {
  const found = new Map();
  let position = 132;
  while (position + 8 <= view.byteLength && view.getUint16(position, true) === 0x0002) {
    const vr = textAt(view, position + 4, 2);
    const isLong = LONG_LENGTHS.has(vr);
    if (isLong && position + 12 > view.byteLength) break;
    const start = position + (isLong ? 12 : 8);
    const length = isLong ? view.getUint32(position + 8, true) : view.getUint16(position + 6, true);
    if (start + length > view.byteLength) break;
    if (vr === "UI") found.set(view.getUint16(position + 2, true), uidAt(view, start, length));
    position = start + length;
  }
  return [found.get(MEDIA_STORAGE_SOP_CLASS_UID) ?? null, found.get(MEDIA_STORAGE_SOP_INSTANCE_UID) ?? null];
}

function uidAt(view, start, length) {
  const text = textAt(view, start, Math.min(length, 66)).replace(/[\0 ]+$/, "");
  return text.length <= 64 && UID.test(text) ? text : null;
}

function textAt(view, start, length) {
  return String.fromCharCode(...new Uint8Array(view.buffer, view.byteOffset + start, length));
}

/** Whether it begins with an element of group 0002 or 0008, in either of the little endian forms. */
function beginsLikeDataSet(view) {
  if (view.byteLength < 16 || ![0x0002, 0x0008].includes(view.getUint16(0, true))) return false;
  if (view.getUint16(2, true) > 0x0018) return false;
  return /^[A-Z]{2}$/.test(textAt(view, 4, 2)) || view.getUint32(4, true) <= 256;
}
