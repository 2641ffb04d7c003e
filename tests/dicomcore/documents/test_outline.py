from __future__ import annotations

import dataclasses

import pytest

from dicomcore.documents.outline import Outline, Run, Tone


def test_an_outline_is_a_value() -> None:
    outline = Outline("Report", "SR", (), (), ())
    with pytest.raises(dataclasses.FrozenInstanceError):
        outline.title = "Other"  # type: ignore[misc]


def test_a_run_is_plain_unless_it_says_so() -> None:
    assert Run("words") == Run("words", Tone.PLAIN, "", "", "")
