import pytest

from app.commands.identifiers import LEVEL_NAMES, RETURNED, find_identifier, find_model, retrieve_identifier
from dicomcore.data import parse_tag
from dicomcore.resources import Level, Resource

PATIENT_ID = 0x00100020
STUDY_DATE = 0x00080020
REQUEST_ATTRIBUTES_SEQUENCE = 0x00400275


@pytest.mark.parametrize("level", Level)
def test_each_level_asks_for_its_own_attributes(level: Level) -> None:
    identifier, shown = find_identifier(level, (), "ISO_IR 192")
    assert identifier.text(0x00080052) == LEVEL_NAMES[level]
    assert shown == [parse_tag(keyword) for keyword in RETURNED[level]]
    assert all(tag in identifier and not identifier.texts(tag) for tag in shown)


def test_keys_are_named_by_keyword_or_tag() -> None:
    for key in ("PatientID=12*", "00100020=12*"):
        identifier, _ = find_identifier(Level.STUDY, [key], "ISO_IR 192")
        assert identifier.text(PATIENT_ID) == "12*"


def test_a_name_alone_asks_for_the_attribute_and_shows_it() -> None:
    identifier, shown = find_identifier(Level.STUDY, ["StudyID", "StudyDate"], "ISO_IR 192")
    assert (shown[-1], identifier.texts(0x00200010)) == (0x00200010, [])
    assert shown.count(STUDY_DATE) == 1


def test_several_values_are_separated_by_backslashes() -> None:
    identifier, _ = find_identifier(Level.STUDY, ["StudyInstanceUID=1.2\\1.3"], "ISO_IR 192")
    assert identifier.texts(0x0020000D) == ["1.2", "1.3"]


def test_a_dot_leads_into_a_sequence_which_has_one_item() -> None:
    keys = ["RequestAttributesSequence.RequestedProcedureID=7", "00400275.ScheduledProcedureStepID"]
    identifier, shown = find_identifier(Level.SERIES, keys, "ISO_IR 192")
    (item,) = identifier.items(REQUEST_ATTRIBUTES_SEQUENCE)
    assert (item.texts(0x00401001), 0x00400009 in item, shown[-1]) == (["7"], True, REQUEST_ATTRIBUTES_SEQUENCE)


def test_a_sequence_alone_is_asked_for_without_items() -> None:
    identifier, _ = find_identifier(Level.SERIES, ["RequestAttributesSequence"], "ISO_IR 192")
    assert identifier.items(REQUEST_ATTRIBUTES_SEQUENCE) == ()


@pytest.mark.parametrize(
    ("key", "tag", "value"), [("Rows=512", 0x00280010, 512), ("PatientWeight=70.5", 0x00101030, "70.5")]
)
def test_numbers_are_written_as_their_vr_wants(key: str, tag: int, value: object) -> None:
    identifier, _ = find_identifier(Level.INSTANCE, [key], "ISO_IR 192")
    assert identifier.values(tag) in ([value], [float(str(value))])


def test_text_beyond_ascii_is_in_the_character_set_of_the_node() -> None:
    identifier, _ = find_identifier(Level.STUDY, ["PatientName=Müller*"], "ISO_IR 100")
    assert (identifier.text(0x00080005), bytes(identifier.raw(0x00100010))) == ("ISO_IR 100", b"M\xfcller* ")
    plain, _ = find_identifier(Level.STUDY, ["PatientName=Miller*"], "ISO_IR 100")
    assert 0x00080005 not in plain


@pytest.mark.parametrize("key", ["Patient=1", "=1", "Rows=many", "PixelData=1", "RequestAttributesSequence=1", "A.B=1"])
def test_a_key_that_cannot_be_is_named(key: str) -> None:
    with pytest.raises(ValueError, match=key):
        find_identifier(Level.STUDY, [key], "ISO_IR 192")


@pytest.mark.parametrize(
    ("uids", "level"), [(("1.2",), "STUDY"), (("1.2", "1.3"), "SERIES"), (("1.2", "1.3", "1.4"), "IMAGE")]
)
def test_what_is_retrieved_is_named_with_all_that_is_above_it(uids: tuple[str, ...], level: str) -> None:
    identifier = retrieve_identifier(Resource(*uids))
    found = tuple(uid for tag in (0x0020000D, 0x0020000E, 0x00080018) for uid in identifier.texts(tag))
    assert (identifier.text(0x00080052), found) == (level, uids)


def test_patients_are_asked_for_in_their_own_model() -> None:
    assert find_model(Level.PATIENT) == "1.2.840.10008.5.1.4.1.2.1.1"
    assert find_model(Level.STUDY) == find_model(Level.INSTANCE) == "1.2.840.10008.5.1.4.1.2.2.1"
