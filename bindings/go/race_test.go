//go:build race

package portolan

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// What a goroutine wrote to memory before a Store is visible to a goroutine that loads the value.
// So the race detector must report nothing here.
func TestStoreSynchronizesBeforeLoad(t *testing.T) {
	forKinds(t, shared, func(t *testing.T, kind Kind) {
		slots := make([]int, 1000)
		m := newMap[int, int](t, WithKind(kind))
		done := make(chan struct{})
		go func() {
			defer close(done)
			for i := range slots {
				slot, ok := m.Load(i)
				for !ok {
					slot, ok = m.Load(i)
				}
				if slots[slot] != i+1 {
					t.Errorf("slot %d is %d", slot, slots[slot])
				}
			}
		}()
		for i := range slots {
			slots[i] = i + 1
			m.Store(i, i)
		}
		<-done
	})
}

// races are programs in which a goroutine writes memory while a call to C reads or writes it.
var races = map[string]func(){
	"value read by Store": func() {
		m, _ := New[int, []byte]()
		value := make([]byte, 100)
		go m.Store(1, value)
		value[50] = 1
	},
	"values written by LoadMany": func() {
		m, _ := New[int, int]()
		values := make([]int, 100)
		go m.LoadMany(make([]int, 100), values, nil)
		values[50] = 1
	},
	"keys read by DeleteMany": func() {
		m, _ := New[int, int]()
		keys := make([]int, 100)
		go m.DeleteMany(keys)
		keys[50] = 1
	},
}

// The race detector must report each of them. Each runs in a process of its own: this test again,
// with an environment variable that names the race.
func TestRacesAreReported(t *testing.T) {
	const variable = "PORTOLAN_TEST_RACE"
	if name := os.Getenv(variable); name != "" {
		races[name]()
		time.Sleep(100 * time.Millisecond)
		return
	}
	for name := range races {
		command := exec.Command(os.Args[0], "-test.run=^TestRacesAreReported$")
		command.Env = append(os.Environ(), variable+"="+name)
		output, err := command.CombinedOutput()
		if err == nil || !strings.Contains(string(output), "WARNING: DATA RACE") {
			t.Errorf("%s: not reported: %v\n%s", name, err, output)
		}
	}
}
