"""Whatever the attributes of an image say, it is a picture, or one of our own errors says why not."""

from builders import ct_dataset
from hypothesis import given
from hypothesis import strategies as st

from dicomcore.data import EXPLICIT_VR_LITTLE_ENDIAN, Dataset, new_dataset, read_dataset
from dicomcore.errors import DicomError
from dicomcore.pixels import frame_index, stored_frame
from dicomcore.rendering import RenderingOptions, Viewport, describe, render_frame
from dicomcore.rendering.palette import expand_segments

PNG = RenderingOptions(media_type="image/png", viewport=Viewport(9, 7))
ATTRIBUTES = (
    *(0x00280002, 0x00280004, 0x00280006, 0x00280030, 0x00280034, 0x00280100, 0x00280101, 0x00280102, 0x00280103),
    *(0x00280120, 0x00280121, 0x00281050, 0x00281051, 0x00281052, 0x00281053, 0x00281056, 0x00282000, 0x00282110),
    *(0x00281101, 0x00281102, 0x00281103, 0x00281201, 0x00281202, 0x00281203, 0x00281221, 0x00281222, 0x00281223),
    *(0x00089205, 0x20500020, 0x00181063, 0x00181065, 0x00286010, 0x60000010, 0x60000011, 0x60000050, 0x60003000),
)
SEQUENCES = (0x00283000, 0x00283010, 0x20500010)
TEXTS = (
    b"0 ",
    b"-1",
    b"1e308 ",
    b"1e-300\\1e300 ",
    b"RGB ",
    b"YBR_FULL",
    b"PALETTE COLOR ",
    b"MONOCHROME1 ",
    b"COLOR ",
)
values = st.one_of(
    st.sampled_from(TEXTS), st.binary(max_size=40), st.integers(0, 65535).map(lambda n: n.to_bytes(2, "little"))
)
elements = st.tuples(st.sampled_from(ATTRIBUTES), st.sampled_from(("US", "SS", "DS", "IS", "CS", "OW", "UN")), values)
tables = st.tuples(st.sampled_from(SEQUENCES), st.binary(max_size=6), st.binary(max_size=40))


def image(changes: list[tuple[int, str, bytes]], luts: list[tuple[int, bytes, bytes]]) -> Dataset:
    dataset = read_dataset(ct_dataset(), EXPLICIT_VR_LITTLE_ENDIAN)
    for tag, vr, value in changes:
        dataset.put_raw(tag, vr, value)
    for tag, descriptor, data in luts:
        item = new_dataset()
        item.put_raw(0x00283002, "US", descriptor)
        item.put_raw(0x00283006, "OW", data)
        dataset.put_items(tag, [item])
    return dataset


@given(st.lists(elements, min_size=1, max_size=8), st.lists(tables, max_size=2))
def test_any_attributes_make_a_picture_or_an_error_of_ours(
    changes: list[tuple[int, str, bytes]], luts: list[tuple[int, bytes, bytes]]
) -> None:
    dataset = image(changes, luts)
    try:
        frames = frame_index(dataset)
        description = describe(dataset)
        frame = stored_frame(frames, dataset.elements[frames.tag].buffer, 1)
        picture = render_frame(frame, EXPLICIT_VR_LITTLE_ENDIAN.uid, 1, description.frame(1), PNG)
    except DicomError as error:
        assert str(error)
    else:
        assert picture.startswith(b"\x89PNG")


@given(st.lists(st.integers(0, 65535) | st.integers(0, 2), max_size=60), st.integers(1, 65536), st.booleans())
def test_any_segments_expand_to_no_more_than_they_should(numbers: list[int], count: int, wide: bool) -> None:
    assert len(expand_segments(numbers, count, wide=wide)) <= count
