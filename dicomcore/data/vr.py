"""The 34 value representations of PS3.5 §6.2 and how each is laid out, as one table.

`VRS` has a row for each VR: the length of its header in Explicit VR (§7.1.2), its padding, the layout of binary
values, whether the Specific Character Set applies (§6.1.2.2), whether a backslash separates values (§6.4), and how long
a value may be (Table 6.2-1). Reading tolerates values that are too long; `VrRule.max_length` is for those who write.
"""

from dataclasses import dataclass
from enum import Enum

UNLIMITED = (1 << 32) - 2


class Kind(Enum):
    """Say what a value field holds."""

    TEXT = "text"
    PERSON_NAME = "person name"
    NUMBER = "number"
    BINARY = "binary"
    TAG = "tag"
    SEQUENCE = "sequence"


@dataclass(frozen=True, slots=True)
class VrRule:
    """The rules of one VR.

    ``width`` is the number of bytes of one value, and the unit in which byte order is swapped; 1 for text and bytes.
    ``item_format`` is the `struct` letter of one value, empty where there is none; the letter of AT is that of the two
    halves of a tag, group and element, which is also why the unit of swapping is 2 there (see `swap_width`).
    ``max_length`` counts characters of one value (of one component group for PN), bytes for binary VRs.
    """

    name: str
    meaning: str
    kind: Kind
    long_header: bool = False
    padding: bytes = b" "
    item_format: str = ""
    width: int = 1
    swap_width: int = 1
    charset_dependent: bool = False
    multi_valued: bool = True
    max_length: int = UNLIMITED
    leading_spaces_significant: bool = False

    @property
    def is_text(self) -> bool:
        """Say whether values are character strings, person names included."""
        return self.kind in (Kind.TEXT, Kind.PERSON_NAME)

    def is_too_long(self, value: str) -> bool:
        """Say whether one character string value breaks the maximum length of Table 6.2-1."""
        if self.kind is Kind.PERSON_NAME:
            return any(len(group) > self.max_length for group in value.split("="))
        return len(value) > self.max_length


def _text(name: str, meaning: str, max_length: int, *, charset_dependent: bool = False) -> VrRule:
    return VrRule(name, meaning, Kind.TEXT, charset_dependent=charset_dependent, max_length=max_length)


def _paragraph(name: str, meaning: str, max_length: int, *, long_header: bool = False, charset: bool = True) -> VrRule:
    return VrRule(
        name,
        meaning,
        Kind.TEXT,
        long_header=long_header,
        charset_dependent=charset,
        multi_valued=False,
        max_length=max_length,
        leading_spaces_significant=True,
    )


def _number(name: str, meaning: str, item_format: str, width: int, *, long_header: bool = False) -> VrRule:
    return VrRule(
        name,
        meaning,
        Kind.NUMBER,
        long_header=long_header,
        padding=b"\0",
        item_format=item_format,
        width=width,
        swap_width=width,
        max_length=width,
    )


def _binary(name: str, meaning: str, width: int, item_format: str) -> VrRule:
    return VrRule(
        name,
        meaning,
        Kind.BINARY,
        long_header=True,
        padding=b"\0",
        item_format=item_format,
        width=width,
        swap_width=width,
        multi_valued=False,
    )


_RULES = (
    _text("AE", "Application Entity", 16),
    _text("AS", "Age String", 4),
    VrRule("AT", "Attribute Tag", Kind.TAG, padding=b"\0", item_format="H", width=4, swap_width=2, max_length=4),
    _text("CS", "Code String", 16),
    _text("DA", "Date", 8),
    _text("DS", "Decimal String", 16),
    _text("DT", "Date Time", 26),
    _number("FD", "Floating Point Double", "d", 8),
    _number("FL", "Floating Point Single", "f", 4),
    _text("IS", "Integer String", 12),
    _text("LO", "Long String", 64, charset_dependent=True),
    _paragraph("LT", "Long Text", 10240),
    _binary("OB", "Other Byte", 1, ""),
    _binary("OD", "Other Double", 8, "d"),
    _binary("OF", "Other Float", 4, "f"),
    _binary("OL", "Other Long", 4, "I"),
    _binary("OV", "Other 64-bit Very Long", 8, "Q"),
    _binary("OW", "Other Word", 2, "H"),
    VrRule("PN", "Person Name", Kind.PERSON_NAME, charset_dependent=True, max_length=64),
    _text("SH", "Short String", 16, charset_dependent=True),
    _number("SL", "Signed Long", "i", 4),
    VrRule("SQ", "Sequence of Items", Kind.SEQUENCE, long_header=True, padding=b"\0", multi_valued=False),
    _number("SS", "Signed Short", "h", 2),
    _paragraph("ST", "Short Text", 1024),
    _number("SV", "Signed 64-bit Very Long", "q", 8, long_header=True),
    _text("TM", "Time", 14),
    VrRule(
        "UC",
        "Unlimited Characters",
        Kind.TEXT,
        long_header=True,
        charset_dependent=True,
        leading_spaces_significant=True,
    ),
    VrRule("UI", "Unique Identifier", Kind.TEXT, padding=b"\0", max_length=64),
    _number("UL", "Unsigned Long", "I", 4),
    _binary("UN", "Unknown", 1, ""),
    _paragraph("UR", "Universal Resource Identifier", UNLIMITED, long_header=True, charset=False),
    _number("US", "Unsigned Short", "H", 2),
    _paragraph("UT", "Unlimited Text", UNLIMITED, long_header=True),
    _number("UV", "Unsigned 64-bit Very Long", "Q", 8, long_header=True),
)

VRS: dict[str, VrRule] = {rule.name: rule for rule in _RULES}

LONG_HEADER_VRS = frozenset(rule.name for rule in _RULES if rule.long_header)
CHARSET_DEPENDENT_VRS = frozenset(rule.name for rule in _RULES if rule.charset_dependent)
