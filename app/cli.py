"""The ``isocenter`` command. Each command is a module of `app.commands`; here they get their names."""

import typer

from app.commands.echo import echo
from app.commands.export import export
from app.commands.find import find
from app.commands.get import get
from app.commands.import_ import import_
from app.commands.migrate import migrate
from app.commands.move import move
from app.commands.node import node
from app.commands.reindex import reindex
from app.commands.send import send
from app.commands.serve import serve
from app.commands.transcode import transcode
from app.commands.verify import verify
from app.commands.viewer import viewer

app = typer.Typer(
    name="isocenter",
    help="Isocenter: a DICOMweb server and PACS bridge.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain help: tables cut long option names off on narrow terminals
    pretty_exceptions_show_locals=False,  # local variables hold patients' data
)
for _name, _command in {
    "serve": serve,
    "import": import_,
    "export": export,
    "echo": echo,
    "find": find,
    "get": get,
    "move": move,
    "send": send,
    "migrate": migrate,
    "reindex": reindex,
    "transcode": transcode,
    "verify": verify,
}.items():
    app.command(_name)(_command)
app.add_typer(node)
app.add_typer(viewer)


if __name__ == "__main__":
    app()
