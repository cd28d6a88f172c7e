#!/bin/sh
# Kill a training (build/tests/survive-float train) at random moments and start it again, until it
# has come to its end: the weights must be those of a training that nobody disturbed, to the bit.
# A kill was inside a save if it leaves a new temporary file behind; the next save clears it away.
# SURVIVE_KILLS=200 and SURVIVE_INSIDE=50 for the long test.
cd "$(dirname "$0")/.." || exit 1
kills=${SURVIVE_KILLS:-15} least=${SURVIVE_INSIDE:-1}
program=build/tests/survive-float
[ -x $program ] || { echo "$program is missing: make $program"; exit 1; }
dir=$(mktemp -d build/survive-XXXXXX) || exit 1
trap 'rm -rf "$dir"' EXIT
failed=0 killed=0 inside=0 ends=0 wrong=0
$program train "" "$dir/want" || failed=$((failed + 1))
: >"$dir/seen"
while [ $killed -lt "$kills" ] && [ $ends -lt 400 ]; do
    $program train "$dir/run" "$dir/weights" 2>>"$dir/errors" &
    pid=$!
    sleep "$(awk -v n=$killed -v e=$ends -v p=$pid 'BEGIN { srand(n + 1000 * e + p); print 0.01 + 0.2 * rand() }')"
    kill -9 $pid 2>/dev/null
    wait $pid 2>/dev/null
    code=$?
    if [ $code -eq 137 ]; then
        killed=$((killed + 1))
        for f in "$dir"/run.dl-*.tmp; do
            [ -e "$f" ] || continue
            grep -q "$f" "$dir/seen" && continue
            echo "$f" >>"$dir/seen"
            inside=$((inside + 1))
        done
        continue
    fi
    ends=$((ends + 1))                   # it came to its end before the kill: compare, begin anew
    if [ $code -ne 0 ] || ! cmp -s "$dir/want" "$dir/weights"; then wrong=$((wrong + 1)); fi
    rm -f "$dir/run" "$dir/weights"
done 2>/dev/null
$program train "$dir/run" "$dir/weights" 2>>"$dir/errors" && cmp -s "$dir/want" "$dir/weights" ||
    wrong=$((wrong + 1))
left=$(find "$dir" -name '*.tmp' | wc -l)
echo "$killed kills, $inside of them inside a save; $((ends + 1)) trainings came to their end," \
     "$wrong of them wrong; $left temporary files left"
cat "$dir/errors"
[ $wrong -eq 0 ] || failed=$((failed + 1))
[ "$left" -eq 0 ] || failed=$((failed + 1))
[ $killed -ge "$kills" ] && [ $inside -ge "$least" ] || failed=$((failed + 1))
if [ $failed -eq 0 ]; then passed=1; else passed=0; fi
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
