"""Reports as DCMTK, pydicom and highdicom see them: what they find, our pages say."""

from __future__ import annotations

import html
import re
import subprocess
import warnings
from collections import Counter
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest
from highdicom import sr
from lxml import etree
from pydicom.data import get_testdata_file
from pydicom.sr.codedict import codes

from dicomcore.data import read_file
from dicomcore.documents import rendered_document

# How dsr2html calls relationships, and a name that it writes in another order.
RELATIONSHIPS = {
    "Concept Modifier",
    "Properties",
    "Inferred from",
    "Selected from",
    "Observation Context",
    "Acquisition Context",
}
FAMILY_FIRST = {"Jane Smith, MD"}
FORMS = ("text/html", "text/plain", "text/xml")
CALIPER = sr.CodedConcept("122505", "DCM", "Calibration")
LIVER = sr.CodedConcept("10200004", "SCT", "Liver")
MASS = sr.CodedConcept("4147007", "SCT", "Mass")


def measured_region(number: int, image: pydicom.Dataset) -> sr.PlanarROIMeasurementsAndQualitativeEvaluations:
    corners = np.array([[10.0, 10.0], [14.5, 10.0 + number]])
    source = sr.SourceImageForRegion.from_source_image(image)
    return sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(uid=highdicom.UID(), identifier=f"Lesion {number}"),
        referenced_region=sr.ImageRegion(sr.GraphicTypeValues.CIRCLE, corners, source),
        finding_type=MASS,
        finding_sites=[sr.FindingSite(anatomic_location=LIVER)],
        measurements=[
            sr.Measurement(codes.SCT.AreaOfDefinedRegion, 123.5 * number, codes.UCUM.SquareMillimeter, method=CALIPER),
            sr.Measurement(codes.SCT.Length, 12.5 * number, codes.UCUM.Millimeter),
        ],
    )


def measurement_report() -> pydicom.Dataset:
    """A report after PS3.16 TID 1500, with observers, an image library and two measured regions."""
    image = pydicom.dcmread(get_testdata_file("CT_small.dcm"))
    person = sr.PersonObserverIdentifyingAttributes(name="Smith^Jane^^^MD")
    content = sr.MeasurementReport(
        observation_context=sr.ObservationContext(
            observer_person_context=sr.ObserverContext(codes.DCM.Person, person),
        ),
        procedure_reported=sr.CodedConcept("25045-6", "LN", "CT unspecified body region"),
        imaging_measurements=[measured_region(number, image) for number in (1, 2)],
        title=codes.DCM.ImagingMeasurementReport,
        referenced_images=[image],
    )
    return sr.Comprehensive3DSR(
        evidence=[image],
        content=content,
        series_number=7,
        series_instance_uid=highdicom.UID(),
        sop_instance_uid=highdicom.UID(),
        instance_number=1,
        manufacturer="Acme",
        is_complete=True,
        is_verified=True,
        verifying_observer_name="Doe^John",
        verifying_organization="Clinic",
    )


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("reports")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report = measurement_report()
        selection = highdicom.ko.KeyObjectSelectionDocument(
            evidence=[pydicom.dcmread(get_testdata_file("CT_small.dcm"))],
            content=highdicom.ko.KeyObjectSelection(
                document_title=codes.DCM.OfInterest,
                referenced_objects=[pydicom.dcmread(get_testdata_file("CT_small.dcm"))],
                description="Look at this one",
            ),
            series_instance_uid=highdicom.UID(),
            series_number=8,
            sop_instance_uid=highdicom.UID(),
            instance_number=1,
        )
        report.save_as(folder / "report.dcm")
        selection.save_as(folder / "selection.dcm")
    shipped = [
        get_testdata_file(name) for name in ("test-SR.dcm", "reportsi.dcm", "reportsi_with_empty_number_tags.dcm")
    ]
    return [folder / "report.dcm", folder / "selection.dcm", *(Path(str(name)) for name in shipped)]


def rendered(path: Path, media_type: str) -> str:
    return rendered_document(read_file(path.read_bytes()).dataset, media_type).decode()


def words(text: str) -> str:
    """All whitespace is one: what is wrapped is compared with what is not."""
    return " ".join(text.split())


def plain_words(path: Path, media_type: str) -> str:
    page = rendered(path, media_type)
    return words(html.unescape(re.sub(r"<[^>]*>", " ", page)) if media_type != "text/plain" else page)


def said_in(dataset: pydicom.Dataset) -> list[str]:
    """Every text, name, number, UID and meaning of the content, as pydicom walks through it."""
    found: list[str] = []
    for item in dataset.get("ContentSequence", []):
        names = [code.get("CodeMeaning") for code in item.get("ConceptNameCodeSequence", [])]
        values = [code.get("CodeMeaning") for code in item.get("ConceptCodeSequence", [])]
        numbers = [str(value.NumericValue) for value in item.get("MeasuredValueSequence", []) if value.NumericValue]
        uids = [one.get("ReferencedSOPInstanceUID") for one in item.get("ReferencedSOPSequence", [])]
        found += [one for one in (*names, *values, *numbers, *uids, item.get("TextValue"), item.get("UID")) if one]
        found += said_in(item)
    return found


def is_label_of_running_text(sentence: str, path: Path) -> bool:
    """Concept names of running text are not read out: the paragraph is."""
    return path.name == "test-SR.dcm" and sentence in ("Text Code", "Diameter")


@pytest.mark.parametrize("media_type", FORMS)
def test_all_that_pydicom_finds_is_said(reports: list[Path], media_type: str) -> None:
    missing = []
    for path in reports:
        page = plain_words(path, media_type) + (rendered(path, media_type) if media_type == "text/xml" else "")
        said = [words(one) for one in said_in(pydicom.dcmread(path))]
        missing += [(path.name, one) for one in said if one not in page and not is_label_of_running_text(one, path)]
    assert missing == []


def test_the_tree_has_the_items_that_dcmtk_finds(reports: list[Path]) -> None:
    for path in reports[:3]:
        dumped = subprocess.run(["dsr2xml", path], capture_output=True, check=True).stdout
        theirs = Counter(
            etree.QName(one.getparent()).localname
            for one in etree.fromstring(dumped).iter("{*}relationship")
            if etree.QName(one.getparent()).localname != "reference"
        )
        ours = etree.fromstring(rendered(path, "text/xml").encode())
        found = Counter(one.get("type", "").lower() for one in ours.iter("{*}item") if one.get("relationship"))
        found.pop("", None)
        assert found == theirs, path.name


def test_the_values_that_dcmtk_writes_are_on_our_page(reports: list[Path]) -> None:
    for path in reports[:3]:
        theirs = subprocess.run(["dsr2html", path], capture_output=True, check=True).stdout.decode("utf-8", "replace")
        page = plain_words(path, "text/html").replace("²", "2")
        underlined = map(html.unescape, re.findall(r'class="under">([^<\ufffd]*)<', theirs))
        values = {re.sub(r" \{[^}]*\}", "", one) for one in underlined} - RELATIONSHIPS - FAMILY_FIRST
        assert {one for one in values if words(one) not in page} == set(), path.name
