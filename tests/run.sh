#!/bin/sh
# Run test programs and scripts, each ending with a line "N passed, N failed"; add them up.
# A program that crashes, or ends without such a line, or passes nothing, counts as failed.
passed=0 failed=0
log=${TMPDIR:-/tmp}/dl-test-$$
trap 'rm -f "$log"' EXIT
for t in "$@"; do
    case $t in *.sh) run="sh $t" ;; *) run=$t ;; esac
    $run >"$log" 2>&1 </dev/null
    code=$?
    line=$(tail -n 1 "$log")
    p=$(echo "$line" | sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1/p')
    f=$(echo "$line" | sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\2/p')
    if [ "$code" -ne 0 ] || [ -z "$p" ] || [ "$p" -eq 0 ] || [ "$f" -ne 0 ]; then
        echo "FAILED $t (exit code $code)"
        tail -n 30 "$log" | sed 's/^/    /'
        [ "${f:-0}" -gt 0 ] || f=1
    else
        echo "ok     $t: $line"
    fi
    passed=$((passed + ${p:-0})) failed=$((failed + f))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
