/**
 * Stacks of pictures that the server makes of a series as a volume (docs/rendering.md): sections through the patient,
 * and projections that are turned.
 *
 * @module
 */

import { cross, dot } from "./places.js";

const FAR = 1000; // mm from the viewpoint to what is looked at
const MOST_SECTIONS = 600;
const VIEWS = 36;
const LEAST_SLICES = 4;

// From where one looks, and what is up: from the feet, from the front, from the left (PS3.18 §8.3.5.3).
const SECTIONS = {
  axial: { axis: 2, from: [0, 0, -1], up: [0, -1, 0], across: [1, 0, 0], down: [0, 1, 0] },
  coronal: { axis: 1, from: [0, -1, 0], up: [0, 0, 1], across: [1, 0, 0], down: [0, 0, -1] },
  sagittal: { axis: 0, from: [1, 0, 0], up: [0, 0, 1], across: [0, 1, 0], down: [0, 0, -1] },
};
const TURNING = { mip: "maximum_ip", volume: "volume_rendered" };

/** Whether a stack is a volume. @param {{frames: object[], isSpatial: boolean} | null} stack */
export function isVolume(stack) {
  const [first] = stack?.frames ?? [];
  const isGrey = first?.image.samples === 1 && !first.image.isSegmentation;
  return Boolean(
    stack?.isSpatial &&
    stack.frames.length >= LEAST_SLICES &&
    isGrey &&
    stack.frames.every((one) => one.measures) &&
    isOneWay(stack.frames),
  );
}

/** Whether slices go one way through the patient: where phases follow each other there is more than one volume. */
function isOneWay(frames) {
  const steps = frames.slice(1).map((one, place) => one.location - frames[place].location);
  return steps.every((one) => one > 0) || steps.every((one) => one < 0);
}

/** The corners of a stack in the patient, the box around them, and how far its slices are apart. */
function boundsOf(frames) {
  const [first, last] = [frames[0], frames.at(-1)];
  const normal = cross(first.plane.across, first.plane.down);
  const ahead = dot(last.plane.position, normal) - dot(first.plane.position, normal);
  const distance = Math.abs(ahead) / (frames.length - 1);
  const half = (Math.sign(ahead) || 1) * (distance / 2);
  const corners = [
    [first, -half],
    [last, half],
  ].flatMap(([frame, away]) => cornersOf(frame).map((one) => one.map((part, axis) => part + normal[axis] * away)));
  const box = [0, 1, 2].map((axis) => corners.map((one) => one[axis]));
  const [low, high] = [box.map((one) => Math.min(...one)), box.map((one) => Math.max(...one))];
  return {
    corners,
    low,
    high,
    middle: low.map((one, axis) => (one + high[axis]) / 2),
    voxel: Math.min(...first.measures.spacing, distance),
  };
}

function cornersOf({ plane, image, measures }) {
  const ends = [
    [-0.5, -0.5],
    [image.columns - 0.5, -0.5],
    [-0.5, image.rows - 0.5],
    [image.columns - 0.5, image.rows - 0.5],
  ];
  const { position, across, down } = plane;
  return ends.map(([column, row]) =>
    position.map(
      (one, axis) => one + across[axis] * column * measures.spacing[1] + down[axis] * row * measures.spacing[0],
    ),
  );
}

/** How far the corners are apart along a direction: what a picture that has it across, or down, shows. */
function extentOf(corners, direction) {
  const places = corners.map((one) => dot(one, direction));
  return Math.max(...places) - Math.min(...places);
}

/**
 * A stack of sections or views.
 *
 * @param {string} kind axial, coronal, sagittal, mip or volume
 * @param {object[]} frames the slices
 * @param {string} path of the volume's resource
 * @param {number} slab thickness of a section in mm, 0 for none; shown as a maximum intensity projection
 * @param {import("./luts.js").Window | null} window
 * @returns {{frames: object[], index: number}}
 */
export function reformatted(kind, frames, path, slab, window) {
  const bounds = boundsOf(frames);
  const made =
    kind in SECTIONS ? sections(SECTIONS[kind], bounds, frames, path, slab) : turning(TURNING[kind], bounds, path);
  const { image, units } = frames[Math.floor(frames.length / 2)];
  const shared = {
    ...image,
    kind: "rendered",
    samples: 1,
    overlays: [],
    regions: [],
    patientOrientation: [],
    milliseconds: null,
    frames: undefined,
  };
  return {
    index: kind in SECTIONS ? Math.floor(made.length / 2) : 0,
    frames: made.map((one, place) => ({
      image: shared,
      number: place + 1,
      modality: null,
      windows: [],
      luts: [],
      units,
      aspect: [1, 1],
      thickness: slab || null,
      moment: "",
      windowed: kind !== "volume",
      window,
      atOnce: 2,
      accept: "image/png",
      key: `${kind} ${slab} ${path} ${place}`,
      ...one,
    })),
  };
}

function sections(section, { corners, low, high, middle, voxel }, frames, path, slab) {
  const { axis } = section;
  const extent = high[axis] - low[axis];
  const size = [extentOf(corners, section.down), extentOf(corners, section.across)];
  const along = dot(
    cross(frames[0].plane.across, frames[0].plane.down),
    [0, 1, 2].map((one) => (one === axis ? 1 : 0)),
  );
  const step = Math.abs(along) > 0.9 ? extent / frames.length : voxel;
  const count = Math.min(MOST_SECTIONS, Math.max(1, Math.round(extent / step)));
  const method = slab > 0 ? `&mprslab=${slab}&renderingmethod=maximum_ip` : "";
  return Array.from({ length: count }, (_, place) => {
    const away = (place + 0.5) / count;
    const at = [...middle];
    // From head to feet, from the front to the back, from right to left.
    at[axis] = axis === 2 ? high[axis] - away * extent : low[axis] + away * extent;
    return {
      path: `${path}/renderedmpr?${viewpoint(at, section.from, section.up)}${method}`,
      plane: { position: at, across: section.across, down: section.down },
      location: at[axis],
      measures: null,
      extent: { size, at: "" },
    };
  });
}

function turning(method, { corners, middle }, path) {
  return Array.from({ length: VIEWS }, (_, place) => {
    const angle = (place * 2 * Math.PI) / VIEWS;
    const from = [Math.sin(angle), -Math.cos(angle), 0];
    const across = [Math.cos(angle), Math.sin(angle), 0];
    return {
      path: `${path}/rendered3D?renderingmethod=${method}&${viewpoint(middle, from, [0, 0, 1])}`,
      plane: { position: null, across, down: [0, 0, -1] },
      measures: null,
      extent:
        method === "maximum_ip"
          ? { size: [extentOf(corners, [0, 0, -1]), extentOf(corners, across)], at: "projected" }
          : null,
      caption: `${method === "maximum_ip" ? "MIP" : "Volume"}, ${Math.round((angle * 180) / Math.PI)}°`,
    };
  });
}

/** The parameters that say where one looks from, at what, and what is up. */
function viewpoint(at, from, up) {
  const point = (values) => values.map((one) => Number(one.toFixed(4))).join(",");
  const position = at.map((one, axis) => one + FAR * from[axis]);
  return `viewpointposition=${point(position)}&viewpointlookat=${point(at)}&viewpointup=${point(up)}`;
}
