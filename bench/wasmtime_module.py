#!/usr/bin/env python3
"""wasmtime_module.py PACKAGES compile MODULE CODE | PACKAGES run CODE [ARGUMENT...]: a module of WASI preview 1 with wasmtime's Python
package in the folder PACKAGES (tests/oracle/fetch makes it). `compile` writes what wasmtime would find in its cache, `run` executes that
with "/" as its directory and then writes to stderr what it took, from before the code was loaded: "WALL CPU", in nanoseconds."""

import sys
import time

sys.path.insert(0, sys.argv[1])
import wasmtime  # noqa: E402


def run(engine, code, arguments):
    store = wasmtime.Store(engine)
    wasi = wasmtime.WasiConfig()
    wasi.argv = arguments
    wasi.inherit_stdout()
    wasi.inherit_stderr()
    wasi.preopen_dir("/", "/")
    store.set_wasi(wasi)
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    linker.instantiate(store, wasmtime.Module.deserialize_file(engine, code)).exports(store)["_start"](store)


def run_and_tell(engine, code, arguments):
    wall, cpu, exit_code = time.monotonic_ns(), time.process_time_ns(), 0
    try:
        run(engine, code, arguments)
    except wasmtime.ExitTrap as left:
        exit_code = left.code
    print(time.monotonic_ns() - wall, time.process_time_ns() - cpu, file=sys.stderr)
    sys.exit(exit_code)


def main(what, *words):
    engine = wasmtime.Engine()
    if what == "compile":
        with open(words[1], "wb") as file:
            file.write(wasmtime.Module.from_file(engine, words[0]).serialize())
    elif what == "run":
        run_and_tell(engine, words[0], words)


if __name__ == "__main__":
    main(*sys.argv[2:])
