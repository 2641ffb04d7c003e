from __future__ import annotations

import io

import numpy as np
import pytest
from corpus import corpus_files
from PIL import Image
from report_documents import dataset_of
from waveform_instances import (
    HEMODYNAMIC,
    TWELVE_LEAD_ECG,
    beats,
    channel,
    electrocardiogram,
    group,
    instance,
)

from dicomcore.data import read_file
from dicomcore.errors import MissingAttribute, NotAcceptable
from dicomcore.rendering.options import RenderingOptions, Viewport
from dicomcore.waveforms import read_waveform, rendered_waveform, waveform_media_types, waveform_pages
from dicomcore.waveforms.rendered import WAVEFORM_MEDIA_TYPES

STARTS = {"image/png": b"\x89PNG", "image/jpeg": b"\xff\xd8", "image/svg+xml": b"<?xml", "application/pdf": b"%PDF-"}


@pytest.mark.parametrize("media_type", WAVEFORM_MEDIA_TYPES)
def test_a_waveform_is_rendered_to_each_type(media_type: str) -> None:
    for sop_class in (TWELVE_LEAD_ECG, HEMODYNAMIC):
        dataset = instance(group(beats(2, 2), channel("A", "mV"), channel("B", "mV")), sop_class=sop_class)
        rendered = rendered_waveform(dataset, media_type, RenderingOptions())
        assert rendered.startswith(STARTS[media_type])


@pytest.mark.parametrize(
    ("suffix", "is_waveform"),
    [("1.1", True), ("2.1", True), ("4.2", True), ("7.1", True), ("1", False), ("100.1", False)],
)
def test_waveform_classes_have_media_types(suffix: str, is_waveform: bool) -> None:
    found = waveform_media_types(f"1.2.840.10008.5.1.4.1.1.9.{suffix}")
    assert found == (WAVEFORM_MEDIA_TYPES if is_waveform else ())


def test_other_classes_have_none() -> None:
    assert waveform_media_types("1.2.840.10008.5.1.4.1.1.2") == ()
    assert waveform_media_types("") == ()


def test_the_viewport_is_the_box_of_the_picture() -> None:
    options = RenderingOptions(viewport=Viewport(400, 400))
    with Image.open(io.BytesIO(rendered_waveform(electrocardiogram(), "image/png", options))) as picture:
        assert picture.size == (400, 283)


def test_quality_matters_to_jpeg() -> None:
    small, large = (
        rendered_waveform(electrocardiogram(), "image/jpeg", RenderingOptions(quality=quality)) for quality in (10, 95)
    )
    assert len(small) < len(large)


def test_an_anonymous_picture_names_nobody() -> None:
    dataset = electrocardiogram(PatientName="Doe^John", PatientID="P-123", InstitutionName="Clinic")
    told = rendered_waveform(dataset, "image/svg+xml", RenderingOptions()).decode()
    hidden = rendered_waveform(dataset, "image/svg+xml", RenderingOptions(is_anonymous=True)).decode()
    assert all(word in told for word in ("Doe, John", "P-123", "Clinic"))
    assert not any(word in hidden for word in ("Doe", "P-123", "Clinic"))


def test_other_types_are_refused() -> None:
    with pytest.raises(NotAcceptable):
        rendered_waveform(electrocardiogram(), "image/gif", RenderingOptions())


def test_an_instance_without_waveform_is_refused() -> None:
    with pytest.raises(MissingAttribute):
        rendered_waveform(dataset_of(SOPClassUID=TWELVE_LEAD_ECG), "image/png", RenderingOptions())


def test_every_group_has_its_pages() -> None:
    leads = [channel("Lead I", "mV")]
    dataset = instance(group(beats(10, 1), *leads), group(beats(1, 1), channel("AO", "mm[Hg]")))
    assert len(list(waveform_pages(read_waveform(dataset)))) == 2


def test_the_real_electrocardiogram_is_drawn() -> None:
    path = next(path for path in corpus_files() if path.name == "waveform_ecg.dcm")
    rendered = rendered_waveform(read_file(path.read_bytes()).dataset, "image/png", RenderingOptions())
    with Image.open(io.BytesIO(rendered)) as picture:
        assert picture.size == (1782, 1260)
        dark = (np.asarray(picture.convert("L")) < 90).mean()
    assert 0.005 < dark < 0.1
