"""OHIF, the viewer that an operator may add: brought in from its npm package, staged, and served at ``/viewer``.

`package` says which package and fetches it, `unpacking` reads it, `rebasing` and `staging` make a folder of it that
`staged` describes; `routes` serve that, with the configuration that `configuration` makes for each request.
"""

from collections.abc import Sequence
from urllib.parse import urlencode

from app.settings import Settings
from app.viewer.staged import find_viewer

PATH = "/viewer"


def is_installed(settings: Settings) -> bool:
    """Say whether the viewer is there to be served."""
    return find_viewer(settings.viewer_folder) is not None


def viewer_url(root: str, study_uids: Sequence[str], ae_title: str | None = None) -> str:
    """Return the link that opens studies in the viewer, of this archive or, with ``ae_title``, of a node.

    ``root`` is the prefix of this server as the client sees it, and may be empty; ``*`` is all nodes together.
    """
    asked = {"StudyInstanceUIDs": ",".join(study_uids)}
    if ae_title is not None:
        asked["datasources"] = ae_title
    return f"{root}{PATH}?{urlencode(asked, safe=',*')}"
