"""The table of the documentation: what is met, what is missed, and by how much."""

from benchmarks.measure import Figures
from benchmarks.report import as_json, markdown


def measured(orthanc: Figures, isocenter: Figures) -> dict[str, Figures]:
    return {"Orthanc": orthanc, "Isocenter": isocenter}


def test_a_missed_target_is_printed_in_bold() -> None:
    figures = measured(Figures([0.010], cpu=0.009), Figures([0.004], cpu=0.003))
    table = markdown({"warm": {"frame of a CT": figures, "retrieve an instance": figures}}).splitlines()
    assert table[2] == "| retrieve an instance | 10 ms | 10 ms | 9 ms | 4 ms | 4 ms | 3 ms | 2 | 2.5 |"
    assert table[3] == "| frame of a CT | 10 ms | 10 ms | 9 ms | 4 ms | 4 ms | 3 ms | 3 | **2.5** |"


def test_load_is_printed_as_throughput() -> None:
    figures = measured(Figures([0.1], [100.0]), Figures([0.1], [250.0]))
    assert "| 100/s | 100 ms |" in markdown({"warm": {"STOW with 8 clients": figures}})


def test_long_times_are_written_without_an_exponent() -> None:
    figures = measured(Figures([1.0301]), Figures([0.4444]))
    assert "| 1030 ms | 1030 ms |" in markdown({"warm": {"STOW of one CT": figures}})


def test_a_wrong_answer_has_no_ratio() -> None:
    figures = measured(Figures([0.010]), Figures(problem="WrongAnswer: another frame"))
    assert markdown({"warm": {"frame of a CT": figures}}).endswith("| 3 | **nan** |\n")


def test_a_phase_without_the_scenario_leaves_its_cell_empty() -> None:
    figures = measured(Figures([0.010]), Figures([0.001]))
    table = markdown({"warm": {"STOW of one CT": figures}, "cold": {}}).splitlines()
    assert table[0].endswith("| target | ratio warm | ratio cold |")
    assert table[2].endswith("| 2 | 10 |  |")


def test_every_figure_goes_to_the_file() -> None:
    content = as_json({"warm": {"frame of a CT": measured(Figures([0.2, 0.1, 0.3]), Figures([0.1]))}})
    assert content["warm"]["frame of a CT"]["Orthanc"]["median"] == 0.2
    assert content["warm"]["frame of a CT"]["Orthanc"]["latencies"] == [0.2, 0.1, 0.3]
