#!/bin/sh
# Nets as C files: those that tests/export.c writes are compiled by every C and C++ compiler that is
# here, without a warning, and run: they give what dl_model_predict gave, to 1e-5. Then on other
# machines: a Cortex-M4 (bare metal, under qemu-system-arm) and an AVR (compiled only).
cd "$(dirname "$0")/.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0
warn="-Werror -Wall -Wextra -Wconversion -Wshadow"
have() { command -v "$1" >/dev/null 2>&1; }
skip() { skipped=$((skipped + 1)); echo "SKIP $1"; }

# try NAME COMMAND...
try() {
    name=$1
    shift
    if "$@" >"$work/out" 2>&1; then passed=$((passed + 1))
    else failed=$((failed + 1)); echo "FAILED: $name"; head -n 20 "$work/out"; fi
}

program=build/tests/export-float
[ -x "$program" ] || { make -s "$program" >/dev/null || exit 1; }
mkdir "$work/nets"
try "writing the nets" env DL_EXPORT_OUT="$work/nets" "$program"
sed '/_S[02]_\|_s[02]\./d; /run_._s[02](void)/,/^}/d; /run_._s[02]()/d' "$work/nets/all.c" \
    >"$work/nets/few.c"                                       # without the largest ones

# build NAME COMPILER...: all nets in one program
build() {
    name=$1
    shift
    if ! have "$1"; then skip "$name: $1 is not installed"; return; fi
    # shellcheck disable=SC2086
    try "$name" "$@" -Itests -o "$work/all" "$work/nets/$nets.c" -lm && try "$name (run)" "$work/all"
}
# shellcheck disable=SC2086
{
nets=all
build "cc" cc -std=c99 -pedantic -O1 $warn
nets=few
build "gcc, sanitizers" gcc -std=c99 -pedantic -g -O1 -fsanitize=address,undefined \
    -fno-sanitize-recover=all $warn
build "g++" g++ -x c++ -std=c++11 -pedantic -O0 $warn
build "clang" clang -std=c99 -pedantic -O1 $warn
build "clang++" clang++ -x c++ -std=c++11 -pedantic -O0 $warn
build "tcc" tcc -Wall -Werror
}

# Bare metal: 4 MB of program and constants, 4 MB of variables (mps2-an386, a Cortex-M4 with FPU).
m4="arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16"
if have arm-none-eabi-gcc && have qemu-system-arm; then
    cat >"$work/start.c" <<'END_C'
#include <stdlib.h>
extern unsigned long stack_end[];
int main(void);
void initialise_monitor_handles(void);
void reset_handler(void);
void _init(void);
void _fini(void);
void _init(void) { }
void _fini(void) { }
void reset_handler(void)
{
    *(volatile unsigned long *)0xE000ED88 |= 0xFul << 20;               /* the FPU on */
    initialise_monitor_handles();
    exit(main());
}
__attribute__((section(".vectors"), used)) static void *const vectors[] = {
    (void *)stack_end, (void *)reset_handler };
END_C
    cat >"$work/m4.ld" <<'END_LD'
MEMORY { FLASH : ORIGIN = 0, LENGTH = 4M  RAM : ORIGIN = 0x20000000, LENGTH = 4M }
ENTRY(reset_handler)
SECTIONS {
    .text : { KEEP(*(.vectors)) *(.text*) *(.rodata*) } > FLASH
    .ARM.exidx : { *(.ARM.exidx*) } > FLASH
    .data : { *(.data*) } > RAM
    .bss (NOLOAD) : { __bss_start__ = .; *(.bss*) *(COMMON) __bss_end__ = .; end = .; } > RAM
    stack_end = ORIGIN(RAM) + LENGTH(RAM);
}
END_LD
    # m4 NAME MAIN.C: compile it for the Cortex-M4 and run it
    m4() {
        # shellcheck disable=SC2086
        try "$1" $m4 -std=c99 -O2 -Wall -Wextra -Werror -Wdouble-promotion --specs=rdimon.specs \
            -nostartfiles -T "$work/m4.ld" -Itests "$work/start.c" "$2" -o "$work/m4.elf" -lm &&
            try "$1 (run)" timeout 300 qemu-system-arm -M mps2-an386 -nographic -monitor none \
                -serial none -semihosting-config enable=on,target=native -kernel "$work/m4.elf"
    }
    m4 "Cortex-M4" "$work/nets/few.c"

    # A hundred digits, by S1's net in int8, trained, exported and run here by apps/embed first.
    if [ -x build/apps/embed ]; then
        try "apps/embed" build/apps/embed --quiet --dir "$work"
        cat >"$work/digits.c" <<END_C
#define DIGITS_IMPLEMENTATION
#include "digits.h"
#include <stdio.h>
#include <string.h>
static const unsigned char images[] = {
$(od -An -v -tu1 "$work/images" | sed 's/  */,/g; s/^,//; s/$/,/')
};
static float in[DIGITS_IN], out[DIGITS_OUT], work[DIGITS_WORK];
int main(void)
{
    for (int t = 0; t < 100; t++) {
        int best = 0;
        memcpy(in, images + t * 3136, 3136);
        digits_predict(in, out, work);
        for (int i = 1; i < DIGITS_OUT; i++) if (out[i] > out[best]) best = i;
        putchar('0' + best);
        puts("");
    }
    return 0;
}
END_C
        "$work/device" "$work/images" >"$work/here"
        m4 "Cortex-M4, 100 digits" "$work/digits.c"
        cp "$work/out" "$work/there"
        try "Cortex-M4, the same 100 answers" cmp "$work/here" "$work/there"
    else
        skip "Cortex-M4, 100 digits: build/apps/embed is not built"
    fi
else
    skip "Cortex-M4: arm-none-eabi-gcc or qemu-system-arm is not installed"
fi

# An AVR (ATmega2560): constants stay in the memory of programs.
if have avr-gcc; then
    for net in q_dense f_lstm q_activations q_keras_mlp; do
        NET=$(echo $net | tr a-z A-Z)
        cat >"$work/avr.c" <<END_C
#include <avr/pgmspace.h>
#define ${NET}_IMPLEMENTATION
#define ${NET}_CONST const PROGMEM
#define ${NET}_READ(p) pgm_read_float(p)
#define ${NET}_READ8(p) pgm_read_byte(p)
#include "nets/$net.h"
int main(void)
{
    static float in[${NET}_IN], out[${NET}_OUT], work[${NET}_WORK];
    for (;;) ${net}_predict(in, out, work);
}
END_C
        try "AVR, $net" avr-gcc -mmcu=atmega2560 -std=c99 -Os -Wall -Wextra -Werror -I"$work" \
            "$work/avr.c" -o "$work/avr.elf" -lm
        ram=$(avr-size "$work/avr.elf" | awk 'NR == 2 { print $2 + $3 }')
        own=$(sed -n "s/^#define ${NET}_\(IN\|OUT\|WORK\) *\([0-9]*\).*/\2/p" "$work/nets/$net.h" |
              awk '{ n += 4 * $1 } END { print n }')
        try "AVR, $net: $ram bytes of RAM are in, out, work, $own" [ "$ram" -eq "$own" ]
    done
else
    skip "AVR: avr-gcc is not installed"
fi

echo "$skipped skipped"
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
