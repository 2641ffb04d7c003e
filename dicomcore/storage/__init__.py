"""Where the bytes of instances are kept.

- `protocol`: `Storage`, `Spool`, `StoredObject`: what any storage can do
- `keys`: names of objects, which sort by arrival and tell nothing
- `spool`: bytes on their way in
- `local`: files in a folder
"""

from dicomcore.storage.keys import arrival_of, new_key
from dicomcore.storage.local import DEFAULT_MEMORY_LIMIT, DEFAULT_SIZE_LIMIT, LocalObject, LocalStorage
from dicomcore.storage.protocol import Spool, Storage, StoredObject
from dicomcore.storage.spool import LocalSpool

__all__ = [
    "DEFAULT_MEMORY_LIMIT",
    "DEFAULT_SIZE_LIMIT",
    "LocalObject",
    "LocalSpool",
    "LocalStorage",
    "Spool",
    "Storage",
    "StoredObject",
    "arrival_of",
    "new_key",
]
