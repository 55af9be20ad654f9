module github.com/portolan-map/portolan/bindings/go/bench

go 1.24

require (
	github.com/portolan-map/portolan/bindings/go v0.0.0
	github.com/puzpuzpuz/xsync/v4 v4.5.0
)

replace github.com/portolan-map/portolan/bindings/go => ../
