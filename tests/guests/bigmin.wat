;; Declares a minimum memory of 64 MiB.
(module
  (memory (export "memory") 1024)
  (func (export "_start")))
