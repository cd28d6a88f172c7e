#!/bin/sh
# examples.sh - build every program in examples/ and run it quickly: exit code, result line, bad
# options, missing data, HTML page. Run from anywhere; CC and CFLAGS choose the compiler.
#
#     sh tests/examples.sh [program ...]        e.g.  sh tests/examples.sh 07_mlp_rmsprop
#
# The last line is "N passed, N failed"; the exit code is 0 when none failed.
cd "$(dirname "$0")/.." || exit 1
CC=${CC:-cc}
CFLAGS=${CFLAGS:--O2}
work=$(mktemp -d "${TMPDIR:-/tmp}/dl-examples.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
passed=0
failed=0

ok() { passed=$((passed + 1)); }
bad() {                                       # bad "what went wrong" [file with the output]
    failed=$((failed + 1))
    echo "FAILED: $1"
    if [ -n "$2" ] && [ -s "$2" ]; then sed 's/^/    | /' "$2" | tail -n 8; fi
}
check() { if [ "$1" = 0 ]; then ok; else bad "$2" "$3"; fi; }

LC_ALL=C                                                 # programs speak the locale's language
export LC_ALL

# value NAME: of the result line in $work/out, "" when it has none
value() { sed -n '$s/^result: //p' "$work/out" | tr ' ' '\n' | sed -n "s/^$1=//p"; }
# holds "$x >= 0.7": arithmetic on numbers; an empty or NaN value never holds
holds() { awk "BEGIN { exit !($1) }" 2>/dev/null; }
number() { printf '%s\n' "$1" | grep -Eq '^-?[0-9]+(\.[0-9]+)?(e[-+]?[0-9]+)?$'; }

# well_formed FILE: one HTML page that needs nothing from outside
well_formed() {
    if command -v xmllint >/dev/null 2>&1; then xmllint --noout "$1" || return 1; fi
    head -n 1 "$1" | grep -q '^<!DOCTYPE html>' && tail -n 1 "$1" | grep -q '^</html>$' || return 1
    for tag in svg figure table tr div p h2 g clipPath; do
        opened=$(grep -Eo "<$tag[ >]" "$1" | wc -l)
        closed=$(grep -o "</$tag>" "$1" | wc -l)
        [ "$opened" -eq "$closed" ] || { echo "<$tag>: $opened opened, $closed closed"; return 1; }
    done
    if sed 's/src="data:image[^"]*"//g' "$1" | grep -Eq '(href|src)=|nan|inf[,. "]'; then echo "a link, or not a number"; return 1; fi
    grep -q '<svg' "$1"
}

# compiled PROGRAM SOURCE: into $work, without a word from the compiler. What make has built is good
# enough, except for one program, which is built as a newcomer does it.
compiled() {
    binary=$work/$(basename "$1")
    # shellcheck disable=SC2086
    if [ "$1" != 07_mlp_rmsprop ] && [ "build/$1" -nt "$2" ] && [ "build/$1" -nt dl.h ]; then
        cp "build/$1" "$binary" && : >"$work/err"
    elif ! $CC $CFLAGS "$2" -o "$binary" -lm 2>"$work/err"; then
        bad "$1 does not compile" "$work/err"
        return 1
    fi
    if [ -s "$work/err" ]; then bad "$1: warnings" "$work/err"; else ok; fi
}

# run PROGRAM NAMES OPTIONS...: exit 0, nothing on stderr, a result line with numbers for NAMES
run() {
    program=$1 names=$2
    shift 2
    "$work/$program" "$@" >"$work/out" 2>"$work/err"
    code=$?
    check $code "$program $*: exit code $code" "$work/err"
    if [ -s "$work/err" ]; then bad "$program $*: complains" "$work/err"; else ok; fi
    tail -n 1 "$work/out" | grep -Eq '^result: [a-z_0-9]+=[^ =]+( [a-z_0-9]+=[^ =]+)*$'
    check $? "$program $*: the last line is no result line" "$work/out"
    for name in $names; do
        number "$(value "$name")"
        check $? "$program $*: no number for $name" "$work/out"
    done
}
# expect PROGRAM 'CONDITION': over values of the result line, named as $name
expect() {
    condition=$(printf '%s\n' "$2" | sed 's/\$\([a-z_0-9]*\)/@\1@/g')
    for name in $(printf '%s\n' "$condition" | grep -Eo '@[a-z_0-9]+@' | tr -d '@' | sort -u); do
        v=$(value "$name")
        condition=$(printf '%s\n' "$condition" | sed "s/@$name@/(${v:-\"\"+0 != 0})/g")
    done
    holds "$condition"
    check $? "$1: not $2: $(tail -n 1 "$work/out")"
}

# refuses PROGRAM OPTION FILE: without its file, and with one that ends too early, it says which
refuses() {
    "$work/$1" --quiet "$2" /nowhere >"$work/out" 2>"$work/err"
    [ $? -eq 1 ] && grep -q '/nowhere' "$work/err" && ! grep -q '^result:' "$work/out"
    check $? "$1 without its data" "$work/err"
    case $3 in */) mkdir -p "$work/cut-$1" && cp "$3"* "$work/cut-$1" && cut=$work/cut-$1 ;;
    *) cut=$work/cut-$1.csv && head -c 1000 "$3" >"$cut" ;; esac
    for file in "$work/cut-$1"/*.txt "$work/cut-$1"/*.wav; do
        if [ -f "$file" ]; then head -c 300 "$file" >"$work/head" && cp "$work/head" "$file"; fi
    done
    "$work/$1" --quiet "$2" "$cut" >"$work/out" 2>"$work/err"
    [ $? -eq 1 ] && grep -q "$cut" "$work/err" && ! grep -q '^result:' "$work/out"
    check $? "$1 with its data cut off" "$work/err"
}

# tabs PROGRAM OPTION FILE: with a tab before the lines of its file, it says which
tabs() {
    awk 'NF { print "\t" $0 }' "$3" >"$work/tabs.txt"
    "$work/$1" --quiet "$2" "$work/tabs.txt" >"$work/out" 2>"$work/err"
    [ $? -eq 1 ] && grep -q "$work/tabs.txt: line 1" "$work/err" && ! grep -q '^result:' "$work/out"
    check $? "$1 with tabs before its lines" "$work/err"
}

wanted=$*
MODEL="test_accuracy test_loss seconds parameters"
for source in examples/[0-9][0-9]_*.c; do
    prog=$(basename "$source" .c)
    if [ -n "$wanted" ]; then case " $wanted " in *" $prog "*) ;; *) continue ;; esac; fi
    compiled "$prog" "$source" || continue

    # What this program must show. A program not named here is run with --quiet.
    case $prog in
    00_start)
        run $prog "$MODEL linear_accuracy" --quiet --limit 2000 --epochs 2
        expect $prog '$test_accuracy > 0.82 && $test_accuracy > $linear_accuracy + 0.01'
        expect $prog '$parameters == 50890' ;;
    01_forward)
        run $prog "y0 y1 difference equal" --quiet
        expect $prog '$equal == 1 && $y0 > 0.5986 && $y0 < 0.5988 && $y1 > 0.5865 && $y1 < 0.5867' ;;
    02_loss)
        run $prog "loss iris_cross_entropy iris_mse" --quiet
        expect $prog '$loss > 0.34895 && $loss < 0.34905'
        expect $prog '$iris_cross_entropy > 0.95 && $iris_mse < $iris_cross_entropy' ;;
    03_gradient_descent)
        run $prog "w b loss limit" --quiet
        expect $prog '$w > 1.9 && $w < 2.1 && $b > 0.9 && $b < 1.1 && $loss < 0.05'
        "$work/$prog" --quiet --lr 0.75 2>"$work/err" | grep -q 'w=[-0-9.e+]*' &&
            "$work/$prog" --quiet --lr 0.73 >"$work/out" 2>&1
        check $? "$prog: steps beyond the limit" "$work/err" ;;
    04_backprop)
        for seed in 0 1 42; do
            run $prog "solved loss gradient_error" --quiet --seed $seed
            expect $prog '$solved == 1 && $loss < 0.2 && $gradcheck == 1'
            expect $prog '$gradient_error < 1e-6 && $tape_difference < 1e-12 && $parameters == 13'
        done ;;
    05_optimizers)
        run $prog "test_accuracy test_loss seconds" --quiet --limit 2000
        expect $prog '$test_accuracy > 0.8 && $test_loss < 0.8 && $valley_steps < 100' ;;
    06_mlp_autograd)
        run $prog "$MODEL" --quiet --limit 2000 --epochs 1 --batch 32
        expect $prog '$test_accuracy > 0.8 && $test_loss < 0.7 && $parameters == 397510' ;;
    07_mlp_rmsprop)
        run $prog "$MODEL" --quiet --limit 2000 --epochs 1
        expect $prog '$test_accuracy > 0.8 && $test_loss < 0.7 && $parameters == 407050'
        first=$(value test_accuracy)/$(value test_loss)
        run $prog "$MODEL" --quiet --limit 2000 --epochs 1 --threads 1
        [ "$first" = "$(value test_accuracy)/$(value test_loss)" ]
        check $? "$prog: the same seed gives two results"
        run $prog "$MODEL" --quiet --limit 2000 --epochs=1 --seed=7
        [ "$first" != "$(value test_accuracy)/$(value test_loss)" ]
        check $? "$prog: --seed changes nothing" ;;
    08_dropout)
        run $prog "$MODEL" --quiet --limit 2000 --epochs 1
        expect $prog '$test_accuracy > 0.8 && $test_loss < 0.7 && $parameters == 101770'
        expect $prog '$difference == 0 && $loss_without > 0' ;;
    09_conv_pool)
        run $prog "correlation convolution s1_00 s1_01 s1_10 s1_11 difference" --quiet
        expect $prog '$correlation == -4 && $convolution == 4 && $difference == 0'
        expect $prog '$s1_00 == -4 && $s1_01 == 2 && $s1_10 == 4 && $s1_11 == 5' ;;
    10_cnn)
        run $prog "$MODEL" --quiet --limit 1000 --epochs 1
        expect $prog '$test_accuracy > 0.7 && $test_loss < 1 && $parameters == 693962' ;;
    11_deep_cnn)
        run $prog "$MODEL accuracy_small_lr" --quiet --limit 1000 --epochs 1 --batch 64
        expect $prog '$test_accuracy > 0.4 && $parameters == 1199882'
        expect $prog '$test_accuracy > $accuracy_small_lr + 0.2 && $difference < 1e-3'
        run $prog "$MODEL" --quiet --limit 200 --epochs 1 --batch 32 --test 200 --full ;;
    12_generalize)
        run $prog "$MODEL validation gap_without gap_with" --quiet --limit 500 --epochs 12
        expect $prog '$test_accuracy > 0.75 && $gap_without > 8 && $gap_with < $gap_without' ;;
    13_rnn)
        run $prog "$MODEL rnn_accuracy gru_accuracy" --quiet --limit 2000 --epochs 1
        expect $prog '$forecast_error < $trend_error && $trend_error < $naive_error'
        expect $prog '$exploding > 1000 && $clipped < 1.001 && $test_loss < 2.3'
        expect $prog '$rnn_accuracy > 0.25 && $parameters == 82186 && $difference == 0' ;;
    14_language)
        run $prog "test_loss transformer_loss parameters copied transformer_copied" --quiet \
            --limit 2000 --epochs 2
        expect $prog '$test_loss < $unigram_loss - 0.3 && $transformer_loss < $unigram_loss - 0.3'
        expect $prog '$form > 0.7 && $transformer_form > 0.7'
        for damage in 's/。/\xe3\x80/ is.no.UTF-8' 's/。// should.have.4.verses'; do
            sed "5${damage% *}" data/poems/tang.txt >"$work/damaged.txt"
            "$work/$prog" --quiet --text "$work/damaged.txt" >/dev/null 2>"$work/err"
            [ $? -eq 1 ] && grep -q "damaged.txt: line 5 ${damage#* }" "$work/err"
            check $? "$prog with a text that ${damage#* }" "$work/err"
        done ;;
    15_generative)
        run $prog "modes good_points map_error denoise_error" --quiet --limit 2000 --epochs 1 \
            --steps 4000
        expect $prog '$modes >= 7 && $good_points > 0.3 && $denoise_error < 0.1'
        run $prog "classes" --quiet --limit 640 --epochs 1 --steps 10 --digits ;;
    16_reinforcement)
        for seed in 0 42; do
            run $prog "q_error win_first win_second updates" --quiet --seed $seed
            expect $prog '$q_error < 0.01 && $agree == $cells && $cells == 18'
            expect $prog '$lost == 0 && $games > 400 && $win_first > 0.95 && $win_second > 0.8'
            expect $prog '$cart_steps >= 195 && $cart_before < 100'
        done
        run $prog "" --quiet --updates 100
        expect $prog '$lost > 0 && $updates == 100' ;;
    17_trust)
        run $prog "accuracy noise fgsm pgd hardened hardened_pgd private_accuracy" --quiet \
            --limit 3000 --epochs 4
        expect $prog '$noise > $accuracy - 15 && $fgsm < 40 && $pgd < $fgsm + 1 && $pgd < 30'
        expect $prog '$hardened_pgd > $pgd + 20 && $missing < 0.1 && $erased < $erased_random - 30'
        expect $prog '$leak_odd > 0.7 && $leak_private < 0.56 && $leak_private_odd < $leak_odd - 0.1'
        expect $prog '$epsilon > 1.9 && $epsilon < 2.2' ;;
    18_scale)
        run $prog "error_least error_most power both_deep" --quiet --limit 16000 --epochs 2
        expect $prog '$error_most < $error_least - 10 && $error_most < $error_narrow && $power > 0.15'
        expect $prog '$both_deep > 70 && $plain_deep < 40 && $vanished < 1e-8'
        run $prog "error_most power" --quiet --limit 1 --epochs 1 --batch 1000000 ;;
    *)  run $prog "" --quiet ;;
    esac

    uses=$("$work/$prog" --help 2>&1)
    check $? "$prog --help fails"
    printf '%s\n' "$uses" | grep -q '^  --help'
    check $? "$prog --help explains nothing"
    [ "$(wc -l <"$work/out")" -eq 1 ]
    check $? "$prog --quiet: more than one line" "$work/out"

    # Not quiet, with a page.
    set --
    case $uses in *--limit*) set -- --limit 1000 ;; esac
    case $uses in *--epochs*) set -- "$@" --epochs 1 ;; esac
    "$work/$prog" "$@" --html "$work/$prog.html" --lang zh >"$work/out" 2>"$work/err"
    check $? "$prog --html fails" "$work/err"
    well_formed "$work/$prog.html" >"$work/err" 2>&1
    check $? "$prog: the page is not well-formed" "$work/err"
    tail -n 1 "$work/out" | grep -q '^result: '
    check $? "$prog: no result line after the text" "$work/out"
    LC_ALL=C grep -q "$(printf '\033')" "$work/out"
    [ $? -eq 1 ]; check $? "$prog: colours in a file"

    # What must fail, how, and with which words: OPTIONS | EXIT CODE | WORDS
    while IFS='|' read -r options code words; do
        # shellcheck disable=SC2086
        "$work/$prog" $options >"$work/out" 2>"$work/err"
        got=$?
        [ $got -eq "$code" ]; check $? "$prog $options: exit code $got, not $code" "$work/err"
        grep -q -- "$words" "$work/err"
        check $? "$prog $options: does not say '$words'" "$work/err"
        ! grep -q '^result:' "$work/out"; check $? "$prog $options: a result in spite of it"
    done <<END
--nonsense|2|no option --nonsense
extra|2|no option extra
--epochs|2|--epochs needs a value
--epochs zero|2|--epochs needs a whole number
--epochs 1.5|2|--epochs needs a whole number
--epochs 0|2|from 1
--seed -1|2|--seed needs a whole number
--quiet=1|2|--quiet takes no value
--lang fr|2|--lang needs zh or en
--html /nowhere/page.html --quiet|1|/nowhere/page.html
END
    case $uses in *--data*)
        "$work/$prog" --quiet --data /nowhere >"$work/out" 2>"$work/err"
        [ $? -eq 1 ]; check $? "$prog without data: exit code" "$work/err"
        grep -q '/nowhere' "$work/err" && grep -q -e '--data DIR' "$work/err"
        check $? "$prog without data: does not say what to do" "$work/err"
        mkdir -p "$work/cut"
        for file in train-images-idx3 train-labels-idx1 t10k-images-idx3 t10k-labels-idx1; do
            head -c 1000 data/mnist/$file-ubyte >"$work/cut/$file-ubyte"
        done
        "$work/$prog" --quiet --data "$work/cut" >"$work/out" 2>"$work/err"
        [ $? -eq 1 ]; check $? "$prog with data cut off: exit code" "$work/err"
        grep -q "$work/cut/t.*-images" "$work/err" && grep -q damaged "$work/err"
        check $? "$prog with data cut off: does not say which file" "$work/err" ;;
    esac
    case $uses in *--save*)
        "$work/$prog" --quiet --limit 500 --epochs 1 --save "$work/w.safetensors" >"$work/out" 2>&1 &&
            [ "$(wc -c <"$work/w.safetensors")" -gt 1000 ]
        check $? "$prog --save" "$work/out"
        "$work/$prog" --quiet --limit 500 --epochs 1 --save /nowhere/w >"$work/out" 2>"$work/err"
        [ $? -eq 1 ] && grep -q 'save.*/nowhere/w' "$work/err"
        check $? "$prog --save /nowhere/w" "$work/err" ;;
    esac
