;; wasi-threads: starts 300 threads that end at once, more than there may be at a time, and leaves with 0 when all have run.
(module
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "env" "memory" (memory 1 1 shared))
  (export "memory" (memory 0))
  (func (export "wasi_thread_start") (param i32 i32)
    (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1))))
  (func $pause (drop (memory.atomic.wait32 (i32.const 4) (i32.const 0) (i64.const 1000000))))
  (func (export "_start") (local $started i32)
    (loop $again
      (if (i32.gt_s (call $spawn (i32.const 0)) (i32.const 0))
        (then (local.set $started (i32.add (local.get $started) (i32.const 1))))
        (else (call $pause)))
      (br_if $again (i32.lt_u (local.get $started) (i32.const 300))))
    (loop $wait
      (call $pause)
      (br_if $wait (i32.lt_u (i32.atomic.load (i32.const 0)) (i32.const 300))))
    (call $exit (i32.const 0))))
