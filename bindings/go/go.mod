module github.com/portolan-map/portolan/bindings/go

go 1.24
