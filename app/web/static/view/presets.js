/**
 * Windows to choose from: those that the frame brings, with their explanations, and for CT those that are in use.
 *
 * @module
 */

import { isTable } from "./luts.js";

const CT = [
  ["Soft tissue", 40, 400],
  ["Lung", -600, 1500],
  ["Bone", 480, 2500],
  ["Brain", 40, 80],
  ["Subdural", 75, 215],
  ["Stroke", 35, 35],
  ["Liver", 90, 150],
  ["Mediastinum", 50, 350],
  ["Abdomen", 60, 400],
  ["Vessels", 300, 600],
];

/**
 * What can be chosen for a frame: groups of names and windows; a `window` of null is what the frame has by itself,
 * "range" all values and "auto" those without padding.
 *
 * @param {object} frame
 * @returns {{label: string, choices: {name: string, window: object | "range" | "auto" | null}[]}[]}
 */
export function presetsOf(frame) {
  const groups = [];
  const stored = [...frame.luts, ...frame.windows];
  if (frame.image.kind === "grey") {
    const own = stored.map((window, place) => ({ name: nameOf(window, place), window: place === 0 ? null : window }));
    groups.push({ label: "Of the image", choices: own.length ? own : [{ name: "Automatic", window: null }] });
  } else {
    groups.push({ label: "Of the image", choices: [{ name: "Default", window: null }] });
  }
  if (frame.image.modality === "CT" && (frame.units === "HU" || frame.windowed)) {
    groups.push({
      label: "CT",
      choices: CT.map(([name, center, width]) => ({
        name: `${name} (${width}/${center})`,
        window: { center, width, shape: "LINEAR", name },
      })),
    });
  }
  if (frame.image.kind === "grey") {
    groups.push({
      label: "Values",
      choices: [
        { name: "Without padding", window: "auto" },
        { name: "Full range", window: "range" },
      ],
    });
  }
  return groups;
}

function nameOf(window, place) {
  if (isTable(window)) return window.name || `VOI LUT ${place + 1}`;
  const numbers = `${Number(window.width.toPrecision(6))}/${Number(window.center.toPrecision(6))}`;
  return window.name ? `${window.name} (${numbers})` : `Stored (${numbers})`;
}

/** Whether two windows are the same. */
export const isSameWindow = (a, b) =>
  a === b || (a && b && !isTable(a) && !isTable(b) && a.center === b.center && a.width === b.width);
