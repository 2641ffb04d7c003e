"""What OHIF is told, made for each request: where it is itself, and where the studies are.

There is a data source for this archive, one for each node that we talk to (through the bridge), and one for all of them
together. Paths are absolute but name no host, so the viewer asks the server that it came from, by the same scheme.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

import orjson

from dicomcore.nodes import EVERYBODY

ARCHIVE = "archive"
_ALL_NODES = "nodes"
_NODE = "node-"
_DICOMWEB = "/dicom-web"
_NAMESPACE = "@ohif/extension-default.dataSourcesModule.dicomweb"
_NOT_PLAIN = re.compile(r"[^A-Z0-9_-]")

_APPEARANCE: dict[str, object] = {
    "extensions": [],
    "modes": [],
    "showStudyList": True,
    "showLoadingIndicator": True,
    "showWarningMessageForCrossOrigin": True,
    "showCPUFallbackMessage": True,
    "showErrorDetails": "always",
    "groupEnabledModesFirst": True,
    "allowMultiSelectExport": False,
    "strictZSpacingForVolumeViewport": True,
    "investigationalUseDialog": {"option": "configure", "days": 30},
    "maxNumberOfWebWorkers": 3,
    "maxNumRequests": {"interaction": 100, "thumbnail": 5, "prefetch": 25},
}
_CAPABILITIES: dict[str, object] = {
    "qidoSupportsIncludeField": True,
    "supportsFuzzyMatching": True,
    "supportsWildcard": True,
    "supportsReject": False,
    "enableStudyLazyLoad": True,
    "imageRendering": "wadors",
    "thumbnailRendering": "thumbnail",
    "thumbnailRequestStrategy": "fetch",
    "requestTransferSyntaxUID": "*",
    "singlepart": "bulkdata,pdf,video",
    "bulkDataURI": {"enabled": True},
}
# PUBLIC_URL ends with a slash. Modules that the viewer names from the root of a host lie in its own folder.
_SCRIPT = """\
window.PUBLIC_URL = %(files)s;
window.PUBLIC_LIB_URL = "./${component}/";
window.browserImportFunction = (name) => import(new URL(name.replace(/^\\//, ""), window.location.origin + %(files)s));
window.config = %(config)s;
"""


def source_name(ae_title: str) -> str:
    """Return what the data source of a node is called: a name that can be part of a path, whatever the AE title is.

    Paths of the viewer are compared without regard to case, AE titles are not: small letters are written as a code.
    """
    if ae_title == EVERYBODY:
        return _ALL_NODES
    return _NODE + _NOT_PLAIN.sub(lambda found: f"~{ord(found[0]):02x}", ae_title)


def script(root: str, viewer_path: str, files_path: str, ae_titles: Iterable[str]) -> str:
    """Write ``app-config.js``; the paths are below ``root``, the prefix that the client sees."""
    config = {
        **_APPEARANCE,
        "routerBasename": root + viewer_path,
        "defaultDataSourceName": ARCHIVE,
        "dataSources": _data_sources(root, ae_titles),
    }
    files = orjson.dumps(f"{root}{files_path}/").decode()
    return _SCRIPT % {"files": files, "config": orjson.dumps(config, option=orjson.OPT_INDENT_2).decode()}


def _data_sources(root: str, ae_titles: Iterable[str]) -> list[dict[str, object]]:
    titles = list(ae_titles)
    everybody = [EVERYBODY] if titles else []
    return [
        _data_source(ARCHIVE, "Isocenter", root + _DICOMWEB, can_store=True),
        *(
            _data_source(
                source_name(title),
                "Isocenter and all nodes" if title == EVERYBODY else title,
                f"{root}{_DICOMWEB}/aets/{quote(title, safe='*')}",
                can_store=False,
            )
            for title in everybody + titles
        ),
    ]


def _data_source(name: str, title: str, service: str, *, can_store: bool) -> dict[str, object]:
    roots = dict.fromkeys(("qidoRoot", "wadoRoot", "wadoUriRoot"), service)
    about: dict[str, object] = {"friendlyName": title, "name": name, "dicomUploadEnabled": can_store}
    return {"namespace": _NAMESPACE, "sourceName": name, "configuration": {**about, **roots, **_CAPABILITIES}}
