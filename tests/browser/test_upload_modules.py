"""The modules of uploading by themselves, in the browser that they are made for."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import random
import struct
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from builders import ct_dataset, ct_instance, part10
from playwright.sync_api import Browser, Page
from running_server import RunningServer

from app.web.display import person_name

MEDIA_STORAGE_DIRECTORY = "1.2.840.10008.1.3.10"
_CALL = """async ([name, inputs]) => {
  const base = document.querySelector('script[src$="/site.js"]').src;
  const load = (module) => import(new URL(`./${module}.js`, base).href);
  const blobs = inputs.map((text) => new Blob([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))]));
  const module = await load(name);
  %s
}"""


@pytest.fixture(scope="module")
def page(browser: Browser, server: RunningServer) -> Iterator[Page]:
    """A page that modules can be loaded into."""
    context = browser.new_context(base_url=server.url)
    opened = context.new_page()
    opened.goto("/ui/upload")
    yield opened
    context.close()


def call(page: Page, module: str, body: str, *inputs: bytes) -> Any:
    """Run JavaScript with a module of the static files and with blobs; gives what it returns."""
    return page.evaluate(_CALL % body, [module, [base64.b64encode(one).decode() for one in inputs]])


# sha256.js


@pytest.mark.parametrize(
    "size", [0, 1, 55, 56, 63, 64, 119, 1000, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, (2 << 20) + 63]
)
def test_a_digest_is_the_same_with_and_without_what_the_browser_has(page: Page, size: int) -> None:
    content = random.Random(size).randbytes(size)
    body = """
      const made = [];
      for (const subtle of [undefined, null]) {
        for (const form of [blobs[0], await blobs[0].arrayBuffer()]) made.push(await module.sha256(form, subtle));
      }
      return made;
    """
    made = call(page, "sha256", body, content)
    assert made == [hashlib.sha256(content).hexdigest()] * 4


# part10.js


def identified(page: Page, content: bytes, path: str = "IM000001") -> list[Any]:
    body = f"""
      const head = await blobs[0].slice(0, module.HEAD_BYTES).arrayBuffer();
      const found = module.identify(head, {path!r});
      return [found.kind, found.sopInstanceUid];
    """
    return list(call(page, "part10", body, content))


def test_an_instance_is_told_by_its_file_meta_information(page: Page) -> None:
    assert identified(page, ct_instance(SOPInstanceUID="1.2.840.99")) == ["instance", "1.2.840.99"]


def test_a_dicomdir_is_no_instance(page: Page) -> None:
    directory = part10(b"", sop_class=MEDIA_STORAGE_DIRECTORY, sop_instance="1.2.3")
    assert identified(page, directory, "DICOMDIR") == ["directory", "1.2.3"]


@pytest.mark.parametrize("content", [b"", b"hello", b"%PDF-1.7 " + bytes(200), b"\xff\xd8\xff\xe0" + bytes(500)])
def test_other_files_are_not_dicom(page: Page, content: bytes) -> None:
    assert identified(page, content, "readme.txt") == ["other", None]


@pytest.mark.parametrize("content", [b"", b"hello", bytes(500)])
def test_what_is_called_dicom_is_left_to_the_server(page: Page, content: bytes) -> None:
    assert identified(page, content, "scan.DCM") == ["instance", None]


@pytest.mark.parametrize("implicit", [True, False])
def test_a_data_set_without_a_preamble_is_an_instance(page: Page, implicit: bool) -> None:
    assert identified(page, ct_dataset(implicit=implicit)) == ["instance", None]


def test_file_meta_information_that_lies_about_its_lengths_names_nobody(page: Page) -> None:
    content = bytearray(ct_instance(SOPInstanceUID="1.2.840.99"))
    content[132 + 6 : 132 + 8] = b"\xff\xff"
    assert identified(page, bytes(content)) == ["instance", None]


def test_a_uid_that_is_none_names_nobody(page: Page) -> None:
    assert identified(page, part10(b"", sop_instance="<img src=x>")) == ["instance", None]


# zip_reader.js

_READ_ALL = """
  const found = [];
  for (const file of await module.filesOfZip(blobs[0])) {
    const read = async () => Array.from(new Uint8Array(await (await file.open()).arrayBuffer()));
    found.push([file.path, file.size, await read().catch((error) => `${error.constructor.name}: ${error.message}`)]);
  }
  return found;
