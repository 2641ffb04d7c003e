#!/bin/sh
# Install what the tests need from the system and is not there: PostgreSQL's server, DCMTK's tools, openssl,
# Chromium and a font for it, npm (for OHIF), Orthanc where there is a package of it.
set -eu
here=$(dirname "$0")

has_postgresql() {
    command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1
}

missing=""
has_postgresql || missing="$missing postgresql"
command -v storescu >/dev/null || missing="$missing dcmtk"
command -v openssl >/dev/null || missing="$missing openssl"
command -v chromium >/dev/null || command -v google-chrome >/dev/null || missing="$missing chromium fonts-dejavu-core"
command -v npm >/dev/null || missing="$missing npm"
if command -v apt-get >/dev/null && [ ! -x /usr/sbin/Orthanc ]; then
    missing="$missing orthanc"
fi
[ -n "$missing" ] || exit 0

echo "Installing for the tests:$missing"
if command -v apt-get >/dev/null; then
    sh "$here/as_root.sh" apt-get update --quiet=2
    # shellcheck disable=SC2086  # one word a package
    sh "$here/as_root.sh" env DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes --no-install-recommends $missing
elif command -v brew >/dev/null; then
    case "$missing" in *chromium*) brew install --quiet --cask chromium ;; esac
    missing=$(echo "$missing" | sed 's/postgresql/postgresql@17/; s/npm/node/; s/chromium fonts-dejavu-core//')
    # shellcheck disable=SC2086
    [ -z "$(echo $missing)" ] || brew install --quiet $missing
    brew link --force --quiet postgresql@17 || true
else
    echo "Please install:$missing" >&2
    exit 1
fi
