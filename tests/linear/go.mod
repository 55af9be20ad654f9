module github.com/portolan-map/portolan/tests/linear

go 1.24

require github.com/portolan-map/portolan/bindings/go v0.0.0

require github.com/anishathalye/porcupine v1.3.1

replace github.com/portolan-map/portolan/bindings/go => ../../bindings/go