"""


def unzipped(page: Page, archive: bytes) -> dict[str, Any]:
    found = call(page, "zip_reader", _READ_ALL, archive)
    return {path: bytes(content) if isinstance(content, list) else content for path, _size, content in found}


def refusal(page: Page, archive: bytes) -> str:
    return str(call(page, "zip_reader", "return module.filesOfZip(blobs[0]).catch((error) => error.message);", archive))


def zipped(files: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED, *, is_large: bool = False) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", compression) as opened:
        for name, content in files.items():
            with opened.open(name, "w", force_zip64=is_large) as entry:
                entry.write(content)
    return archive.getvalue()


FILES = {
    "a/b/one.dcm": ct_instance(),
    "empty": b"",
    "zéro/näme": bytes(40_000),
    "two": random.Random(1).randbytes(9_000),
}


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_archive_gives_its_files(page: Page, compression: int) -> None:
    assert unzipped(page, zipped(FILES, compression)) == FILES


def test_folders_of_a_zip_archive_are_left_out(page: Page) -> None:
    assert unzipped(page, zipped({"a/": b"", "a/one": b"1"})) == {"a/one": b"1"}


def test_a_zip_archive_may_stand_behind_something_else_and_have_a_comment(page: Page) -> None:
    archive = io.BytesIO(b"#!/bin/sh\n" * 100)
    archive.seek(0, io.SEEK_END)
    with zipfile.ZipFile(archive, "a") as opened:
        opened.writestr("one", b"1")
        opened.comment = b"no PK\x05\x06 here"
    assert unzipped(page, archive.getvalue()) == {"one": b"1"}


def test_a_large_zip_archive_has_its_numbers_elsewhere(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 1)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    archive = zipped(FILES, is_large=True)
    assert b"PK\x06\x06" in archive
    assert unzipped(page, archive) == FILES


def test_an_archive_written_without_seeking_has_the_sizes_behind_the_files(page: Page) -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_args: int) -> int:
            raise OSError

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("one", b"1" * 5000)
    assert unzipped(page, pipe.getvalue()) == {"one": b"1" * 5000}


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x05\x06", ct_instance()])
def test_what_is_no_zip_archive_is_refused(page: Page, content: bytes) -> None:
    assert refusal(page, content) == "The zip archive is damaged, or is none."


def test_a_zip_archive_that_was_cut_off_is_refused(page: Page) -> None:
    assert "damaged" in refusal(page, zipped(FILES)[:-30])


def test_damage_of_one_file_is_its_own(page: Page) -> None:
    content = random.Random(2).randbytes(1000)
    archive = bytearray(zipped({"one": content, "two": b"2"}))
    archive[archive.index(content[200:220]) if content[200:220] in archive else 500] ^= 0xFF
    found = unzipped(page, bytes(archive))
    assert found == {"one": "ZipProblem: It is damaged in the zip archive.", "two": b"2"}


def test_encrypted_files_and_unknown_compression_are_told(page: Page) -> None:
    archive = bytearray(zipped({"one": b"1" * 100, "two": b"2" * 100, "three": b"3"}))
    central = [place for place in range(len(archive)) if archive[place : place + 4] == b"PK\x01\x02"]
    archive[central[0] + 8] |= 1
    archive[central[1] + 10 : central[1] + 12] = struct.pack("<H", 14)
    assert unzipped(page, bytes(archive)) == {
        "one": "ZipProblem: It is encrypted in the zip archive.",
        "two": "ZipProblem: It is compressed in a way (14) that is not supported.",
        "three": b"3",
    }


def test_what_grows_too_much_is_not_inflated(page: Page) -> None:
    archive = zipped({"bomb": bytes(80 << 20), "one": b"1"})
    assert unzipped(page, archive) == {"bomb": "ZipProblem: It grows too much when it is inflated.", "one": b"1"}


def test_what_is_larger_than_it_says_is_not_inflated(page: Page) -> None:
    archive = bytearray(zipped({"liar": bytes(1 << 20)}))
    central = archive.index(b"PK\x01\x02")
    archive[central + 24 : central + 28] = struct.pack("<I", 1000)
    assert unzipped(page, bytes(archive)) == {"liar": "ZipProblem: It is damaged in the zip archive."}


def test_files_that_overlap_are_a_trap(page: Page) -> None:
    archive = zipped({"one": random.Random(3).randbytes(2000)})
    start, end = archive.index(b"PK\x01\x02"), archive.index(b"PK\x05\x06")
    entry = archive[start:end]
    directory = entry * 50
    tail = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 50, 50, len(directory), start, 0)
    assert "overlap" in refusal(page, archive[:start] + directory + tail)


# stow.js: what the server's answer means

_RESULT = """
  const answer = JSON.parse(await blobs[0].text());
  try {
    const { outcome, reason, study } = module.resultOf(answer);
    return [outcome, reason, study];
  } catch (error) {
    return [error.constructor.name, error.message];
  }
