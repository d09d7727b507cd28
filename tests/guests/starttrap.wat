;; Traps in its start section, before _start.
(module
  (memory (export "memory") 1)
  (func $first unreachable)
  (func (export "_start"))
  (start $first))
