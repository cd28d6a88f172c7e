#!/bin/sh
# accuracy.sh - do the documents' programs learn as much as they should? Each is trained on the
# full MNIST with its own settings and five seeds; the median must reach what nine PyTorch runs of
# the same network reached (of S4: one run). S2's network is trained on Fashion-MNIST, too, where
# data/fetch.sh has brought it. Long (an hour on one core, most of it S4); called by "make
# accuracy". A program is one line of the table below. "sh tests/accuracy.sh 08_dropout" runs only
# that one. Exit code 1 when one falls short.
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

# measure DOCUMENT PROGRAM EPOCHS ACCURACY LOSS PARAMETERS OPTIONS...: LOSS - for no target
measure() {
    [ -z "$only" ] || [ "$only" = "$2" ] || return
    programs=$((programs + 1)) accuracies='' losses=''
    document=$1 program=$2 epochs=$3 accurate=$4 most=$5 size=$6
    shift 6
    [ "$most" = - ] && limit='' || limit=" median loss <= $most,"
    echo "$document  $program${*:+ $*}, $epochs epochs: median accuracy >= $accurate,$limit $size" \
        "parameters"
    for seed in $seeds; do
        start=$(date +%s)
        if ! line=$("build/$program" --quiet --epochs "$epochs" --seed "$seed" "$@" 2>&1); then
            short "seed $seed: $line"
            return
        fi
        line=$(echo "$line" | sed -n '$s/^result: //p')
        accuracy=$(value test_accuracy "$line") loss=$(value test_loss "$line")
        parameters=$(value parameters "$line")
        printf '    seed %s   accuracy %-7s  loss %-7s  parameters %-7s  %4d s\n' "$seed" \
            "${accuracy:-?}" "${loss:-?}" "${parameters:-?}" $(($(date +%s) - start))
        [ "$parameters" = "$size" ] || short "${parameters:-no} parameters, not $size"
        if ! number "$accuracy" || ! number "$loss"; then
            short "seed $seed: accuracy or loss is no number: $line"
            return
        fi
        accuracies="$accuracies $accuracy" losses="$losses $loss"
    done
    # shellcheck disable=SC2086
    accuracy=$(median $accuracies) loss=$(median $losses)
    printf '    median   accuracy %-7s  loss %s\n' "$accuracy" "$loss"
    holds "$accuracy >= $accurate" || short "accuracy $accuracy < $accurate"
    [ "$most" = - ] || holds "$loss <= $most" || short "loss $loss > $most"
}

#       document, program, epochs, accuracy, loss, parameters, options
measure S0 07_mlp_rmsprop  5 .977 .070 407050
measure S1 08_dropout      5 .975 .078 101770
measure S3 06_mlp_autograd 5 .977 .076 397510
measure S2 10_cnn          5 .985 -    693962
if [ -f data/fashion-mnist/train-images-idx3-ubyte ]; then
    measure S2 10_cnn      5 .900 -    693962 --data data/fashion-mnist
elif [ -z "$only" ] || [ "$only" = 10_cnn ]; then
    echo "S2  10_cnn on Fashion-MNIST: skipped, data/fetch.sh fashion-mnist brings it"
fi
measure S4 11_deep_cnn    12 .990 -    1199882 --full

[ $programs -gt 0 ] || { echo "no program $only in the table"; exit 1; }
[ $failed -eq 0 ] && echo "all $programs lines of the table reach their targets" || echo "targets missed"
exit $failed
