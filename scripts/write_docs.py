"""Write the table of settings in docs/deployment.md from the model: ``make docs``."""

from pathlib import Path

from app.commands.options import default_of, sentence_of
from app.settings import PREFIX, Settings

DOCUMENT = Path(__file__).parents[1] / "docs" / "deployment.md"
BEGIN = "<!-- settings: written by scripts/write_docs.py -->\n"
END = "<!-- end of settings -->"


def table() -> str:
    rows = ["| option | variable | default | what it is |", "|---|---|---|---|"]
    for name, field in Settings.model_fields.items():
        flag = "--" + name.replace("_", "-")
        sentence = sentence_of(field).replace("|", "\\|").replace("*", "\\*")
        rows.append(f"| `{flag}` | `{PREFIX}{name.upper()}` | {default_of(field)} | {sentence} |")
    return "\n".join(rows) + "\n"


def with_table(document: str) -> str:
    head, _, rest = document.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}{table()}{END}{tail}"


if __name__ == "__main__":
    DOCUMENT.write_text(with_table(DOCUMENT.read_text("utf-8")), "utf-8")
