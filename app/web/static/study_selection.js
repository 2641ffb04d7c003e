/**
 * Which studies of a list are selected, and what is done with them.
 *
 * Only studies that are on the page can be selected: what nobody sees is not sent or deleted by accident.
 *
 * @module
 */

import { deleteStudies, downloadStudies, retrieveStudies, sendStudies } from "./actions.js";
import { toast } from "./site.js";

const ACTIONS = { send: sendStudies, retrieve: retrieveStudies, download: downloadStudies, delete: deleteStudies };

/** The selection of the studies in `list`, with the bar that acts on it. */
export class Selection {
  /**
   * @param {HTMLElement} list what holds rows with `data-study`, `data-label`, `data-source` and `data-here`
   * @param {HTMLElement} bar the buttons with `data-action`
   * @param {() => void} refresh asks for the list again
   */
  constructor(list, bar, refresh) {
    this.list = list;
    this.bar = bar;
    this.refresh = refresh;
    this.chosen = new Set();
    list.addEventListener("change", (event) => this.#onChange(event.target));
    bar.addEventListener("click", (event) => this.#act(event.target.closest("button")?.dataset.action));
    this.restore();
  }

  /** Select again what was selected, as far as it is still there. */
  restore() {
    const rows = this.#rows();
    const there = new Set(rows.map((row) => row.dataset.study));
    this.chosen = new Set([...this.chosen].filter((uid) => there.has(uid)));
    for (const row of rows) this.#mark(row, this.chosen.has(row.dataset.study));
    this.#show();
  }

  /** Select nothing. */
  clear() {
    this.chosen.clear();
    this.restore();
  }

  #rows() {
    return [...this.list.querySelectorAll("tr[data-study]")].filter((row) => row.dataset.study);
  }

  #mark(row, isChosen) {
    row.toggleAttribute("data-selected", isChosen);
    row.querySelector("input[type=checkbox]").checked = isChosen;
  }

  #onChange(target) {
    if (target.type !== "checkbox") return;
    const row = target.closest("tr[data-study]");
    for (const each of row ? [row] : this.#rows()) {
      if (target.checked) this.chosen.add(each.dataset.study);
      else this.chosen.delete(each.dataset.study);
    }
    this.restore();
  }

  #show() {
    const rows = this.#rows();
    const chosen = rows.filter((row) => this.chosen.has(row.dataset.study));
    const all = document.getElementById("select-all");
    if (all) {
      all.checked = chosen.length > 0 && chosen.length === rows.length;
      all.indeterminate = chosen.length > 0 && chosen.length < rows.length;
    }
    this.bar.hidden = chosen.length === 0;
    document.getElementById("selection-count").textContent = `${chosen.length} ${chosen.length === 1 ? "study" : "studies"} selected`;
    const areHere = chosen.every((row) => "here" in row.dataset);
    const areElsewhere = chosen.every((row) => row.dataset.source !== "");
    this.bar.querySelector("[data-action=send]").hidden = !areHere;
    this.bar.querySelector("[data-action=delete]").hidden = !areHere;
    this.bar.querySelector("[data-action=retrieve]").hidden = !areElsewhere;
  }

  async #act(action) {
    if (action === "clear") this.clear();
    if (!(action in ACTIONS)) return;
    try {
      for (const [source, studies] of this.#bySource(action)) await ACTIONS[action](studies, { source });
    } catch (problem) {
      toast(problem.message, "error");
      return;
    }
    if (action === "delete") this.refresh();
  }

  /** The chosen studies by the node they come from; what is here is sent and deleted here, wherever else it is. */
  #bySource(action) {
    const groups = new Map();
    for (const row of this.#rows().filter((each) => this.chosen.has(each.dataset.study))) {
      const source = action === "send" || action === "delete" ? "" : row.dataset.source;
      const studies = groups.get(source) ?? [];
      const { study, label, counts } = row.dataset;
      groups.set(source, [...studies, { study_instance_uid: study, label, counts }]);
    }
    return groups;
  }
}
