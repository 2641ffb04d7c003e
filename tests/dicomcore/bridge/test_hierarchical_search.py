from collections.abc import AsyncGenerator
from typing import Any

import orjson

from app.parameters import parse_search
from dicomcore.bridge.hierarchical_search import FUZZY_IGNORED, HierarchicalSearch
from dicomcore.bridge.identifiers import Agreed, Identifiers
from dicomcore.data import PLACEHOLDER, Dataset, new_dataset
from dicomcore.query import ARCHIVE
from dicomcore.resources import Level, Resource
from dicomcore.source import Answer

STUDY_UID, SERIES_UID, INSTANCE_UID = 0x0020000D, 0x0020000E, 0x00080018
STUDY = Resource("1.1")
NOTHING = Agreed()


class Pacs:
    """Two studies of two series of three instances; answers with UIDs and with what a test adds."""

    def __init__(self, **more: dict[int, tuple[str, Any]]) -> None:
        self.more = more
        self.asked: list[tuple[Level, Dataset]] = []
        self.sent = 0
        self.is_busy = False

    async def find(self, level: Level, identifier: Dataset) -> AsyncGenerator[Dataset, None]:
        assert not self.is_busy, "one association has one C-FIND at a time"
        self.is_busy = True
        try:
            self.asked.append((level, identifier))
            for response in self.responses(level, identifier):
                self.sent += 1
                yield response
        finally:
            self.is_busy = False

    def responses(self, level: Level, identifier: Dataset) -> list[Dataset]:
        studies = identifier.texts(STUDY_UID) or ["1.1", "1.2"]
        series = identifier.texts(SERIES_UID) or [f"{study}.{n}" for study in studies for n in (1, 2)]
        series = [uid for uid in series if uid.rpartition(".")[0] in studies]
        instances = [f"{uid}.{n}" for uid in series for n in (1, 2, 3)]
        if level is Level.PATIENT:
            return [self.response(level, "PID1")]
        found = {Level.STUDY: studies, Level.SERIES: series, Level.INSTANCE: instances}[level]
        return [self.response(level, uid) for uid in found]

    def response(self, level: Level, uid: str) -> Dataset:
        made = new_dataset()
        tag = {
            Level.PATIENT: 0x00100020,
            Level.STUDY: STUDY_UID,
            Level.SERIES: SERIES_UID,
            Level.INSTANCE: INSTANCE_UID,
        }[level]
        for each, (vr, value) in self.more.get(level.name.lower(), {}).items():
            made.put(each, vr, value)
        made.put(tag, "UI" if tag != 0x00100020 else "LO", uid)
        return made


async def search(
    pacs: Pacs,
    text: str = "",
    level: Level = Level.STUDY,
    resource: Resource = ARCHIVE,
    agreed: Agreed = NOTHING,
    **limits: Any,
) -> Answer:
    query = parse_search(text, level, resource).query
    identifiers = Identifiers(agreed, "ISO_IR 192", query.timezone)
    return await HierarchicalSearch(query, "PACS", identifiers, pacs.find, **limits).run()


def parsed(answer: Answer) -> list[dict[str, dict[str, list[Any]]]]:
    return [orjson.loads(one.replace(PLACEHOLDER, b"")) for one in answer.objects]


def levels(pacs: Pacs) -> list[Level]:
    return [level for level, _identifier in pacs.asked]


