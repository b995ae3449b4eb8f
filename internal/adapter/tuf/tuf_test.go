package tuf

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

func TestTrustedRoot(t *testing.T) {
	r, cache := newRepository(t), t.TempDir()
	for version, content := range []string{"first", "second"} {
		r.publish(int64(version)+1, content, now().Add(time.Hour), nil)
		got, err := r.client(cache).TrustedRoot(t.Context(), r.source())
		if err != nil || string(got) != content {
			t.Fatalf("got %q, %v; want %q", got, err, content)
		}
	}
	if got, err := r.client("").TrustedRoot(t.Context(), r.source()); err != nil || string(got) != "second" {
		t.Errorf("without a cache: %q, %v", got, err)
	}
}

// The keys of a repository change by a root that both the old and the new ones sign.
func TestRootRotates(t *testing.T) {
	r := newRepository(t)
	r.publish(1, "first", now().Add(time.Hour), nil)
	source, before := r.source(), r.signer
	key := must(metadata.KeyFromPublicKey(r.newSigner()))(t)
	for _, role := range []string{metadata.ROOT, metadata.TARGETS, metadata.SNAPSHOT, metadata.TIMESTAMP} {
		if err := r.root.Signed.AddKey(key, role); err != nil {
			t.Fatal(err)
		}
		r.root.Signed.Roles[role].KeyIDs = []string{must(key.ID())(t)}
	}
	r.root.Signed.Version = 2
	r.root.ClearSignatures()
	for _, signer := range []signature.Signer{before, r.signer} {
		if _, err := r.root.Sign(signer); err != nil {
			t.Fatal(err)
		}
	}
	r.files["/2.root.json"] = must(r.root.ToBytes(false))(t)
	r.publish(2, "second", now().Add(time.Hour), nil)
	if got, err := r.client("").TrustedRoot(t.Context(), source); err != nil || string(got) != "second" {
		t.Errorf("got %q, %v", got, err)
	}
}

// A26: whoever serves old metadata wants an old trusted root to be used.
func TestMetadataThatEnded(t *testing.T) {
	r := newRepository(t)
	r.publish(1, "first", now().Add(-time.Second), nil)
	r.refused("", "expired")
}

// A26
func TestRollbackIsRefused(t *testing.T) {
	r, cache := newRepository(t), t.TempDir()
	r.publish(2, "second", now().Add(time.Hour), nil)
	if _, err := r.client(cache).TrustedRoot(t.Context(), r.source()); err != nil {
		t.Fatal(err)
	}
	r.publish(1, "first", now().Add(time.Hour), nil)
	r.refused(cache, "version")
}

func TestSignedBySomebodyElse(t *testing.T) {
	r := newRepository(t)
	r.newSigner()
	r.publish(1, "first", now().Add(time.Hour), nil)
	r.refused("", "not enough signatures")
}

func TestTargetThatWasExchanged(t *testing.T) {
	r := newRepository(t)
	r.publish(1, "first", now().Add(time.Hour), nil)
	for name, content := range r.files {
		if strings.HasSuffix(name, target) {
			r.files[name] = bytes.ToUpper(content)
		}
	}
	r.refused("", "hash")
}

// What metadata says of a length is bounded too: a key that was stolen must not fill the memory.
func TestHugeFilesAreRefused(t *testing.T) {
	r := newRepository(t)
	huge := strings.Repeat("x", maxFile+1)
	r.publish(1, huge, now().Add(time.Hour), nil)
	r.refused("", "want at most 5242880 bytes, got more")
	r.files["/timestamp.json"] = []byte(huge)
	r.refused("", "want at most 16384 bytes, got more")
}

func TestTargetThatIsNotThere(t *testing.T) {
	r := newRepository(t)
	r.publish(1, "first", now().Add(time.Hour), func(f *metadata.TargetFiles) { f.Path = "other.json" })
	delete(r.files, "/1.targets.json")
	r.refused("", "404")
}

func TestMirrors(t *testing.T) {
	for mirror, good := range map[string]bool{
		"https://tuf.example.com": true, "https://tuf.example.com/a": true, "http://127.0.0.1:1": true, "http://localhost:1/x": true,
		"http://tuf.example.com": false, "ftp://tuf.example.com": false, "https://a:b@tuf.example.com": false, "tuf.example.com": false, "": false,
		"http://localhost.example.com": false, "file:///etc": false, "http://127.example.com": false, "http://[::1]:1": true,
	} {
		if err := checkMirror(mirror); (err == nil) != good {
			t.Errorf("%q: %v, want good %v", mirror, err, good)
		}
	}
}

func TestInterrupted(t *testing.T) {
	r := newRepository(t)
	r.publish(1, "first", now().Add(time.Hour), nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.client("").TrustedRoot(ctx, r.source()); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if r.asked != 0 {
		t.Errorf("%d requests", r.asked)
	}
}

// The roots of trust that are built in are what the updater can start from.
func TestEmbeddedRoots(t *testing.T) {
	for name, source := range map[string]Source{"public good": PublicGood(), "staging": Staging()} {
		root, err := metadata.Root().FromBytes(source.Root)
		if err != nil || root.Signed.Version < 1 || checkMirror(source.Mirror) != nil {
			t.Errorf("%s: %v at %s", name, err, source.Mirror)
		}
	}
}

// FuzzMetadata: whatever a repository serves in place of its metadata, nothing of it is believed, and nothing breaks.
func FuzzMetadata(f *testing.F) {
	f.Add("/timestamp.json", []byte(`{"signed":{"_type":"timestamp"},"signatures":[]}`))
	f.Add("/1.snapshot.json", []byte("{"))
	f.Add("/2.root.json", []byte(`{"signed":{"_type":"root","version":2},"signatures":null}`))
	f.Fuzz(func(t *testing.T, name string, content []byte) {
		r := newRepository(t)
		r.publish(1, "first", now().Add(time.Hour), nil)
		r.files[name] = content
		got, err := r.client("").TrustedRoot(t.Context(), Source{Mirror: r.URL, Root: sign(r, r.root)})
		if err == nil && string(got) != "first" {
			t.Errorf("believed %q", got)
		}
	})
}
