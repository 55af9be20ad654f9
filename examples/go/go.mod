module github.com/portolan-map/portolan/examples/go

go 1.24

require github.com/portolan-map/portolan/bindings/go v0.0.0

replace github.com/portolan-map/portolan/bindings/go => ../../bindings/go
