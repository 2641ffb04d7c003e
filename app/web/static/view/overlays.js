/**
 * Overlay planes (PS3.3 §C.9.2): bits of the repeating groups 60xx that are drawn in white over an image.
 *
 * @module
 */

import { binary, number, numbers } from "./dataset.js";

const GROUPS = Array.from({ length: 16 }, (_, place) => (0x6000 + 2 * place).toString(16).toUpperCase());
const ELEMENTS = ["0010", "0011", "0015", "0050", "0051", "0102", "3000"];

/** The attributes of all planes. */
export const OVERLAY_ATTRIBUTES = GROUPS.flatMap((group) => ELEMENTS.map((one) => group + one));

/**
 * @typedef {object} Overlay `isApart` says that it has bits of its own, and does not sit in unused bits of the pixels
 */

/** The planes of an image. @param {import("./dataset.js").Dataset} dataset @returns {Overlay[]} */
export function overlaysOf(dataset) {
  return GROUPS.map((group) => overlayOf(dataset, group)).filter((one) => one !== null);
}

function overlayOf(dataset, group) {
  const rows = number(dataset, `${group}0010`) ?? 0;
  const columns = number(dataset, `${group}0011`) ?? 0;
  const isApart = dataset[`${group}3000`] !== undefined;
  if (rows < 1 || columns < 1 || !(isApart || number(dataset, `${group}0102`))) return null;
  const origin = numbers(dataset, `${group}0050`);
  const isPlaced = origin.length >= 2 && origin[0] !== null && origin[1] !== null;
  return {
    rows,
    columns,
    top: isPlaced ? origin[0] - 1 : 0,
    left: isPlaced ? origin[1] - 1 : 0,
    frames: Math.max(0, number(dataset, `${group}0015`) ?? 0),
    first: number(dataset, `${group}0051`) || 1,
    isApart,
    ...binary(dataset, `${group}3000`),
  };
}

/**
 * Draw the planes of a frame into pixels of the size of the image.
 *
 * @param {Overlay[]} overlays
 * @param {number} frameNumber from 1
 * @param {Uint32Array} pixels
 * @param {number} rows
 * @param {number} columns
 */
export function drawOverlays(overlays, frameNumber, pixels, rows, columns) {
  for (const one of overlays) {
    const place = one.frames ? frameNumber - one.first : 0;
    const start = place * one.rows * one.columns;
    const isThere = one.bytes && place >= 0 && place < Math.max(one.frames, 1);
    if (isThere && start + one.rows * one.columns <= one.bytes.length * 8) drawPlane(one, start, pixels, rows, columns);
  }
}

function drawPlane(plane, start, pixels, rows, columns) {
  const lastRow = Math.min(plane.rows, rows - plane.top);
  const lastColumn = Math.min(plane.columns, columns - plane.left);
  for (let row = Math.max(0, -plane.top); row < lastRow; row += 1) {
    for (let column = Math.max(0, -plane.left); column < lastColumn; column += 1) {
      const bit = start + row * plane.columns + column;
      if ((plane.bytes[bit >> 3] >> (bit & 7)) & 1)
        pixels[(row + plane.top) * columns + column + plane.left] = 0xffffffff;
    }
  }
}
