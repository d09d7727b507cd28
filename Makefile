# Thin on purpose: each target is one script or one command that you can run yourself (docs/development.md).
PREFIX ?= /usr/local
DESTDIR ?=

# What `make install` and `make demo` take: release or release-musl.
PRESET ?= release

.PHONY: all release-musl demo test bench bench-full bench-v2 bench-docs install uninstall format tidy clean distclean

# build/release/bin/{crumb,crumb-wasm} and build/release/libexec/crumb/{crumb-init,crumb-seccomp,crumb-systemd}; they run from there.
all:
	@scripts/build release

# The same linked with musl, which starts faster: build/release-musl. Its crumb-aot, crumb-seccomp and crumb-systemd are those of build/release.
release-musl: all
	@scripts/build release-musl

# As root, on a fresh machine too: installs what is missing, builds, and runs real containers.
demo:
	@PRESET="$(PRESET)" scripts/demo

# All tests; as root also those of real containers. Some of them: tests/run GROUP...
test:
	@tests/run

# As root: starts of containers, memory and system calls, beside runc, crun and the kernel's floor (docs/performance.md); a few minutes.
# Less with make bench ROUNDS=10.
bench:
	@scripts/install-deps --bench
	@scripts/build release
	@scripts/build release-musl || echo "make bench: without the musl build" >&2
	@tests/guests/build build/guests
	@bench/run --rounds $(or $(ROUNDS),50)

# And more: starts with cold caches, starts on a machine with many mounts and containers, the steps of one, starts by podman and ctr;
# computing programs and CPython beside wasmtime; hundreds of idle containers. A quarter of an hour; it drops the kernel's caches,
# which slows down all else on the machine.
bench-full: bench
	@bench/cold
	@bench/circumstances
	@bench/steps
	@bench/callers
	@bench/engines
	@bench/density

# The same with cgroup version 2 alone: where version 1 is mounted, in a mount namespace without it.
bench-v2:
	@test -x build/bench/programs/stopwatch || { echo "make bench-v2: nothing to measure: run make bench first" >&2; exit 1; }
	@bench/run --rounds $(or $(ROUNDS),50) --cgroup2 --output build/bench/v2

# All, and their figures go into docs/performance.md.
bench-docs: bench-full bench-v2
	@bench/publish

install:
	@test -x build/$(PRESET)/bin/crumb || { echo "make install: nothing is built yet: run make first" >&2; exit 1; }
	DESTDIR="$(DESTDIR)" cmake --install build/$(PRESET) --prefix "$(PREFIX)" --strip

# Removes what `make install` with the same PREFIX, DESTDIR and PRESET puts there.
uninstall:
	@test -x build/$(PRESET)/bin/crumb || { echo "make uninstall: build/$(PRESET) is gone, which knows what was installed: run make first" >&2; exit 1; }
	@scripts/uninstall build/$(PRESET) "$(PREFIX)" "$(DESTDIR)"

format:
	@scripts/format

tidy:
	@scripts/tidy

# Keeps the sources and packages that were downloaded; distclean does not.
clean:
	rm -rf build/release build/release-musl build/bench build/dev build/asan build/tidy build/guests build/examples

distclean:
	rm -rf build
