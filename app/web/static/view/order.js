/**
 * Frames in the order in which one scrolls through them, and which of them belong together.
 *
 * Frames of one orientation at places of their own are ordered by position along the normal, in the direction of the
 * instance numbers; where several lie at one place (phases, echoes) by these first. What has no geometry is ordered by
 * instance number. Instances of several frames are stacks of their own.
 *
 * @module
 */

import { cross, dot } from "./places.js";

const PARALLEL = 0.99;
const APART = 0.001; // mm

/**
 * @param {object[]} images of one series
 * @returns {{label: string, frames: object[], isSpatial: boolean}[]}
 */
export function stacksOf(images) {
  const singles = images.filter((one) => one.frames.length === 1 && one.kind !== "video");
  const several = images.filter((one) => one.frames.length > 1 || one.kind === "video");
  const stacks = singles.length
    ? [
        stackOf(
          singles.flatMap((one) => one.frames),
          "Images",
        ),
      ]
    : [];
  const clips = byNumber(several.map((one) => one.frames[0])).map((one) => stackOf(one.image.frames, "Object"));
  const all = [...stacks, ...clips];
  return all.map((stack, place) => ({ ...stack, label: `${place + 1} of ${all.length}: ${describe(stack)}` }));
}

function describe(stack) {
  const { image } = stack.frames[0];
  if (image.kind === "video") return "video";
  const number = image.instanceNumber === null || stack.label === "Images" ? "" : `no. ${image.instanceNumber}, `;
  return `${number}${stack.frames.length} ${stack.label === "Images" ? "images" : "frames"}`;
}

function stackOf(frames, label) {
  const placed = byPlace(frames);
  return { label, frames: placed ?? byNumber(frames), isSpatial: placed !== null };
}

function byNumber(frames) {
  const number = (one) => one.image.instanceNumber ?? Number.MAX_SAFE_INTEGER;
  const uid = (a, b) => (a.image.uid < b.image.uid ? -1 : a.image.uid > b.image.uid ? 1 : 0);
  return [...frames].sort((a, b) => number(a) - number(b) || uid(a, b) || a.number - b.number);
}

/** @returns {object[] | null} null if the frames are no slices, or lie at the same places for no reason */
function byPlace(frames) {
  if (frames.length < 2 || frames.some((one) => !one.plane?.position)) return null;
  const { across, down } = frames[0].plane;
  const normal = cross(across, down);
  if (
    frames.some(
      (one) => Math.abs(dot(one.plane.across, across)) < PARALLEL || Math.abs(dot(one.plane.down, down)) < PARALLEL,
    )
  )
    return null;
  for (const frame of frames) frame.location = dot(frame.plane.position, normal);
  const orders = [
    () => "",
    (one) => String(one.temporal).padStart(8, "0"),
    (one) => one.part,
    (one) => `${one.temporal}|${one.part}`,
  ];
  for (const keyOf of orders) {
    const groups = grouped(byNumber(frames), keyOf);
    if (groups.every(isApart)) return groups.flatMap(inDirection);
  }
  return null;
}

/** Groups in the order of their first frames. */
function grouped(frames, keyOf) {
  const groups = new Map();
  for (const frame of frames) {
    const key = keyOf(frame);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(frame);
  }
  return [...groups.values()];
}

function isApart(frames) {
  const places = frames.map((one) => one.location).sort((a, b) => a - b);
  return places.every((one, index) => index === 0 || one - places[index - 1] > APART);
}

/** Sort by location, the way that the numbers go. */
function inDirection(numbered) {
  const rising = numbered[0].location <= numbered.at(-1).location;
  return [...numbered].sort((a, b) => (rising ? a.location - b.location : b.location - a.location));
}
