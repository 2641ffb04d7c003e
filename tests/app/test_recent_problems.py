from app.recent_problems import RecentProblems


def test_what_is_serious_is_kept_and_everything_is_passed_on() -> None:
    problems = RecentProblems()
    events = [
        {"level": "info", "event": "request", "timestamp": "2026-01-01T00:00:00Z"},
        {
            "level": "warning",
            "event": "a node was slow",
            "timestamp": "2026-01-01T00:00:01Z",
            "node": "PACS",
            "ms": 900,
        },
    ]
    assert [problems(None, "", dict(event)) for event in events] == events
    assert problems.all() == [
        {
            "time": "2026-01-01T00:00:01Z",
            "level": "warning",
            "event": "a node was slow",
            "detail": "node: PACS; ms: 900",
        }
    ]


def test_of_a_traceback_only_the_last_line_is_kept() -> None:
    problems = RecentProblems()
    problems(None, "", {"level": "error", "event": "failed", "exception": "Traceback\n  File x\nValueError: bad\n"})
    assert problems.all()[0]["detail"] == "ValueError: bad"


def test_only_the_latest_are_kept() -> None:
    problems = RecentProblems(limit=2)
    for name in ("first", "second", "third"):
        problems(None, "", {"level": "error", "event": name})
    assert [one["event"] for one in problems.all()] == ["second", "third"]


def test_long_texts_are_cut() -> None:
    problems = RecentProblems()
    problems(None, "", {"level": "error", "event": "e" * 10_000, "fact": "f" * 10_000})
    assert len(problems.all()[0]["event"]) == len(problems.all()[0]["detail"]) == 500
