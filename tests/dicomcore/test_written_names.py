from __future__ import annotations

import pytest

from dicomcore.written_names import readable_groups, readable_name


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Doe^Jane", "Doe, Jane"),
        ("Doe^John^Adam^Dr.^MD", "Doe, Dr. John Adam, MD"),
        ("Doe", "Doe"),
        ("^Jane", "Jane"),
        ("", ""),
        ("^^^^", ""),
        ("==", ""),
        ("a^b^c^d^e^f", "a, d b c, e"),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "Yamada, Tarou (山田 太郎, やまだ たろう)"),
        ("Yamada^Tarou==やまだ^たろう", "Yamada, Tarou (やまだ たろう)"),
        ("=山田^太郎", "山田 太郎"),
        ("a=b=c=d", "a (b, c)"),
        ("<img src=x onerror=alert(1)>", "<img src (x onerror, alert(1)>)"),
    ],
)
def test_a_name_is_written_family_first_with_its_other_scripts_behind(name: str, written: str) -> None:
    assert readable_name(name) == written


def test_component_groups_that_say_nothing_are_left_out() -> None:
    assert readable_groups("Hong^Gildong=洪^吉洞=홍^길동") == ["Hong, Gildong", "洪 吉洞", "홍 길동"]
    assert readable_groups("=^=홍^길동") == ["홍 길동"]
    assert readable_groups(" ^ ") == []
