#!/bin/sh
# The playground's page: in Chromium (tests/playground.py, where python3 is there), and briefly in
# Firefox (tests/playground_firefox.js, where node is).
cd "$(dirname "$0")/.." || exit 1
log=${TMPDIR:-/tmp}/dl-playground-$$
trap 'rm -f "$log"' EXIT
passed=0 failed=0

# A program that ends with "N passed, N failed"; what it says is shown, and added up.
try() {
    if ! command -v "$1" >/dev/null 2>&1; then
        echo "SKIP $2: $1 is not installed"
        passed=$((passed + 1))
        return
    fi
    "$@" 2>&1 | tee "$log"
    line=$(tail -n 1 "$log")
    case $line in
    *' passed, '*' failed')
        line=${line% failed}
        passed=$((passed + ${line%% *})) failed=$((failed + ${line##* })) ;;
    *) failed=$((failed + 1)) ;;
    esac
}
try python3 tests/playground.py "$@"
try node tests/playground_firefox.js "$@"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
