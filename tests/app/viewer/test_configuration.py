"""What the viewer is told."""

from __future__ import annotations

import re
from typing import Any

import orjson
import pytest

from app.viewer.configuration import script, source_name


def _config(root: str = "", *titles: str) -> dict[str, Any]:
    text = script(root, "/viewer", "/viewer/files/1", titles)
    found = re.search(r"window\.config = (\{.*\});\n\Z", text, re.DOTALL)
    assert found is not None
    config: dict[str, Any] = orjson.loads(found[1])
    return config


def _sources(root: str = "", *titles: str) -> dict[str, dict[str, Any]]:
    return {one["sourceName"]: one["configuration"] for one in _config(root, *titles)["dataSources"]}


def test_the_archive_is_the_source_that_is_meant_when_none_is_named() -> None:
    config = _config()
    assert config["defaultDataSourceName"] == "archive"
    assert list(_sources()) == ["archive"]
    assert config["routerBasename"] == "/viewer"


def test_frames_are_asked_for_as_they_are_stored_and_documents_as_one_part() -> None:
    source = _sources()["archive"]
    assert source["requestTransferSyntaxUID"] == "*"
    assert source["imageRendering"] == "wadors"
    assert source["singlepart"] == "bulkdata,pdf,video"
    assert (source["thumbnailRendering"], source["thumbnailRequestStrategy"]) == ("thumbnail", "fetch")
    assert source["bulkDataURI"] == {"enabled": True}
    assert source["supportsFuzzyMatching"] is source["supportsWildcard"] is True


def test_each_node_is_a_source_through_the_bridge_and_all_of_them_are_one() -> None:
    sources = _sources("", "PACS", "Old PACS/2")
    assert {name: source["qidoRoot"] for name, source in sources.items()} == {
        "archive": "/dicom-web",
        "nodes": "/dicom-web/aets/*",
        "node-PACS": "/dicom-web/aets/PACS",
        "node-O~6c~64~20PACS~2f2": "/dicom-web/aets/Old%20PACS%2F2",
    }
    assert all(source["qidoRoot"] == source["wadoRoot"] for source in sources.values())
    assert [source["friendlyName"] for source in sources.values()][2:] == ["PACS", "Old PACS/2"]


def test_only_the_archive_takes_uploads() -> None:
    assert [source["dicomUploadEnabled"] for source in _sources("", "PACS").values()] == [True, False, False]


def test_a_prefix_is_before_every_path() -> None:
    assert _config("/pacs")["routerBasename"] == "/pacs/viewer"
    assert [source["wadoRoot"] for source in _sources("/pacs", "A").values()] == [
        "/pacs/dicom-web",
        "/pacs/dicom-web/aets/*",
        "/pacs/dicom-web/aets/A",
    ]
    assert 'window.PUBLIC_URL = "/pacs/viewer/files/1/";' in script("/pacs", "/viewer", "/viewer/files/1", ())


def test_titles_stay_texts() -> None:
    titles = ['"};alert(1);//', "</script>", "%s"]
    assert [source["friendlyName"] for source in _sources("", *titles).values()][2:] == titles


@pytest.mark.parametrize("title", ["PACS", "pacs", "A B", "A:B", "A*", "~20", "?x=1", "Ä"])
def test_names_of_sources_differ_as_titles_do_and_can_stand_in_a_path(title: str) -> None:
    name = source_name(title)
    assert re.fullmatch(r"node-[A-Z0-9a-f~_-]+", name)
    others = {"PACS", "pacs", "A B", "A:B", "A*", "~20", "?x=1", "Ä"} - {title}
    assert name.lower() not in {source_name(other).lower() for other in others}
