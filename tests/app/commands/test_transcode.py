from pathlib import Path

import pydicom
import pytest
from builders import EXPLICIT_BE, EXPLICIT_LE, ct_instance, element
from typer.testing import CliRunner, Result

from app.cli import app

ROOT = "1.2.840.10008.1.2.4"
HTJ2K, JPEG_LS, JPEG_LS_NEAR = f"{ROOT}.201", f"{ROOT}.80", f"{ROOT}.81"
FRAMES = element(0x00280008, "IS", "2 ")
BITS = {"BitsAllocated": 1, "BitsStored": 1, "HighBit": 0, "PixelData": bytes(2)}


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["transcode", *map(str, arguments)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two images, a document, and something else."""
    made = tmp_path / "in"
    (made / "series").mkdir(parents=True)
    (made / "one.dcm").write_bytes(ct_instance())
    (made / "series" / "two.dcm").write_bytes(ct_instance(extra=FRAMES, SOPInstanceUID="1.2.3.5", PixelData=bytes(64)))
    (made / "readme.txt").write_text("nothing")
    return made


def test_files_keep_their_places_and_their_uids(folder: Path, tmp_path: Path) -> None:
    result = run("--to", "htj2k", "--output", tmp_path / "out", folder)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "2 transcoded" in result.stdout and "1 not DICOM, left out" in result.stdout
    for name in ("one.dcm", "series/two.dcm"):
        before, after = (pydicom.dcmread(root / name) for root in (folder, tmp_path / "out"))
        assert after.file_meta.TransferSyntaxUID == HTJ2K
        assert after.SOPInstanceUID == before.SOPInstanceUID
        assert "LossyImageCompression" not in after
        assert (after.pixel_array == before.pixel_array).all()


def test_what_is_compressed_with_loss_is_an_instance_of_its_own(folder: Path, tmp_path: Path) -> None:
    for quality in (50, 90):
        result = run(
            "--to", f"{ROOT}.91", "--quality", quality, "--output", tmp_path / str(quality), folder / "one.dcm"
        )
        assert result.exit_code == 0, result.output
    made = [pydicom.dcmread(tmp_path / name / "one.dcm") for name in ("50", "90")]
    assert len({"1.2.3.4", *(dataset.SOPInstanceUID for dataset in made)}) == 3
    for dataset, quality in zip(made, (50, 90), strict=True):
        assert dataset.file_meta.MediaStorageSOPInstanceUID == dataset.SOPInstanceUID
        assert (dataset.LossyImageCompression, dataset.LossyImageCompressionMethod) == ("01", "ISO_15444_1")
        assert dataset.SourceImageSequence[0].ReferencedSOPInstanceUID == "1.2.3.4"
        assert f"quality {quality}" in dataset.DerivationDescription
        assert dataset.ImageType[0] == "DERIVED"


def test_what_is_in_the_transfer_syntax_already_is_copied(folder: Path, tmp_path: Path) -> None:
    result = run("--to", "explicit", "--output", tmp_path / "out", folder / "one.dcm")
    assert (result.exit_code, result.stdout) == (0, "1 copied\n")
    assert (tmp_path / "out" / "one.dcm").read_bytes() == ct_instance()


def test_native_forms_are_to_be_had_too(folder: Path, tmp_path: Path) -> None:
    (folder / "big.dcm").write_bytes(ct_instance(EXPLICIT_BE, PixelData=None))
    for to, uid in (("explicit", EXPLICIT_LE), ("deflated", "1.2.840.10008.1.2.1.99")):
        assert run("--to", to, "--output", tmp_path / to, folder / "big.dcm").exit_code == 0
        assert pydicom.dcmread(tmp_path / to / "big.dcm").file_meta.TransferSyntaxUID == uid


def test_what_cannot_be_done_is_told_and_the_others_are_done(folder: Path, tmp_path: Path) -> None:
    (folder / "bits.dcm").write_bytes(ct_instance(**BITS))
    (folder / "broken.dcm").write_bytes(ct_instance(extra=element(0x00280008, "IS", "9 ")))
    result = run("--to", "jpeg-ls", "--output", tmp_path / "out", folder)
    assert result.exit_code == 1
    assert "bits.dcm: no codec" in result.stderr and "broken.dcm: frame 2 is corrupt" in result.stderr
    assert sorted(path.name for path in (tmp_path / "out").rglob("*.dcm")) == ["one.dcm", "two.dcm"]


def test_nothing_is_overwritten(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "one.dcm").write_text("here already")
    assert run("--to", "rle", "--output", tmp_path / "out", folder / "one.dcm").exit_code == 1
    assert (tmp_path / "out" / "one.dcm").read_text() == "here already"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--to", "gif", "--all"), "no UID"),
        (("--to", "rle", "file.dcm"), "--output"),
        (("--to", "rle", "file.dcm", "--output", "out", "--all"), "go without"),
        (("--to", "rle"), "say what"),
        (("--to", "jpeg", "--all"), "without loss"),
        (("--to", "explicit", "--all"), "without loss"),
        (("--all",), "--to"),
    ],
)
def test_mistakes_are_explained(tmp_path: Path, arguments: tuple[str, ...], sentence: str) -> None:
    result = run("--data", tmp_path / "data", *arguments)
    assert result.exit_code != 0
    assert sentence in result.stderr


def test_what_is_stored_is_replaced_without_loss(folder: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    (folder / "bits.dcm").write_bytes(ct_instance(SOPInstanceUID="1.2.3.6", **BITS))
    assert CliRunner().invoke(app, ["import", "--data", str(data), str(folder)]).exit_code == 0
    result = run("--data", data, "--to", "jpeg-ls", "--study", "1.2.3")
    assert result.exit_code == 0, result.output
    assert "2 recompressed" in result.stdout and "1 left as it is" in result.stdout
    assert CliRunner().invoke(app, ["verify", "--data", str(data)]).exit_code == 0
    assert CliRunner().invoke(app, ["export", "--data", str(data), "--all", str(tmp_path / "out")]).exit_code == 0
    found = [
        pydicom.dcmread(path) for path in (tmp_path / "out").rglob("*") if path.is_file() and path.name != "DICOMDIR"
    ]
    syntaxes = {dataset.SOPInstanceUID: dataset.file_meta.TransferSyntaxUID for dataset in found}
    assert syntaxes == {"1.2.3.4": JPEG_LS, "1.2.3.5": JPEG_LS, "1.2.3.6": EXPLICIT_LE}


def test_a_study_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    result = run("--data", tmp_path / "data", "--to", "jpeg-ls", "--study", "1.2.3")
    assert result.exit_code == 1
    assert "is not here" in result.stderr
