#!/bin/sh
# dl.h must compile without a warning under every compiler, language, level and macro, alone, and
# in a program of several files; and each such program must run.
# With the name of a compiler, gcc or clang, only that one; without, both at a time.
cd "$(dirname "$0")/.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
passed=0 failed=0
warn="-Werror -Wall -Wextra -Wpedantic -Wshadow -Wconversion"

# The library with the tests' allocator, for rooms that are linked with it: the Makefile's.
library=build/tests/dl.c
[ -f $library ] || make -s $library || exit 1

if [ $# -eq 0 ]; then
    sh tests/builds.sh clang >"$work/clang" 2>&1 &
    sh tests/builds.sh gcc >"$work/gcc" 2>&1
    wait
    for cc in gcc clang; do
        grep -v ' passed, ' "$work/$cc"
        line=$(tail -n 1 "$work/$cc")
        passed=$((passed + $(echo "$line" | sed -n 's/^\([0-9]*\) passed, .*/\1/p')))
        failed=$((failed + $(echo "$line" | sed -n 's/.* passed, \([0-9]*\) failed$/\1/p')))
    done
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
    exit
fi
cc=$1
cxx=$([ "$cc" = gcc ] && echo g++ || echo clang++)

# A program that uses all three floors; prints the sum of the trained weights.
cat >"$work/train.c" <<'END'
#include "dl.h"
#include <stdio.h>
float dl_train(void);
float dl_train(void)
{
    dl_ctx *dl = dl_new(7);
    dl_model *net = dl_model_new(dl, dl_shape1(2));
    dl_real x[8] = { 0, 0, 0, 1, 1, 0, 1, 1 };
    int32_t y[4] = { 0, 1, 1, 0 };
    dl_fit fit = dl_fit_default();
    double sum = 0;
    int i;
    fit.epochs = 200;
    fit.verbose = 0;
    dl_model_add_dense(net, 8, DL_TANH);
    dl_model_add_dense(net, 2, DL_SOFTMAX);
    dl_model_compile(net, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_adam(0.05));
    dl_model_fit(net, dl_data_from_arrays(dl, x, 4, dl_shape1(2), y, 2), &fit);
    sum = dl_model_evaluate(net, dl_data_from_arrays(dl, x, 4, dl_shape1(2), y, 2)).accuracy;
    for (i = 0; i < 4; i++) sum += dl_error(dl) ? 100 : 0;
    dl_free(dl);
    return (float)sum;
}
END
cat >"$work/impl.c" <<'END'
#define DL_IMPLEMENTATION
#include "dl.h"
#include "dl.h"
END
cat >"$work/main.c" <<'END'
#include "dl.h"
#include "dl.h"
#include <stdio.h>
float dl_train(void);
int main(void)
{
    float accuracy = dl_train();
    printf("%g\n", (double)accuracy);
    return accuracy == 1.0f ? 0 : 1;
}
END
(echo '#define DL_IMPLEMENTATION'; cat "$work/train.c"; sed '/include "dl.h"/d' "$work/main.c") >"$work/one.c"
cat >"$work/allocator.h" <<'END'
#include <stdlib.h>
#define DL_MALLOC(n) malloc(n)
#define DL_REALLOC(p, n) realloc(p, n)
#define DL_FREE(p) free(p)
END

# try NAME COMMAND...: one build
try() {
    name=$1
    shift
    if "$@" >"$work/out" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $name"
        head -n 20 "$work/out"
    fi
}
run() { try "$1 (run)" "$work/a.out"; }
have() { command -v "$1" >/dev/null 2>&1; }

if ! have "$cc"; then
    echo "SKIP $cc: it is not installed"
    echo "1 passed, 0 failed"
    exit 0
fi
for std in c99 c11; do
    n="$cc -std=$std -O0"
    try "$n" $cc -std=$std -O0 $warn -I. "$work/one.c" -o "$work/a.out" -lm && run "$n"
done
for std in c++11 c++17; do
    n="$cxx -std=$std -O0"
    try "$n" $cxx -x c++ -std=$std -O0 $warn -I. "$work/one.c" -o "$work/a.out" -lm && run "$n"
done
n="$cc -std=c99 -O3"
try "$n" $cc -std=c99 -O3 $warn -I. "$work/one.c" -o "$work/a.out" -lm && run "$n"
n="$cxx -std=c++11 -O3"
try "$n" $cxx -x c++ -std=c++11 -O3 $warn -I. "$work/one.c" -o "$work/a.out" -lm && run "$n"
for macro in -DDL_REAL=double -DDL_STATIC -DDL_NO_STDIO -DDL_NO_SIMD -DDL_NO_THREADS \
             "-include $work/allocator.h" "-DDL_STATIC -DDL_NO_STDIO" \
             "-DDL_REAL=double -DDL_NO_STDIO -DDL_NO_THREADS" \
             "-Dnear= -Dfar= -DIN= -DOUT= -Dsmall=char -Dinterface=struct"; do      # windows.h's
    n="$cc $macro"
    # shellcheck disable=SC2086
    try "$n" $cc -O0 $warn $macro -I. "$work/one.c" -o "$work/a.out" -lm && run "$n"
    # shellcheck disable=SC2086
    try "$n as C++" $cxx -x c++ -std=c++11 -O0 $warn $macro -I. "$work/one.c" -o "$work/a.out" -lm
done
# Warnings that other projects make errors of.
more="-Wundef -Wcast-qual -Wredundant-decls -Wdouble-promotion -Wfloat-equal -Wformat=2"
# shellcheck disable=SC2086
try "$cc, further warnings" $cc -std=c99 -O2 $warn $more -Wstrict-prototypes -Wmissing-prototypes \
    -I. -c "$work/impl.c" -o "$work/a.o"
# shellcheck disable=SC2086
try "$cxx, further warnings" $cxx -x c++ -std=c++17 -O2 -fno-exceptions -fno-rtti $warn $more \
    -Wold-style-cast -Wzero-as-null-pointer-constant $([ "$cc" = gcc ] && echo -Wuseless-cast) \
    -I. -c "$work/impl.c" -o "$work/a.o"
# Rooms left out: a program of tensors and tape, with and without the rest.
cat >"$work/tape.c" <<'END'
#define DL_IMPLEMENTATION
#include "dl.h"
int main(void)
{
    const dl_real x[4] = { 1, 2, 3, 4 }, y[2] = { 5, 11 };             /* w = (1, 2) */
    dl_ctx *dl = dl_new(1);
    dl_tensor *w = dl_param(dl, dl_shape2(1, 2), dl_init_zeros());
    dl_optimizer *o = dl_optimizer_new(dl, dl_sgd(0.05), &w, 1);
    int i;
    for (i = 0; i < 1000; i++) {
        dl_tensor *z = dl_linear(dl_from(dl, dl_shape2(2, 2), x), w, DL_NONE);
        dl_backward(dl_mse(z, dl_from(dl, dl_shape2(2, 1), y)));
        dl_optimizer_step(o);
        dl_optimizer_zero_grad(o);
        dl_tape_clear(dl);
    }
    i = !(w->data[0] > (dl_real)0.99 && w->data[1] < (dl_real)2.01) || dl_error(dl);
    dl_free(dl);
    return i;
}
END
all="-DDL_NO_IMAGES -DDL_NO_SEQUENCES -DDL_NO_MODEL -DDL_NO_DATA -DDL_NO_FILES"
for macro in $all "-DDL_NO_IMAGES -DDL_NO_SEQUENCES" "-DDL_NO_MODEL -DDL_NO_IMAGES" \
             "-DDL_NO_MODEL -DDL_NO_SEQUENCES" "-DDL_NO_FILES -DDL_NO_STDIO" "$all" \
             "$all -DDL_REAL=double" "$all -DDL_NO_STDIO -DDL_NO_SIMD"; do
    n="$cc $macro"
    # shellcheck disable=SC2086
    try "$n" $cc -O0 $warn $macro -I. "$work/tape.c" -o "$work/a.out" -lm && run "$n"
done
# shellcheck disable=SC2086
try "$cxx $all" $cxx -x c++ -std=c++11 -O0 $warn $all -I. "$work/tape.c" -o "$work/a.out" -lm
for macro in -DDL_NO_IMAGES -DDL_NO_SEQUENCES -DDL_NO_FILES -DDL_NO_ONNX -DDL_NO_EXPORT; do        # and those that have models
    try "$cc $macro, a model" $cc -O0 $warn $macro -I. "$work/one.c" -o "$work/a.out" -lm &&
        run "$cc $macro, a model"
done
n="$cc, three files"
try "$n" $cc $warn -I. "$work/impl.c" "$work/train.c" "$work/main.c" -o "$work/a.out" -lm && run "$n"
n="$cxx, three files"
try "$n" $cxx -x c++ -std=c++11 $warn -I. "$work/impl.c" "$work/train.c" "$work/main.c" \
    -o "$work/a.out" -lm && run "$n"
n="$cc, every file with its own copy (DL_STATIC)"
try "$n" $cc $warn -DDL_STATIC -DDL_IMPLEMENTATION -I. "$work/train.c" "$work/main.c" \
    -o "$work/a.out" -lm && run "$n"
n="$cc, C implementation in a C++ program"
try "$n, part 1" $cc -I. -c "$work/impl.c" -o "$work/impl.o"
try "$n" $cxx -x c++ -I. "$work/train.c" "$work/main.c" -x none "$work/impl.o" \
    -o "$work/a.out" -lm && run "$n"
n="$cc, DL_REAL differs between files: a clear message"
$cc -I. -DDL_REAL=double "$work/train.c" -c -o "$work/train.o"
$cc -I. "$work/main.c" -c -o "$work/main.o"
$cc "$work/impl.o" "$work/train.o" "$work/main.o" -o "$work/a.out" -lm
try "$n" sh -c "'$work/a.out' 2>&1 | grep -q 'define DL_REAL alike'"
# What is refused is refused with one error, which says why.
refused() {                                              # refused WORDS COMPILER OPTIONS...
    words=$1
    shift
    try "$*: $words" sh -c "! $* -I. -c '$work/impl.c' -o '$work/x.o' 2>'$work/err' &&
                            grep -q 'error.*$words' '$work/err' &&
                            [ \$(grep -c 'error:' '$work/err') -eq 1 ]"
}
refused "needs C99" $cc -std=c89
refused "needs C99" $cc -ansi
refused "needs C++11" $cxx -x c++ -std=c++98
for real in int long 'long\ double' Float 1 2 float2; do refused "DL_REAL must be" $cc "-DDL_REAL=$real"; done
for flag in -ffast-math -Ofast -ffinite-math-only; do refused "take away every check" $cc $flag; done
for macro in "MALLOC(n)=malloc(n)" "FREE(p)=free(p)" "REALLOC(p,n)=realloc(p,n)"; do
    refused "all of DL_MALLOC" $cc "'-DDL_$macro'"
    grep -v "DL_${macro%%(*}(" "$work/allocator.h" >"$work/two.h"
    refused "all of DL_MALLOC" $cc -include "$work/two.h"
done
n="$cc -fopenmp"
try "$n" $cc -O2 -fopenmp $warn -I. "$work/one.c" -o "$work/a.out" -lm && run "$n"

# Pictures: stb_image before dl.h, after it, in another file, from C++, static.
if printf '#include <stb/stb_image.h>\nint main(void) { return 0; }\n' |
   $cc -x c - -o "$work/a.out" >/dev/null 2>&1; then
    stb='#define STB_IMAGE_IMPLEMENTATION\n#include <stb/stb_image.h>\n'
    dlh='#define DL_USE_STB_IMAGE\n#define DL_IMPLEMENTATION\n#include "dl.h"\n'
    cat >"$work/see.c" <<'END'
#include "dl.h"
int main(void)
{
    dl_ctx *dl = dl_new(1);
    const dl_tensor *x = dl_image_load(dl, "tests/golden/pictures/rgb.png", 0);
    const int wrong = !x || x->size != 3 * 9 * 13;
    dl_free(dl);
    return wrong;
}
END
    (printf "$stb$dlh"; cat "$work/see.c") >"$work/before.c"
    (printf "$dlh$stb"; cat "$work/see.c") >"$work/after.c"
    (printf "#define STB_IMAGE_STATIC\n$stb$dlh"; cat "$work/see.c") >"$work/static.c"
    printf "$dlh" >"$work/picture_lib.c"
    printf "$stb" >"$work/stb_only.c"
    for order in before after static; do
        n="$cc, stb_image $order"
        try "$n" $cc -O0 -I. "$work/$order.c" -o "$work/a.out" -lm && run "$n"
        try "$n, C++" $cxx -x c++ -std=c++11 -O0 -I. "$work/$order.c" -o "$work/a.out" -lm &&
            run "$n, C++"
    done
    n="$cc, stb_image in another file"
    try "$n" $cc -O0 $warn -I. "$work/see.c" "$work/picture_lib.c" "$work/stb_only.c" \
        -o "$work/a.out" -lm && run "$n"
    try "$n, C++" $cxx -x c++ -std=c++11 -O0 -I. "$work/see.c" "$work/picture_lib.c" \
        "$work/stb_only.c" -o "$work/a.out" -lm && run "$n, C++"
else
    echo "SKIP $cc, pictures: libstb-dev is not installed"
fi

for real in float double; do                             # with a BLAS, where there is one
    n="$cc -DDL_USE_CBLAS, $real"
    flags="-O1 $warn -DDL_USE_CBLAS -DDL_REAL=$real -I."
    if printf '#include <cblas.h>\nint main(void) { return 0; }\n' |
       $cc -x c - -o "$work/a.out" -lopenblas >/dev/null 2>&1; then
        # shellcheck disable=SC2086
        try "$n" $cc $flags -c $library -o "$work/tests.o"
        for room in ops layers losses; do
            # shellcheck disable=SC2086
            try "$n, $room" $cc $flags -DDL_IMPLEMENTED "tests/$room.c" "$work/tests.o" \
                -o "$work/a.out" -lm -lopenblas && run "$n, $room"
        done
        # shellcheck disable=SC2086
        try "$n, attention" $cc $flags tests/attention.c -o "$work/a.out" -lm -lopenblas &&
            run "$n, attention"
    else
        echo "SKIP $n: OpenBLAS is not installed"
    fi
done

for f in train parts blas; do
    try "$cc, tests/bench/$f.c" $cc $warn -c "tests/bench/$f.c" -o "$work/x.o"
done

try "$cc, tests/fuzz/files.c" $cc $warn -I. -c tests/fuzz/files.c -o "$work/x.o"

if [ "$cc" = clang ] && [ "$(uname -m)" = x86_64 ]; then
    # What dl.h lets the compiler fuse it does not let it fuse in the file that includes it.
    cat >"$work/fuse.c" <<'END'
#define DL_IMPLEMENTATION
#include "dl.h"
float fuse(float a, float b, float c) { return a * b + c; }
END
    try "no fused a*b+c after dl.h" sh -c "clang -O1 -mfma -ffp-contract=off -I. -S '$work/fuse.c' \
        -o '$work/fuse.s' && ! sed -n '/^fuse:/,/ret/p' '$work/fuse.s' | grep -q vfm"
fi

if [ "$cc" = gcc ]; then
    # Plain builds, as a newcomer types them: not a word from the compiler.
    for c in "cc -O2" "cc -O2 -fopenmp" "c++ -x c++ -O2" "cc"; do
        try "$c says nothing" sh -c "[ -z \"\$($c -I. '$work/one.c' -o '$work/a.out' -lm 2>&1)\" ]" &&
            run "$c"
    done
    mkdir "$work/inc"                       # cross compilers do not look where stb is
    [ -d /usr/include/stb ] && ln -s /usr/include/stb "$work/inc/stb"
    if have tcc; then
        try "tcc" tcc -I. "$work/one.c" -o "$work/a.out" -lm && run "tcc"
        try "tcc, library" tcc -I. -c $library -o "$work/tests.o"
        for room in ops layers files tables images folders; do        # without stb_image, which gcc finds
            try "tcc, $room" tcc -I. -DDL_IMPLEMENTED tests/$room.c "$work/tests.o" -o "$work/b.exe" -lm &&
                try "tcc, $room (run)" env DL_QUICK=1 "$work/b.exe"
        done
    else
        echo "SKIP tcc: it is not installed"
    fi
    # Other machines: a program, and the rooms that depend on the system or on the size of a word.
    # machine NAME COMPILER RUNNER
    machine() {
        if ! have "$2"; then
            echo "SKIP $1: $2 is not installed"
            return
        fi
        # shellcheck disable=SC2086
        try "$1" $2 -O2 -static $warn -I. "$work/one.c" -o "$work/b.exe" -lm
        if [ "$3" ] && ! have "$3"; then
            echo "SKIP $1, running: $3 is not installed"
            return
        fi
        try "$1 (run)" $3 "$work/b.exe"
        try "$1, library" $2 -O1 -D_FILE_OFFSET_BITS=64 -I. -I"$work/inc" -c $library \
            -o "$work/tests.o"                       # 64: else 32 bits cannot list large disks
        for room in files folders data rng errors locale private; do
            shared="-DDL_IMPLEMENTED $work/tests.o"
            if grep -q dli_ tests/$room.c; then shared=""; fi
            # shellcheck disable=SC2086
            try "$1, $room" $2 -O1 -static -I. -I"$work/inc" tests/$room.c $shared \
                -o "$work/b.exe" -lm && try "$1, $room (run)" env DL_QUICK=1 $3 "$work/b.exe"
        done
    }
    # Four threads with one model, without OpenMP, whose library the sanitizer does not know.
    if echo 'int main(void){return 0;}' | gcc -fsanitize=thread -x c - -o "$work/tsan" 2>/dev/null &&
        "$work/tsan"; then
        try "threads" gcc -g -O1 -fsanitize=thread -pthread -DTEST_PTHREADS -DDL_NO_THREADS -I. \
            tests/graphs.c -o "$work/a.out" -lm && run "threads"
    else
        echo "SKIP threads: -fsanitize=thread does not work here"
    fi
    PATH=$PATH:/usr/lib/wine WINEDEBUG=-all WINEPREFIX=$work/wine
    export PATH WINEDEBUG WINEPREFIX
    machine "ARM64" aarch64-linux-gnu-gcc qemu-aarch64
    machine "ARM, 32 bits" arm-linux-gnueabihf-gcc qemu-arm
    machine "i386" i686-linux-gnu-gcc ""
    machine "Windows" x86_64-w64-mingw32-gcc wine64
    if have x86_64-w64-mingw32-gcc; then
        # shellcheck disable=SC2086
        try "Windows, behind windows.h" x86_64-w64-mingw32-gcc -O0 $warn -I. -include windows.h \
            -include ole2.h -c "$work/impl.c" -o "$work/a.o"
    fi
    # i386, whose x87 arithmetic does not round floats: with it, without vectors, with SSE instead.
    if have i686-linux-gnu-gcc; then
        for how in "-O2" "-O3 -std=c99" "-O0 -DDL_NO_SIMD" "-O2 -msse2 -mfpmath=sse"; do
            for real in float double; do
                n="i386 $how, $real"
                # shellcheck disable=SC2086
                try "$n" i686-linux-gnu-gcc $how $warn -static -DDL_REAL=$real -I. tests/kernels.c \
                    -o "$work/a.out" -lm && run "$n"
            done
        done
    fi
    # ASCII only, at most 100 columns, no names that trespass on libc or utlist.h.
    try "dl.h is ASCII" sh -c "! LC_ALL=C grep -n '[^ -~]' dl.h"
    try "lines of dl.h are at most 100 columns" sh -c "! grep -nE '^.{101,}' dl.h"
    try "no reserved names" sh -c "! grep -nwE '_dl_[a-z_]*|dl_iterate_phdr|dl_find_object|DL_(APPEND|CONCAT|COUNT|FOREACH|PREPEND|DELETE|SORT|SEARCH)' dl.h"
fi

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
