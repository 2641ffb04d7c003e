/**
 * Stored values to grey levels (PS3.4 §N.2.1), by one table of all stored values: what the server's pictures have too.
 *
 * Padding is black whatever the window and the inversion say. A table is kept for as long as nothing changes.
 *
 * @module
 */

import { isTable } from "./luts.js";

const MAX_TABLES = 12;
const SMEAR = 0.1; // how far lossy compression spreads padding, of the range of all values
const FEW = 0.001;

const tables = new Map();

/** @typedef {import("./luts.js").Window} Window */

/** Cells of frames, by the form that the table of a series gives them. */
export const CELLS = {
  u1: Uint8Array,
  u2: Uint16Array,
  u4: Uint32Array,
  i4: Int32Array,
  f4: Float32Array,
  f8: Float64Array,
};

/** Whether cells are too many different ones for a table of all of them. */
const isWide = (image) => image.cell !== "u1" && image.cell !== "u2";

/** The value of a stored cell: bits that are not stored are cut off, the sign is repeated. */
export function storedValue(raw, image) {
  if (isWide(image)) return raw;
  const value = raw & (2 ** image.bitsStored - 1);
  return image.signed && value >= 2 ** (image.bitsStored - 1) ? value - 2 ** image.bitsStored : value;
}

function lookedUp(lut, value) {
  const place = Math.floor(value) - lut.first;
  return lut.entries[place < 0 ? 0 : Math.min(place, lut.entries.length - 1)];
}

/** What is told of a stored value: what it measures, of a dose in the units of the dose (PS3.3 §C.8.8.3). */
export function quantity(stored, frame) {
  return frame.image.doseScaling ? stored * frame.image.doseScaling : measured(stored, frame.modality);
}

/**
 * What a stored value measures, in the units of the modality.
 *
 * @param {number} stored
 * @param {import("./luts.js").Modality} modality
 */
export function measured(stored, modality) {
  if (modality === null) return stored;
  return isTable(modality) ? lookedUp(modality, stored) : stored * modality.slope + modality.intercept;
}

/** The level, from 0 to 1, of a measured value. @param {number} value @param {Window | import("./luts.js").Lut} voi */
function levelOf(value, voi) {
  if (isTable(voi)) return lookedUp(voi, value) / (2 ** voi.bits - 1);
  if (voi.shape === "SIGMOID") return 1 / (1 + Math.exp((-4 * (value - voi.center)) / voi.width));
  if (voi.shape === "LINEAR_EXACT" || voi.width < 1) return clip((value - voi.center) / voi.width + 0.5);
  if (voi.width === 1) return value > voi.center - 0.5 ? 1 : 0;
  return clip((value - voi.center + 0.5) / (voi.width - 1) + 0.5);
}

const clip = (level) => (level > 0 ? Math.min(level, 1) : 0); // and what is no number is black

/** Round half to even, as the server does. */
function rounded(value) {
  const up = Math.round(value);
  return up - value === 0.5 && up % 2 ? up - 1 : up;
}

/** The colour of each pattern of bits that a cell may have; a table is kept for the frames to come. */
function tableFor(frame, voi, isInverted) {
  const { image, modality } = frame;
  const form = [
    image.bitsAllocated,
    image.bitsStored,
    image.signed,
    image.inverse,
    isInverted,
    image.padding,
    image.isLossy,
  ];
  const shown = isTable(voi) ? frame.tone : JSON.stringify(voi);
  const rescaling = isTable(modality) ? frame.tone : JSON.stringify(modality);
  const key = [form.join(), shown, rescaling, image.presentationLut ? image.uid : ""].join(" ");
  const known = tables.get(key);
  if (known) return known;
  if (tables.size >= MAX_TABLES) tables.delete(tables.keys().next().value);
  const made = makeTable(image, modality, voi, isInverted);
  tables.set(key, made);
  return made;
}

function makeTable(image, modality, voi, isInverted) {
  const size = 2 ** image.bitsAllocated;
  const table = new Uint32Array(size);
  const count = 2 ** image.bitsStored;
  const colour = colouring(image, modality, voi, isInverted);
  for (let raw = 0; raw < count; raw += 1) table[raw] = colour(storedValue(raw, image));
  for (let filled = count; filled < size; filled += count) table.copyWithin(filled, 0, count);
  return table;
}

/** The function from a stored value to the colour of its pixel. */
function colouring(image, modality, voi, isInverted) {
  const lut = image.presentationLut?.entries ? image.presentationLut : null;
  const [low, high] = image.padding !== null && !image.isLossy ? image.padding : [1, 0];
  const turns = image.inverse !== isInverted;
  return (stored) => {
    let level = levelOf(measured(stored, modality), voi);
    if (lut) level = lut.entries[rounded(level * (lut.entries.length - 1))] / (2 ** lut.bits - 1);
    const grey = stored >= low && stored <= high ? 0 : rounded((turns ? 1 - level : level) * 255);
    return 0xff000000 | (grey << 16) | (grey << 8) | grey;
  };
}

