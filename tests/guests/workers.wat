;; wasi-threads: four threads add 1000 times each to a counter without a lock around it but its own atomicity, each writes a line by
;; one call, and each sleeps 1 ms in poll_oneoff; the first thread waits until all have said that they are done. Leaves with 0 when
;; nothing is lost, every thread has a number of its own above 0, and each was given its own argument.
(module
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "env" "memory" (memory 1 1 shared))
  (export "memory" (memory 0))
  (data (i32.const 64) "done\n")
  ;; 0: the counter; 4: threads that are done; 8: sum of arguments; 12: bits of numbers that are not above 0
  (func (export "wasi_thread_start") (param $number i32) (param $argument i32) (local $i i32) (local $mine i32)
    ;; this thread's own kilobyte, from 1024 on
    (local.set $mine (i32.mul (i32.add (local.get $argument) (i32.const 1)) (i32.const 1024)))
    (if (i32.le_s (local.get $number) (i32.const 0)) (then (drop (i32.atomic.rmw.add (i32.const 12) (i32.const 1)))))
    (drop (i32.atomic.rmw.add (i32.const 8) (local.get $argument)))
    (local.set $i (i32.const 1000))
    (loop $again
      (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
      (local.set $i (i32.sub (local.get $i) (i32.const 1)))
      (br_if $again (local.get $i)))
    ;; a subscription to the monotonic clock: 1 ms from now
    (i32.store offset=16 (local.get $mine) (i32.const 1))
    (i64.store offset=24 (local.get $mine) (i64.const 1000000))
    (if (call $poll (local.get $mine) (i32.add (local.get $mine) (i32.const 128)) (i32.const 1) (i32.add (local.get $mine) (i32.const 256)))
      (then (drop (i32.atomic.rmw.add (i32.const 12) (i32.const 1)))))
    (i32.store offset=300 (local.get $mine) (i32.const 64))
    (i32.store offset=304 (local.get $mine) (i32.const 5))
    (if (call $write (i32.const 1) (i32.add (local.get $mine) (i32.const 300)) (i32.const 1) (i32.add (local.get $mine) (i32.const 308)))
      (then (drop (i32.atomic.rmw.add (i32.const 12) (i32.const 1)))))
    (drop (i32.atomic.rmw.add (i32.const 4) (i32.const 1)))
    (drop (memory.atomic.notify (i32.const 4) (i32.const 1))))
  (func (export "_start") (local $i i32) (local $done i32)
    (loop $more
      (if (i32.le_s (call $spawn (local.get $i)) (i32.const 0)) (then (call $exit (i32.const 90))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $more (i32.lt_u (local.get $i) (i32.const 4))))
    (block $all
      (loop $wait
        (local.set $done (i32.atomic.load (i32.const 4)))
        (br_if $all (i32.eq (local.get $done) (i32.const 4)))
        (drop (memory.atomic.wait32 (i32.const 4) (local.get $done) (i64.const -1)))
        (br $wait)))
    (if (i32.ne (i32.load (i32.const 0)) (i32.const 4000)) (then (call $exit (i32.const 91))))
    (if (i32.ne (i32.load (i32.const 8)) (i32.const 6)) (then (call $exit (i32.const 92))))
    (if (i32.load (i32.const 12)) (then (call $exit (i32.const 93))))))
