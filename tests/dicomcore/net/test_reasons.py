import errno
import os
import socket
import ssl

import pytest

from dicomcore.net.reasons import reason_of


def caused(error: Exception, cause: BaseException) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ECONNREFUSED, "the connection was refused"),
        (errno.ECONNRESET, "the connection was broken off"),
        (errno.ETIMEDOUT, "there is no answer"),
        (errno.EHOSTUNREACH, "there is no route to it"),
        (errno.ENETUNREACH, "there is no route to it"),
        (errno.EMFILE, "this program has too many open files and connections"),
        (errno.EOVERFLOW, "value too large for defined data type"),
    ],
)
def test_an_error_of_the_system_is_told_in_words(number: int, words: str) -> None:
    assert reason_of(OSError(number, os.strerror(number))) == words


def test_a_name_that_is_not_known_and_one_that_cannot_be_asked_for_are_told_apart() -> None:
    unknown = "the name is not known"
    assert reason_of(socket.gaierror(socket.EAI_NONAME, "Name or service not known")) == unknown
    assert reason_of(socket.gaierror(socket.EAI_NODATA, "No address associated with hostname")) == unknown
    assert reason_of(UnicodeError("label empty or too long")) == unknown
    assert reason_of(socket.gaierror(socket.EAI_AGAIN, "Temporary failure")) == "the name service does not answer"


def test_of_several_addresses_the_one_that_came_nearest_is_told() -> None:
    several = (
        "Multiple exceptions: [Errno 101] Connect call failed ('::1', 1), [Errno 111] Connect call failed ('h', 1)"
    )
    assert reason_of(OSError(several)) == "the connection was refused"
    group = ExceptionGroup("all", [OSError(errno.ENETUNREACH, ""), OSError(errno.ETIMEDOUT, "")])
    assert reason_of(caused(OSError("All connection attempts failed"), group)) == "there is no answer"


def test_the_reason_may_lie_deeper() -> None:
    inner = caused(OSError("All connection attempts failed"), ConnectionRefusedError(errno.ECONNREFUSED, "refused"))
    assert reason_of(caused(RuntimeError("All connection attempts failed"), inner)) == "the connection was refused"

    hidden = RuntimeError("All connection attempts failed")
    hidden.__context__, hidden.__suppress_context__ = inner, True  # as by raise ... from None
    assert reason_of(hidden) == "the connection was refused"


def test_what_went_wrong_before_is_not_told() -> None:
    error = OSError(errno.ENETUNREACH, "Network is unreachable")
    error.__context__ = ConnectionRefusedError(errno.ECONNREFUSED, "refused")
    assert reason_of(error) == "there is no route to it"


def test_certificates_and_tls_have_words_of_their_own() -> None:
    error = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed")
    error.verify_message = "self-signed certificate"
    assert reason_of(error) == "its certificate is not accepted: self-signed certificate"
    wrong = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)")
    assert reason_of(wrong) == "TLS with it is not possible: wrong version number"


def test_what_is_no_error_of_the_system_tells_itself() -> None:
    assert reason_of(ValueError("no http:// in front")) == "no http:// in front"
    assert reason_of(ValueError()) == "ValueError"
