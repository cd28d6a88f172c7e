#!/bin/sh
# accuracy.sh - do the documents' programs learn as much as they should? Each is trained on the
# full MNIST with its own settings and five seeds; the median must reach what nine PyTorch runs of
# the same network reached. Long; called by "make accuracy". A program is one line of the table
# below. "sh tests/accuracy.sh 08_dropout" runs only that one. Exit code 1 when one falls short.
cd "$(dirname "$0")/.." || exit 1
only=$1
seeds="1 2 3 4 5"
failed=0 programs=0
# Threads that wait for work sleep instead of spinning: where other programs want the cores, too,
# spinning makes the small nets up to 30 times slower. Results do not depend on it.
export OMP_WAIT_POLICY="${OMP_WAIT_POLICY:-passive}"

# value NAME LINE: the number behind NAME= in a result line
value() { echo "$2" | tr ' ' '\n' | sed -n "s/^$1=//p"; }
# median NUMBERS...: of an odd count
median() { for v in "$@"; do echo "$v"; done | sort -g | sed -n "$((($# + 1) / 2))p"; }
number() { echo "$1" | grep -Eq '^[0-9]+(\.[0-9]+)?(e[-+]?[0-9]+)?$'; }
holds() { awk "BEGIN { exit !($1) }"; }
short() { failed=1; echo "    SHORT: $*"; }

# measure DOCUMENT PROGRAM EPOCHS ACCURACY LOSS PARAMETERS: LOSS - for no target
measure() {
    [ -z "$only" ] || [ "$only" = "$2" ] || return
    programs=$((programs + 1)) accuracies='' losses=''
    echo "$1  $2, $3 epochs: median accuracy >= $4, median loss <= $5, $6 parameters"
    for seed in $seeds; do
        start=$(date +%s)
        if ! line=$("build/$2" --quiet --epochs "$3" --seed "$seed" 2>&1); then
            short "seed $seed: $line"
            return
        fi
        line=$(echo "$line" | sed -n '$s/^result: //p')
        accuracy=$(value test_accuracy "$line") loss=$(value test_loss "$line")
        parameters=$(value parameters "$line")
        printf '    seed %s   accuracy %-7s  loss %-7s  parameters %-7s  %4d s\n' "$seed" \
            "${accuracy:-?}" "${loss:-?}" "${parameters:-?}" $(($(date +%s) - start))
        [ "$parameters" = "$6" ] || short "${parameters:-no} parameters, not $6"
        if ! number "$accuracy" || ! number "$loss"; then
            short "seed $seed: accuracy or loss is no number: $line"
            return
        fi
        accuracies="$accuracies $accuracy" losses="$losses $loss"
    done
    # shellcheck disable=SC2086
    accuracy=$(median $accuracies) loss=$(median $losses)
    printf '    median   accuracy %-7s  loss %s\n' "$accuracy" "$loss"
    holds "$accuracy >= $4" || short "accuracy $accuracy < $4"
    [ "$5" = - ] || holds "$loss <= $5" || short "loss $loss > $5"
}

#       document, program, epochs, accuracy, loss, parameters
measure S0 07_mlp_rmsprop  5 .977 .070 407050
measure S1 08_dropout      5 .975 .078 101770
measure S3 06_mlp_autograd 5 .977 .076 397510

[ $programs -gt 0 ] || { echo "no program $only in the table"; exit 1; }
[ $failed -eq 0 ] && echo "all $programs programs reach their targets" || echo "targets missed"
exit $failed
