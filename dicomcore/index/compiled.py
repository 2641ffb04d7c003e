"""Statements compiled to SQL once, to be run on the driver.

SQLAlchemy writes the SQL; running it through SQLAlchemy as well would take most of the time of a small read or commit.
All values are named parameters; a list of values is one parameter: see `among`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import BindParameter, Boolean, Column, ColumnElement, Table, bindparam, update
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.operators import OperatorType


class Compiled:
    """The SQL of a statement, and how its parameters are handed over."""

    def __init__(self, statement: ClauseElement, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self.sql = str(compiled)
        self._names: Sequence[str] | None = getattr(compiled, "positiontup", None)
        self._constants = {name: value for name, value in compiled.params.items() if value is not None}
        self._are_lists_json = dialect.name == "sqlite"

    def arguments(self, parameters: Mapping[str, Any]) -> Any:
        """Put parameters in the form that the driver takes."""
        values = {**self._constants, **parameters} if self._constants else parameters
        return values if self._names is None else [values[name] for name in self._names]

    def query_arguments(self, parameters: Mapping[str, Any]) -> Any:
        """Do the same for parameters of which some may be lists."""
        if self._are_lists_json:
            return self.arguments({name: _json_list(value) for name, value in parameters.items()})
        return self.arguments(parameters)


def _json_list(value: Any) -> Any:
    return orjson.dumps(value).decode() if isinstance(value, list) else value


class Among(ColumnElement[bool]):
    """The condition that a column has one of the values of a list."""

    inherit_cache = False
    type = Boolean()

    def __init__(self, column: Column[Any], values: BindParameter[Any]) -> None:
        self.column = column
        self.values = values

    def self_group(self, against: OperatorType | None = None) -> ColumnElement[Any]:
        """Stay as it is: SQLAlchemy would write ``= 1`` behind it for SQLite, and SQLite then use no index."""
        return self


@compiles(Among, "sqlite")
def _among_sqlite(element: Among, compiler: SQLCompiler, **options: Any) -> str:
    column = compiler.process(element.column, **options)
    return f"{column} IN (SELECT value FROM json_each({compiler.process(element.values, **options)}))"


@compiles(Among, "postgresql")
def _among_postgresql(element: Among, compiler: SQLCompiler, **options: Any) -> str:
    column = compiler.process(element.column, **options)
    values = compiler.process(element.values, **options).partition("::")[0]
    kind = "bigint" if element.column.type.python_type is int else "text"
    return f"{column} = ANY({values}::{kind}[])"


def among(column: Column[Any], parameter: str) -> ColumnElement[bool]:
    """Make the condition that ``column`` has one of the values of the list given as ``parameter``."""
    return Among(column, bindparam(parameter))


def update_by_id(table: Table, names: Iterable[str]) -> ClauseElement:
    """Make an UPDATE of these columns of the row ``id``; the parameters are named ``new_`` and the column."""
    values: dict[str, Any] = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in names}
    return update(table).where(table.c.id == bindparam("new_id", type_=table.c.id.type)).values(values)
