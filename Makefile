# Each target runs a script in ci/, which also works by itself. `make` alone prints this list.
.PHONY: help build test demo stress fuzz soak mutants bench bench-peers bench-go bench-charts install uninstall clean

help: ;      @sed -n 's/^\([a-z-]*\): *; *\(.*\) \#\# \(.*\)$$/  make \1\t\3/p' Makefile | expand -t 24
build: ;     @ci/build.sh           ## builds the shared and the static library into target/portolan/lib
test: ;      @ci/test.sh            ## runs every check (ci/test.sh STEP runs one alone)
demo: ;      @ci/demo.sh            ## checks every kind against Go's sync.Map, counts the words of a source tree, draws a map
stress: ;    @ci/stress.sh          ## runs the concurrent tests for longer (PORTOLAN_SECONDS=30 each)
fuzz: ;      @ci/fuzz.sh $(SECONDS_EACH) ## compares the interfaces with a model, by libFuzzer and go test -fuzz (SECONDS_EACH=60)
soak: ;      @ci/soak.sh            ## runs sanitizers, histories, memory, fuzzing and stress: some 40 minutes
mutants: ;   @ci/mutants.sh         ## plants some hundred bugs, each of which a test must find: an hour
bench: ;     @ci/bench.sh $(ARGS)   ## compares with other maps, briefly (ARGS=--help)
bench-peers: ;  @ci/bench-peers.sh $(ARGS)  ## compares with everything, C and C++ maps from Debian packages too: hours (ARGS=--help)
bench-go: ;     @ci/bench-go.sh $(ARGS)     ## compares the Go binding with other maps for Go (ARGS=--help)
bench-charts: ; @ci/bench-charts.sh         ## draws the last results, and writes them into docs/benchmarks.md
install: ;   @ci/install.sh         ## installs into PREFIX (/usr/local), below DESTDIR if given
uninstall: ; @ci/uninstall.sh       ## removes what install put there, with the same PREFIX and DESTDIR
clean: ;     @rm -rf target         ## removes everything that was built
