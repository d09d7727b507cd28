;; Imports a memory of 64 MiB that threads may share.
(module
  (import "env" "memory" (memory 1024 2048 shared))
  (export "memory" (memory 0))
  (func (export "wasi_thread_start") (param i32 i32))
  (func (export "_start")))
