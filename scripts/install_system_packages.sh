#!/bin/sh
# Install what the tests need from the system and is not there: PostgreSQL's server, DCMTK's tools, openssl,
# Chromium and a font for it, npm (for OHIF), libfribidi and a font of East Asia (for letters in pictures), Orthanc where
# there is a package of it.
set -eu
here=$(dirname "$0")

has_postgresql() {
    command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1
}

has_east_asian_font() {
    find /usr/share/fonts /System/Library/Fonts \( -name 'DroidSansFallbackFull.ttf' -o -name 'NotoSansCJK-Regular.ttc' \
        -o -name 'Hiragino Sans GB.ttc' \) 2>/dev/null | grep -q .
}

has_fribidi() {
    ls /usr/lib/*/libfribidi.so.0 /usr/lib/libfribidi.so.0 /usr/lib64/libfribidi.so.0 \
        /opt/homebrew/lib/libfribidi.dylib /usr/local/lib/libfribidi.dylib 2>/dev/null | grep -q .
}

missing=""
has_postgresql || missing="$missing postgresql"
command -v storescu >/dev/null || missing="$missing dcmtk"
command -v openssl >/dev/null || missing="$missing openssl"
command -v chromium >/dev/null || command -v google-chrome >/dev/null || missing="$missing chromium fonts-dejavu-core"
command -v npm >/dev/null || missing="$missing npm"
has_fribidi || missing="$missing libfribidi0"
has_east_asian_font || missing="$missing fonts-droid-fallback"
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
    missing=$(echo "$missing" | sed 's/postgresql/postgresql@17/; s/npm/node/; s/chromium fonts-dejavu-core//; s/libfribidi0/fribidi/; s/fonts-droid-fallback//')
    # shellcheck disable=SC2086
    [ -z "$(echo $missing)" ] || brew install --quiet $missing
    brew link --force --quiet postgresql@17 || true
else
    echo "Please install:$missing" >&2
    exit 1
fi
