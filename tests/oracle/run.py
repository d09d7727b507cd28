#!/usr/bin/env python3
"""run.py PACKAGES MODULE FOLDER CASE...: runs a module of WASI preview 1 with wasmtime from the folder PACKAGES (made by fetch), once
for each case with the case's name as its argument. FOLDER/CASE, which must be there, is given as ".", the environment is A=1, stdin is
empty. Prints a JSON object: for each case its exit code (134 for a trap) and its output."""

import json
import pathlib
import sys

sys.path.insert(0, sys.argv[1])
import wasmtime  # noqa: E402


def run(engine, module, linker, folder, case):
    store = wasmtime.Store(engine)
    wasi = wasmtime.WasiConfig()
    wasi.argv = ("guest", case)
    wasi.env = [("A", "1")]
    wasi.preopen_dir(str(folder / case), ".")
    wasi.stdin_file = "/dev/null"
    output = folder / f"{case}.out"
    wasi.stdout_file = str(output)
    store.set_wasi(wasi)
    code = 0
    try:
        linker.instantiate(store, module).exports(store)["_start"](store)
    except wasmtime.ExitTrap as left:
        code = left.code
    except (wasmtime.Trap, wasmtime.WasmtimeError):
        code = 134
    store.close()
    return code, output.read_text(errors="replace")


def main(path, folder, *cases):
    engine = wasmtime.Engine()
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    module = wasmtime.Module.from_file(engine, path)
    print(json.dumps({case: run(engine, module, linker, pathlib.Path(folder), case) for case in cases}))


if __name__ == "__main__":
    main(*sys.argv[2:])
