from app.fhir.endpoint import ENDPOINT_IDS, endpoints
from app.fhir.version import Version


def test_there_is_an_endpoint_for_every_way_to_the_studies() -> None:
    found = {one["id"]: one["address"] for one in endpoints("https://pacs.example/p", Version.R4)}
    assert found == {
        "dicom-wado-rs": "https://pacs.example/p/dicom-web",
        "dicom-wado-uri": "https://pacs.example/p/wado",
        "ihe-iid": "https://pacs.example/p/launch",
    }
    assert tuple(found) == ENDPOINT_IDS


def test_the_connection_type_is_a_coding_in_r4_and_concepts_in_r5() -> None:
    r4, r5 = (endpoints("http://x", version)[0] for version in Version)
    assert r4["connectionType"]["code"] == "dicom-wado-rs"
    assert r5["connectionType"][0]["coding"] == [r4["connectionType"]]
    assert r4["payloadMimeType"] == r5["payload"][0]["mimeType"] == ["application/dicom"]
