package tuf

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// now is the clock of the tests.
func now() time.Time { return time.Date(2026, time.November, 20, 9, 0, 0, 0, time.UTC) }

// repository is a TUF repository on loopback, all of whose roles have one key.
type repository struct {
	*httptest.Server
	t      *testing.T
	root   *metadata.Metadata[metadata.RootType]
	signer signature.Signer

	mu    sync.Mutex // protects what follows
	files map[string][]byte
	asked int
}

func newRepository(t *testing.T) *repository {
	t.Helper()
	r := &repository{t: t, files: map[string][]byte{}}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	r.root = metadata.Root(now().AddDate(1, 0, 0))
	public := r.newSigner()
	key := must(metadata.KeyFromPublicKey(public))(t)
	for _, role := range []string{metadata.ROOT, metadata.TARGETS, metadata.SNAPSHOT, metadata.TIMESTAMP} {
		if err := r.root.Signed.AddKey(key, role); err != nil {
			t.Fatal(err)
		}
	}
	r.files["/1.root.json"] = sign(r, r.root)
	return r
}

// newSigner makes the key with which everything is signed from then on.
func (r *repository) newSigner() ed25519.PublicKey {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		r.t.Fatal(err)
	}
	r.signer = must(signature.LoadSigner(private, crypto.Hash(0)))(r.t)
	return public
}

func must[T any](value T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func sign[T metadata.Roles](r *repository, m *metadata.Metadata[T]) []byte {
	m.ClearSignatures()
	if _, err := m.Sign(r.signer); err != nil {
		r.t.Fatal(err)
	}
	return must(m.ToBytes(false))(r.t)
}

// publish signs a version of everything. Change may lie about the target before it is signed.
func (r *repository) publish(version int64, content string, until time.Time, change func(*metadata.TargetFiles)) {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	sum := sha256.Sum256([]byte(content))
	file := &metadata.TargetFiles{Length: int64(len(content)), Hashes: metadata.Hashes{"sha256": sum[:]}, Path: target}
	if change != nil {
		change(file)
	}
	targets := metadata.Targets(until)
	targets.Signed.Version = version
	targets.Signed.Targets[target] = file
	snapshot := metadata.Snapshot(until)
	snapshot.Signed.Version = version
	snapshot.Signed.Meta["targets.json"] = metadata.MetaFile(version)
	timestamp := metadata.Timestamp(until)
	timestamp.Signed.Version = version
	timestamp.Signed.Meta["snapshot.json"] = metadata.MetaFile(version)
	r.files[fmt.Sprintf("/%d.targets.json", version)] = sign(r, targets)
	r.files[fmt.Sprintf("/%d.snapshot.json", version)] = sign(r, snapshot)
	r.files["/timestamp.json"] = sign(r, timestamp)
	r.files["/targets/"+hex.EncodeToString(sum[:])+"."+target] = []byte(content)
}

// ServeHTTP serves what was published, as a content delivery network does.
func (r *repository) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked++
	content, ok := r.files[q.URL.Path]
	if !ok {
		http.NotFound(w, q)
		return
	}
	if _, err := w.Write(content); err != nil {
		r.t.Log(err)
	}
}

func (r *repository) source() Source { return Source{Mirror: r.URL, Root: r.files["/1.root.json"]} }

func (r *repository) client(cache string) Client {
	return Client{Transport: http.DefaultTransport, Now: now, Cache: cache}
}

// refused expects an error that says so.
func (r *repository) refused(cache, want string) {
	r.t.Helper()
	content, err := r.client(cache).TrustedRoot(r.t.Context(), r.source())
	if err == nil || content != nil || !strings.Contains(err.Error(), want) {
		r.t.Errorf("want an error with %q, got %v", want, err)
	}
}
