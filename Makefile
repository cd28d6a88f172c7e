# dl.h: make help lists what this can do. Needs a C compiler and make; nothing else.

CC       ?= cc
CXX      ?= c++
CFLAGS   ?= -O2
B        := build

# Several cores, where the compiler knows OpenMP. Without: make OPENMP=
ifneq ($(filter-out help clean,$(or $(MAKECMDGOALS),all)),)
OPENMP   := $(shell mkdir -p $(B) && echo 'int main(void){return 0;}' > $(B)/openmp-$$$$.c && \
              $(CC) -fopenmp $(B)/openmp-$$$$.c -o $(B)/openmp-$$$$ 2>/dev/null && \
              echo -fopenmp; rm -f $(B)/openmp-$$$$*)
endif
LIBS     := -lm
WARN     := -Wall -Wextra -Wpedantic -Wshadow -Wconversion

EXAMPLES := $(patsubst examples/%.c,%,$(wildcard examples/*.c) $(wildcard examples/apps/*.c))
ROOMS    := $(patsubst tests/%.c,%,$(wildcard tests/*.c))
TESTS    := $(ROOMS:%=$(B)/tests/%-float) $(ROOMS:%=$(B)/tests/%-double)
CHECKS   := $(ROOMS:%=$(B)/tests/%-san) $(ROOMS:%=$(B)/tests/%-cpp)

.PHONY: all help mnist pages docs dist check-docs playground check-playground build/tests \
        learn grade handout test-programs test check golden fuzz long accuracy digits bench clean
all: $(EXAMPLES:%=$(B)/%)

help:
	@echo 'make            build every example into $(B)/'
	@echo 'make $(B)/NAME  build one of them: make $(B)/13_rnn && $(B)/13_rnn --help'
	@echo 'make mnist      train a network on handwritten digits and look at what it learned'
	@echo 'make learn      exercises: write a function in my/, save, see what it gives (EX=09_conv: this'
	@echo '                one; LIST=1: all; HINT=1; RESET=1 EX=09_conv: as it was given; LANG=zh)'
	@echo 'make grade      marks a class: DIR=submissions CSV=grades.csv (COURSE=word: as the handout)'
	@echo 'make handout    packs the exercises without solutions (COURSE=word: values by student number)'
	@echo 'make pages      every chapter'"'"'s page with pictures, in $(B)/pages/, and an index of them'
	@echo '                (20 minutes; PAGES=zh: in Chinese; LIMIT=2000: quicker)'
	@echo 'make test       build and run the tests (6 to 8 minutes on two cores)'
	@echo 'make check      make test, and: sanitizers, C++, clang, valgrind, every configuration,'
	@echo '                other machines as far as their compilers are installed (30 minutes)'
	@echo 'make long       all rounds of the random tests under sanitizers, 200 kills of a training,'
	@echo '                and make accuracy (hours)'
	@echo 'make golden     have PyTorch and NumPy read files written here, and note their hashes; and'
	@echo '                have Keras write its models anew, where it is installed'
	@echo 'make fuzz       hostile bytes for the readers of files (clang; FUZZ=600 seconds each)'
	@echo 'make docs       renew what the pages of docs/ take in, and build the site $(B)/docs/ from them'
	@echo '                (python3 and pandoc; PDFs, too, where chromium is)'
	@echo 'make dist       the same, packed with everything into $(B)/dl-VERSION.zip'
	@echo 'make check-docs what the pages show against fresh runs; sums, terms, links (python3)'
	@echo 'make playground builds docs/playground.html: dl.h training in a browser (python3, and a clang'
	@echo '                for WebAssembly: pip install ziglang)'
	@echo 'make check-playground  the page, tried in Chromium (pip install playwright) and Firefox'
	@echo 'make accuracy   five full trainings of each program, against the documents'
	@echo 'make digits     train apps/predict (some minutes) and have it read 300 drawn digits, more'
	@echo '                than 97 % of them right (python3 with Pillow; fonts like handwriting)'
	@echo 'make bench      speed of the programs and their parts, next to PyTorch, OpenBLAS and'
	@echo '                ONNX Runtime where python3 has them (25 minutes); BENCH=quick: 5 minutes,'
	@echo '                BENCH=full: all images (hours), BENCH=publish: last results to README.md'
	@echo 'make clean      remove $(B)/'
	@echo ''
	@echo 'Settings: make CC=clang CFLAGS="-O3 -g" OPENMP=     (OPENMP= builds for one core)'

mnist: $(B)/07_mlp_rmsprop
	@$(B)/07_mlp_rmsprop

# The exercises; LANG is the environment's, unless it is given.
$(B)/learn/learn: $(addprefix examples/exercises/,learn.c build.h os.h)
	@mkdir -p $(@D)
	@$(CC) -O1 $(WARN) -Wno-conversion $< -o $@
learn: $(B)/learn/learn
	@CC='$(CC)' $< $(foreach w,EX LIST HINT RESET ONCE SEED NUMBER,$(if $($(w)),$(w)=$($(w)))) LANG=$(LANG) || :

# A class: make grade DIR=submissions CSV=grades.csv (more words: examples/exercises/grade.c).
$(B)/learn/grade: $(addprefix examples/exercises/,grade.c build.h os.h)
	@mkdir -p $(@D)
	@$(CC) -O1 $(WARN) -Wno-conversion $< -o $@
grade: $(B)/learn/grade
	@CC='$(CC)' $< $(foreach w,DIR CSV EX SEED COURSE DEADLINE OUT,$(if $($(w)),$(w)='$($(w))')) LANG=$(LANG)

# The exercises for students: all but the solutions, and sheets to print. COURSE=a word: some values
# depend on it and on the student's number (make grade then needs the same word).
PACKED   := dl.h LICENSE Makefile README.md README.zh.md learn.bat examples data/mnist data/README.md \
            docs/en docs/zh docs/*.md docs/*.tsv docs/playground.* tests/graders \
            tests/bench/speed.svg tests/bench/results.md
handout: $(B)/learn/learn
	@rm -rf $(B)/handout && mkdir -p $(B)/handout/dl.h-exercises
	@tar -cf - --exclude=solutions --exclude=try.c $(PACKED) | tar -xf - -C $(B)/handout/dl.h-exercises
	@$(if $(COURSE),echo '$(COURSE)' > $(B)/handout/dl.h-exercises/examples/exercises/course)
	@$< SHEETS=$(B)/handout/dl.h-exercises/sheets
	@cd $(B)/handout && rm -f ../handout.* && \
	    if command -v zip >/dev/null; then zip -qr ../handout.zip dl.h-exercises; \
	    else tar -czf ../handout.tar.gz dl.h-exercises; fi
	@ls $(B)/handout.*

# --html pages, each by a run of its program, and one that lists them. LIMIT=2000: fewer images, for
# the programs that have them.
$(B)/pages/%.html: $(B)/%
	@mkdir -p $(@D)
	$< --quiet --html $@ $(if $(PAGES),--lang $(PAGES)) \
	    $$(test -z "$(LIMIT)" || ! $< --help | grep -q -e --limit || echo --limit $(LIMIT))
pages: $(patsubst examples/%.c,$(B)/pages/%.html,$(wildcard examples/[0-9]*.c))
	@cd $(B)/pages && { echo '<!DOCTYPE html><html><head><meta charset="utf-8"><title>dl.h</title>'; \
	    echo '<meta name="viewport" content="width=device-width, initial-scale=1"></head><body>'; \
	    echo '<h1>dl.h</h1><ul>'; \
	    for p in [0-9]*.html; do echo "<li><a href=\"$$p\">$${p%.html}</a>" \
	        "$$(sed -n 's/.*<title>\(.*\)<\/title>.*/\1/p' $$p | head -n 1)</li>"; done; \
	    echo '</ul></body></html>'; } > index.html
	@echo 'open $(B)/pages/index.html'

# The library is compiled once for all examples (DL_IMPLEMENTED: there is an implementation
# elsewhere), but each can be built by itself with the command that stands at its top.
ALONE    := $(patsubst examples/%.c,%,$(shell grep -lE '^ *.define DL_REAL' examples/*.c))

# stb_image goes into it where it is found (examples/stb.h).
$(B)/dl.o: dl.h examples/stb.h $(wildcard data/stb/stb_image.h)
	@mkdir -p $(@D)
	@printf '#include "examples/stb.h"\n#define DL_IMPLEMENTATION\n#include "dl.h"\n' > $(B)/dl.c
	@printf '#include "examples/stb.h"\n#ifndef EX_STB\n#error\n#endif\n' | \
	    $(CC) -I. -E -x c - >$(B)/stb.log 2>&1 || \
	    echo 'Pictures cannot be read: stb_image.h is missing; data/fetch.sh stb_image brings it'
	$(CC) $(CFLAGS) $(OPENMP) $(WARN) -I. -c $(B)/dl.c -o $@
$(B)/%: examples/%.c $(B)/dl.o examples/example.h examples/apps/apps.h examples/stb.h
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(OPENMP) $(WARN) $(if $(filter $*,$(ALONE)),$<,-DDL_IMPLEMENTED $< $(B)/dl.o) -o $@ $(LIBS)

# Tests come in four builds: float, double, with sanitizers, and as C++. Those that look at private
# functions hold the library themselves; all others share one copy of it, with the allocator of
# counting.h, which saves most of the compile time (DL_IMPLEMENTED: there is an implementation
# elsewhere). Of the former only fast.c needs full optimization.
OWN      := $(patsubst tests/%.c,%,$(shell grep -ls dli_ tests/*.c))
SAN      := -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all
flags     = $(WARN) -I. $(if $(filter $*,$(OWN)),,-DDL_IMPLEMENTED)
library   = $(if $(filter $*,$(OWN)),,$(B)/tests/dl$(1).o)

$(B)/tests/dl.c: dl.h tests/counting.h examples/stb.h
	@mkdir -p $(@D)
	@printf '#include "%s"\n' tests/counting.h examples/stb.h > $@
	@printf '#define DL_IMPLEMENTATION\n#include "dl.h"\n' >> $@
$(B)/tests/dl-float.o: $(B)/tests/dl.c
	$(CC) $(CFLAGS) $(OPENMP) $(WARN) -I. -c $< -o $@
$(B)/tests/dl-double.o: $(B)/tests/dl.c
	$(CC) -O1 $(OPENMP) $(WARN) -I. -DDL_REAL=double -c $< -o $@
$(B)/tests/dl-san.o: $(B)/tests/dl.c
	$(CC) $(SAN) $(WARN) -I. -c $< -o $@
$(B)/tests/dl-cpp.o: $(B)/tests/dl.c
	$(CXX) -x c++ -std=c++11 -O0 $(WARN) -I. -c $< -o $@

$(B)/tests/%-float: tests/%.c $(B)/tests/dl-float.o tests/*.h
	$(CC) $(CFLAGS) $(if $(filter $*,$(filter-out fast,$(OWN))),-O1) $(OPENMP) $(flags) $< $(call library,-float) -o $@ $(LIBS)
$(B)/tests/%-double: tests/%.c $(B)/tests/dl-double.o tests/*.h
	$(CC) -O1 $(OPENMP) $(flags) -DDL_REAL=double $< $(call library,-double) -o $@ $(LIBS)
$(B)/tests/%-san: tests/%.c $(B)/tests/dl-san.o tests/*.h
	$(CC) $(SAN) $(flags) $< $(call library,-san) -o $@ $(LIBS)
$(B)/tests/%-cpp: tests/%.c $(B)/tests/dl-cpp.o tests/*.h
	$(CXX) -x c++ -std=c++11 -O0 $(flags) $< -x none $(call library,-cpp) -o $@ $(LIBS)

build/tests: $(TESTS) $(CHECKS)
test-programs: $(TESTS) all

# Built on all cores, also without -j.
CORES    := $(or $(shell getconf _NPROCESSORS_ONLN 2>/dev/null),1)
parallel  = +@$(MAKE) --no-print-directory $(if $(findstring j,$(MAKEFLAGS)),,-j$(CORES))

test:
	$(parallel) test-programs
	@CC='$(CC)' sh tests/run.sh $(TESTS) tests/layout.sh tests/examples.sh tests/export.sh tests/exercises.sh \
	    tests/docs.sh

check:
	$(parallel) test-programs build/tests
	@CC='$(CC)' DOCS_ALL=1 sh tests/run.sh $(TESTS) tests/layout.sh tests/examples.sh tests/export.sh tests/exercises.sh \
	    tests/docs.sh tests/builds.sh tests/valgrind.sh tests/survive.sh tests/playground.sh \
	    $(CHECKS:%=quick:%)

long: accuracy digits
	$(parallel) build/tests $(B)/tests/survive-float
	@SURVIVE_KILLS=200 SURVIVE_INSIDE=50 sh tests/run.sh $(CHECKS) tests/survive.sh

# tests/models.c compares the files it writes with these hashes.
golden: $(B)/tests/models-float $(B)/tests/onnx-float
	@mkdir -p $(B)/golden
	@DL_GOLDEN_OUT=$(B)/golden $(B)/tests/models-float
	@python3 tests/golden_models.py $(B)/golden > $(B)/golden/hashes
	@cp $(B)/golden/hashes tests/golden/models_hashes.txt
	@cat tests/golden/models_hashes.txt
	@mkdir -p $(B)/golden/onnx
	@DL_GOLDEN_OUT=$(B)/golden/onnx $(B)/tests/onnx-float
	@python3 tests/golden_onnx.py $(B)/golden/onnx > $(B)/golden/onnx/hashes
	@cp $(B)/golden/onnx/hashes tests/golden/onnx_hashes.txt
	@cat tests/golden/onnx_hashes.txt
	@if python3 -c 'import importlib.util as u; exit(not u.find_spec("keras"))'; \
	then python3 tests/golden_keras.py; \
	else echo 'keras is not installed: its models stay as they are'; fi

# Hostile bytes for the readers of files, until one crashes or the time of each is over.
FUZZED   := models weights npy optimizers checkpoints idx tables onnx
STB      := $(if $(wildcard /usr/include/stb/stb_image.h),-DDL_USE_STB_IMAGE)
fuzz:
	@mkdir -p $(FUZZED:%=$(B)/corpus/%)
	clang -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all $(STB) -I. \
	    tests/fuzz/files.c -o $(B)/fuzz -lm
	set -e; for r in $(FUZZED); do READER=$$r $(B)/fuzz -max_total_time=$(or $(FUZZ),600) \
	    -rss_limit_mb=900 $(B)/corpus/$$r tests/fuzz/corpus/$$r \
	    $$(ls -d tests/golden/$$r 2>/dev/null); done

# Pages in docs/zh and docs/en quote code and runs; docs/take.py says how.
docs: all
	python3 docs/take.py
	python3 docs/index.py
	python3 docs/build.py --pdf
dist: docs
	python3 docs/dist.py
check-docs: all
	@CC='$(CC)' DOCS_ALL=1 sh tests/docs.sh

# dl.h as WebAssembly in one page; the two nets that it is shipped with are made by train.c there.
playground:
	python3 examples/playground/build.py
check-playground:
	@sh tests/playground.sh

accuracy: all $(B)/tests/export-float
	@sh tests/accuracy.sh
	@DL_EXPORT_MNIST=1 $(B)/tests/export-float

$(B)/digits.dl: $(B)/apps/predict
	$(B)/apps/predict --train $@ --quiet
digits: $(B)/digits.dl
	@python3 tests/digits.py $(B)/digits.dl

# blas.c opens OpenBLAS at run time; where that cannot be built, its column stays empty.
$(B)/bench_train $(B)/bench_parts: $(B)/bench_%: tests/bench/%.c tests/bench/worker.h dl.h
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(OPENMP) $(WARN) $< -o $@ $(LIBS)
$(B)/bench_blas: tests/bench/blas.c tests/bench/worker.h
	-$(CC) $(CFLAGS) $(WARN) $< -o $@ -ldl

bench: $(B)/bench_train $(B)/bench_parts $(B)/bench_blas $(B)/07_mlp_rmsprop
	@CC='$(CC)' python3 tests/bench/run.py $(BENCH)

clean:
	rm -rf $(B)
