#!/bin/sh
# The exercises and their graders: tests/graders/try.c says what is tried. CC chooses the compiler.
#
#     sh tests/exercises.sh [NN_name ...]
cd "$(dirname "$0")/.." || exit 1
LC_ALL=C
export LC_ALL
mkdir -p build
${CC:-cc} -O1 -Wall -Wextra tests/graders/try.c -o build/try || { echo "0 passed, 1 failed"; exit 1; }
exec build/try "$@"
