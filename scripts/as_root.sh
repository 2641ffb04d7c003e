#!/bin/sh
# Run a command as root: directly when we are, through sudo when that asks nothing or there is somebody to ask.
set -eu
if [ "$(id -u)" = 0 ]; then
    exec "$@"
elif command -v sudo >/dev/null && { [ -t 0 ] || sudo --non-interactive true 2>/dev/null; }; then
    exec sudo "$@"
fi
echo "This needs root; run it yourself: $*" >&2
exit 1
