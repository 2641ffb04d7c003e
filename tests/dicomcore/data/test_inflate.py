from __future__ import annotations

import mmap
import zlib

import pytest
from builders import deflated

from dicomcore.data import inflate as module
from dicomcore.data.inflate import inflate
from dicomcore.errors import LimitExceeded, MalformedDataset

TEXT = bytes(range(256)) * 100


def test_raw_deflate_is_inflated() -> None:
    assert bytes(inflate(deflated(TEXT), 0, len(deflated(TEXT)))) == TEXT


def test_zlib_header_is_understood() -> None:
    compressed = zlib.compress(TEXT)
    assert bytes(inflate(compressed, 0, len(compressed))) == TEXT


def test_only_the_given_span_is_inflated() -> None:
    compressed = b"head" + deflated(TEXT) + b"tail"
    assert bytes(inflate(compressed, 4, len(compressed) - 4)) == TEXT


def test_padding_after_the_stream_is_ignored() -> None:
    compressed = deflated(TEXT) + bytes(20)
    assert bytes(inflate(compressed, 0, len(compressed))) == TEXT


@pytest.mark.parametrize("missing", [3, 50, 500])
def test_cut_stream_is_refused(missing: int) -> None:
    compressed = deflated(bytes(i * i % 251 for i in range(5000)))
    with pytest.raises(MalformedDataset):
        inflate(compressed, 0, len(compressed) - missing)


def test_empty_stream_is_refused() -> None:
    with pytest.raises(MalformedDataset):
        inflate(b"", 0, 0)


def test_garbage_is_refused() -> None:
    with pytest.raises(MalformedDataset):
        inflate(b"\xff" * 100, 0, 100)


def test_more_than_200_times_its_size_is_refused_above_64_mb() -> None:
    compressed = deflated(bytes(100 << 20))
    with pytest.raises(LimitExceeded) as caught:
        inflate(compressed, 0, len(compressed))
    assert caught.value.allowed == 64 << 20


def test_absolute_maximum_holds() -> None:
    compressed = deflated(TEXT)
    with pytest.raises(LimitExceeded):
        inflate(compressed, 0, len(compressed), maximum=1000)


def test_large_data_sets_are_inflated_to_a_mapped_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_IN_MEMORY", 1000)
    compressed = deflated(TEXT)
    inflated = inflate(compressed, 0, len(compressed))
    assert isinstance(inflated, mmap.mmap)
    assert bytes(inflated) == TEXT
