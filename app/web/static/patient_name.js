/**
 * How patients are called, as the study list writes them (app/web/display.py).
 *
 * @module
 */

/**
 * The name of a study's patient, or else the patient ID.
 *
 * @param {object} study an answer of QIDO-RS, in the DICOM JSON model
 */
export function patientOf(study) {
  return nameOf(study["00100010"]?.Value?.[0] ?? {}) || study["00100020"]?.Value?.[0] || "No name";
}

/** "Family, Given (ideographic, phonetic)", with what there is of it. */
function nameOf(groups) {
  const others = ["Ideographic", "Phonetic"].map((group) => partsOf(groups[group]).filter(Boolean).join(" "));
  const [first, ...rest] = [latin(groups.Alphabetic), ...others].filter(Boolean);
  return rest.length ? `${first} (${rest.join(", ")})` : first ?? "";
}

/** Family, given, middle, prefix, suffix in the order that lists of people have. */
function latin(group) {
  const [family, given, middle, prefix, suffix] = partsOf(group);
  return [family, [prefix, given, middle].filter(Boolean).join(" "), suffix].filter(Boolean).join(", ");
}

function partsOf(group) {
  return (group ?? "").split("^").map((part) => part.trim());
}
