;; wasi-threads: leaves with 0 when memory.atomic.wait32 says 1 (another value is there), 2 (the time is up) and 0 (woken by the other
;; thread), and notify counts whom it woke.
(module
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "env" "memory" (memory 1 1 shared))
  (export "memory" (memory 0))
  ;; wakes the first thread as soon as it waits: until then notify finds nobody
  (func (export "wasi_thread_start") (param i32 i32)
    (loop $again
      (br_if $again (i32.eqz (memory.atomic.notify (i32.const 0) (i32.const 1))))))
  (func (export "_start")
    (if (i32.ne (memory.atomic.wait32 (i32.const 0) (i32.const 7) (i64.const -1)) (i32.const 1)) (then (call $exit (i32.const 91))))
    (if (i32.ne (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const 1000000)) (i32.const 2)) (then (call $exit (i32.const 92))))
    (if (memory.atomic.notify (i32.const 0) (i32.const 1)) (then (call $exit (i32.const 93))))
    (if (i32.le_s (call $spawn (i32.const 0)) (i32.const 0)) (then (call $exit (i32.const 94))))
    (if (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)) (then (call $exit (i32.const 95))))))
