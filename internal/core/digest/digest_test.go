package digest

import (
	"encoding/json"
	"strings"
	"testing"
)

const sample = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

func TestParseTakesOneSpellingOnly(t *testing.T) {
	if d, err := Parse(sample); err != nil || d.String() != sample || d.Hex() != sample[7:] || d.IsZero() {
		t.Errorf("Parse(%q) = %v, %v", sample, d, err)
	}
	for _, bad := range []string{
		"", "sha256:", sample[:70], sample + "0", strings.ToUpper(sample), "sha512:" + sample[7:], " " + sample, sample + "\n",
		strings.Replace(sample, "9", "g", 1), strings.Repeat("x", 1<<20),
	} {
		d, err := Parse(bad)
		if err == nil || !d.IsZero() {
			t.Errorf("Parse(%.80q) = %v, want an error", bad, d)
		}
		if err != nil && len(err.Error()) > 600 {
			t.Errorf("an error of %d bytes for a hostile value", len(err.Error()))
		}
	}
}

func TestShortIsForPeopleAndStaysParsable(t *testing.T) {
	d := Of([]byte("test"))
	if got, want := d.Short(), "sha256:9f86…0a08"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if (Digest{}).Short() != "" || (Digest{}).String() != "" {
		t.Error("the zero digest shows something")
	}
}

func TestDocumentsKeepTheZeroDigestAsEmptyText(t *testing.T) {
	type document struct {
		D Digest     `json:"d"`
		R Repository `json:"r"`
	}
	for _, text := range []string{`{"d":"","r":""}`, `{"d":"` + sample + `","r":"ghcr.io/acme/checkout"}`} {
		var v document
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatalf("reading %s: %v", text, err)
		}
		if got, err := json.Marshal(v); err != nil || string(got) != text {
			t.Errorf("got %s, %v, want %s", got, err, text)
		}
	}
	for _, bad := range []string{`{"d":"sha256:0"}`, `{"r":"upper/Case"}`} {
		if err := json.Unmarshal([]byte(bad), &document{}); err == nil {
			t.Errorf("%s was accepted", bad)
		}
	}
}

func TestRepositoriesAreComparedInNormalForm(t *testing.T) {
	for written, want := range map[string]string{
		"nginx": "docker.io/library/nginx", "acme/app": "docker.io/acme/app", "index.docker.io/acme/app": "docker.io/acme/app",
		"ghcr.io/acme/checkout": "ghcr.io/acme/checkout", "localhost:5000/a": "localhost:5000/a", "127.0.0.1:5000/a/b": "127.0.0.1:5000/a/b",
	} {
		r, err := ParseRepository(written)
		if err != nil || r.String() != want {
			t.Errorf("ParseRepository(%q) = %q, %v, want %q", written, r, err, want)
		}
	}
	for _, bad := range []string{"", "ghcr.io/acme/app:v1", "ghcr.io/acme/app@" + sample, "ghcr.io/Acme/app", "../x", "a b", "https://ghcr.io/a"} {
		if r, err := ParseRepository(bad); err == nil {
			t.Errorf("ParseRepository(%q) = %q, want an error", bad, r)
		}
	}
	r, err := ParseRepository("localhost:5000/acme/app")
	if err != nil || r.Host() != "localhost:5000" || r.Name() != "app" {
		t.Errorf("got host %q and name %q, %v", r.Host(), r.Name(), err)
	}
}

func TestParseImageAddsNothing(t *testing.T) {
	for text, want := range map[string]Image{
		"ghcr.io/a/b":              {},
		"ghcr.io/a/b:v1":           {Tag: "v1"},
		"ghcr.io/a/b@" + sample:    {Digest: Of([]byte("test"))},
		"ghcr.io/a/b:v1@" + sample: {Tag: "v1", Digest: Of([]byte("test"))},
	} {
		got, err := ParseImage(text)
		if err != nil || got.Repository.String() != "ghcr.io/a/b" || got.Tag != want.Tag || got.Digest != want.Digest {
			t.Errorf("ParseImage(%q) = %+v, %v", text, got, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(sample)
	f.Add("sha256:")
	f.Fuzz(func(t *testing.T, s string) {
		d, err := Parse(s)
		if err == nil && d.String() != s {
			t.Errorf("Parse(%q) prints as %q", s, d)
		}
	})
}

func FuzzParseRepository(f *testing.F) {
	f.Add("ghcr.io/acme/checkout")
	f.Add("nginx")
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseRepository(s)
		if err != nil {
			return
		}
		again, err := ParseRepository(r.String())
		if err != nil || again != r {
			t.Errorf("%q parses to %q, which parses to %q, %v", s, r, again, err)
		}
	})
}
