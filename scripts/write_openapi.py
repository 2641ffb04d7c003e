"""Write openapi/openapi.json, the contract that the application is held to: ``make openapi``."""

import json
import tempfile
from pathlib import Path

from app.commands.migrate import bring_to_head
from app.main import create_app
from app.settings import load_settings

DOCUMENT = Path(__file__).parents[1] / "openapi" / "openapi.json"


def contract() -> str:
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(data=Path(folder), log_level="error")
        bring_to_head(settings)
        application = create_app(settings)
        document = application.openapi()
        application.state.services.source.close()
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(contract(), "utf-8")
