"""The description of the HTTP interface, an OpenAPI 3.1 document: every route, parameter, media type and error.

- ``components``: schemas, headers, parameters and error responses
- ``operation``: one method of a path
- ``searches``, ``retrieves``, ``nodes`` -> ``operations``: all of them as tables
- ``document``: the whole
"""

from app.api_description.document import api_description, install_api_description, parameter_of
from app.api_description.operation import Operation
from app.api_description.operations import OPERATIONS

__all__ = ["OPERATIONS", "Operation", "api_description", "install_api_description", "parameter_of"]
