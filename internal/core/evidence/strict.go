package evidence

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"
)

// DecodeStrict decodes data, one JSON document, into v. It refuses what readers of JSON disagree about, because a signer and a gate
// that read different things from the same bytes are an attack (A36): invalid UTF-8, a key given twice, a key that differs from a
// field of v in letter case only (encoding/json would take it), trailing data, more than 64 levels. Unknown keys are left alone:
// in-toto demands it. Errors carry the code EVIDENCE_MALFORMED.
func DecodeStrict(data []byte, v any) error {
	if err := decodeStrict(data, v); err != nil {
		return &codedError{code: CodeMalformed, err: err}
	}
	return nil
}

func decodeStrict(data []byte, v any) error {
	if !utf8.Valid(data) {
		return errors.New("decoding JSON: want valid UTF-8")
	}
	if !json.Valid(data) {
		return fmt.Errorf("decoding JSON: want one document and nothing after it, got %q", clip(string(data)))
	}
	w := walker{data: data, fields: map[reflect.Type]map[string]reflect.Type{}}
	if err := w.value(reflect.TypeOf(v), 1); err != nil {
		return fmt.Errorf("decoding JSON: %w", err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("decoding JSON: %w", err)
	}
	return nil
}

// walker follows valid JSON beside the type that it will be decoded into.
type walker struct {
	data    []byte
	pos     int
	fields  map[reflect.Type]map[string]reflect.Type
	values  int
	structs int // that will be made
	scalars int // likewise
}

// value passes over one value. t is nil where no Go type is known: then only duplicates and depth are checked.
func (w *walker) value(t reflect.Type, depth int) error {
	if w.values++; w.values > maxValues {
		return fmt.Errorf("want at most %d values", maxValues)
	}
	w.space()
	switch w.data[w.pos] {
	case '{':
		return w.object(concrete(t), depth)
	case '[':
		return w.array(concrete(t), depth)
	case '"':
		w.text()
	default:
		w.pos += scalarLength(w.data[w.pos:])
	}
	return nil
}

func (w *walker) object(t reflect.Type, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("want at most %d levels", maxDepth)
	}
	fields := w.fieldsOf(t)
	seen := map[string]struct{}{}
	for w.next('}') {
		w.space()
		key, err := unquote(w.text())
		if err != nil {
			return err
		}
		if _, twice := seen[key]; twice {
			return fmt.Errorf("want key %q once, got it twice", clip(key))
		}
		if seen[key] = struct{}{}; len(seen) > maxKeys {
			return fmt.Errorf("want at most %d keys in one object", maxKeys)
		}
		child, err := childOf(t, fields, key)
		if err != nil {
			return err
		}
		if t != nil && t.Kind() == reflect.Map || child != nil && child.Kind() == reflect.Pointer { // other fields lie inside their struct
			if err := w.charge(child); err != nil {
				return err
			}
		}
		w.space()
		w.pos++ // the colon
		if err := w.value(child, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (w *walker) array(t reflect.Type, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("want at most %d levels", maxDepth)
	}
	var child reflect.Type
	if t != nil && (t.Kind() == reflect.Slice || t.Kind() == reflect.Array) {
		child = t.Elem()
	}
	for w.next(']') {
		if err := w.charge(child); err != nil {
			return err
		}
		if err := w.value(child, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// charge counts what decoding will allocate: two bytes, {}, become a whole struct.
func (w *walker) charge(t reflect.Type) error {
	switch {
	case t == nil:
		return nil
	case t.Kind() == reflect.Struct && t.NumField() > 0:
		w.structs++
	default:
		w.scalars++
	}
	if w.structs > maxStructs || w.scalars > maxScalars {
		return fmt.Errorf("want at most %d objects and %d values", maxStructs, maxScalars)
	}
	return nil
}

// next steps over an opening bracket or a comma; it is false, and past it, at the closing bracket.
func (w *walker) next(closing byte) bool {
	w.space()
	if w.data[w.pos] == closing {
		w.pos++
		return false
	}
	w.pos++
	w.space()
	if w.data[w.pos] == closing { // an empty one
		w.pos++
		return false
	}
	return true
}

func (w *walker) space() {
	for strings.IndexByte(" \t\r\n", w.data[w.pos]) >= 0 {
		w.pos++
	}
}

// text passes over a string and returns it, quotes included.
func (w *walker) text() []byte {
	start := w.pos
	for w.pos++; w.data[w.pos] != '"'; w.pos++ {
		if w.data[w.pos] == '\\' {
			w.pos++
		}
	}
	w.pos++
	return w.data[start:w.pos]
}

func scalarLength(b []byte) int {
	if n := bytes.IndexAny(b, ",]} \t\r\n"); n >= 0 {
		return n
	}
	return len(b)
}

func unquote(text []byte) (string, error) {
	if bytes.IndexByte(text, '\\') < 0 {
		return string(text[1 : len(text)-1]), nil
	}
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return "", fmt.Errorf("reading key %q: %w", clip(string(text)), err)
	}
	return s, nil
}

// childOf returns the type that the value of key is decoded into, nil where it is left alone.
func childOf(t reflect.Type, fields map[string]reflect.Type, key string) (reflect.Type, error) {
	if t != nil && t.Kind() == reflect.Map {
		return t.Elem(), nil
	}
	if child, ok := fields[key]; ok {
		return child, nil
	}
	for name := range fields {
		if strings.EqualFold(name, key) {
			return nil, fmt.Errorf("want key %q in this letter case, got %q", name, clip(key))
		}
	}
	return nil, nil
}

func (w *walker) fieldsOf(t reflect.Type) map[string]reflect.Type {
	if t == nil || t.Kind() != reflect.Struct {
		return nil
	}
	fields, ok := w.fields[t]
	if !ok {
		fields = map[string]reflect.Type{}
		for i := range t.NumField() {
			name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
			fields[name] = t.Field(i).Type
		}
		w.fields[t] = fields
	}
	return fields
}

// concrete follows pointers, and forgets types that decode themselves.
func concrete(t reflect.Type) reflect.Type {
	for t != nil {
		if p := reflect.PointerTo(t); p.Implements(reflect.TypeFor[json.Unmarshaler]()) || p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
			return nil
		}
		if t.Kind() != reflect.Pointer {
			return t
		}
		t = t.Elem()
	}
	return nil
}
