/**
 * Metadata of a series to a compact table: what is common to an instance once, and an entry for each frame.
 *
 * Runs in the worker; what comes out is plain data and goes to the page as a copy. Functional groups (PS3.3 §C.7.6.16)
 * go before what stands in the data set itself, those of a frame before the shared ones.
 *
 * @module
 */

import { item, items, number, numbers, text, values } from "./dataset.js";
import { floatPaddingOf, modalityOf, paddingOf, presentationOf, voiLutsOf, windowsOf } from "./luts.js";
import { overlaysOf } from "./overlays.js";
import { aspectOf, cross, dot, measuresOf, planeOf, regionsOf } from "./places.js";

/** Attributes that the view reads: all that it asks the server for. */
export const ATTRIBUTES = [
  "00080008 00080016 00080018 00080022 00080032 00080060 0008103E 00082142 00082143 00082144 00089205",
  "00180040 00180050 00180086 00181063 00181064 00181065 00181088 00181164 00182010 00186011 0020000D",
  "0020000E 00200011 00200012 00200013 00200020 00200032 00200037 00200052 00200100 00201041 00204000",
  "00280002 00280004 00280008 00280010 00280011 00280030 00280034 00280100 00280101 00280102 00280103",
  "00280120 00280121 00280122 00280123 00280124 00280125 00280A02 00281050 00281051 00281052 00281053",
  "00281054 00281055 00281056 00282000 00282110 00283000 00283010 00286010 00289132 00289145 00540081",
  "20500010 20500020 30040002 3004000E 300A0000 52009229 52009230 7FE00008 7FE00009 7FE00010",
].flatMap((row) => row.split(" "));

const VIDEO_CLASSES = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.77\.1\.[124]\.1$/;
const SEGMENTATIONS = ["1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7"];
const MAX_FRAMES = 100_000;

/**
 * @typedef {object} Image what the frames of an instance have in common
 * @typedef {object} Frame `image`, `number` from 1, and what is its own: `modality`, `windows`, `luts`, `plane`, ...
 */

/**
 * All frames of a series, those of an instance in their order.
 *
 * @param {import("./dataset.js").Dataset[]} datasets
 * @returns {{images: Image[], others: {uid: string, sopClass: string}[]}} `others` have no pixels
 */
export function tableOf(datasets) {
  const images = [];
  const others = [];
  for (const dataset of datasets) {
    const image = imageOf(dataset);
    if (image === null) others.push({ uid: text(dataset, "00080018"), sopClass: text(dataset, "00080016") });
    else images.push(image);
  }
  return { images, others };
}

/** @returns {Image | null} */
function imageOf(dataset) {
  const rows = number(dataset, "00280010") ?? 0;
  const columns = number(dataset, "00280011") ?? 0;
  const tag = ["7FE00010", "7FE00008", "7FE00009"].find((one) => dataset[one] !== undefined);
  if (tag === undefined || rows < 1 || columns < 1) return null;
  const allocated = number(dataset, "00280100") ?? 16;
  const stored = number(dataset, "00280101") ?? allocated;
  const bitsStored = stored > 0 && stored <= allocated ? stored : allocated;
  const samples = number(dataset, "00280002") ?? 1;
  const photometric = text(dataset, "00280004") || (samples === 1 ? "MONOCHROME2" : "RGB");
  const signed = number(dataset, "00280103") === 1;
  const sopClass = text(dataset, "00080016");
  const presentation = presentationOf(dataset, photometric);
  const overlays = overlaysOf(dataset);
  const image = {
    uid: text(dataset, "00080018"),
    series: text(dataset, "0020000E"),
    sopClass,
    modality: text(dataset, "00080060"),
    instanceNumber: number(dataset, "00200013"),
    frameOfReference: text(dataset, "00200052"),
    rows,
    columns,
    samples,
    photometric,
    bitsAllocated: allocated,
    bitsStored,
    signed,
    inverse: presentation.inverse,
    presentationLut: presentation.lut,
    doseScaling: number(dataset, "3004000E"),
    padding: samples === 1 ? paddingOf(dataset, signed, bitsStored) : null,
    isLossy: text(dataset, "00282110") === "01",
    overlays,
    regions: regionsOf(dataset),
    patientOrientation: values(dataset, "00200020").map(String),
    units: unitsOf(dataset),
    representative: number(dataset, "00286010"),
    milliseconds: frameTimeOf(dataset),
    isSegmentation: SEGMENTATIONS.includes(sopClass),
    seriesDescription: text(dataset, "0008103E"),
    seriesNumber: text(dataset, "00200011"),
    kind: "rendered",
    frames: [],
  };
  image.cell = cellOf(dataset, tag, image);
  if (image.cell[0] === "f") image.padding = floatPaddingOf(dataset);
  if (VIDEO_CLASSES.test(sopClass)) image.kind = "video";
  else if (image.cell && isGrey(dataset, image)) image.kind = "grey";
  image.frames = framesOf(dataset, image);
  return image;
}

