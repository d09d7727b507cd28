(module
  (import "env" "foo" (func $foo))
  (import "env" "bar" (func $bar (param i32)))
  (memory (export "memory") 1)
  (func (export "_start") (call $foo) (call $bar (i32.const 1))))
