from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from reportlab.pdfbase.ttfonts import TTFont  # type: ignore[import-untyped]  # it has no types

from dicomcore.lettering import typefaces
from dicomcore.lettering.typefaces import font_of, has_glyph, own_typeface, typeface_of


@pytest.fixture
def fonts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The one directory where fonts are looked for."""
    monkeypatch.setattr(typefaces, "_DIRECTORIES", (str(tmp_path),))
    for cache in (typefaces._installed, typefaces._probe, has_glyph, typeface_of):
        cache.cache_clear()
    yield tmp_path
    for cache in (typefaces._installed, typefaces._probe, has_glyph, typeface_of):
        cache.cache_clear()


def test_our_own_typeface_comes_first() -> None:
    assert [typeface_of(letter) for letter in "AжΩéא"] == [own_typeface()] * 5
    assert typeface_of("A", is_bold=True) == own_typeface(is_bold=True) != own_typeface()


def test_a_letter_that_only_the_regular_weight_has_is_not_bold() -> None:
    assert typeface_of("\U0001d5a0", is_bold=True) == own_typeface()


def test_each_letter_of_our_own_typeface_is_found_in_it_and_no_other() -> None:
    listed = {code for code in TTFont("listed", str(own_typeface())).face.charToGlyph if code > 0x20}
    codes = [code for code in range(0x21, 0x20000) if not 0xD800 <= code < 0xE000]
    assert {code for code in codes if has_glyph(own_typeface(), chr(code))} == listed


def test_a_letter_that_it_lacks_comes_from_a_font_of_the_machine() -> None:
    found = typeface_of("山")
    assert found is not None
    assert found != own_typeface()
    assert found == typeface_of("山", is_bold=True)


@pytest.mark.parametrize(
    "name", ["NotoSansCJK-Regular.ttc", "wqy-microhei.ttc", "Arial Unicode.ttf", "NotoSansCJK-VF.otf"]
)
def test_a_font_is_known_by_the_names_that_systems_give_it(fonts: Path, name: str) -> None:
    found = _font_of_the_machine_with("山")
    (fonts / "deeper").mkdir()
    (fonts / "deeper" / name).symlink_to(found)
    assert typeface_of("山") == fonts / "deeper" / name
    assert typeface_of("\u0e01") is None


def _font_of_the_machine_with(letter: str) -> Path:
    roots = [Path(one).expanduser() for one in ("/usr/share/fonts", "/System/Library/Fonts", "/Library/Fonts")]
    files = [path for root in roots for path in sorted(root.rglob("*")) if path.suffix in (".ttf", ".ttc", ".otf")]
    return next(path for path in files if has_glyph(path, letter))


def test_files_that_are_no_fonts_are_passed_over(fonts: Path) -> None:
    (fonts / "wqy-zenhei.ttc").write_bytes(b"not a font")
    (fonts / "wqy-microhei.ttc").write_bytes(b"")
    (fonts / "PingFang.txt").write_text("no font either")
    assert typeface_of("山") is None


def test_nobody_has_what_is_not_assigned() -> None:
    assert typeface_of("\U0010fffe") is None


def test_sizes_are_kept_in_bounds() -> None:
    assert font_of(own_typeface(), -3).getbbox("x") == font_of(own_typeface(), 4).getbbox("x")
    assert font_of(own_typeface(), 10**9).getbbox("x") == font_of(own_typeface(), 400).getbbox("x")