class TestHierarchy:
    async def test_studies_are_found(self) -> None:
        answer = await search(Pacs())
        assert [one["0020000D"]["Value"] for one in parsed(answer)] == [["1.1"], ["1.2"]]
        assert answer.total == 2

    async def test_the_series_of_a_study_are_found(self) -> None:
        pacs = Pacs(series={0x00201209: ("IS", "3")})
        answer = await search(pacs, "", Level.SERIES, STUDY)
        assert len(answer.objects) == 2
        assert levels(pacs) == [Level.SERIES]

    async def test_all_series_are_found_with_what_is_known_of_their_studies(self) -> None:
        pacs = Pacs(study={0x00100010: ("PN", "Doe")}, series={0x00201209: ("IS", "3")})
        found = parsed(await search(pacs, "", Level.SERIES))
        assert len(found) == 4
        assert found[0]["00100010"]["Value"] == [{"Alphabetic": "Doe"}]
        assert found[0]["00081190"]["Value"] == ["/studies/1.1/series/1.1.1"]

    async def test_all_instances_are_found(self) -> None:
        answer = await search(Pacs(), "", Level.INSTANCE)
        assert len(answer.objects) == 12
        assert parsed(answer)[-1]["00081190"]["Value"] == ["/studies/1.2/series/1.2.2/instances/1.2.2.3"]

    async def test_a_key_of_the_study_is_asked_for_there(self) -> None:
        pacs = Pacs(study={0x00100010: ("PN", "Doe")}, series={0x00201209: ("IS", "3")})
        found = parsed(await search(pacs, "PatientName=Doe", Level.SERIES, STUDY))
        assert levels(pacs) == [Level.STUDY, Level.SERIES]
        assert pacs.asked[0][1].text(STUDY_UID) == "1.1"
        assert found[0]["00100010"]["Value"] == [{"Alphabetic": "Doe"}]
        assert "00201208" not in found[0]

    async def test_a_relational_query_asks_once(self) -> None:
        class Relational(Pacs):
            def response(self, level: Level, uid: str) -> Dataset:
                made = super().response(level, uid)
                made.put(STUDY_UID, "UI", uid.rpartition(".")[0])
                return made

        pacs = Relational(series={0x00201206: ("IS", "1"), 0x00201208: ("IS", "1"), 0x00201209: ("IS", "3")})
        answer = await search(pacs, "", Level.SERIES, agreed=Agreed(relational=True), counting_seconds=0)
        assert len(answer.objects) == 4
        assert levels(pacs) == [Level.SERIES]

    async def test_patients_are_found(self) -> None:
        found = parsed(await search(Pacs(), "", Level.PATIENT))
        assert found[0]["00100020"]["Value"] == ["PID1"]

    async def test_responses_without_a_uid_are_passed_over(self) -> None:
        class Nameless(Pacs):
            def responses(self, level: Level, identifier: Dataset) -> list[Dataset]:
                return [new_dataset()]

        assert (await search(Nameless())).objects == []


class TestLimits:
    async def test_searching_stops_when_enough_is_known(self) -> None:
        pacs = Pacs()
        answer = await search(pacs, "limit=5", Level.INSTANCE, STUDY)
        assert len(answer.objects) == 5
        assert answer.total == 6

    async def test_pages_follow_each_other(self) -> None:
        pages = [
            parsed(await search(Pacs(), f"limit=4&offset={offset}", Level.INSTANCE, STUDY)) for offset in (0, 4, 8)
        ]
        uids = [one["00080018"]["Value"][0] for page in pages for one in page]
        assert uids == [f"1.1.{series}.{number}" for series in (1, 2) for number in (1, 2, 3)]

    async def test_too_many_levels_are_not_walked(self) -> None:
        answer = await search(Pacs(), "", Level.SERIES, max_walked=1)
        assert len(answer.objects) == 2
        assert answer.warnings == (
            "Only the first 1 studies and series have been searched; a more selective search finds more.",
        )

    async def test_an_archive_is_asked_for_no_more_than_the_page_needs(self) -> None:
        pacs = Pacs()
        await search(pacs, "limit=0")
        assert levels(pacs) == [Level.STUDY]


