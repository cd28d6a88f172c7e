#!/bin/sh
# Run test programs and scripts (quick:PROGRAM: with few rounds of its random tests), each ending with a line "N passed, N failed"; add them up.
# A program that crashes, or ends without such a line, or passes nothing, counts as failed. Lines
# that begin with SKIP name what this machine cannot test; they are shown and counted.
passed=0 failed=0 skipped=0
log=${TMPDIR:-/tmp}/dl-test-$$
trap 'rm -f "$log"' EXIT
for t in "$@"; do
    case $t in *.sh) run="sh $t" ;; quick:*) run="env DL_QUICK=1 ${t#quick:}" ;; *) run=$t ;; esac
    $run >"$log" 2>&1 </dev/null
    code=$?
    line=$(tail -n 1 "$log")
    p=$(echo "$line" | sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1/p')
    f=$(echo "$line" | sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\2/p')
    grep '^SKIP ' "$log" | sed "s|^|    $t: |"
    skipped=$((skipped + $(grep -c '^SKIP ' "$log")))
    if [ "$code" -ne 0 ] || [ -z "$p" ] || [ "$p" -eq 0 ] || [ "$f" -ne 0 ]; then
        echo "FAILED $t (exit code $code)"
        tail -n 30 "$log" | sed 's/^/    /'
        [ "${f:-0}" -gt 0 ] || f=1
    else
        echo "ok     $t: $line"
    fi
    passed=$((passed + ${p:-0})) failed=$((failed + f))
done
echo "$skipped skipped"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
