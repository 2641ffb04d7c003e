from dataclasses import dataclass

from app.recent_problems import RECENT_PROBLEMS
from app.settings import Settings
from app.status import Status, figures_of, versions


@dataclass
class Counts:
    studies: int
    instances: int


def status_of(settings: Settings) -> Status:
    return Status(
        settings,
        counts=figures_of(lambda: Counts(2, 30)),
        database=lambda: {"kind": "sqlite", "version": "3", "bytes": 4096},
        worker=lambda: {"associations": {"accepted": 1, "opened": 0}},
    )


def test_the_document_tells_what_is_here_and_where(settings: Settings) -> None:
    document = status_of(settings).document()
    assert document["archive"] == {"studies": 2, "instances": 30}
    assert document["database"]["kind"] == "sqlite"
    assert document["storage"]["folder"] == str(settings.data)
    storage = document["storage"]
    assert 0 < storage["free_bytes"] <= storage["total_bytes"]
    assert document["application_entity"] == {"ae_title": "ISOCENTER", "host": "127.0.0.1", "port": None, "tls": False}


def test_a_worker_tells_its_figures_and_its_memory(settings: Settings) -> None:
    (worker,) = status_of(settings).document()["workers"]
    assert worker["associations"] == {"accepted": 1, "opened": 0}
    assert worker["peak_memory_bytes"] > 10_000_000
    assert "problems" not in worker


def test_the_latest_problem_comes_first(settings: Settings) -> None:
    for second in (1, 2):
        RECENT_PROBLEMS(
            None, "", {"level": "error", "event": f"trouble {second}", "timestamp": f"2999-01-01T00:00:0{second}Z"}
        )
    assert [one["event"] for one in status_of(settings).document()["problems"][:2]] == ["trouble 2", "trouble 1"]


def test_the_versions_of_what_is_installed_are_told() -> None:
    assert {"isocenter", "python", "numpy", "sqlalchemy"} <= versions().keys()
