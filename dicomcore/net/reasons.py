"""Why there is no connection, in words: what the operating system, the name service and TLS say has numbers in it.

What is asked for at several addresses fails at each in its own way; libraries then put the errors into one text, into
a group, or behind another error.
"""

from __future__ import annotations

import errno
import os
import re
import socket
import ssl
from collections.abc import Iterator, Mapping

_REFUSED = "the connection was refused"
_BROKEN = "the connection was broken off"
_SILENT = "there is no answer"
_NO_ROUTE = "there is no route to it"
_TOO_MANY = "this program has too many open files and connections"
_NO_NAME = "the name is not known"

# Those first that come nearest to a connection: where one address refuses, it does not matter that another is far.
_WORDS: Mapping[int, str] = {
    errno.ECONNREFUSED: _REFUSED,
    errno.ECONNRESET: _BROKEN,
    errno.ECONNABORTED: _BROKEN,
    errno.EPIPE: _BROKEN,
    errno.ETIMEDOUT: _SILENT,
    errno.EHOSTUNREACH: _NO_ROUTE,
    errno.ENETUNREACH: _NO_ROUTE,
    errno.EADDRNOTAVAIL: _NO_ROUTE,
    errno.EMFILE: _TOO_MANY,
    errno.ENFILE: _TOO_MANY,
}
_NUMBER = re.compile(r"\[Errno (\d+)\]")
_TLS_TEXT = re.compile(r"\[[^\]]*\] |\(_ssl\.c:\d+\)")
_DEEPEST = 8


def reason_of(error: BaseException) -> str:
    """Say what is behind an error of a connection: a phrase without numbers and addresses."""
    found = list(_telling(error))
    known = next(filter(None, map(_words, found)), None)
    if known is not None:
        return known
    numbers = [number for one in found for number in _numbers(one)]
    if numbers:
        return next((words for number, words in _WORDS.items() if number in numbers), os.strerror(numbers[0]).lower())
    return str(error) or type(error).__name__


def _telling(error: BaseException, depth: int = 0) -> Iterator[BaseException]:
    """The errors that say something: this one, or else what it came from, or the members of a group."""
    if _words(error) or _numbers(error):
        yield error
        return
    members = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    for one in (*members, error.__cause__ or error.__context__):
        if one is not None and depth < _DEEPEST:
            yield from _telling(one, depth + 1)


def _words(error: BaseException) -> str | None:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS with it is not possible: {_TLS_TEXT.sub('', error.strerror or str(error)).strip()}"
    if isinstance(error, socket.gaierror):
        return "the name service does not answer" if error.errno == socket.EAI_AGAIN else _NO_NAME
    return _NO_NAME if isinstance(error, UnicodeError) else None  # the latter: no host can have this name


def _numbers(error: BaseException) -> list[int]:
    if not isinstance(error, OSError):
        return []
    return [int(number) for number in _NUMBER.findall(str(error))] if error.errno is None else [error.errno]
