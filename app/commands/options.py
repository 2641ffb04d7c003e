"""Settings as command line options: made from the model, so that ``--help`` and the documentation cannot differ.

A command declares ``settings: Settings`` as its first parameter; `with_settings` puts options in its place and calls it
with what the command line, the environment and the configuration file say together. An error of ours ends it with a
sentence instead of a traceback.
"""

import inspect
from collections.abc import Callable
from typing import Annotated, Any, Literal, get_args, get_origin

import typer
from pydantic import ByteSize
from pydantic.fields import FieldInfo

from app.settings import InvalidSettings, Settings, load_settings
from dicomcore.errors import DicomError


def with_settings(*names: str) -> Callable[[Callable[..., Any]], Callable[..., None]]:
    """Offer the settings ``names`` as options; all of them when none is named."""
    chosen = names or tuple(Settings.model_fields)

    def decorate(command: Callable[..., Any]) -> Callable[..., None]:
        def run(**given: Any) -> None:
            settings = _load({name: given.pop(name) for name in chosen})
            try:
                command(settings, **given)
            except DicomError as exc:
                typer.echo(f"isocenter: {exc}", err=True)
                raise typer.Exit(1) from exc

        _, *own = inspect.signature(command, eval_str=True).parameters.values()
        options = [_option(name, Settings.model_fields[name]) for name in chosen]
        parameters = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own] + options
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what typer reads
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        run.__doc__ = command.__doc__
        run.__name__ = command.__name__
        return run

    return decorate


def _load(given: dict[str, Any]) -> Settings:
    try:
        return load_settings(**given)
    except InvalidSettings as exc:
        raise typer.BadParameter(str(exc)) from exc


def _option(name: str, field: FieldInfo) -> inspect.Parameter:
    flag = "--" + name.replace("_", "-")
    kind = _kind(field.annotation)
    option = typer.Option(
        f"{flag}/--no-{flag[2:]}" if kind is bool else flag,
        help=f"{sentence_of(field)} (default: {default_of(field)})",
        show_default=False,
        metavar=(unit_of(field) or "text").upper() if kind is str else None,
    )
    annotation: Any = Annotated[kind | None, option]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _kind(annotation: Any) -> Any:
    """Take everything but switches and choices as text; the model converts and judges it."""
    return annotation if annotation is bool or get_origin(annotation) is Literal else str


def sentence_of(field: FieldInfo) -> str:
    """The description as a sentence."""
    text = field.description or ""
    choices = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
    one_of = f" One of {', '.join(choices)}." if choices else ""
    return f"{text[:1].upper()}{text[1:]}.{one_of}"


def unit_of(field: FieldInfo) -> str:
    """The unit of a number, or nothing."""
    extra = field.json_schema_extra
    return str(extra.get("unit", "")) if isinstance(extra, dict) else ""


def default_of(field: FieldInfo) -> str:
    """The default as one would write it, with its unit."""
    value = field.default
    if value is None or value == ():
        return "none"
    if isinstance(value, tuple):
        return ",".join(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, ByteSize):
        return value.human_readable(separator=" ").replace(".0 ", " ")
    number = f"{value:g}" if isinstance(value, float) else str(value)
    unit = unit_of(field)
    return f"{number} {unit.removesuffix('s') if value == 1 else unit}".strip() or "empty"
