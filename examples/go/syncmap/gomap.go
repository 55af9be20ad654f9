package main

import "sync"

// goMap is Go's sync.Map with types.
type goMap[K, V comparable] struct {
	m sync.Map
}

func typed[V any](value any, ok bool) (V, bool) {
	v, _ := value.(V) // the zero value if value is nil
	return v, ok
}

func (g *goMap[K, V]) Load(key K) (V, bool) { return typed[V](g.m.Load(key)) }
func (g *goMap[K, V]) Store(key K, value V) { g.m.Store(key, value) }
func (g *goMap[K, V]) LoadOrStore(key K, value V) (V, bool) {
	return typed[V](g.m.LoadOrStore(key, value))
}
func (g *goMap[K, V]) LoadAndDelete(key K) (V, bool) { return typed[V](g.m.LoadAndDelete(key)) }
func (g *goMap[K, V]) Delete(key K)                  { g.m.Delete(key) }
func (g *goMap[K, V]) Swap(key K, value V) (V, bool) { return typed[V](g.m.Swap(key, value)) }
func (g *goMap[K, V]) CompareAndSwap(key K, old, new V) bool {
	return g.m.CompareAndSwap(key, old, new)
}
func (g *goMap[K, V]) CompareAndDelete(key K, old V) bool { return g.m.CompareAndDelete(key, old) }
func (g *goMap[K, V]) Clear()                             { g.m.Clear() }

func (g *goMap[K, V]) Range(f func(K, V) bool) {
	g.m.Range(func(key, value any) bool { return f(key.(K), value.(V)) })
}
