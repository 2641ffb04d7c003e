"""What may be burned into a picture about the patient and the acquisition (PS3.18 §8.3.5.1.1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dicomcore.data import Dataset
from dicomcore.lettering import is_writable
from dicomcore.written_names import readable_groups

_LONGEST = 64


@dataclass(frozen=True, slots=True)
class AnnotationTexts:
    """Lines of text: who was examined, and how the image was acquired."""

    patient: tuple[str, ...] = ()
    technique: tuple[str, ...] = ()


def _name(value: str) -> str:
    """Write a person name, and behind it how it is written in another script, if there are letters for that."""
    first, other, *_ = [*readable_groups(value), "", ""]
    return f"{first} ({other})" if other and is_writable(other) else first


def _date(value: str) -> str:
    return f"{value[:4]}-{value[4:6]}-{value[6:8]}" if len(value) >= 8 and value[:8].isdigit() else value


def _time(value: str) -> str:
    return f"{value[:2]}:{value[2:4]}" if len(value) >= 4 and value[:4].isdigit() else value


def _text(value: str) -> str:
    return value


def _with(form: str) -> Callable[[str], str]:
    return lambda value: form.format(value)


def _number(form: str) -> Callable[[str], str]:
    return lambda value: form.format(_shortened(value))


def _shortened(value: str) -> str:
    """Write a number without the zeros and digits that nobody reads; what is no number stays as it is."""
    try:
        return f"{round(float(value), 2):.10g}"
    except (ValueError, OverflowError):
        return value


# One line each, values that are there joined by two spaces.
_PATIENT = (
    ((0x00100010, _name),),
    ((0x00100020, _with("ID {}")),),
    ((0x00100030, _date), (0x00100040, _text), (0x00101010, _text)),
    ((0x00080050, _with("Acc {}")),),
)
_TECHNIQUE = (
    ((0x00080080, _text),),
    ((0x00080020, _date), (0x00080030, _time)),
    ((0x00080060, _text), (0x00180015, _text), (0x00185101, _text), (0x00200062, _text), (0x00081030, _text)),
    ((0x0008103E, _text),),
    ((0x00200011, _with("Se {}")), (0x00200013, _with("Im {}"))),
    ((0x00180060, _number("{} kV")), (0x00181151, _number("{} mA")), (0x00181152, _number("{} mAs"))),
    ((0x00180080, _number("TR {}")), (0x00180081, _number("TE {}")), (0x00180087, _number("{} T"))),
    ((0x00180050, _number("Thk {} mm")), (0x00201041, _number("Loc {} mm"))),
)
_Lines = tuple[tuple[tuple[int, Callable[[str], str]], ...], ...]


def annotation_texts(dataset: Dataset) -> AnnotationTexts:
    """Take the texts from a data set; what is absent leaves no gap, what is long is cut."""
    return AnnotationTexts(_lines(dataset, _PATIENT), _lines(dataset, _TECHNIQUE))


def _lines(dataset: Dataset, lines: _Lines) -> tuple[str, ...]:
    texts = (
        "  ".join(write(value)[:_LONGEST] for tag, write in line if (value := _printable(dataset.text(tag))))
        for line in lines
    )
    return tuple(text for text in texts if text)


def _printable(value: str) -> str:
    return "".join(character for character in value.strip() if character.isprintable())