/**
 * Colour the pixels of a frame.
 *
 * @param {object} frame
 * @param {ArrayLike<number>} cells
 * @param {Window | import("./luts.js").Lut} voi
 * @param {boolean} isInverted on top of what the image says
 * @param {Uint32Array} target
 */
export function paint(frame, cells, voi, isInverted, target) {
  const count = target.length;
  if (isWide(frame.image)) {
    const colour = colouring(frame.image, frame.modality, voi, isInverted);
    for (let place = 0; place < count; place += 1) target[place] = colour(cells[place]);
  } else {
    const table = tableFor(frame, voi, isInverted);
    for (let place = 0; place < count; place += 1) target[place] = table[cells[place]];
  }
}

/**
 * The window that a frame is shown with if nobody chose one: its VOI LUT, its first window, else all of its values.
 *
 * @param {object} frame
 * @param {{cells: Uint8Array | Uint16Array, automatic?: Window}} entry
 * @returns {Window | import("./luts.js").Lut}
 */
export function defaultVoi(frame, entry) {
  if (frame.luts.length && frame.luts[0].entries) return frame.luts[0];
  return frame.windows[0] ?? automaticWindow(frame, entry);
}

/** The window of a frame that has none: its smallest value is black, its largest white. */
function automaticWindow(frame, entry) {
  const { image, modality } = frame;
  const isPlain = modality === null || (!isTable(modality) && modality.slope === 1 && modality.intercept === 0);
  if (isPlain && image.bitsStored <= 8 && !image.signed && !isWide(image)) {
    return { center: 2 ** (image.bitsStored - 1), width: 2 ** image.bitsStored, shape: "LINEAR", name: "" };
  }
  entry.automatic ??= rangeWindow(frame, entry.cells);
  return entry.automatic;
}

/** The window from the smallest to the largest value that is no padding. */
export function rangeWindow(frame, cells) {
  const { image, modality } = frame;
  const hidden = image.isLossy ? smeared(cells, image) : image.padding;
  let [least, most] = extremes(cells, image, hidden);
  if (least > most) [least, most] = extremes(cells, image, null);
  if (least > most) [least, most] = [0, 1];
  if (isTable(modality)) return tableRange(frame, cells, hidden);
  const ends = [measured(least, modality), measured(most, modality)];
  return between(Math.min(...ends), Math.max(...ends));
}

/** A window whose ends are black and white: LINEAR for integers, LINEAR_EXACT for fractions. */
function between(least, most) {
  if (Number.isInteger(least) && Number.isInteger(most)) {
    return { center: (least + most + 1) / 2, width: most - least + 1, shape: "LINEAR", name: "" };
  }
  return { center: (least + most) / 2, width: most - least || 1, shape: "LINEAR_EXACT", name: "" };
}

function extremes(cells, image, hidden) {
  const [low, high] = hidden ?? [1, 0];
  let least = Infinity;
  let most = -Infinity;
  const shift = isWide(image) ? 0 : 32 - image.bitsStored;
  const { signed, rows, columns } = image;
  const count = rows * columns;
  for (let place = 0; place < count; place += 1) {
    let value = cells[place];
    if (shift) value = signed ? (value << shift) >> shift : (value << shift) >>> shift;
    if ((value >= low && value <= high) || !Number.isFinite(value)) continue;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return [least, most];
}

function tableRange(frame, cells, hidden) {
  const [low, high] = hidden ?? [1, 0];
  let least = Infinity;
  let most = -Infinity;
  for (const raw of cells) {
    const stored = storedValue(raw, frame.image);
    if (stored >= low && stored <= high) continue;
    const value = lookedUp(frame.modality, stored);
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return between(least > most ? 0 : least, least > most ? 1 : most);
}

/** The range that padding has after lossy compression; null if values of the image are next to it. */
function smeared(cells, image) {
  if (image.padding === null) return null;
  const [least, most] = extremes(cells, image, null);
  const reach = SMEAR * (most - least);
  const [low, high] = image.padding;
  let near = 0;
  for (const raw of cells) {
    const value = storedValue(raw, image);
    const isWide = value >= low - 1.5 * reach && value <= high + 1.5 * reach;
    if (isWide && (value < low - reach || value > high + reach)) near += 1;
  }
  return near < FEW * cells.length ? [low - reach, high + reach] : null;
}
