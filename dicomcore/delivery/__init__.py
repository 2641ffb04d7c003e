"""What leaves the archive by itself, and comes to it: news of what happens in it, transfers to and from nodes.

- `feed`: the changes of the archive, to be followed
- `transfers`: sends and retrieves in the background; `runner` carries them out, by `sending`, over what is in
  `delivering`, and by `retrieving`
- `progress`: how far one is; `patience`: what may pass; `owner`: which process it has
"""

from dicomcore.delivery.feed import PAGE, ChangeFeed
from dicomcore.index import ChangeEntry, ChangeKind

__all__ = ["PAGE", "ChangeEntry", "ChangeFeed", "ChangeKind"]
