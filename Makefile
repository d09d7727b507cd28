# Thin on purpose: each target is one script or one command that you can run yourself (docs/development.md).
PREFIX ?= /usr/local
DESTDIR ?=

.PHONY: all demo test install format tidy clean distclean

# build/release/bin/{crumb,crumb-wasm} and build/release/libexec/crumb/{crumb-init,crumb-seccomp}; they run from there.
all:
	@scripts/build release

# As root, on a fresh machine too: installs what is missing, builds, and runs real containers.
demo:
	@scripts/demo

# All tests; as root also those of real containers. Some of them: tests/run GROUP...
test:
	@tests/run

install:
	@test -x build/release/bin/crumb || { echo "make install: nothing is built yet: run make first" >&2; exit 1; }
	DESTDIR="$(DESTDIR)" cmake --install build/release --prefix "$(PREFIX)" --strip

format:
	@scripts/format

tidy:
	@scripts/tidy

# Keeps the sources and packages that were downloaded; distclean does not.
clean:
	rm -rf build/release build/dev build/asan build/tidy build/guests build/examples

distclean:
	rm -rf build
