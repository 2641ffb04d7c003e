"""The description of the HTTP interface, an OpenAPI 3.1 document: every route, parameter, media type and error.

- ``components``: schemas, headers, parameters and error responses
- ``operation``: one method of a path
- ``searches``, ``retrieves`` -> ``operations``: all of them as tables
- ``document``: the whole
"""

from app.api_description.document import api_description, install_api_description
from app.api_description.searches import matching_keys

__all__ = ["api_description", "install_api_description", "matching_keys"]