"""
_REFERENCE = '{"00081199":{"vr":"SQ","Value":[{"00081190":{"vr":"UR","Value":["http://h/p/studies/1.2/series/3/instances/4"]}%s}]}}'
_FAILURE = '{"%s":{"vr":"SQ","Value":[{"00081197":{"vr":"US","Value":[%d]}}]}}'


@pytest.mark.parametrize(
    ("status", "text", "warning", "expected"),
    [
        (200, _REFERENCE % "", None, ["stored", "", "1.2"]),
        (
            202,
            _REFERENCE % ',"00081196":{"vr":"US","Value":[45062]}',
            "299 http://h/dicom-web: another version is stored already, and was kept",
            ["warning", "Another version is stored already, and was kept (B006: elements discarded)", "1.2"],
        ),
        (
            409,
            _FAILURE % ("0008119A", 0xC000),
            "299 http://h/dicom-web: no DICOM",
            ["Refusal", "No DICOM (C000: cannot understand)"],
        ),
        (409, _FAILURE % ("00081198", 0x0111), None, ["Refusal", "0111: duplicate SOP instance"]),
        (409, _FAILURE % ("00081198", 0xABCD), None, ["Refusal", "ABCD: unknown reason"]),
        (
            409,
            _FAILURE % ("00081198", 0xA700),
            "A700 http://h/dicom-web: Out of memory, 299 http://h/dicom-web: no room is left",
            ["Refusal", "No room is left (A700: out of resources)"],
        ),
        (400, '{"detail": "body: it is empty"}', None, ["Refusal", "body: it is empty"]),
        (
            413,
            "<html>nginx</html>",
            None,
            ["Refusal", "The file is larger than the server, or a proxy before it, takes (413)."],
        ),
        (503, '{"detail": "Storage does not answer."}', None, ["Outage", "Storage does not answer."]),
        (502, "<html>Bad Gateway</html>", None, ["Outage", "The server cannot store at the moment (502)."]),
        (200, "<html>login</html>", None, ["Refusal", "The server refused it (200)."]),
    ],
)
def test_the_answer_to_a_store_is_put_in_words(
    page: Page, status: int, text: str, warning: str | None, expected: list[str]
) -> None:
    answer = json.dumps({"status": status, "text": text, "warning": warning}).encode()
    assert call(page, "stow", _RESULT, answer) == expected


# upload_queue.js, with a server that a test makes up

_QUEUE = """
  const { Outage, Refusal } = await load("upload_outcomes");
  const log = [];
  const stored = new Map();
  const server = {
    isReady: async () => true,
    sleep: async () => {},
    prepare: async ({ path }) => {
      return { isLeftOut: path.endsWith(".txt"), reason: "", content: path, uid: `1.${path}`, sha256: path };
    },
    known: async (items) => {
      log.push(`ask ${items.length}`);
      const there = items.filter((item) => stored.has(item.uid));
      return new Map(there.map((item) => [item.uid, { isSame: stored.get(item.uid) === item.sha256, study: "1" }]));
    },
    send: async (blob) => {
      log.push(`send ${blob}`);
      stored.set(`1.${blob}`, blob);
      return { outcome: "stored", reason: "", study: "1" };
    },
  };
  const filesOf = (...names) => (async function* () {
    yield names.map((path) => ({ path, size: 10, open: async () => path }));
  })();
  const until = async (condition) => {
    for (let turn = 0; turn < 5000 && !condition(); turn += 1) await new Promise((resolve) => setTimeout(resolve));
    if (!condition()) throw new Error(`it never came: ${JSON.stringify(queue.counts)} ${log.join()}`);
  };
  const queue = new module.UploadQueue(server, () => {});
  const outcomes = () => queue.items.map((item) => item.outcome);
