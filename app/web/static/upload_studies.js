/**
 * The studies that the files of an upload belong to, with who they are of, as the archive has them.
 *
 * @module
 */

import { patientOf } from "./patient_name.js";
import { element, request, root } from "./site.js";
import { inDigits } from "./upload_rate.js";

const SHOWN = 100;
const ASKED_AT_ONCE = 20;
const FIELDS = "PatientName,PatientID,StudyDate,StudyDescription,ModalitiesInStudy";

/** Shows them in a table, most recent last. */
export class UploadStudies {
  #studies = new Map();
  #isAsking = false;

  constructor() {
    this.body = element("tbody");
    this.rest = element("p", { class: "muted", hidden: true });
    const heads = ["Patient", "Study", "Date", "Files"].map((name) => element("th", { scope: "col" }, name));
    heads.at(-1).className = "number";
    const table = element("table", {}, element("thead", {}, element("tr", {}, ...heads)), this.body);
    const scrolled = { class: "table-scroll", tabindex: "0", role: "region", "aria-label": "Studies of these files" };
    this.box = element(
      "section",
      { class: "upload-studies", hidden: true },
      element("h2", {}, "Studies"),
      element("div", scrolled, table),
      this.rest,
    );
  }

  /** Count a file of a study. */
  add(uid) {
    const study = this.#studies.get(uid);
    if (study) study.files += 1;
    else this.#studies.set(uid, { uid, files: 1, isKnown: false, row: null });
  }

  /** Show what is so now, and ask for what is not known. */
  refresh() {
    this.box.hidden = this.#studies.size === 0;
    for (const study of [...this.#studies.values()].slice(0, SHOWN)) this.#show(study);
    const more = this.#studies.size - SHOWN;
    this.rest.hidden = more <= 0;
    this.rest.textContent = `and ${inDigits(more)} more in the study list`;
    this.#describe();
  }

  #show(study) {
    if (study.row === null) {
      const link = element("a", { href: `${root}/ui/studies/${study.uid}` }, study.uid);
      const [patient, text, date] = [element("td"), element("td"), element("td", { class: "nowrap" })];
      const files = element("td", { class: "number" });
      patient.append(link);
      study.row = element("tr", {}, patient, text, date, files);
      Object.assign(study, { link, text, date, cell: files });
      this.body.append(study.row);
    }
    const files = inDigits(study.files);
    if (study.cell.textContent !== files) study.cell.textContent = files;
  }

  /** Ask for those that were not described yet; what goes wrong is no matter, the links are there. */
  async #describe() {
    const unknown = [...this.#studies.values()].slice(0, SHOWN).filter((study) => !study.isKnown && study.row);
    if (this.#isAsking || unknown.length === 0) return;
    const asked = unknown.slice(0, ASKED_AT_ONCE);
    this.#isAsking = true;
    try {
      const uids = asked.map((study) => study.uid).join(",");
      const answers = await request("GET", `/dicom-web/studies?StudyInstanceUID=${uids}&includefield=${FIELDS}`);
      for (const answer of answers ?? []) fill(this.#studies.get(valueOf(answer, "0020000D")), answer);
      asked.forEach((study) => (study.isKnown = true));
    } catch {
      return; // the server is away: asked again with the next refresh
    } finally {
      this.#isAsking = false;
    }
  }
}

function fill(study, answer) {
  if (!study) return;
  study.link.textContent = patientOf(answer);
  const modalities = (answer["00080061"]?.Value ?? []).join(", ");
  study.text.textContent = [modalities, valueOf(answer, "00081030")].filter(Boolean).join(" · ") || "–";
  const date = valueOf(answer, "00080020") ?? "";
  study.date.textContent = date.replace(/^(\d{4})(\d\d)(\d\d)$/, "$1-$2-$3") || "–";
}

function valueOf(answer, tag) {
  return answer[tag]?.Value?.[0] ?? null;
}
