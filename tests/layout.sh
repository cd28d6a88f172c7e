#!/bin/sh
# The order of dl.h: the rooms stand in the same order in both halves and in the contents, and every
# public declaration has a comment in front of its group. The order of the programs: their own text
# first, short, and behind main what shows it.
cd "$(dirname "$0")/.." || exit 1
passed=0 failed=0
check() {
    if [ "$2" = "$3" ]; then passed=$((passed + 1))
    else failed=$((failed + 1)); printf 'FAILED: %s\n--- want\n%s\n--- have\n%s\n' "$1" "$2" "$3"; fi
}

rooms="hello contents terms rules options errors memory rng kernels tensors tape ops layers losses
optimizers model data tables images files onnx export debug platform-impl errors-impl memory-impl rng-impl
kernels-impl fast-impl tensors-impl tape-impl ops-impl layers-impl losses-impl optimizers-impl
model-impl data-impl tables-impl images-impl files-impl onnx-impl export-impl debug-impl history licence"
check "rooms in order" "$(echo $rooms | tr ' ' '\n')" \
    "$(sed -n -e 's/^\/\* -\{10,\} >>\([a-z-]*\) ----.*/\1/p' -e 's/^\/\*.* >>\(hello\)$/\1/p' dl.h)"

# Every >>tag that the contents list has a room.
for tag in $(sed -n '/>>contents ----/,/\*\//s/^     >>\([a-z-]*\) .*/\1/p' dl.h); do
    check "room of $tag" 1 "$(grep -cE "^/\*.* >>$tag( ----|\$)" dl.h)"
done

# The lines that the contents give a room (both halves) are about right: within a quarter, or 30.
check "lines of the rooms" "" "$(awk '
    /^\/\* ----------.* >>/ || /^\/\*.* >>hello$/ { room = $0; sub(/.*>>/, "", room); sub(/ .*/, "", room)
        if (room !~ /^(platform|fast)-impl$/) sub(/-impl$/, "", room) }
    { lines[room]++ }
    room == "contents" && /^     >>[a-z-]+ +[0-9]/ { said[substr($1, 3)] = $2 }
    END { for (r in said) { off = lines[r] - said[r]; if (off < 0) off = -off
        if (off > 30 && off > lines[r] / 4) print r ": " lines[r] " lines, not " said[r] } }' dl.h)"

# A public declaration (DL_DEF or DL_KERNEL at the start of a line) must be documented: the nearest
# line above its group (lines up to the next empty one) that starts a comment belongs to it.
undocumented=$(awk '
    /^#if defined\(DL_IMPLEMENTATION\)/ { exit }
    /^$/ { commented = 0 }
    /\/\*/ { commented = 1 }
    /^DL_(DEF |KERNEL\()/ && !commented { print FILENAME ":" NR ": " $0 }' dl.h)
check "every declaration has a comment" "" "$undocumented"

# At most 100 columns, and no function of more than 80 lines.
check "columns" "" "$(awk 'length($0) > 100 { print FILENAME ":" FNR ": " length($0) }' dl.h)"
check "length of functions" "" "$(awk '
    /^{$/ { first = FNR } /^}/ && first { if (FNR - first > 80) print FILENAME ":" first; first = 0 }
    ' dl.h)"

# Each declared function is defined once, and the other way round. DL_KERNEL(dlk_x, ...) declares one.
# (What DLK_UNARY and DLK_BINARY declare, they define.)
names() { sed 's/^DL_KERNEL(\([a-z0-9_]*\),/DL_DEF void \1(/; s/(.*/(/' | grep -E '^DL_DEF ' | grep -oE '\bdlk?_[a-z0-9_]+\(' | sort | uniq; }
declared=$(sed '/^#if defined(DL_IMPLEMENTATION)/,$d' dl.h | names)
defined=$(sed '1,/^#if defined(DL_IMPLEMENTATION)/d' dl.h | names)
check "declared or defined only" "" "$(printf '%s\n%s\n' "$declared" "$defined" | grep -v '##' | sort | uniq -u)"

# The programs, too: characters, so the bytes of UTF-8 that go on with one do not count.
check "columns of the programs" "" "$(LC_ALL=C awk '{ gsub(/[\200-\277]/, "") }
    length($0) > 100 { print FILENAME ":" FNR ": " length($0) }' examples/*.[ch] examples/apps/*.[ch])"

# From the first # of a program to its line "the showing ----" stands what it is about: data, net,
# training, main. Behind that line, which follows main, stands what measures to show, draws and prints.
showing() {                                   # showing LINES PROGRAM...: at most so many of its own
    most=$1
    shift
    for program in "$@"; do
        awk -v most="$most" '
            /^#/ && !head { head = FNR }
            /^int main\(/ { inside = 1 }
            inside && /^}/ && !end { end = FNR; next }
            /the showing ----/ && !mark { mark = FNR }
            end && !mark && NF && !between { between = FNR }
            END { own = (mark ? mark : FNR + 1) - head
                if (own > most) print FILENAME ": " own " lines of its own, not at most " most
                if (!end || (mark && mark < end)) print FILENAME ": main does not stand before the showing"
                if (between) print FILENAME ":" between ": behind main, before the showing" }' "$program"
    done
}
check "programs: their own text" "" "$(showing 155 $(ls examples/[0-9][0-9]_*.c | grep -v 16_))"
check "three algorithms in one program" "" "$(showing 190 examples/16_*.c)"
check "applications: their own text" "" "$(cd examples/apps && showing 105 speech.c sentiment.c summary.c \
    roles.c recommend.c credit.c drive.c crops.c series.c game.c translate.c diagnosis.c)"
check "all that can be added, in one page" "" "$(awk 'END { if (NR > 119) print NR " lines" }' \
    examples/apps/extend.c)"

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