"""


def run_queue(page: Page, body: str) -> Any:
    return call(page, "upload_queue", _QUEUE + body)


def test_files_are_asked_about_and_sent(page: Page) -> None:
    body = """
      stored.set("1.b", "b");
      await queue.addAll(filesOf("a", "b", "c.txt"));
      await until(() => queue.isFinished);
      return [outcomes(), log.filter((line) => line.startsWith("send")), queue.bytes];
    """
    assert run_queue(page, body) == [
        ["stored", "there", "left-out"],
        ["send a"],
        {"total": 30, "done": 30, "sent": 10},
    ]


def test_many_files_are_asked_about_together(page: Page) -> None:
    body = """
      await queue.addAll(filesOf(...Array.from(Array(1000).keys(), String)));
      await until(() => queue.isFinished);
      return [queue.counts.stored, log.filter((line) => line.startsWith("ask")).length, stored.size];
    """
    stored, questions, sent = run_queue(page, body)
    assert (stored, sent) == (1000, 1000)
    assert questions < 900


def test_no_more_than_four_are_sent_at_a_time(page: Page) -> None:
    body = """
      let [now, most] = [0, 0];
      const { send } = server;
      server.send = async (blob) => {
        most = Math.max(most, (now += 1));
        await new Promise((resolve) => setTimeout(resolve, 1));
        now -= 1;
        return send(blob);
      };
      await queue.addAll(filesOf(..."abcdefghijklmnop"));
      await until(() => queue.isFinished);
      return [most, queue.counts.stored];
    """
    assert run_queue(page, body) == [4, 16]


def test_the_same_file_twice_is_sent_once(page: Page) -> None:
    body = """
      await queue.addAll(filesOf("a"));
      await until(() => queue.isFinished);
      server.known = async () => new Map();
      await queue.addAll(filesOf("a"));
      await until(() => queue.isFinished);
      return [outcomes(), log.filter((line) => line.startsWith("send")).length];
    """
    assert run_queue(page, body) == [["stored", "there"], 1]


def test_another_version_is_replaced_and_the_same_in_another_form_was_there(page: Page) -> None:
    body = """
      stored.set("1.a", "old").set("1.b", "old");
      const { send } = server;
      server.send = async (blob) => (blob === "b" ? { outcome: "stored", reason: "", study: "1" } : send(blob));
      await queue.addAll(filesOf("a", "b"));
      await until(() => queue.isFinished);
      return outcomes();
    """
    assert run_queue(page, body) == ["replaced", "there"]


def test_what_arrived_before_the_connection_was_lost_is_not_sent_again(page: Page) -> None:
    body = """
      const { send } = server;
      let failures = 2;
      server.send = async (blob) => {
        const answer = await send(blob);
        if (failures-- > 0) throw new Outage("lost");
        return answer;
      };
      let probes = 0;
      server.isReady = async () => (probes += 1) > 3;
      await queue.addAll(filesOf("a", "b", "c", "d", "e", "f"));
      await until(() => queue.isFinished);
      return [queue.counts.stored, log.filter((line) => line.startsWith("send")).sort(), probes];
    """
    stored, sent, probes = run_queue(page, body)
    assert (stored, sent, probes) == (6, [f"send {name}" for name in "abcdef"], 4)


def test_what_was_lost_on_its_way_is_sent_again(page: Page) -> None:
    body = """
      const { send } = server;
      let failures = 4;
      server.send = async (blob) => {
        if (failures-- > 0) throw new Outage("lost");
        return send(blob);
      };
      await queue.addAll(filesOf("a", "b", "c", "d", "e", "f"));
      await until(() => queue.isFinished);
      return [queue.counts.stored, [...stored.keys()].sort()];
    """
    assert run_queue(page, body) == [6, [f"1.{name}" for name in "abcdef"]]


def test_a_question_that_is_not_answered_is_asked_again(page: Page) -> None:
    body = """
      const { known } = server;
      let failures = 3;
      server.known = async (items) => {
        if (failures-- > 0) throw new Outage("lost");
        return known(items);
      };
      stored.set("1.a", "a");
      await queue.addAll(filesOf("a", "b"));
      await until(() => queue.isFinished);
      return outcomes();
    """
    assert run_queue(page, body) == ["there", "stored"]


def test_a_server_that_cannot_be_asked_is_sent_everything(page: Page) -> None:
    body = """
      server.known = async () => { throw new Error("404"); };
      await queue.addAll(filesOf("a", "b"));
      await until(() => queue.isFinished);
      return outcomes();
    """
    assert run_queue(page, body) == ["stored", "stored"]


def test_a_file_that_breaks_the_connection_each_time_is_given_up(page: Page) -> None:
    body = """
      const { send } = server;
      server.send = async (blob) => {
        if (blob === "b") throw new Outage("The connection was lost.");
        return send(blob);
      };
      await queue.addAll(filesOf("a", "b", "c"));
      await until(() => queue.isFinished);
      return [outcomes(), queue.items[1].reason];
    """
    assert run_queue(page, body) == [
        ["stored", "refused", "stored"],
        "The connection was lost. That happened 8 times.",
    ]


def test_refused_files_can_be_tried_again(page: Page) -> None:
    body = """
      const { send } = server;
      server.send = async () => { throw new Refusal("no room"); };
      await queue.addAll(filesOf("a", "b"));
      await until(() => queue.isFinished);
      const before = [outcomes(), queue.items[0].reason];
      server.send = send;
      queue.retryProblems();
      await until(() => queue.isFinished);
      return [before, outcomes(), queue.counts.refused, queue.done, queue.bytes.done];
    """
    assert run_queue(page, body) == [[["refused"] * 2, "no room"], ["stored"] * 2, 0, 2, 20]


def test_a_pause_begins_nothing_and_what_follows_goes_on(page: Page) -> None:
    body = """
      queue.pause();
      await queue.addAll(filesOf("a", "b"));
      await new Promise((resolve) => setTimeout(resolve, 20));
      const before = [log.length, queue.done];
      queue.resume();
      await until(() => queue.isFinished);
      return [before, outcomes()];
    """
    assert run_queue(page, body) == [[0, 0], ["stored", "stored"]]


def test_after_a_cancel_nothing_is_sent_and_new_files_are(page: Page) -> None:
    body = """
      let aborted = 0;
      const { send } = server;
      server.send = (blob, { signal }) => new Promise((_, reject) => {
        signal.addEventListener("abort", () => ((aborted += 1), reject(signal.reason)));
      });
      await queue.addAll(filesOf("a", "b", "c", "d", "e", "f"));
      await until(() => queue.sending.size === 4);
      queue.cancel();
      const before = [aborted, queue.counts.cancelled, queue.isFinished, queue.sending.size];
      server.send = send;
      await queue.addAll(filesOf("g"));
      await until(() => queue.isFinished);
      return [before, outcomes().at(-1), [...stored.keys()]];
    """
    assert run_queue(page, body) == [[4, 6, True, 0], "stored", ["1.g"]]


def test_what_cannot_be_read_says_why(page: Page) -> None:
    body = """
      server.prepare = async () => { throw new Error("It is gone."); };
      await queue.addAll(filesOf("a"));
      await queue.addAll((async function* () { yield [{ path: "z", size: 0, problem: "No folder." }]; })());
      await until(() => queue.isFinished);
      return queue.items.map((item) => [item.outcome, item.reason]);
    """
    assert run_queue(page, body) == [["unreadable", "It is gone."], ["unreadable", "No folder."]]


# patient_name.js


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ({"Alphabetic": "Doe^Jane^Q^Dr.^MSc"}, "Doe, Dr. Jane Q, MSc"),
        ({"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎"}, "Yamada, Tarou (山田 太郎)"),
        ({"Ideographic": "山田^太郎"}, "山田 太郎"),
        ({}, "P1"),
    ],
)
def test_patients_are_called_as_in_the_study_list(page: Page, name: dict[str, str], shown: str) -> None:
    study = {"00100010": {"vr": "PN", "Value": [name]}, "00100020": {"vr": "LO", "Value": ["P1"]}}
    assert call(page, "patient_name", f"return module.patientOf({json.dumps(study)});") == shown
    assert person_name(name) in (shown, "")
