package portolan

import (
	"fmt"
	"reflect"
	"sync"
)

// checkKey returns an error that says why a map cannot have keys of type t, and what to use instead.
func checkKey(t reflect.Type) error {
	why := ""
	switch t.Kind() {
	case reflect.String, reflect.Bool,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
	case reflect.Array:
		if t.Elem().Kind() != reflect.Uint8 {
			why = "of arrays only byte arrays are keys; use one that holds the elements' bytes, or a string"
		}
	case reflect.Float32, reflect.Float64:
		why = "a NaN does not equal itself, and 0 and -0 are equal but not the same bits; use math.Float64bits and a uint64"
	case reflect.Complex64, reflect.Complex128:
		why = "it holds floats, and a NaN does not equal itself; use a byte array that holds their bits"
	case reflect.Struct:
		why = "structs are values, not keys; use a byte array that holds the fields' bytes, or a string"
	default: // comparable leaves interfaces, pointers and channels
		why = hidden + "use a string, an integer or a byte array that identifies it"
	}
	return refusal("key", t, why)
}

// checkValue returns an error that says why a map cannot have values of type t, and what to use instead.
func checkValue(t reflect.Type) error {
	why := ""
	switch t.Kind() {
	case reflect.String, reflect.Bool,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr,
		reflect.Float32, reflect.Float64:
	case reflect.Slice:
		if t.Elem().Kind() != reflect.Uint8 {
			why = hidden + "use a []byte that holds the elements' encoding"
		}
	case reflect.Array:
		if t.Elem().Kind() != reflect.Uint8 {
			why = "of arrays only byte arrays are values; use a struct with the array as its field"
		}
	case reflect.Complex64, reflect.Complex128:
		why = "use a struct with the complex number as its field"
	case reflect.Struct:
		why = checkStruct(t)
	case reflect.Interface:
		why = hidden + "use the concrete type, or its encoding as a []byte"
	case reflect.Pointer:
		why = hidden + "use the struct itself if it has no pointers, its encoding as a []byte, or an index into a slice of yours"
	default: // maps, channels, functions, unsafe.Pointer
		why = hidden + "use an integer that finds it in a slice of yours"
	}
	return refusal("value", t, why)
}

// hidden is why nothing that points into Go's heap can be in a map.
const hidden = "it points into Go's heap, and the garbage collector does not see what the map holds; "

func refusal(role string, t reflect.Type, why string) error {
	if why == "" {
		return nil
	}
	return fmt.Errorf("%w: %s type %v: %s", ErrType, role, t, why)
}

// locker is what go vet lets nobody copy.
var locker = reflect.TypeFor[sync.Locker]()

// checkStruct returns why a struct, nested ones included, is not plain memory: all of it named fields without pointers.
func checkStruct(t reflect.Type) string {
	end := uintptr(0) // of the fields so far
	padding := func(next uintptr) string {
		return fmt.Sprintf("%v has %d bytes of padding at offset %d, and values are compared by bytes; "+
			"order the fields by falling size, or name the padding as a field of type [%d]byte", t, next-end, end, next-end)
	}
	for i := range t.NumField() {
		field := t.Field(i)
		if field.Offset != end {
			return padding(field.Offset)
		}
		if field.Type.Size() == 0 {
			if reflect.PointerTo(field.Type).Implements(locker) {
				return fmt.Sprintf("%v is not to be copied, as its field %s of type %v says", t, field.Name, field.Type)
			}
			continue // such as structs.HostLayout
		}
		if field.Name == "_" {
			return fmt.Sprintf("%v has a blank field at offset %d, whose bytes Go need not keep; give it a name", t, end)
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

// checkField returns why a field, or an element of it, is not plain memory.
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
		"use a []byte that holds the struct's encoding", field.Name, field.Type)
}
