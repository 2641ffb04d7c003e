import pytest

from app.volume_parameters import MAX_CURVE_POINTS, NumberRange, VolumeRequest, check_presentation, parse_volume
from dicomcore.errors import InvalidParameter
from dicomcore.volumes import Orientation, RenderingMethod, VolumeKind, VolumeOptions


def mpr(query: str) -> VolumeRequest:
    return parse_volume(query.encode(), VolumeKind.MPR)


def deep(query: str) -> VolumeRequest:
    return parse_volume(query.encode(), VolumeKind.THREE_D)


def test_without_parameters_everything_is_the_default() -> None:
    assert mpr("") == VolumeRequest(VolumeOptions())
    assert deep("").options == VolumeOptions(kind=VolumeKind.THREE_D)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("renderingmethod=volume_rendered", {"method": RenderingMethod.VOLUME_RENDERED}),
        ("renderingmethod=maximum_ip", {"method": RenderingMethod.MAXIMUM_IP}),
        ("orientation=f", {"orientation": Orientation.FEET}),
        ("viewpointposition=1,-2.5,3e2", {"position": (1, -2.5, 300)}),
        ("viewpointlookat=%201,2%2C%203", {"look_at": (1, 2, 3)}),
        ("viewpointup=0,0,1", {"up": (0, 0, 1)}),
        ("swivelrange=180", {"swivel_range": 180}),
        ("volumetriccurvepoint=1,2,3,4,5,6", {"curve": ((1, 2, 3), (4, 5, 6))}),
        ("volumetriccurvepoint=1,2,3&volumetriccurvepoint=4,5,6", {"curve": ((1, 2, 3), (4, 5, 6))}),
        ("animationstepsize=2.5", {"step_size": 2.5}),
        ("animationrate=20", {"rate": 20}),
        ("volumeinputreference=1.2.3,7", {"references": ("1.2.3", "7")}),
        ("renderedvolumetricmetadata=yes", {"wants_metadata": True}),
    ],
)
def test_each_parameter_is_read(query: str, expected: dict[str, object]) -> None:
    assert deep(query).options == VolumeOptions(kind=VolumeKind.THREE_D, **expected)  # type: ignore[arg-type]


@pytest.mark.parametrize(("text", "slab"), [("0", 0), ("1", 1), ("20.5", 20.5)])
def test_a_slab_is_in_millimeters(text: str, slab: float) -> None:
    assert mpr(f"mprslab={text}").options.slab == slab


@pytest.mark.parametrize(
    "query",
    [
        "renderingmethod=surface",
        "renderingmethod=MAXIMUM_IP",
        "renderingmethod=",
        "orientation=x",
        "orientation=a,p",
        "viewpointposition=1,2",
        "viewpointposition=1,2,3,4,5,6",
        "viewpointposition=1,2,nan",
        "viewpointlookat=1,2,1e30",
        "viewpointup=0,0,0",
        "mprslab=-1",
        "mprslab=thick",
        "mprslab=1e9",
        "swivelrange=0",
        "swivelrange=361",
        "volumetriccurvepoint=1,2,3",
        "volumetriccurvepoint=1,2,3,1,2,3",
        "volumetriccurvepoint=1,2,3,4",
        "animationstepsize=0",
        "animationrate=-5",
        "animationrate=1000",
        "volumeinputreference=abc",
        "volumeinputreference=0",
        "volumeinputreference=",
        "renderedvolumetricmetadata=no",
        "orientation=a&orientation=p",
    ],
)
def test_a_value_that_cannot_be_is_refused_with_the_name_of_its_parameter(query: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        mpr(query)
    assert refused.value.name == query.partition("=")[0]


@pytest.mark.parametrize("name", ["viewpointposition", "viewpointlookat", "viewpointup"])
def test_orientation_and_viewpoint_exclude_each_other(name: str) -> None:
    with pytest.raises(InvalidParameter, match="orientation"):
        mpr(f"orientation=a&{name}=1,2,3")


def test_two_animations_exclude_each_other() -> None:
    with pytest.raises(InvalidParameter, match="swivelrange"):
        mpr("swivelrange=90&volumetriccurvepoint=1,2,3,4,5,6")


def test_what_belongs_to_the_other_kind_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="renderingmethod"):
        mpr("renderingmethod=volume_rendered")
    with pytest.raises(InvalidParameter, match="mprslab"):
        deep("mprslab=5")


def test_a_curve_has_a_limit() -> None:
    points = ",".join(f"0,0,{number}" for number in range(MAX_CURVE_POINTS + 1))
    with pytest.raises(InvalidParameter, match="volumetriccurvepoint"):
        mpr(f"volumetriccurvepoint={points}")


def test_names_of_attributes_are_matching_keys() -> None:
    selection = mpr("SeriesNumber=2&orientation=a&ImageType=*AXIAL").selection
    assert [key.path for key in selection.keys] == [(0x00200011,), (0x00080008,)]
    series = {"00200011": {"vr": "IS", "Value": [2]}, "00080008": {"vr": "CS", "Value": ["ORIGINAL", "AXIAL"]}}
    assert selection.takes(series)
    assert not selection.takes({**series, "00200011": {"vr": "IS", "Value": [3]}})


@pytest.mark.parametrize(("interval", "expected"), [(140, True), (200.5, True), (260, True), (261, False)])
def test_numbers_can_be_asked_for_by_a_range(interval: float, expected: bool) -> None:
    selection = mpr("CardiacRRIntervalSpecified=140-260").selection
    assert selection.ranges == (NumberRange(0x00189070, 140, 260),)
    assert selection.takes({"00189070": {"vr": "FD", "Value": [interval]}}) is expected
    assert not selection.takes({})


def test_without_keys_every_instance_is_taken() -> None:
    assert mpr("orientation=a").selection.takes({})


def test_a_key_that_cannot_be_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="InstanceNumber"):
        mpr("InstanceNumber=x")


def test_parameters_of_every_rendered_resource_are_left_to_others() -> None:
    others = "viewport=1&window=x&quality=-1&annotation=patient&iccprofile=no&accept=image/png&charset=utf-8"
    assert mpr(others) == mpr("")


def test_an_unknown_parameter_is_ignored_with_a_warning() -> None:
    request = mpr("foo=1")
    assert request.options == VolumeOptions()
    assert len(request.warnings) == 1


def test_a_presentation_state_can_be_turned_and_nothing_else() -> None:
    check_presentation(b"orientation=a&viewport=5,5&foo=1")
    check_presentation(b"viewpointup=0,0,1&viewpointlookat=0,0,0")
    for query in (b"renderingmethod=maximum_ip", b"renderedvolumetricmetadata=yes", b"mprslab=3", b"swivelrange=5"):
        with pytest.raises(InvalidParameter, match="presentation state"):
            check_presentation(query)
