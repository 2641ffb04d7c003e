from __future__ import annotations

from dicomcore.documents.xml_text import escaped_text, legal_text, quoted_text


def test_markup_is_escaped() -> None:
    assert escaped_text('<b>&"') == '&lt;b&gt;&amp;"'
    assert quoted_text('<b>&"\n') == '"&lt;b&gt;&amp;&quot;&#10;"'


def test_what_xml_does_not_have_is_replaced() -> None:
    assert legal_text("a\x00b\x1bc\ud800d\uffffe") == "a\ufffdb\ufffdc\ufffdd\ufffde"
    assert legal_text("tab\tline\n山\U0001f600") == "tab\tline\n山\U0001f600"


def test_carriage_returns_survive_parsing() -> None:
    assert escaped_text("a\rb") == "a&#13;b"
