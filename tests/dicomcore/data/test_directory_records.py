import pytest

from dicomcore.data.dictionary import STORAGE_SOP_CLASSES, tag_of, uid_keyword
from dicomcore.data.directory_records import RECORD_KEYS, ROOT_RECORDS, record_type_of

STORAGE = "1.2.840.10008.5.1.4.1.1."


@pytest.mark.parametrize("sop_class_uid", sorted(STORAGE_SOP_CLASSES))
def test_every_storage_sop_class_has_a_record_with_keys(sop_class_uid: str) -> None:
    assert record_type_of(sop_class_uid) in RECORD_KEYS


def test_every_key_is_a_keyword_of_the_dictionary() -> None:
    keywords = {keyword for keys in RECORD_KEYS.values() for keyword in (*keys.always, *keys.if_present)}
    assert [keyword for keyword in keywords if tag_of(keyword) is None] == []


def test_root_records_have_keys() -> None:
    assert RECORD_KEYS.keys() >= ROOT_RECORDS


@pytest.mark.parametrize(
    ("component", "record_type"),
    [
        ("2", "IMAGE"),
        ("66.4", "IMAGE"),
        ("88.33", "SR DOCUMENT"),
        ("88.59", "KEY OBJECT DOC"),
        ("11.1", "PRESENTATION"),
        ("481.2", "RT DOSE"),
        ("481.3", "RT STRUCTURE SET"),
        ("481.5", "RT PLAN"),
        ("9.1.1", "WAVEFORM"),
        ("104.1", "ENCAP DOC"),
    ],
)
def test_the_record_follows_the_sop_class(component: str, record_type: str) -> None:
    assert record_type_of(STORAGE + component) == record_type


def test_an_unknown_sop_class_is_an_image_only_if_it_has_one() -> None:
    assert record_type_of("1.2.3") == "IMAGE"
    assert record_type_of("1.2.3", is_image=False) == "RAW DATA"


def test_waveform_and_presentation_families_do_not_swallow_each_other() -> None:
    kinds = {uid_keyword(uid): record_type_of(uid) for uid in STORAGE_SOP_CLASSES}
    assert kinds["WaveformPresentationStateStorage"] == "PRESENTATION"
    assert kinds["General32bitECGWaveformStorage"] == "WAVEFORM"
