# dl.h: make help lists what this can do. Needs a C compiler and make; nothing else.

CC       ?= cc
CXX      ?= c++
CFLAGS   ?= -O2
B        := build

# Several cores, where the compiler knows OpenMP.
OPENMP   := $(shell echo 'int main(void){return 0;}' > /tmp/dl-openmp-$$$$.c && \
              $(CC) -fopenmp /tmp/dl-openmp-$$$$.c -o /tmp/dl-openmp-$$$$ 2>/dev/null && \
              echo -fopenmp; rm -f /tmp/dl-openmp-$$$$*)
LIBS     := -lm
WARN     := -Wall -Wextra -Wpedantic -Wshadow -Wconversion

EXAMPLES := $(patsubst examples/%.c,%,$(wildcard examples/*.c) $(wildcard examples/apps/*.c))
ROOMS    := $(patsubst tests/%.c,%,$(wildcard tests/*.c))
TESTS    := $(ROOMS:%=$(B)/tests/%-float) $(ROOMS:%=$(B)/tests/%-double)
CHECKS   := $(ROOMS:%=$(B)/tests/%-san) $(ROOMS:%=$(B)/tests/%-cpp)

.PHONY: all help mnist build/tests test check accuracy clean
all: $(EXAMPLES:%=$(B)/%)

help:
	@echo 'make            build every example into $(B)/'
	@echo 'make mnist      train a network on handwritten digits and look at what it learned'
	@echo 'make test       run the tests (a few minutes)'
	@echo 'make check      make test, and: sanitizers, C++, clang, valgrind, every configuration'
	@echo 'make accuracy   five full trainings of each program, against the documents (long)'
	@echo 'make clean      remove $(B)/'

mnist: $(B)/07_mlp_rmsprop
	@$(B)/07_mlp_rmsprop

$(B)/%: examples/%.c dl.h examples/example.h
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(OPENMP) $(WARN) $< -o $@ $(LIBS)

$(B)/tests/%-float: tests/%.c dl.h tests/test.h
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(OPENMP) $(WARN) -I. $< -o $@ $(LIBS)

$(B)/tests/%-double: tests/%.c dl.h tests/test.h
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(OPENMP) $(WARN) -I. -DDL_REAL=double $< -o $@ $(LIBS)

$(B)/tests/%-san: tests/%.c dl.h tests/test.h
	@mkdir -p $(@D)
	$(CC) -g -O1 $(WARN) -fsanitize=address,undefined -fno-sanitize-recover=all -I. $< -o $@ $(LIBS)

$(B)/tests/%-cpp: tests/%.c dl.h tests/test.h
	@mkdir -p $(@D)
	$(CXX) -x c++ -std=c++11 $(CFLAGS) $(WARN) -I. $< -o $@ $(LIBS)

build/tests: $(TESTS) $(CHECKS)

test: $(TESTS) all
	@sh tests/run.sh $(TESTS) tests/layout.sh tests/examples.sh

check: $(TESTS) $(CHECKS) all
	@sh tests/run.sh $(TESTS) $(CHECKS) tests/layout.sh tests/examples.sh tests/builds.sh tests/valgrind.sh

accuracy: all
	@sh tests/accuracy.sh

clean:
	rm -rf $(B)
