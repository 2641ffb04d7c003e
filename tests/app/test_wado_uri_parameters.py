import pytest

from app.wado_uri_parameters import UriRequest, parse_uri_request
from dicomcore.errors import InvalidParameter, InvalidUid
from dicomcore.rendering import Annotation, Region, Viewport, Window
from dicomcore.resources import Resource

TARGET = "requestType=WADO&studyUID=1.2&seriesUID=1.3&objectUID=1.4"


def request_of(more: str = "") -> UriRequest:
    return parse_uri_request(f"{TARGET}{more}".encode())


def test_the_target_is_an_instance() -> None:
    request = request_of()
    assert request.resource == Resource("1.2", "1.3", "1.4")
    assert not request.names_dicom
    assert request.frame_number is request.transfer_syntax_uid is request.presentation is None


def test_the_order_of_parameters_does_not_matter() -> None:
    assert parse_uri_request(b"objectUID=1.4&requestType=WADO&seriesUID=1.3&studyUID=1.2") == request_of()


@pytest.mark.parametrize("text", ["", "requestType=wado", "requestType=FOO", "RequestType=WADO"])
def test_the_request_type_is_wado(text: str) -> None:
    with pytest.raises(InvalidParameter, match="requestType"):
        parse_uri_request(f"{text}&studyUID=1.2&seriesUID=1.3&objectUID=1.4".encode())


@pytest.mark.parametrize("name", ["studyUID", "seriesUID", "objectUID"])
def test_all_identifiers_are_needed(name: str) -> None:
    query = "&".join(piece for piece in TARGET.split("&") if not piece.startswith(name))
    with pytest.raises(InvalidParameter, match=name):
        parse_uri_request(query.encode())


def test_an_identifier_is_a_uid() -> None:
    with pytest.raises(InvalidUid, match="objectUID"):
        parse_uri_request(b"requestType=WADO&studyUID=1.2&seriesUID=1.3&objectUID=1..4")


@pytest.mark.parametrize("text", ["application/dicom", "Application/DICOM"])
def test_the_content_type_names_dicom(text: str) -> None:
    assert request_of(f"&contentType={text}").names_dicom


def test_the_content_type_names_rendered_forms() -> None:
    request = request_of("&contentType=image%2Fjp2;level=1,image%2Fjpeg;q=0.5")
    assert request.content_type == "image/jp2;level=1,image/jpeg;q=0.5"
    assert not request.names_dicom


@pytest.mark.parametrize(
    "text", ["", "foo", "application/dicom;transfer-syntax=1.2.840.10008.1.2.1", "text/html;charset=utf-8"]
)
def test_any_other_content_type_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter, match="contentType"):
        request_of(f"&contentType={text}")


def test_the_transfer_syntax_is_a_uid() -> None:
    assert request_of("&transferSyntax=1.2.840.10008.1.2.4.80").transfer_syntax_uid == "1.2.840.10008.1.2.4.80"
    with pytest.raises(InvalidUid, match="transferSyntax"):
        request_of("&transferSyntax=jpeg")


def test_anonymize_is_yes_or_not_there() -> None:
    assert request_of("&anonymize=yes").is_anonymized
    assert not request_of().is_anonymized
    with pytest.raises(InvalidParameter, match="anonymize"):
        request_of("&anonymize=no")


@pytest.mark.parametrize("name", ["annotation", "imageAnnotation"])
def test_both_names_of_the_annotation_are_understood(name: str) -> None:
    request = request_of(f"&{name}=patient,other")
    assert request.options.annotations == {Annotation.PATIENT}
    assert request.warnings == ("The following annotation values are not supported: other",)
    with pytest.raises(InvalidParameter, match=name):
        request_of(f"&{name}=")


def test_one_name_of_the_annotation_is_enough() -> None:
    with pytest.raises(InvalidParameter, match="imageAnnotation"):
        request_of("&annotation=patient&imageAnnotation=patient")


def test_frames_are_counted_from_one() -> None:
    assert request_of("&frameNumber=7").frame_number == 7
    for text in ("0", "-1", "1,2", "x", ""):
        with pytest.raises(InvalidParameter, match="frameNumber"):
            request_of(f"&frameNumber={text}")


def test_the_quality_is_from_1_to_100() -> None:
    assert request_of("&imageQuality=75").options.quality == 75
    for text in ("0", "101", "x"):
        with pytest.raises(InvalidParameter, match="imageQuality"):
            request_of(f"&imageQuality={text}")


def test_rows_and_columns_limit_the_picture_alone_or_together() -> None:
    assert request_of("&rows=100").options.viewport == Viewport(None, 100)
    assert request_of("&columns=50").options.viewport == Viewport(50, None)
    assert request_of("&rows=100&columns=50").options.viewport == Viewport(50, 100)
    for name in ("rows", "columns"):
        for text in ("0", "1.5", "100000", ""):
            with pytest.raises(InvalidParameter, match=name):
                request_of(f"&{name}={text}")


def test_a_region_is_a_part_of_the_picture() -> None:
    assert request_of("&region=0,0.25,0.5,1").options.region == Region(0, 0.25, 0.5, 1)
    for text in ("0,0,1", "0.5,0,0.5,1", "0.6,0,0.5,1", "0,0,1,1.1", "-0.1,0,1,1", "a,b,c,d", ""):
        with pytest.raises(InvalidParameter, match="region"):
            request_of(f"&region={text}")


def test_a_window_has_center_and_width() -> None:
    assert request_of("&windowCenter=-40.5&windowWidth=400").options.window == Window(-40.5, 400)
    with pytest.raises(InvalidParameter, match="windowWidth"):
        request_of("&windowCenter=40")
    with pytest.raises(InvalidParameter, match="windowCenter"):
        request_of("&windowWidth=40")
    with pytest.raises(InvalidParameter, match="windowWidth"):
        request_of("&windowCenter=40&windowWidth=0.5")


def test_a_window_does_not_go_with_dicom() -> None:
    with pytest.raises(InvalidParameter, match="windowCenter"):
        request_of("&contentType=application/dicom&windowCenter=40&windowWidth=400")


def test_a_presentation_state_is_named_by_series_and_instance() -> None:
    request = request_of("&presentationSeriesUID=1.5&presentationUID=1.6&region=0,0,1,1")
    assert request.presentation == Resource("1.2", "1.5", "1.6")
    with pytest.raises(InvalidParameter, match="presentationUID"):
        request_of("&presentationSeriesUID=1.5")
    with pytest.raises(InvalidParameter, match="presentationSeriesUID"):
        request_of("&presentationUID=1.6")


@pytest.mark.parametrize("more", ["&windowCenter=40&windowWidth=400", "&frameNumber=1"])
def test_a_presentation_state_has_windows_and_frames_of_its_own(more: str) -> None:
    with pytest.raises(InvalidParameter):
        request_of(f"&presentationSeriesUID=1.5&presentationUID=1.6{more}")


def test_a_parameter_may_come_once() -> None:
    with pytest.raises(InvalidParameter, match="studyUID"):
        request_of("&studyUID=1.2")
