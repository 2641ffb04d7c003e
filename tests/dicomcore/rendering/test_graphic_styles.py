from __future__ import annotations

from presentation_builders import dataset_of

from dicomcore.rendering.graphic_styles import (
    PLAIN_FILL,
    PLAIN_LINE,
    PLAIN_TEXT,
    SOLID,
    FillStyle,
    LineStyle,
    Shadow,
    TextStyle,
    read_fill_style,
    read_line_style,
    read_text_style,
)

WHITE = [65535, 32896, 32896]
BLACK = [0, 32896, 32896]


def test_objects_without_styles_are_plain() -> None:
    nothing = dataset_of()
    assert (read_line_style(nothing), read_fill_style(nothing), read_text_style(nothing)) == (
        PLAIN_LINE,
        PLAIN_FILL,
        PLAIN_TEXT,
    )


def test_a_dashed_line_is_read() -> None:
    style = dataset_of(
        PatternOnColorCIELabValue=WHITE,
        PatternOnOpacity=0.5,
        PatternOffColorCIELabValue=BLACK,
        PatternOffOpacity=0.25,
        LineThickness=2.5,
        LineDashingStyle="DASHED",
    )
    style.put(0x00700255, "UL", 0xF0F0F0F0)
    assert read_line_style(dataset_of(LineStyleSequence=[style])) == LineStyle(
        (255, 255, 255), 0.5, (0, 0, 0), 0.25, 2.5, 0xF0F0F0F0
    )


def test_a_solid_line_has_no_pattern() -> None:
    style = dataset_of(LineDashingStyle="SOLID", PatternOffColorCIELabValue=BLACK)
    read = read_line_style(dataset_of(LineStyleSequence=[style]))
    assert (read.pattern, read.off_color) == (SOLID, None)


def test_a_stippled_area_has_half_the_opacity() -> None:
    style = dataset_of(PatternOnColorCIELabValue=WHITE, PatternOnOpacity=0.5, FillMode="STIPPELED")
    assert read_fill_style(dataset_of(FillStyleSequence=[style])) == FillStyle((255, 255, 255), 0.25)


def test_a_text_style_is_read() -> None:
    style = dataset_of(
        TextColorCIELabValue=BLACK,
        HorizontalAlignment="RIGHT",
        VerticalAlignment="CENTER",
        Bold="Y",
        Underlined="Y",
        ShadowStyle="NORMAL",
        ShadowOffsetX=1.0,
        ShadowOffsetY=2.0,
        ShadowColorCIELabValue=WHITE,
        ShadowOpacity=0.5,
    )
    assert read_text_style(dataset_of(TextStyleSequence=[style])) == TextStyle(
        (0, 0, 0), "RIGHT", "CENTER", True, True, Shadow("NORMAL", (1.0, 2.0), (255, 255, 255), 0.5)
    )


def test_nonsense_is_kept_in_bounds() -> None:
    nan, far = float("nan"), 1e30
    line = dataset_of(
        PatternOnOpacity=far, LineThickness=nan, ShadowStyle="OUTLINED", ShadowOffsetX=far, ShadowOffsetY=nan
    )
    read = read_line_style(dataset_of(LineStyleSequence=[line]))
    assert (read.opacity, read.thickness) == (1.0, None)
    assert read.shadow is not None and read.shadow.offset == (50.0, 0.0)
