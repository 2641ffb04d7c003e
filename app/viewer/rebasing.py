"""Changes to the viewer's files that let it run below any path, wherever a proxy puts it, without being staged again.

It is built for the root of a host. Where that is written into its scripts, the place is worked out when they run: from
the URL of the script that runs, and from ``PUBLIC_URL``, which our configuration sets. Every change is expected in a
certain number of files; a package in which that is otherwise is not the one that these changes were tried with.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from app.viewer.package import ViewerProblem

# In a page a classic script knows its URL while it is first run; in a worker it is the worker's own location.
_OWN_FOLDER = b"new URL('.', typeof document === 'undefined' ? self.location.href : document.currentScript.src).href"


@dataclass(frozen=True, slots=True)
class Change:
    """A text to be replaced wherever it is in the files that ``pattern`` names, of which there are ``files``."""

    pattern: str
    old: bytes
    new: bytes
    files: int


CHANGES = (
    Change("*.js", b'__webpack_require__.p = "/";', b"__webpack_require__.p = " + _OWN_FOLDER + b";", 8),
    Change("*.js", b'src: "./ohif-logo.svg"', b'src: window.PUBLIC_URL + "ohif-logo.svg"', 2),
    Change("app.bundle.css", b"url(/", b"url(", 1),
    # A mistake: content items need no name (PS3.3 C.17.3.1), and with one that has none the whole page stays empty.
    Change(
        "*.js",
        b"} = ConceptNameCodeSequence;\n  const isChildFirstNode",
        b"} = ConceptNameCodeSequence ?? {};\n  const isChildFirstNode",
        1,
    ),
)


class Rebase:
    """Makes the changes, file by file, and knows at the end whether all were found."""

    def __init__(self, changes: Iterable[Change] = CHANGES) -> None:
        self._changes = tuple(changes)
        self._found: Counter[Change] = Counter()

    def __call__(self, path: str, content: bytes) -> bytes:
        """Return the file as it is to be served."""
        for change in self._changes:
            if fnmatchcase(path, change.pattern) and change.old in content:
                content = content.replace(change.old, change.new)
                self._found[change] += 1
        return content

    def check(self) -> None:
        """Raise `ViewerProblem` unless each change was made in as many files as it should have been."""
        for change in self._changes:
            if self._found[change] != change.files:
                raise ViewerProblem(
                    f"{change.old.decode()!r} is in {self._found[change]} files of the package instead of "
                    f"{change.files}, so it cannot be made to run below a path"
                )
