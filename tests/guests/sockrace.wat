;; wasi-threads: one thread changes the length of a buffer without end while the other hands it to sock_send 200000 times.
(module
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_send" (func $send (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "env" "memory" (memory 4 4 shared))
  (export "memory" (memory 0))
  (func (export "wasi_thread_start") (param i32 i32)
    (loop $again
      (i32.store (i32.const 4) (i32.const 8))
      (i32.store (i32.const 4) (i32.const 100000))
      (br $again)))
  (func (export "_start") (local $left i32)
    (i32.store (i32.const 0) (i32.const 65536))
    (i32.store (i32.const 4) (i32.const 8))
    (if (i32.le_s (call $spawn (i32.const 0)) (i32.const 0)) (then (call $exit (i32.const 99))))
    (local.set $left (i32.const 200000))
    (loop $again
      (drop (call $send (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 16)))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $again (local.get $left)))
    (call $exit (i32.const 0))))