/** Whether the browser makes the grey levels: a picture of everything else is made by the server. */
function isGrey(dataset, image) {
  const isColoured = ["COLOR", "MIXED"].includes(text(dataset, "00089205"));
  const isMonochrome = image.samples === 1 && /^MONOCHROME[12]$/.test(image.photometric);
  return isMonochrome && !isColoured && !image.isSegmentation && image.overlays.every((one) => one.isApart);
}

/** The form of a cell, as a letter and its bytes; empty for those that the browser has no array for. */
function cellOf(dataset, tag, { bitsAllocated, bitsStored, signed }) {
  if (tag !== "7FE00010") return tag === "7FE00008" ? "f4" : "f8";
  const highBit = number(dataset, "00280102") ?? bitsStored - 1;
  if (highBit !== bitsStored - 1) return "";
  if (bitsAllocated === 32) return bitsStored === 32 ? (signed ? "i4" : "u4") : "";
  return { 8: "u1", 16: "u2" }[bitsAllocated] ?? "";
}

/** @returns {Frame[]} */
function framesOf(dataset, image) {
  const count = Math.min(MAX_FRAMES, Math.max(1, number(dataset, "00280008") ?? 1));
  const shared = item(dataset, "52009229");
  const own = items(dataset, "52009230");
  const variants = new Map();
  const frames = [];
  for (let place = 0; place < count; place += 1) {
    const group = own[place] ?? {};
    frames.push({
      image,
      number: place + 1,
      ...valuesOf(dataset, shared, group, image, variants),
      ...whereOf(dataset, shared, group, image),
    });
  }
  return frames;
}

/** What the pixels of a frame mean; frames whose groups say the same share one object. */
function valuesOf(dataset, shared, group, image, variants) {
  const key = JSON.stringify([group["00289145"], group["00289132"]]);
  const known = variants.get(key);
  if (known !== undefined) return known;
  const inGroups = (tag) => [item(group, tag), item(shared, tag)];
  const modality = first([...inGroups("00289145"), dataset], (one) => modalityOf(one, image.signed));
  const voi =
    [...inGroups("00289132"), dataset].find(
      (one) => windowsOf(one).length || voiLutsOf(one, image.signed, modality).length,
    ) ?? {};
  const found = {
    modality,
    windows: windowsOf(voi),
    luts: voiLutsOf(voi, image.signed, modality),
    units:
      inGroups("00289145")
        .map((one) => text(one, "00281054"))
        .find(Boolean) ?? image.units,
  };
  found.tone = JSON.stringify([found.modality, found.windows[0], found.luts]);
  variants.set(key, found);
  return found;
}

/** Where a frame lies, how large its pixels are, and what its place in the series is. */
function whereOf(dataset, shared, group, image) {
  const content = item(group, "00209111");
  const measures = measuresOf(dataset, shared, group, image.modality);
  const plane = planeOf(dataset, shared, group);
  return {
    plane,
    location: plane?.position ? dot(plane.position, cross(plane.across, plane.down)) : undefined,
    measures,
    aspect: aspectOf(dataset, item(group, "00289110"), item(shared, "00289110")),
    thickness: first([item(group, "00289110"), item(shared, "00289110"), dataset], (one) => number(one, "00180050")),
    temporal: number(content, "00209128") ?? number(dataset, "00200100") ?? 0,
    part: [text(content, "00209056"), number(dataset, "00180086"), number(dataset, "00200012")].join("|"),
    moment: momentOf(dataset, content),
  };
}

function momentOf(dataset, content) {
  const together = text(content, "00189074") || text(dataset, "00080022") + text(dataset, "00080032");
  const found = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)/.exec(together);
  return found ? `${found[1]}-${found[2]}-${found[3]} ${found[4]}:${found[5]}` : "";
}

function first(candidates, read) {
  for (const one of candidates) {
    const found = read(one);
    if (found !== null) return found;
  }
  return null;
}

/** What values are measured in: Hounsfield units for CT, unless something else is said (PS3.3 §C.8.2.1.1.2). */
function unitsOf(dataset) {
  const told = text(dataset, "00281054");
  if (told) return told === "US" ? "" : told;
  if (text(dataset, "00080060") === "CT") return "HU";
  return text(dataset, "00540081") || text(dataset, "30040002");
}

/** How long a frame is shown, in ms: as a server renders it (PS3.3 §C.7.6.5). */
function frameTimeOf(dataset) {
  const rate = [number(dataset, "00082144"), number(dataset, "00180040")].find((one) => one > 0);
  const steps = numbers(dataset, "00181065").slice(1);
  const sum = steps.reduce((total, one) => total + Math.max(0, one ?? 0), 0);
  const told = rate ? 1000 / rate : steps.length && sum > 0 ? sum / steps.length : number(dataset, "00181063");
  return told > 0 ? Math.min(10_000, Math.max(5, told)) : null;
}
