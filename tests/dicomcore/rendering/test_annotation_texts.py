from builders import ct_dataset

from dicomcore.data import EXPLICIT_VR_LITTLE_ENDIAN, new_dataset, read_dataset
from dicomcore.rendering.annotation_texts import AnnotationTexts, annotation_texts


def texts_of(**attributes: object) -> AnnotationTexts:
    return annotation_texts(read_dataset(ct_dataset(**attributes), EXPLICIT_VR_LITTLE_ENDIAN))


def test_the_patient_is_named() -> None:
    assert texts_of().patient == ("Doe, Jane", "ID PID1", "1970-01-02  F", "Acc A1")


def test_the_technique_is_told() -> None:
    assert texts_of().technique == (
        "2024-01-31  10:11",
        "CT  Thorax",
        "Axial 5 mm",
        "Se 2  Im 7",
        "Thk 5 mm",
    )


def test_numbers_are_written_without_the_digits_that_nobody_reads() -> None:
    assert "Thk 1.25 mm" in texts_of(SliceThickness="1.250000").technique
    assert "Thk 0.33 mm" in texts_of(SliceThickness="3.333333e-1").technique
    assert "Thk thin mm" in texts_of(SliceThickness="thin").technique


def test_what_is_absent_leaves_no_gap() -> None:
    assert annotation_texts(new_dataset()) == AnnotationTexts()
    assert texts_of(PatientBirthDate=None).patient[2] == "F"


def named(name: str) -> str:
    """What is written first about a patient of this name."""
    return texts_of(SpecificCharacterSet="ISO_IR 192", PatientName=name.encode()).patient[0]


def test_a_name_of_several_groups_is_written_in_two_scripts() -> None:
    assert named("Yamada^Tarou=山田^太郎=やまだ^たろう") == "Yamada, Tarou (山田 太郎)"
    assert named("=Doe") == "Doe"
    assert named("Doe^John^Q^Dr") == "Doe, Dr John Q"
    assert named("^") == "ID PID1"


def test_a_group_that_there_are_no_letters_for_is_left_out() -> None:
    assert named("Li^Wang=\U00018800\U00018801") == "Li, Wang"


def test_long_and_unprintable_texts_are_cut() -> None:
    assert texts_of(SeriesDescription="a" * 500).technique[2] == "a" * 64
    assert texts_of(SeriesDescription="a\tb").technique[2] == "ab"
