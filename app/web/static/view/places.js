/**
 * Where frames lie in the patient and how large their pixels are (PS3.3 §C.7.6.2, §C.7.6.16.2, §10.7, §C.8.5.5).
 *
 * @module
 */

import { item, items, number, text, vector } from "./dataset.js";

// Attributes of detectors and of scanned film, and what a length of theirs is.
const PROJECTIONS = ["CR", "DX", "MG", "XA", "RF", "PX", "IO", "RG", "RTIMAGE"];
const ABSURD = 20;
const SQUARE = [1, 1];

const positive = (pair) => (pair !== null && pair[0] > 0 && pair[1] > 0 ? pair : null);
export const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
export const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

function unit(a) {
  const length = Math.hypot(...a);
  return length > 1e-6 ? a.map((one) => one / length) : null;
}

/**
 * @typedef {object} Plane
 * @property {number[] | null} position of the middle of the first pixel, in mm
 * @property {number[]} across direction of a row
 * @property {number[]} down direction of a column
 */

/** The plane of a frame, or null. @returns {Plane | null} */
export function planeOf(dataset, shared, group) {
  const orientation = [item(group, "00209116"), item(shared, "00209116"), dataset]
    .map((one) => vector(one, "00200037", 6))
    .find((one) => one !== null);
  const position = [item(group, "00209113"), item(shared, "00209113"), dataset]
    .map((one) => vector(one, "00200032", 3))
    .find((one) => one !== null);
  if (!orientation) return null;
  const across = unit(orientation.slice(0, 3));
  const down = unit(orientation.slice(3));
  if (across === null || down === null || Math.abs(dot(across, down)) > 0.01) return null;
  return { position: position ?? null, across, down };
}

/**
 * The distance of pixels, down and across, in mm, and what it is measured at; null if nothing tells it.
 *
 * @returns {{spacing: number[], at: string} | null}
 */
export function measuresOf(dataset, shared, group, modality) {
  const groups = [item(group, "00289110"), item(shared, "00289110")];
  const inGroups = groups.map((one) => positive(vector(one, "00280030", 2))).find((one) => one !== null);
  if (inGroups) return { spacing: inGroups, at: "" };
  const own = positive(vector(dataset, "00280030", 2));
  const detector = positive(vector(dataset, "00181164", 2));
  if (own) return { spacing: own, at: calibrationOf(dataset, own, detector, modality) };
  if (detector) return { spacing: detector, at: "at detector" };
  const scanned = positive(vector(dataset, "00182010", 2));
  return scanned ? { spacing: scanned, at: "on film" } : null;
}

/** Pixel Spacing of a projection is that of the detector unless it was calibrated (PS3.3 §10.7.1.3). */
function calibrationOf(dataset, own, detector, modality) {
  const kind = text(dataset, "00280A02");
  if (kind === "FIDUCIAL") return "calibrated by fiducial";
  if (kind === "GEOMETRY") return "calibrated by geometry";
  if (!PROJECTIONS.includes(modality)) return "";
  if (!detector) return "uncalibrated";
  const differs = Math.abs(own[0] / detector[0] - 1) > 1e-3 || Math.abs(own[1] / detector[1] - 1) > 1e-3;
  return differs ? "calibrated" : "at detector";
}

/** Height and width of a pixel, the smaller one 1: Pixel Aspect Ratio, else a spacing; as the server has it. */
export function aspectOf(dataset, ...groups) {
  const inGroups = groups.map((one) => positive(vector(one, "00280030", 2))).find((one) => one !== null);
  const stored = ["00280034", "00280030", "00181164", "00182010"]
    .map((tag) => positive(vector(dataset, tag, 2)))
    .find((one) => one !== null);
  const pair = inGroups ?? stored ?? SQUARE;
  const ratio = Math.max(...pair) / Math.min(...pair);
  if (!(ratio > 1.002 && ratio < ABSURD)) return SQUARE;
  return pair[0] > pair[1] ? [ratio, 1] : [1, ratio];
}

/** Regions of an ultrasound image that are measured in cm both ways (PS3.3 §C.8.5.5). */
export function regionsOf(dataset) {
  return items(dataset, "00186011")
    .slice(0, 64)
    .flatMap((one) => {
      const box = ["00186018", "0018601A", "0018601C", "0018601E"].map((tag) => number(one, tag));
      const across = Math.abs(number(one, "0018602C") ?? 0) * 10;
      const down = Math.abs(number(one, "0018602E") ?? 0) * 10;
      const isLength = number(one, "00186024") === 3 && number(one, "00186026") === 3 && across > 0 && down > 0;
      return isLength && box.every((edge) => edge !== null) ? [{ box, spacing: [down, across] }] : [];
    });
}

/**
 * What a distance between points of a frame is measured with: the ultrasound region around all of them, or the spacing.
 *
 * @param {{image: object, measures: object | null}} frame
 * @param {{x: number, y: number}[]} points
 * @returns {{spacing: number[], at: string} | null} null: there are only pixels
 */
export function scaleAt(frame, points) {
  const regions = frame.image.regions;
  if (regions.length === 0) return frame.measures;
  const isIn = (one, { box }) => one.x >= box[0] && one.x <= box[2] + 1 && one.y >= box[1] && one.y <= box[3] + 1;
  const found = regions.find((region) => points.every((one) => isIn(one, region)));
  return found ? { spacing: found.spacing, at: "" } : null;
}
