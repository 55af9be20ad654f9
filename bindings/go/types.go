package portolan

import (
	"fmt"
	"reflect"
	"sync"
)

// checkKey returns nil if a map can have keys of type t. Otherwise the error says why not, and what
// to use instead.
func checkKey(t reflect.Type) error {
	why := ""
	switch t.Kind() {
	case reflect.String, reflect.Bool,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
	case reflect.Array:
		if t.Elem().Kind() != reflect.Uint8 {
			why = "the only arrays that can be keys are byte arrays; use one that holds the elements' bytes, or a string"
		}
	case reflect.Float32, reflect.Float64:
		why = "a NaN does not equal itself, and 0 and -0 are equal but not the same bits; use math.Float64bits and a uint64"
	case reflect.Complex64, reflect.Complex128:
		why = "it holds floats, and a NaN does not equal itself; use a byte array that holds their bits"
	case reflect.Struct:
		why = "a struct can be a value but not a key; use a byte array that holds the fields' bytes, or a string"
	default: // of the comparable types: interfaces, pointers and channels
		why = unseen + "use a string, an integer or a byte array that identifies it"
	}
	return refusal("key", t, why)
}

// checkValue returns nil if a map can have values of type t. Otherwise the error says why not, and
// what to use instead.
func checkValue(t reflect.Type) error {
	why := ""
	switch t.Kind() {
	case reflect.String, reflect.Bool,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr,
		reflect.Float32, reflect.Float64:
	case reflect.Slice:
		if t.Elem().Kind() != reflect.Uint8 {
			why = unseen + "use a []byte that holds the elements' encoding"
		}
	case reflect.Array:
		if t.Elem().Kind() != reflect.Uint8 {
			why = "the only arrays that can be values are byte arrays; use a struct with the array as its field"
		}
	case reflect.Complex64, reflect.Complex128:
		why = "use a struct with the complex number as its field"
	case reflect.Struct:
		why = checkStruct(t)
	case reflect.Interface:
		why = unseen + "use the concrete type, or its encoding as a []byte"
	case reflect.Pointer:
		why = unseen + "use the struct itself if it has no pointers, its encoding as a []byte, or an index into a slice of yours"
	default: // maps, channels, functions, unsafe.Pointer
		why = unseen + "keep it in a slice of yours and use its index"
	}
	return refusal("value", t, why)
}

// unseen says why a map cannot hold pointers into Go's heap.
const unseen = "it points into Go's heap, and the garbage collector does not see what the map holds; "

func refusal(role string, t reflect.Type, why string) error {
	if why == "" {
		return nil
	}
	return fmt.Errorf("%w: %s type %v: %s", ErrType, role, t, why)
}

// locker marks types that must not be copied. go vet goes by it too.
var locker = reflect.TypeFor[sync.Locker]()

// checkStruct returns "" if a struct, with the structs in it, is plain memory: every byte belongs
// to a field that has a name and holds no pointers. Otherwise it says why not.
func checkStruct(t reflect.Type) string {
	end := uintptr(0) // where the fields so far end
	padding := func(next uintptr) string {
		return fmt.Sprintf("%v has %d bytes of padding at offset %d, and values are compared by bytes; "+
			"order the fields from large to small, or name the padding as a field of type [%d]byte", t, next-end, end, next-end)
	}
	for i := range t.NumField() {
		field := t.Field(i)
		if field.Offset != end {
			return padding(field.Offset)
		}
		if field.Type.Size() == 0 {
			if reflect.PointerTo(field.Type).Implements(locker) {
				return fmt.Sprintf("its field %s of type %v marks %v as not to be copied", field.Name, field.Type, t)
			}
			continue // for example structs.HostLayout
		}
		if field.Name == "_" {
			return fmt.Sprintf("%v has a blank field at offset %d, and Go may drop its bytes when it copies; give it a name", t, end)
		}
		if why := checkField(field); why != "" {
			return why
		}
		end += field.Type.Size()
	}
	if t.Size() != end {
		return padding(t.Size())
	}
	return ""
}

// checkField returns "" if a field is plain memory. Otherwise it says why not.
func checkField(field reflect.StructField) string {
	t := field.Type
	for t.Kind() == reflect.Array {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Bool,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr,
		reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		return ""
	case reflect.Struct:
		return checkStruct(t)
	}
	return fmt.Sprintf("its field %s (%v) points into Go's heap, and the garbage collector does not see what the map holds; "+
		"use a []byte with an encoding of the struct", field.Name, field.Type)
}