done

# The applications: the result line, and what each must show.
for source in examples/apps/*.c; do
    prog=$(basename "$source" .c)
    if [ -n "$wanted" ]; then case " $wanted " in *" $prog "*) ;; *) continue ;; esac; fi
    compiled "apps/$prog" "$source" || continue
    case $prog in
    diagnosis)
        run $prog "$MODEL recall precision f1" --quiet
        expect $prog '$recall > 0.9 && $precision > 0.85 && $f1 > 0.9 && $test_accuracy > 0.93'
        "$work/$prog" | grep -q 'malignant .*0\.[0-9]* .*[0-9]'
        check $? "$prog prints no report"
        "$work/$prog" --quiet --table /nowhere >"$work/out" 2>"$work/err"
        [ $? -eq 1 ] && grep -q -e '/nowhere.*--table' "$work/err"
        check $? "$prog without its table" "$work/err"
        head -c 5000 data/breast-cancer/breast_cancer.csv >"$work/cut.csv"
        "$work/$prog" --quiet --table "$work/cut.csv" >"$work/out" 2>"$work/err"
        [ $? -eq 1 ] && grep -q 'cut.csv: line 25: 27 cells' "$work/err"
        check $? "$prog with its table cut off" "$work/err" ;;
    translate)
        run $prog "exact held_out parameters" --quiet --steps 400
        expect $prog '$exact > 0.7 && $held_out == 1000'
        "$work/$prog" --steps 400 --number 20405 | grep -q '^ 20405  ..'
        check $? "$prog --number 20405" ;;
    extend)
        run $prog "$MODEL worst_recall products" --quiet --limit 2000 --epochs 2
        expect $prog '$test_accuracy > 0.8 && $worst_recall > 0.4 && $parameters == 100810'
        expect $prog '$products > 1e9 && $products < 2e9 && $worst_recall < $test_accuracy' ;;
    embed)
        run $prog "flash flash_int8 work accuracy accuracy_int8 same same_int8" --quiet --dir "$work"
        expect $prog '$flash == 407080 && $flash_int8 == 102736 && $work == 128 && $accuracy > 0.9'
        expect $prog '$agreement > 0.99 && $same == 100 && $same_int8 >= 98'
        "$work/$prog" --quiet --dir /nowhere >"$work/out" 2>"$work/err"
        [ $? -eq 1 ] && grep -q '/nowhere/images.*--dir' "$work/err"
        check $? "$prog where it cannot write" "$work/err" ;;
    onnx)
        run $prog "before after difference" --quiet --limit 2000 --dir "$work"
        expect $prog '$before > 0.75 && $after > $before && $difference < 1e-5'
        run $prog "before after" --quiet --limit 1000 --dir "$work" --net "$work/tuned.onnx"
        expect $prog '$before > 0.75 && $after > 0.75' ;;
    table)
        run $prog "test_accuracy naive matthews parameters" --quiet --save "$work/iris.model"
        expect $prog '$test_accuracy > 0.85 && $naive < 0.4 && $parameters == 1315'
        sed -n '1p;50,52p' data/iris/iris.csv >"$work/new.csv"
        "$work/$prog" "$work/new.csv" --predict "$work/iris.model" >"$work/out" 2>"$work/err"
        [ "$(cut -f 1,2 "$work/out" | tr '\t\n' ': ')" = "2:setosa 3:setosa 4:versicolor " ]
        check $? "$prog --predict" "$work/out"
        run $prog "test_accuracy naive auc" data/breast-cancer/breast_cancer.csv --skip 1 --quiet
        expect $prog '$test_accuracy > 0.9 && $auc > 0.95 && $naive < 0.65'
        run $prog "rmse r2 naive_rmse" data/series/airline.csv --quiet
        expect $prog '$r2 > 0.9 && $rmse < $naive_rmse / 4'
        "$work/$prog" data/series/airline.csv --epochs 2 --lang zh --html "$work/table.html" >"$work/out" &&
            well_formed "$work/table.html"
        check $? "$prog --html" "$work/out"
        printf 'a,b\n1,2\n3\n' >"$work/bad.csv"
        "$work/$prog" "$work/bad.csv" --quiet >"$work/out" 2>"$work/err"
        [ $? -eq 1 ] && grep -q 'bad.csv: line 3: 1 cell' "$work/err"
        check $? "$prog with a damaged row" "$work/err"
        "$work/$prog" --target colour >"$work/out" 2>"$work/err"
        [ $? -eq 1 ] && grep -q "no column 'colour'" "$work/err"
        check $? "$prog with a column that is not there" "$work/err" ;;
    predict)
        run $prog "$MODEL" --train "$work/digits.dl" --quiet --limit 2000 --epochs 1
        expect $prog '$test_accuracy > 0.6 && $parameters == 166058'
        "$work/$prog" "$work/digits.dl" /nowhere.png tests/golden/pictures/seven.jpg \
            --html "$work/predict.html" >"$work/out" 2>"$work/err"
        [ $? -eq 1 ] && grep -q '^/nowhere.png: ' "$work/err"
        check $? "$prog does not name a picture that is not there" "$work/err"
        if grep -q DL_USE_STB_IMAGE "$work/err"; then
            echo "SKIP $prog: stb_image.h is not installed"
        else
            grep -Eq '^tests/golden/pictures/seven.jpg	[0-9]	[01]\.[0-9]*$' "$work/out" &&
                [ "$(wc -l <"$work/out")" -eq 1 ]
            check $? "$prog: no line for a picture" "$work/out"
            well_formed "$work/predict.html" >"$work/err" 2>&1
            check $? "$prog: the page is not well-formed" "$work/err"
        fi
        "$work/$prog" >"$work/out" 2>"$work/err"
        [ $? -eq 2 ] && grep -q -e '--train MODEL' "$work/err"
        check $? "$prog without anything" "$work/err" ;;
    folder)
        mkdir -p "$work/pets/dull" "$work/pets/bright cats" "$work/none"
        cp tests/golden/pictures/*.png "$work/pets/dull"
        cp tests/golden/pictures/*.jpg tests/golden/pictures/*.bmp "$work/pets/bright cats"
        echo none >"$work/pets/dull/none.png"
        "$work/$prog" "$work/pets" --size 16 --epochs 2 --save "$work/pets.dl" \
            --html "$work/pets.html" >"$work/out" 2>"$work/err"
        if [ $? -eq 1 ] && grep -q DL_USE_STB_IMAGE "$work/err"; then
            echo "SKIP $prog: stb_image.h is not installed"
        else
            grep -q 'left out .*none.png: it is no PNG, JPEG or BMP file' "$work/err" &&
                grep -q 'bright cats' "$work/out" && grep -q 'bright cats' "$work/pets.dl"
            check $? "$prog names neither what it leaves out nor classes" "$work/err"
            expect $prog '$pictures == 16 && $unreadable == 1 && $test_accuracy >= 0'
            well_formed "$work/pets.html" >"$work/err" 2>&1
            check $? "$prog: the page is not well-formed" "$work/err"
            "$work/$prog" --quiet "$work/none" >"$work/out" 2>"$work/err"
            [ $? -eq 1 ] && grep -q 'there are no folders in .*none' "$work/err"
            check $? "$prog with an empty directory" "$work/err"
        fi
        "$work/$prog" >"$work/out" 2>"$work/err"
        [ $? -eq 2 ] && grep -q 'one folder for each class' "$work/err"
        check $? "$prog without anything" "$work/err" ;;
    credit)
        run $prog "cost naive_cost half_cost unfair_cost seconds parameters" --quiet
        expect $prog '$cost < $naive_cost - 0.08 && $cost < $half_cost - 0.2 && $applicants == 1000'
        refuses $prog --table data/credit/credit.csv
        "$work/$prog" --table data/iris/iris.csv >"$work/out" 2>"$work/err"
        [ $? -eq 1 ] && grep -q "needs a column 'class'" "$work/err"
        check $? "$prog with another table" "$work/err" ;;
    crops)
        run $prog "test_accuracy naive one_question top3 seconds parameters" --quiet
        expect $prog '$test_accuracy > $one_question + 0.4 && $one_question > $naive && $top3 > 0.95'
        "$work/$prog" --epochs 2 | grep -q '^powdery-mildew  *20'
        check $? "$prog prints no diseases"
        refuses $prog --table data/soybean/soybean.csv ;;
    series)
        run $prog "error naive_error trend_error coverage half_width" --quiet --epochs 10
        expect $prog '$error < $naive_error - 2 && $trend_error < $naive_error && $forecasts == 37'
        expect $prog '$coverage > 0.85 && $half_width < 20'
        refuses $prog --series data/series/airline.csv ;;
    recommend)
        run $prog "rmse naive_rmse liked naive_liked votes_right naive_right" --quiet
        expect $prog '$rmse < $naive_rmse - 0.1 && $liked > $naive_liked + 0.2'
        expect $prog '$votes_right > $naive_right + 0.15 && $hidden == 2514'
        refuses $prog --table data/votes/votes.csv ;;
    drive)
        run $prog "lap copy_lap naive_lap driver_lap parameters" --quiet
        expect $prog '$lap > 0.95 && $lap >= $copy_lap && $lap > $naive_lap + 0.7' ;;
    speech)
        run $prog "test_accuracy naive varied person synthetic parameters" --quiet --epochs 5
        expect $prog '$test_accuracy > $naive + 0.03 && $sounds == 60 && $naive > 0.5'
        refuses $prog --sounds data/speech/ ;;
    sentiment)
        run $prog "test_accuracy naive word_list parameters" --quiet
        expect $prog '$test_accuracy > $word_list + 0.1 && $word_list > $naive && $reviews == 285'
        "$work/$prog" --text 味道不错，下次还来 --lang zh | grep -q '你的：[01]\.[0-9]* 味道不错'
        check $? "$prog --text"
        refuses $prog --reviews data/reviews/ ;;
    roles)
        run $prog "test_accuracy naive sentences_right new_words parameters" --quiet --steps 300
        expect $prog '$test_accuracy > $naive + 0.15 && $sentences_right > 0.5 && $new_words > 0.4'
        refuses $prog --sentences data/roles/roles.txt
        tabs $prog --sentences data/roles/roles.txt ;;
    summary)
        run $prog "test_accuracy naive first longest" --quiet
        expect $prog '$test_accuracy > $naive + 0.1 && $naive >= $longest && $passages == 40'
        refuses $prog --passages data/summaries/passages.txt
        tabs $prog --passages data/summaries/passages.txt ;;
    game)
        for seed in 0 1; do
            run $prog "lost all_games win_rate naive_win_rate" --quiet --seed $seed
            expect $prog '$lost == 0 && $all_games > 5000 && $win_rate > $naive_win_rate + 0.3'
        done
        run $prog "lost" --quiet --games 0
        expect $prog '$lost > 1000'
        printf '5\nx\n5\nq\n' | "$work/$prog" --play >"$work/out" 2>"$work/err"
        [ $? -eq 0 ] && grep -q 'your move' "$work/out" && grep -q 'no such free cell' "$work/out"
        check $? "$prog --play" "$work/out" ;;
    *)  run $prog "" --quiet ;;
    esac
    case $prog in credit | series | drive | speech)
        "$work/$prog" --epochs 1 --lang zh --html "$work/$prog.html" >"$work/out" 2>"$work/err"
        check $? "$prog --html fails" "$work/err"
        well_formed "$work/$prog.html" >"$work/err" 2>&1
        check $? "$prog: the page is not well-formed" "$work/err" ;;
    esac
    "$work/$prog" --help 2>&1 | grep -q '^  --help'
    check $? "$prog --help explains nothing"
    "$work/$prog" --nonsense >"$work/out" 2>"$work/err"
    [ $? -eq 2 ] && grep -q 'no option --nonsense' "$work/err"
    check $? "$prog --nonsense: accepted" "$work/err"
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
