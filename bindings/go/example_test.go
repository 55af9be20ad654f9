package portolan_test

import (
	"fmt"

	portolan "github.com/portolan-map/portolan/bindings/go"
)

func Example() {
	hits, err := portolan.New[string, int]() // sharded: safe for any number of goroutines
	if err != nil {
		panic(err)
	}
	defer hits.Close()
	hits.Store("/index.html", 41)
	hits.Add("/index.html", 1)
	fmt.Println(hits.Load("/index.html"))
	// Output: 42 true
}

func ExampleMap_All() {
	ports, err := portolan.New[string, uint16](portolan.WithKind(portolan.ReadDirty))
	if err != nil {
		panic(err)
	}
	defer ports.Close()
	ports.StoreMany([]string{"ssh", "http", "https"}, []uint16{22, 80, 443})
	for name, port := range ports.All() {
		if port > 100 {
			ports.Delete(name) // the body may call any method of the map
		}
	}
	fmt.Println(ports.Len())
	// Output: 2
}