class TestCompleting:
    async def test_what_is_missing_of_a_study_is_counted(self) -> None:
        found = parsed(await search(Pacs(series={0x00080060: ("CS", "CT")}), "StudyInstanceUID=1.1"))
        assert found[0]["00201206"]["Value"] == [2]
        assert found[0]["00201208"]["Value"] == [6]
        assert found[0]["00080061"]["Value"] == ["CT"]

    async def test_numbers_of_series_are_added(self) -> None:
        pacs = Pacs(series={0x00201209: ("IS", "100")})
        found = parsed(await search(pacs, "StudyInstanceUID=1.1"))
        assert found[0]["00201208"]["Value"] == [200]
        assert levels(pacs) == [Level.STUDY, Level.SERIES]

    async def test_what_an_archive_tells_is_not_counted(self) -> None:
        told = {0x00080061: ("CS", "MR"), 0x00201206: ("IS", "7"), 0x00201208: ("IS", "8")}
        pacs = Pacs(study=told)
        found = parsed(await search(pacs))
        assert (found[0]["00201206"]["Value"], found[0]["00201208"]["Value"]) == ([7], [8])
        assert levels(pacs) == [Level.STUDY]

    async def test_modalities_alone_need_no_instances(self) -> None:
        pacs = Pacs(study={0x00201206: ("IS", "7"), 0x00201208: ("IS", "8")})
        await search(pacs, "StudyInstanceUID=1.1")
        assert levels(pacs) == [Level.STUDY, Level.SERIES]

    async def test_the_instances_of_a_series_are_counted(self) -> None:
        found = parsed(await search(Pacs(), "", Level.SERIES, STUDY))
        assert found[0]["00201209"]["Value"] == [3]

    async def test_only_what_is_returned_is_counted(self) -> None:
        pacs = Pacs()
        await search(pacs, "limit=1", Level.SERIES, STUDY)
        assert levels(pacs) == [Level.SERIES, Level.INSTANCE]

    async def test_counting_ends_when_it_takes_too_long(self) -> None:
        answer = await search(Pacs(), "", Level.SERIES, STUDY, counting_seconds=0)
        assert "Value" not in parsed(answer)[0]["00201209"]
        assert answer.warnings == (
            "Numbers of series and instances are left out where the archive does not tell them.",
        )

    async def test_counting_may_end_in_the_middle_of_a_study(self, monkeypatch: Any) -> None:
        moments = iter(range(100))
        monkeypatch.setattr("dicomcore.bridge.hierarchical_search.monotonic", lambda: next(moments))
        found = parsed(await search(Pacs(), "StudyInstanceUID=1.1", counting_seconds=1.5))
        assert found[0]["00201206"]["Value"] == [2]
        assert "Value" not in found[0]["00201208"]

    async def test_what_is_matched_is_counted_before(self) -> None:
        pacs = Pacs(series={0x00080060: ("CS", "CT"), 0x00201209: ("IS", "3")})
        assert (await search(pacs, "ModalitiesInStudy=MR")).objects == []
        assert len((await search(pacs, "ModalitiesInStudy=CT")).objects) == 2


class TestWarnings:
    async def test_a_key_that_is_not_supported_is_named_once(self) -> None:
        answer = await search(Pacs(), "StudyDescription=Thorax")
        assert len(answer.objects) == 2
        assert answer.warnings == ("The StudyDescription parameter is not supported. It has been ignored.",)

    async def test_fuzzy_matching_that_is_not_negotiated_is_told(self) -> None:
        answer = await search(Pacs(study={0x00100010: ("PN", "Doe")}), "PatientName=Doe&fuzzymatching=true")
        assert answer.warnings == (FUZZY_IGNORED,)

    async def test_fuzzy_matching_that_is_negotiated_is_not(self) -> None:
        pacs = Pacs(study={0x00100010: ("PN", "Dough")})
        answer = await search(pacs, "PatientName=Doe&fuzzymatching=true", agreed=Agreed(fuzzy=True))
        assert (answer.warnings, len(answer.objects)) == ((), 2)

    async def test_what_does_not_match_is_left_out(self) -> None:
        pacs = Pacs(study={0x00081030: ("LO", "Head")})
        assert (await search(pacs, "StudyDescription=Thorax")).objects == []
