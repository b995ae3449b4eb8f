package verdict

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/liftlock/liftlock/internal/core/digest"
)

func TestCanonical(t *testing.T) {
	type inner struct {
		B int    `json:"b"`
		A string `json:"a,omitempty"`
	}
	for name, c := range map[string]struct {
		value any
		want  string
	}{
		"nothing": {nil, `null`},
		"sorted":  {map[string]any{"b": 1, "a": []any{true, nil, "x"}, "aa": "y"}, `{"a":[true,null,"x"],"aa":"y","b":1}`},
		"struct": {struct {
			Z inner          `json:"z"`
			Y []string       `json:"y"`
			X *inner         `json:"x"`
			W *inner         `json:"w,omitempty"`
			V map[string]int `json:"v"`
			U []byte         `json:"-"`
		}{Z: inner{B: 1}}, `{"v":{},"x":null,"y":[],"z":{"b":1}}`},
		"HTML":       {"<a & b>", `"\u003ca \u0026 b\u003e"`},
		"control":    {"\x00\x1f\"\\\n\b\x7f", `"\u0000\u001f\"\\\n\b` + "\x7f" + `"`},
		"separators": {"\u2028\u2029é😀", `"\u2028\u2029é😀"`},
		"large":      {int64(math.MaxInt64), `9223372036854775807`},
		"negative":   {json.Number("-5"), `-5`},
		"bytes":      {[]byte("hi"), `"aGk="`},
		"digest":     {digest.Of(nil), `"` + digest.Of(nil).String() + `"`},
		"zero digest": {struct {
			D digest.Digest `json:"d"`
		}{}, `{"d":""}`},
		"nil list":  {[]string(nil), `[]`},
		"nil map":   {map[string]int(nil), `{}`},
		"named key": {map[Outcome]int{Pass: 1, Fail: 2}, `{"fail":2,"pass":1}`},
		"raw":       {json.RawMessage(`{"a":1}`), `{"a":1}`},
		"pointer":   {&inner{B: 2, A: "q"}, `{"a":"q","b":2}`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Canonical(c.value)
			if err != nil || string(got) != c.want {
				t.Errorf("got %s, %v: want %s", got, err, c.want)
			}
		})
	}
}

func TestCanonicalRefuses(t *testing.T) {
	type cycle struct {
		Next *cycle `json:"next"`
	}
	round := &cycle{}
	round.Next = round
	for name, c := range map[string]struct {
		value any
		want  string
	}{
		"float":        {1.5, "float64 has no canonical form"},
		"whole float":  {float32(1), "float32"},
		"not a number": {math.NaN(), "float64"},
		"in a list":    {map[string]any{"a": []any{1.0}}, "a: [0]: a value of type float64"},
		"point":        {json.Number("1.0"), `number "1.0"`},
		"exponent":     {json.Number("1e3"), `number "1e3"`},
		"minus zero":   {json.Number("-0"), `number "-0"`},
		"leading zero": {json.Number("01"), `number "01"`},
		"too large":    {json.Number("9223372036854775808"), "number"},
		"empty number": {json.Number(""), "number"},
		"no UTF-8":     {"\xff", "is not UTF-8"},
		"no UTF-8 key": {map[string]int{"\xff": 1}, "is not UTF-8"},
		"number key":   {map[int]int{1: 1}, "want text"},
		"function":     {func() {}, "has no canonical form"},
		"no name":      {struct{ A int }{}, "want exported, with a json name"},
		"option": {struct {
			A int `json:"a,string"`
		}{}, "at most the option omitempty"},
		"same name":     {twins(), "two fields are called"},
		"cycle":         {round, "nested deeper"},
		"raw float":     {json.RawMessage(`{"a":1.5}`), "number"},
		"raw duplicate": {json.RawMessage(`{"a":1,"a":2}`), "not canonical at byte"},
		"raw spacing":   {json.RawMessage(`{"a": 1}`), "not canonical"},
		"raw surrogate": {json.RawMessage(`"\ud800"`), "not canonical"},
		"raw trailing":  {json.RawMessage(`1 2`), "more data"},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := Canonical(c.value); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %s, %v: want %q", got, err, c.want)
			}
		})
	}
}

// twins is a struct with two fields of one name, which vet would refuse in plain sight.
func twins() any {
	field := func(name string) reflect.StructField {
		return reflect.StructField{Name: name, Type: reflect.TypeFor[int](), Tag: `json:"a"`}
	}
	return reflect.Zero(reflect.StructOf([]reflect.StructField{field("A"), field("B")})).Interface()
}

// No document type holds a float, a value of any type, or a member without a name of its own.
func TestDocumentsHoldNoFloat(t *testing.T) {
	for _, document := range []any{Input{}, Verdict{}} {
		walkType(t, reflect.TypeOf(document), map[reflect.Type]bool{}, "")
	}
}

func walkType(t *testing.T, typ reflect.Type, seen map[reflect.Type]bool, path string) {
	path += "/" + typ.Name()
	if seen[typ] || typ.Implements(textMarshaler) {
		return
	}
	seen[typ] = true
	switch typ.Kind() {
	case reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128, reflect.Interface:
		t.Errorf("%s: a %s", path, typ.Kind())
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		walkType(t, typ.Elem(), seen, path)
	case reflect.Struct:
		for i := range typ.NumField() {
			if field := typ.Field(i); field.Tag.Get("json") != "-" {
				walkType(t, field.Type, seen, path+"."+field.Name)
			}
		}
	}
}

func TestParseCanonicalRefusesUnknownFields(t *testing.T) {
	var code struct {
		A int `json:"a"`
	}
	for text, want := range map[string]string{`{"a":1,"b":2}`: "unknown field", `{"A":1}`: "not canonical", `{"a":1}` + "\n": "not canonical", `{}`: "not canonical", ``: "EOF"} {
		if err := ParseCanonical([]byte(text), &code); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v: want %q", text, err, want)
		}
	}
}

// FuzzParseCanonical holds that whatever is accepted is written back byte for byte, and that encoding/json reads the same from it.
func FuzzParseCanonical(f *testing.F) {
	for _, seed := range []string{`{"a":[1,-2,"\u003c"],"b":null}`, `"\ud83d\ude00"`, `{"a":1,"a":1}`, `1e2`, `[[[]]]`, `"\u2028"`, `-0`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var v any
		if ParseCanonical(text, &v) != nil {
			return
		}
		again, err := Canonical(v)
		if err != nil || !bytes.Equal(again, text) {
			t.Fatalf("%q became %q (%v)", text, again, err)
		}
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		var plain any
		if err := decoder.Decode(&plain); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if standard, err := json.Marshal(plain); err != nil || !bytes.Equal(standard, text) {
			t.Fatalf("%q: encoding/json writes %q (%v)", text, standard, err)
		}
	})
}
