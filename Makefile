# Each target is a script in ci/, which can be run by itself. `make` alone prints this list.
.PHONY: help build test demo stress fuzz soak mutants bench bench-peers bench-go bench-charts install uninstall clean

help: ;      @sed -n 's/^\([a-z-]*\): *; *\(.*\) \#\# \(.*\)$$/  make \1\t\3/p' Makefile | expand -t 24
build: ;     @ci/build.sh           ## the shared and the static library, into target/portolan/lib
test: ;      @ci/test.sh            ## every check, a heading and the seconds for each (ci/test.sh STEP runs one alone)
demo: ;      @ci/demo.sh            ## Go's sync.Map as the judge, a word count of a real tree, and a map drawn
stress: ;    @ci/stress.sh          ## the concurrent tests again, for longer (PORTOLAN_SECONDS=… each)
fuzz: ;      @ci/fuzz.sh $(SECONDS_EACH) ## the interfaces beside a model, with libFuzzer and go test -fuzz (SECONDS_EACH=60)
soak: ;      @ci/soak.sh            ## some 40 minutes: sanitizers, histories, memory, fuzzing, stress
mutants: ;   @ci/mutants.sh         ## plants some hundred bugs, each of which a test must find: an hour
bench: ;     @ci/bench.sh $(ARGS)   ## a short comparison with other maps (ARGS=--help)
bench-peers: ;  @ci/bench-peers.sh $(ARGS)  ## all of it, with the maps of Debian's packages in C and C++ (ARGS=--help)
bench-go: ;     @ci/bench-go.sh $(ARGS)     ## the Go binding and Go's own maps (ARGS=--help)
bench-charts: ; @ci/bench-charts.sh         ## draws what was measured last, and writes docs/benchmarks.md
install: ;   @ci/install.sh         ## into PREFIX (/usr/local), below DESTDIR when given
uninstall: ; @ci/uninstall.sh       ## what install put there, with the same PREFIX and DESTDIR
clean: ;     @rm -rf target         ## everything that was built
