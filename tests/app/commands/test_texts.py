from app.commands.texts import aligned, plain


def test_what_a_terminal_would_obey_is_replaced() -> None:
    assert (
        plain("a\x1b[2Jb\nc\0") == "a\N{REPLACEMENT CHARACTER}[2Jb\N{REPLACEMENT CHARACTER}c\N{REPLACEMENT CHARACTER}"
    )


def test_columns_are_as_wide_as_their_widest_value() -> None:
    lines = list(aligned(("a", "bcd", "e"), [("long", "f", ""), ("g", "h\n", "i")]))
    assert lines == ["a     bcd  e", "long  f", "g     h\N{REPLACEMENT CHARACTER}   i"]


def test_a_table_without_rows_has_its_head() -> None:
    assert list(aligned(("a", "b"), [])) == ["a  b"]
