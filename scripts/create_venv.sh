#!/bin/sh
# Create .venv with the given Python. Debian keeps what that needs (ensurepip) in a package of its own.
set -eu
python=${1:-}
if [ -z "$python" ]; then
    echo 'Isocenter needs Python 3.11 or newer: install it, or name it with make PYTHON=/path/to/python' >&2
    exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null && command -v apt-get >/dev/null; then
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    sh "$(dirname "$0")/as_root.sh" apt-get update --quiet=2
    sh "$(dirname "$0")/as_root.sh" apt-get install --quiet=2 --yes --no-install-recommends "python$version-venv"
fi
"$python" -m venv .venv
# Dependency groups came with pip 25.1.
.venv/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
