import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pydicom.uid
import pynetdicom.sop_class
import pytest
from pydicom import datadict
from pydicom._private_dict import private_dictionaries

from dicomcore.data import dictionary
from dicomcore.data.transfer_syntax import TRANSFER_SYNTAXES

ROOT = Path(__file__).resolve().parents[2]


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_dictionary", ROOT / "scripts" / "generate_dictionary.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["dictionary_data.py", "private_dictionary_data.py", "uid_data.py"])
def test_the_committed_tables_are_what_the_generator_makes(name: str) -> None:
    committed = (ROOT / "dicomcore" / "data" / name).read_text(encoding="utf-8")
    assert generator().MODULES[name]() == committed


def test_every_standard_element_is_as_pydicom_has_it() -> None:
    for tag, (vr, vm, name, _, keyword) in datadict.DicomDictionary.items():
        ours = (dictionary.vm_of(tag), dictionary.name_of(tag), dictionary.keyword_of(tag))
        assert ours == (vm, name, keyword), f"{tag:08X}"
        assert dictionary.vrs_of(tag) == (("UN",) if vr == "NONE" else tuple(vr.split(" or "))), f"{tag:08X}"
        assert dictionary.vr_of(tag) == dictionary.vrs_of(tag)[0]


def test_every_keyword_leads_to_the_tag_that_pydicom_has_for_it() -> None:
    for tag, (_, _, _, _, keyword) in datadict.DicomDictionary.items():
        if keyword:
            assert dictionary.tag_of(keyword) == dictionary.parse_tag(keyword) == tag


def test_every_repeating_element_is_as_pydicom_has_it() -> None:
    for pattern in datadict.RepeatersDictionary:
        tag = int(pattern.replace("xxxx", "2420").replace("xxx", "242").replace("xx", "0E").replace("x", "4"), 16)
        vr, vm, name, _, keyword = datadict.get_entry(tag)
        assert dictionary.vrs_of(tag) == tuple(vr.split(" or ")), pattern
        assert (dictionary.vm_of(tag), dictionary.name_of(tag)) == (vm, name)
        assert dictionary.keyword_of(tag) == keyword


def private_tags() -> Iterator[tuple[str, str, int]]:
    for creator, entries in private_dictionaries.items():
        for pattern in entries:
            digits = pattern.lower().replace("xxxx", "E110").replace("xx", "10")
            yield creator, pattern, int(digits, 16)


def test_every_private_element_is_as_pydicom_has_it() -> None:
    for creator, pattern, tag in private_tags():
        # GDCM has entries for standard groups, group lengths, creators and whole blocks, which pydicom never finds.
        no_element = tag & 0xFFFF == 0 or dictionary.is_private_creator(tag) or pattern.lower().endswith("xx")
        if no_element or not dictionary.is_private(tag):
            continue
        vr, vm, name, _ = datadict.get_private_entry(tag, creator)
        ours = dictionary.vrs_of(tag, creator)
        assert ours == tuple(vr.replace("_", " or ").split(" or ")), (creator, pattern)
        assert dictionary.private_vm_of(tag, creator) == vm
        assert dictionary.private_name_of(tag, creator) == " ".join(name.replace("|", "/").split())


def test_every_uid_is_as_pydicom_has_it() -> None:
    for uid, (name, kind, _, retired, keyword) in pydicom.uid.UID_dictionary.items():
        ours = (dictionary.uid_name(uid), dictionary.uid_type(uid), dictionary.uid_keyword(uid))
        assert ours == (name, kind, keyword)
        assert dictionary.is_retired_uid(uid) == bool(retired)


def test_every_storage_class_of_pynetdicom_is_one_of_ours() -> None:
    assert set(pynetdicom.sop_class._STORAGE_CLASSES.values()) <= dictionary.STORAGE_SOP_CLASSES


def test_every_transfer_syntax_is_encoded_as_pydicom_says() -> None:
    for uid, ours in TRANSFER_SYNTAXES.items():
        theirs = pydicom.uid.UID(uid)
        if not theirs.is_transfer_syntax or ours.referenced:
            continue
        assert ours.name == dictionary.uid_name(uid) == theirs.name
        assert (ours.explicit, ours.little_endian) == (not theirs.is_implicit_VR, theirs.is_little_endian)
        assert (ours.deflated, ours.encapsulated) == (theirs.is_deflated, theirs.is_encapsulated)
        assert ours.retired == theirs.is_retired


def test_no_transfer_syntax_for_data_sets_is_missing() -> None:
    registered = {uid for uid, entry in pydicom.uid.UID_dictionary.items() if entry[1] == "Transfer Syntax"}
    others = {dictionary.uid_keyword(uid) for uid in registered - set(TRANSFER_SYNTAXES)}
    assert others == {"RFC2557MIMEEncapsulation", "XMLEncoding", "Papyrus3ImplicitVRLittleEndian"}
