/**
 * Presentation states and segmentations of the study: stacks of pictures that the server makes of them.
 *
 * @module
 */

import { items, text, values } from "./dataset.js";

const SHOWN = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.(11\.([123458]|12)|66\.[47])$/;
const SEGMENTATION = /\.66\.[47]$/;
const MOST = 50;
const LABELS = "00080016,00080018,0020000E,00700080,00700081,00080060,00081115,00189004,00200013,0008103E";

/**
 * What can be laid over images of the study.
 *
 * @param {import("./loader.js").Loader} loader
 * @param {string} study path of the study
 * @param {string[]} series those of presentation states and segmentations
 * @returns {Promise<{label: string, path: string, isSegmentation: boolean, dataset: object}[]>}
 */
export async function statesOf(loader, study, series) {
  const lists = await Promise.all(
    series
      .slice(0, MOST)
      .map((uid) =>
        loader.ask("metadata", { path: `${study}/series/${uid}/metadata?includefield=${LABELS}` }).catch(() => []),
      ),
  );
  return lists
    .flat()
    .filter((one) => SHOWN.test(text(one, "00080016")))
    .slice(0, MOST)
    .map((dataset) => ({
      label: labelOf(dataset),
      path: `${study}/series/${text(dataset, "0020000E")}/instances/${text(dataset, "00080018")}`,
      isSegmentation: SEGMENTATION.test(text(dataset, "00080016")),
      dataset,
    }));
}

function labelOf(dataset) {
  const kind = SEGMENTATION.test(text(dataset, "00080016")) ? "Segmentation" : "Presentation state";
  const name = text(dataset, "00700081") || text(dataset, "00700080") || text(dataset, "0008103E");
  return name ? `${kind}: ${name}` : `${kind} ${text(dataset, "00200013")}`.trim();
}

/**
 * The images that a presentation state shows, in its order.
 *
 * @param {object} state
 * @param {string} study path of the study
 * @param {string | null} wado address of the URI Service, which shows one image with a state; null if there is none
 * @param {object} image to borrow what a frame needs
 * @returns {object[]}
 */
export function presentedFrames(state, study, wado, image) {
  const series = text(state.dataset, "0020000E");
  const uid = text(state.dataset, "00080018");
  const references = items(state.dataset, "00081115").flatMap((one) =>
    items(one, "00081140").map((reference) => ({
      series: text(one, "0020000E"),
      instance: text(reference, "00081155"),
      frames: values(reference, "00081160"),
    })),
  );
  const frame = (path, place, caption, instance) => ({
    ...blank(image, `${uid} ${place}`, path, place),
    caption,
    instance,
  });
  if (wado === null || references.length === 0) return [frame(`${state.path}/rendered`, 0, state.label)];
  const studyUid = study.slice(study.lastIndexOf("/") + 1);
  return references
    .slice(0, 1000)
    .map((one, place) =>
      frame(
        `${wado}?requestType=WADO&studyUID=${studyUid}&seriesUID=${one.series}&objectUID=${one.instance}` +
          `&presentationSeriesUID=${series}&presentationUID=${uid}&contentType=image%2Fpng`,
        place,
        state.label,
        one.instance,
      ),
    );
}

/**
 * One frame of a segmentation for each place in the patient: the server draws all segments there.
 *
 * @param {object} state
 * @param {object[]} stack frames of the segmentation
 * @returns {object[]}
 */
export function segmentedFrames(state, stack) {
  const places = new Map();
  for (const frame of stack) {
    const key = frame.plane?.position?.map((one) => one.toFixed(3)).join() ?? `${frame.number}`;
    if (!places.has(key)) places.set(key, frame);
  }
  return [...places.values()].map((frame) => ({
    ...frame,
    caption: state.label,
    windowed: false,
    accept: "image/png",
    atOnce: 4,
    key: `seg ${frame.key}`,
    path: `${state.path}/frames/${frame.number}/rendered`,
  }));
}

function blank(image, key, path, place) {
  return {
    image: {
      ...image,
      kind: "rendered",
      samples: 3,
      overlays: [],
      regions: [],
      patientOrientation: [],
      milliseconds: null,
    },
    key,
    path,
    number: place + 1,
    modality: null,
    windows: [],
    luts: [],
    units: "",
    aspect: [1, 1],
    thickness: null,
    plane: null,
    measures: null,
    moment: "",
    windowed: false,
    accept: "image/png",
    atOnce: 3,
  };
}
