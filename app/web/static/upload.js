/**
 * The upload page: files are dropped anywhere on it, or chosen.
 *
 * @module
 */

import { acceptDrops } from "./upload_drop.js";
import { filesOf } from "./upload_files.js";
import { UploadPanel } from "./upload_panel.js";

const zone = document.getElementById("upload-zone");
const panel = new UploadPanel();
document.getElementById("upload").append(panel.box);
acceptDrops(document.body, { panel, zone });

for (const name of ["files", "folder"]) {
  const input = document.getElementById(`upload-${name}`);
  document.getElementById(`choose-${name}`).addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    const files = [...input.files]; // the list is emptied with the input
    input.value = "";
    panel.add(filesOf(files));
  });
}
