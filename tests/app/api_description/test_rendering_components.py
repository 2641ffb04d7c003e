"""The parameters that are described are those that are read, with the values that are known."""

import pytest

from app.api_description.components import PARAMETERS
from app.api_description.rendering_components import RENDERING_PARAMETERS, URI_PARAMETERS, VOLUME_PARAMETERS
from app.rendering_parameters import parse_rendering
from app.volume_parameters import parse_volume
from app.wado_uri_parameters import parse_uri_request
from dicomcore.errors import InvalidParameter, InvalidUid
from dicomcore.rendering import IccProfile
from dicomcore.volumes import Orientation, RenderingMethod, VolumeKind

TABLES = (RENDERING_PARAMETERS, URI_PARAMETERS, VOLUME_PARAMETERS)
PAIRS = {
    "windowCenter": "windowWidth",
    "windowWidth": "windowCenter",
    "presentationUID": "presentationSeriesUID",
    "presentationSeriesUID": "presentationUID",
}
TARGET = "requestType=WADO&studyUID=1.2&seriesUID=1.3&objectUID=1.4"


def test_keys_are_names_and_each_is_there_once() -> None:
    for table in TABLES:
        assert all(parameter["name"] == key for key, parameter in table.items())
    names = [name for table in (PARAMETERS, *TABLES) for name in table]
    assert len(names) == len(set(names))


def test_each_is_a_parameter_of_the_query_with_a_type() -> None:
    for table in TABLES:
        for parameter in table.values():
            assert parameter["in"] == "query"
            assert parameter["description"].endswith(".") or "UID" in parameter["description"]
            assert "type" in parameter["schema"], parameter["name"]


def test_what_identifies_the_instance_is_required() -> None:
    required = {name for name, parameter in URI_PARAMETERS.items() if parameter.get("required")}
    assert required == {"requestType", "studyUID", "seriesUID", "objectUID"}


def test_words_are_those_that_are_known() -> None:
    assert RENDERING_PARAMETERS["annotation"]["schema"]["items"]["enum"] == ["patient", "technique"]
    assert RENDERING_PARAMETERS["iccprofile"]["schema"]["enum"] == [one.value for one in IccProfile]
    assert VOLUME_PARAMETERS["orientation"]["schema"]["enum"] == [one.value for one in Orientation]
    assert VOLUME_PARAMETERS["renderingmethod"]["schema"]["enum"] == [one.value for one in RenderingMethod]


@pytest.mark.parametrize("name", RENDERING_PARAMETERS)
def test_a_parameter_of_pictures_is_read(name: str) -> None:
    with pytest.raises(InvalidParameter, match=name):
        parse_rendering(f"{name}=".encode())


@pytest.mark.parametrize("name", VOLUME_PARAMETERS)
def test_a_parameter_of_volumes_is_read(name: str) -> None:
    with pytest.raises(InvalidParameter, match=name):
        parse_volume(f"{name}=".encode(), VolumeKind.MPR)


@pytest.mark.parametrize("name", URI_PARAMETERS)
def test_a_parameter_of_the_uri_service_is_read(name: str) -> None:
    others = "&".join(piece for piece in TARGET.split("&") if not piece.startswith(f"{name}="))
    with pytest.raises((InvalidParameter, InvalidUid)) as refused:
        parse_uri_request(f"{others}&{name}=".encode())
    assert refused.value.name in (name, PAIRS.get(name))
