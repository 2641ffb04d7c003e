/**
 * Which side of the patient is at which edge of the viewport (PS3.3 §C.7.6.2.1.1, §C.7.6.1.1.1).
 *
 * @module
 */

const AXES = [
  ["L", "R"],
  ["P", "A"],
  ["H", "F"],
];
const OPPOSITE = { L: "R", R: "L", P: "A", A: "P", H: "F", F: "H" };
const LEAST = 0.25; // of a direction, that a letter stands for

/** The letters of a direction in the patient, the one that says most first. @param {number[]} direction */
export function lettersOf(direction) {
  return direction
    .map((part, axis) => ({ size: Math.abs(part), letter: AXES[axis][part < 0 ? 1 : 0] }))
    .filter((one) => one.size >= LEAST)
    .sort((a, b) => b.size - a.size)
    .map((one) => one.letter)
    .join("");
}

const opposite = (letters) => [...letters].map((one) => OPPOSITE[one] ?? "").join("");

/** The letters at the end of a row and at the end of a column of an image. */
function ends(frame) {
  if (frame.plane) return { right: lettersOf(frame.plane.across), bottom: lettersOf(frame.plane.down) };
  const [right, bottom] = frame.image.patientOrientation.map((one) => (/^[LRPAHF]{1,3}$/.test(one) ? one : ""));
  return { right: right ?? "", bottom: bottom ?? "" };
}

/**
 * The letters at the edges of the viewport.
 *
 * @param {object} frame
 * @param {number[]} matrix of the viewport
 * @returns {{left: string, right: string, top: string, bottom: string}}
 */
export function edgesOf(frame, [a, b, c, d]) {
  const { right, bottom } = ends(frame);
  const at = { left: "", right: "", top: "", bottom: "" };
  const put = (letters, x, y) => {
    const isAcross = Math.abs(x) > Math.abs(y);
    const isForward = (isAcross ? x : y) > 0;
    at[isAcross ? "right" : "bottom"] = isForward ? letters : opposite(letters);
    at[isAcross ? "left" : "top"] = isForward ? opposite(letters) : letters;
  };
  put(right, a, b);
  put(bottom, c, d);
  return at;
}

/** The plane that a frame shows, as people call it: by the axis that it is looked at along. */
export function planeName(frame) {
  if (!frame.plane) return "";
  const { across, down } = frame.plane;
  const normal = [0, 1, 2].map((axis) =>
    Math.abs(across[(axis + 1) % 3] * down[(axis + 2) % 3] - across[(axis + 2) % 3] * down[(axis + 1) % 3]),
  );
  const axis = normal.indexOf(Math.max(...normal));
  const name = ["sagittal", "coronal", "axial"][axis];
  return normal[axis] > 0.95 ? name : `${name} oblique`;
}
