;; Grows a memory that threads may share by 1 MiB until it cannot, and leaves with the MiB that it had.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "env" "memory" (memory 16 2048 shared))
  (export "memory" (memory 0))
  (func (export "wasi_thread_start") (param i32 i32))
  (func (export "_start")
    (loop $again (br_if $again (i32.ge_s (memory.grow (i32.const 16)) (i32.const 0))))
    (call $exit (i32.shr_u (memory.size) (i32.const 4)))))
