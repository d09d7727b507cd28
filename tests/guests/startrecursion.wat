;; Recurses without end in its start section.
(module
  (memory (export "memory") 1)
  (func $first (call $first) (call $first))
  (func (export "_start"))
  (start $first))
