#!/bin/sh
# Run test programs and scripts, as many at a time as there are cores (or JOBS), and add them up.
# Each ends with a line "N passed, N failed"; quick:PROGRAM has few rounds of its random tests, and
# each has a directory of its own for what it writes (TMPDIR). A program that crashes, or ends
# without such a line, or passes nothing, counts as failed. Lines that begin with SKIP name what this
# machine cannot test; they are shown and counted.
if [ "$1" != --one ]; then
    all=$(mktemp -d "${TMPDIR:-/tmp}/dl-test-XXXXXX") || exit 1
    trap 'rm -rf "$all"' EXIT
    printf '%s\n' "$@" | xargs -n 1 -P "${JOBS:-$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)}" \
        sh "$0" --one "$all"
    awk '{ passed += $1; failed += $2; skipped += $3 }
         END { printf "%d skipped\n%d passed, %d failed\n", skipped, passed, failed
               exit !(NR == want && failed == 0) }' want=$# "$all"/*.counts
    exit
fi

t=$3
TMPDIR=$(mktemp -d "$2/XXXXXX") || exit 1
export TMPDIR
log=$TMPDIR.log
case $t in *.sh) run="sh $t" ;; quick:*) run="env DL_QUICK=1 ${t#quick:}" ;; *) run=$t ;; esac
$run >"$log" 2>&1 </dev/null
code=$?
line=$(tail -n 1 "$log")
passed=$(echo "$line" | sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1/p')
failed=$(echo "$line" | sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\2/p')
{
    grep '^SKIP ' "$log" | sed "s|^|    $t: |"
    if [ "$code" -ne 0 ] || [ "${passed:-0}" -eq 0 ] || [ "$failed" -ne 0 ]; then
        echo "FAILED $t (exit code $code)"
        tail -n 30 "$log" | sed 's/^/    /'
        [ "${failed:-0}" -gt 0 ] || failed=1
    else
        echo "ok     $t: $line"
    fi
} >"$log.said"
cat "$log.said"
echo "${passed:-0} $failed $(grep -c '^SKIP ' "$log")" >"$log.counts"
rm -rf "$TMPDIR"
