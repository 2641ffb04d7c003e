/**
 * What measurements say: lengths, angles, areas, and statistics of the values in a region.
 *
 * @module
 */

import { quantity, storedValue } from "./grey.js";
import { scaleAt } from "./places.js";

/** A number with so many digits as it deserves. @param {number} value */
export function shown(value) {
  const size = Math.abs(value);
  return value.toFixed(Number.isInteger(value) || size >= 1000 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 4);
}

/** The distance of two points of a frame. @returns {string} */
export function lengthText(frame, [from, to]) {
  const scale = scaleAt(frame, [from, to]);
  const [down, across] = scale?.spacing ?? frame.aspect;
  const length = Math.hypot((to.x - from.x) * across, (to.y - from.y) * down);
  if (!scale) return `${shown(length)} px`;
  return `${length.toFixed(1)} mm${scale.at ? ` (${scale.at})` : ""}`;
}

/** The angle at the second of three points. @returns {string} */
export function angleText(frame, points) {
  const [down, across] = scaleAt(frame, points)?.spacing ?? frame.aspect;
  const [from, at, to] = points.map((one) => ({ x: one.x * across, y: one.y * down }));
  const turn = Math.atan2(from.y - at.y, from.x - at.x) - Math.atan2(to.y - at.y, to.x - at.x);
  const degrees = Math.abs((turn * 180) / Math.PI);
  return `${(degrees > 180 ? 360 - degrees : degrees).toFixed(1)}°`;
}

/** The lines about a rectangle or an ellipse between two corners. @returns {string[]} */
export function regionLines(frame, cells, kind, points) {
  const box = boxOf(points);
  const lines = [areaText(frame, kind, points, box)];
  const found = cells ? statistics(frame, cells, kind, box) : null;
  if (found) {
    const units = frame.units ? ` ${frame.units}` : "";
    lines.push(
      `Mean ${shown(found.mean)}${units}, SD ${shown(found.deviation)}`,
      `Min ${shown(found.least)}, Max ${shown(found.most)}`,
    );
  }
  return lines;
}

function boxOf(points) {
  const xs = points.map((one) => one.x);
  const ys = points.map((one) => one.y);
  return { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) };
}

function areaText(frame, kind, points, { left, right, top, bottom }) {
  const scale = scaleAt(frame, points);
  const part = kind === "ellipse" ? Math.PI / 4 : 1;
  const [down, across] = scale?.spacing ?? [1, 1];
  const area = (right - left) * across * (bottom - top) * down * part;
  return `Area ${scale ? `${area.toFixed(1)} mm²` : `${Math.round(area)} px`}${scale?.at ? ` (${scale.at})` : ""}`;
}

/** Mean, standard deviation and extremes of the pixels whose middle lies in the region; null if there are none. */
export function statistics(frame, cells, kind, { left, right, top, bottom }) {
  const { rows, columns } = frame.image;
  const [x, y, a, b] = [(left + right) / 2, (top + bottom) / 2, (right - left) / 2, (bottom - top) / 2];
  let [count, sum, squares, least, most, first] = [0, 0, 0, Infinity, -Infinity, null];
  for (let row = Math.max(0, Math.ceil(top - 0.5)); row < Math.min(rows, bottom + 0.5 - 1e-9); row += 1) {
    for (let column = Math.max(0, Math.ceil(left - 0.5)); column < Math.min(columns, right + 0.5 - 1e-9); column += 1) {
      const [dx, dy] = [column + 0.5 - x, row + 0.5 - y];
      const isIn = kind === "ellipse" ? (dx / a) ** 2 + (dy / b) ** 2 <= 1 : Math.abs(dx) <= a && Math.abs(dy) <= b;
      if (!isIn) continue;
      const value = quantity(storedValue(cells[row * columns + column], frame.image), frame);
      first ??= value;
      count += 1;
      sum += value - first;
      squares += (value - first) ** 2;
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
  }
  if (count === 0) return null;
  const mean = sum / count;
  return { count, mean: mean + first, deviation: Math.sqrt(Math.max(0, squares / count - mean ** 2)), least, most };
}

/** The value of the pixel at a point, with its place; empty outside of the image. @returns {string} */
export function valueText(frame, cells, { x, y }) {
  const { rows, columns } = frame.image;
  const [column, row] = [Math.floor(x), Math.floor(y)];
  if (column < 0 || row < 0 || column >= columns || row >= rows) return "";
  const place = `${column + 1}, ${row + 1}`;
  if (!cells) return place;
  const value = quantity(storedValue(cells[row * columns + column], frame.image), frame);
  return `${place}: ${shown(value)}${frame.units ? ` ${frame.units}` : ""}`;
}
