import pytest

from app.transfer_syntax_names import TRANSFER_SYNTAX_NAMES, lossless_transfer_syntax_uid, transfer_syntax_uid
from dicomcore.data import TRANSFER_SYNTAXES
from dicomcore.errors import InvalidParameter
from dicomcore.pixels import is_encodable


def test_every_name_is_of_a_transfer_syntax_that_is_made_here() -> None:
    assert [name for name, uid in TRANSFER_SYNTAX_NAMES.items() if uid not in TRANSFER_SYNTAXES] == []
    assert [name for name, uid in TRANSFER_SYNTAX_NAMES.items() if not is_encodable(uid)] == []


def test_what_is_lossy_says_so_or_is_known_for_it() -> None:
    lossy = [name for name, uid in TRANSFER_SYNTAX_NAMES.items() if not TRANSFER_SYNTAXES[uid].lossless]
    known = ["jpeg", "jpeg-extended", "jpeg-ls-near"]
    assert lossy == [*known, *(name for name in lossy if name.endswith("-lossy"))]


@pytest.mark.parametrize("text", ["htj2k", "HTJ2K", "1.2.840.10008.1.2.4.201"])
def test_a_transfer_syntax_has_a_name_and_a_uid(text: str) -> None:
    assert transfer_syntax_uid(text) == "1.2.840.10008.1.2.4.201"


@pytest.mark.parametrize("text", ["", "jpeg2000000", "1.2.3"])
def test_anything_else_is_refused_with_the_names_there_are(text: str) -> None:
    with pytest.raises(InvalidParameter, match="htj2k"):
        transfer_syntax_uid(text)


def test_loss_is_refused_where_there_may_be_none() -> None:
    assert lossless_transfer_syntax_uid("htj2k") == "1.2.840.10008.1.2.4.201"
    for text in ("jpeg", "explicit", "htj2k-lossy"):
        with pytest.raises(InvalidParameter, match="without loss"):
            lossless_transfer_syntax_uid(text)
