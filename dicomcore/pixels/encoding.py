"""How pixels are to be encoded: the choices that a transfer syntax leaves open.

One set of choices for all codecs; each takes what means something to it. What a transfer syntax prescribes wins:
`Encoding.of` gives the choices that are left when the syntax is known.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from dicomcore.data import TRANSFER_SYNTAXES
from dicomcore.errors import InvalidParameter

DEFAULT_QUALITY = 90
MAX_NEAR = 255
MAX_RATIO = 1000.0
PREDICTORS = range(1, 8)

_ROOT = "1.2.840.10008.1.2.4"
# These lose something whatever is asked for; near-lossless JPEG-LS could be lossless too, and then is the other syntax.
ALWAYS_LOSSY = frozenset(f"{_ROOT}.{last}" for last in ("50", "51", "81"))


@dataclass(frozen=True, slots=True)
class Encoding:
    """The choices.

    ``lossless`` decides in transfer syntaxes that can be both (JPEG 2000, HTJ2K, JPEG XL). ``quality`` is that of lossy
    compression, 1 to 100 as JPEG has it; None is the default of 90. ``near`` is the largest error of near-lossless
    JPEG-LS in grey levels. ``ratio`` asks JPEG 2000 for a compression ratio, n to 1, instead of a quality.
    ``predictor`` is that of JPEG Lossless Process 14 (selection value 1 to 7).
    """

    lossless: bool = True
    quality: int | None = None
    near: int = 2
    ratio: float | None = None
    predictor: int = 1

    def __post_init__(self) -> None:
        if self.quality is not None and not 1 <= self.quality <= 100:
            raise InvalidParameter("quality", "not from 1 to 100")
        if not 0 <= self.near <= MAX_NEAR:
            raise InvalidParameter("near", f"not from 0 to {MAX_NEAR}")
        if self.ratio is not None and not 1 <= self.ratio <= MAX_RATIO:
            raise InvalidParameter("ratio", f"not from 1 to {MAX_RATIO:g}")
        if self.predictor not in PREDICTORS:
            raise InvalidParameter("predictor", "not from 1 to 7")

    @property
    def lossy_quality(self) -> int:
        """The quality of lossy compression, 1 to 100."""
        return DEFAULT_QUALITY if self.quality is None else self.quality

    def of(self, transfer_syntax_uid: str) -> Encoding:
        """Return what of this holds in a transfer syntax: some are lossless by definition, some are lossy."""
        syntax = TRANSFER_SYNTAXES.get(transfer_syntax_uid)
        lossless = self.lossless and transfer_syntax_uid not in ALWAYS_LOSSY
        if syntax is not None and syntax.lossless:
            lossless = True
        return self if lossless == self.lossless else replace(self, lossless=lossless)
