package evidence

import (
	"encoding/json"
	"fmt"
	"iter"
	"slices"
)

// Member returns the bytes of the value under key in object, which are part of it and no copy; nil where there is none. Object must be
// valid JSON without duplicate keys, as DecodeStrict takes it: what is not clean is misread, and what is no object has no members.
func Member(object []byte, key string) []byte {
	w := walker{data: object}
	if !w.opens('{') {
		return nil
	}
	for w.next('}') {
		name := w.text()
		w.space()
		w.pos++ // the colon
		value := w.skip()
		if plain, err := unquote(name); err == nil && string(plain) == key {
			return value
		}
	}
	return nil
}

// elements yields the bytes of each value of array, under the terms of Member.
func elements(array []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		w := walker{data: array}
		if !w.opens('[') {
			return
		}
		for w.next(']') {
			if !yield(w.skip()) {
				return
			}
		}
	}
}

func length(array []byte) (n int) {
	for range elements(array) {
		n++
	}
	return n
}

// decodeMember decodes the value under key of an object, if there is one, into v. Its bytes are bounded first, because the statement of a
// stranger is read before anybody vouches for it.
func decodeMember(object []byte, key string, limit int, v any) error {
	value := Member(object, key)
	if len(value) > limit {
		return fmt.Errorf("want at most %d bytes under %q, got %d", limit, key, len(value))
	}
	if value == nil {
		return nil
	}
	return json.Unmarshal(value, v)
}

// Without returns object with null under the last key of path, and what stood there. A report of 16 MiB is nearly all in one member:
// encoding/json would copy it at every level that it is looked at.
func Without(object []byte, path ...string) (rest, value []byte) {
	value = object
	for _, key := range path {
		if value = Member(value, key); value == nil {
			return object, nil
		}
	}
	start := cap(object) - cap(value) // both end where the same array ends
	rest = slices.Concat(object[:start], []byte("null"), object[start+len(value):])
	return rest, value
}

// eachElement hands out the bytes of each value of array, one by one. What is no array is left to encoding/json: it takes null, and
// has a complaint about all else.
func eachElement[T any](array []byte, take func(element []byte) error) error {
	if array[0] != '[' {
		return unmarshalPredicate(array, new([]T))
	}
	for element := range elements(array) {
		if err := take(element); err != nil {
			return err
		}
	}
	return nil
}

// decodeList decodes the values of array one by one, so that there is never more than one in the shape of the foreign document.
func decodeList[T any](array []byte, take func(T) error) error {
	return eachElement[T](array, func(element []byte) error {
		var value T
		if err := unmarshalPredicate(element, &value); err != nil {
			return err
		}
		return take(value)
	})
}

func unmarshalPredicate(raw []byte, v any) error { return inPredicate(json.Unmarshal(raw, v)) }
