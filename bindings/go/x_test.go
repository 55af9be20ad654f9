package portolan
import ("testing";"github.com/portolan-map/portolan/bindings/go/internal/cptl";"unsafe";"sync")
func BenchmarkA1Raw(b *testing.B) { m := filled(b, 1000); h := (*cptl.Map)(m.core.handle); for i := range b.N { cptl.LoadU64(h, uint64(i%1000)) } }
func BenchmarkA2Core(b *testing.B) { m := filled(b, 1000); for i := range b.N { k, v := i%1000, 0; m.core.fetch(load, unsafe.Pointer(&k), nil, unsafe.Pointer(&v)) } }
func BenchmarkA3Map(b *testing.B) { m := filled(b, 1000); for i := range b.N { m.Load(i%1000) } }
func BenchmarkA4Sync(b *testing.B) { var m sync.Map; for i := range 1000 { m.Store(i,i*i)}; for i := range b.N { m.Load(i%1000) } }
func BenchmarkA5Len(b *testing.B) { m := newMap[int,int](b, WithKind(Mutex)); for range b.N { m.Len() } }
func BenchmarkA6Status(b *testing.B) { m := filled(b, 1000);h := (*cptl.Map)(m.core.handle); for range b.N { cptl.ContainsU64(h, 1<<40) } }
