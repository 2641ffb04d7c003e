from dicomcore.index.attributes import ATTRIBUTES
from dicomcore.index.documents import (
    fragment,
    is_empty,
    join_lines,
    response,
    retrieve_url,
    split_lines,
    split_object,
    tag_of_fragment,
)
from dicomcore.resources import Level

DATE = b'"00080020":{"vr":"DA","Value":["20200101"]}'
EMPTY_TIME = b'"00080030":{"vr":"TM"}'


def test_lines_come_apart_as_they_were_put_together() -> None:
    document = join_lines([DATE, EMPTY_TIME])
    assert document == b'{"00080020":{"vr":"DA","Value":["20200101"]},\n"00080030":{"vr":"TM"}}'
    assert split_lines(document) == [DATE, EMPTY_TIME]


def test_an_object_without_attributes_has_no_lines() -> None:
    assert split_lines(join_lines([])) == []


def test_any_object_is_split_byte_for_byte() -> None:
    nested = b'"00081140":{"vr":"SQ","Value":[{"00080050":{"vr":"SH","Value":["a,b}\\"{"]}},{}]}'
    number = b'"00101030":{"vr":"DS","Value":[70.50, 1e3]}'
    document = b"{" + nested + b", " + number + b"}"
    assert list(split_object(document)) == [nested, number]


def test_an_empty_object_is_split_into_nothing() -> None:
    assert list(split_object(b"{}")) == []


def test_a_fragment_knows_its_tag() -> None:
    assert tag_of_fragment(DATE) == 0x00080020


def test_emptiness_is_the_lack_of_a_value() -> None:
    assert is_empty(EMPTY_TIME)
    assert is_empty(b'"00081140":{"vr":"SQ","Value":[]}')
    assert not is_empty(DATE)


def test_fragments_of_the_index_leave_out_empty_values() -> None:
    attribute = ATTRIBUTES[Level.STUDY][0x00080061]
    assert fragment(attribute, ["CT", "", "SR"]) == b'"00080061":{"vr":"CS","Value":["CT","SR"]}'
    assert fragment(attribute, [""]) == b'"00080061":{"vr":"CS"}'


def test_retrieve_url_begins_with_the_placeholder() -> None:
    assert retrieve_url("/studies/1.2") == b'"00081190":{"vr":"UR","Value":["\xff/studies/1.2"]}'


def test_a_response_has_all_required_attributes_in_ascending_order() -> None:
    lines = split_lines(response(Level.SERIES, {0x0008103E: b'"0008103E":{"vr":"LO","Value":["x"]}'}, {}))
    assert [line[:11] for line in lines] == [
        b'"00080060":',
        b'"0008103E":',
        b'"00081190":',
        b'"0020000E":',
        b'"00200011":',
        b'"00201209":',
    ]
    assert lines[0] == b'"00080060":{"vr":"CS"}'
