package sigstore

import (
	"cmp"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/core/evidence"
)

// cosignCommands returns the real cosign, v2 and v3. Where interop is asked for, the absence of one is a failure.
func cosignCommands(t *testing.T) (v2, v3 string) {
	t.Helper()
	if os.Getenv("LIFTLOCK_INTEROP") == "" {
		t.Skip("set LIFTLOCK_INTEROP to try against the real cosign")
	}
	var paths [2]string
	for i, name := range []string{"cosign", "cosign3"} {
		path, err := exec.LookPath(cmp.Or(os.Getenv("LIFTLOCK_"+strings.ToUpper(name)), name))
		if err != nil {
			t.Fatal(err)
		}
		paths[i] = path
	}
	return paths[0], paths[1]
}

// shelf is a registry with one image.
type shelf struct {
	repository name.Repository
	image      digest.Digest
}

func newShelf(t *testing.T) shelf {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.WithReferrersSupport(true), registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	repository, err := name.NewRepository(strings.TrimPrefix(server.URL, "http://") + "/acme/checkout")
	if err != nil {
		t.Fatal(err)
	}
	image, err := random.Image(64, 1)
	if err != nil {
		t.Fatal(err)
	}
	hash, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(repository.Digest(hash.String()), image); err != nil {
		t.Fatal(err)
	}
	d, err := digest.Parse(hash.String())
	if err != nil {
		t.Fatal(err)
	}
	return shelf{repository: repository, image: d}
}

func (s shelf) reference() string { return s.repository.Digest(s.image.String()).String() }

// envelopes reads everything that lies beside the image.
func (s shelf) envelopes(t *testing.T) (list []evidence.Envelope) {
	t.Helper()
	take := func(ref name.Reference, source string) {
		image, err := remote.Image(ref)
		if err != nil {
			return
		}
		manifest, err := image.Manifest()
		if err != nil {
			t.Fatal(err)
		}
		layers, err := image.Layers()
		if err != nil {
			t.Fatal(err)
		}
		for i, layer := range layers {
			reader, err := layer.Compressed()
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(reader)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, evidence.Envelope{
				Source: source, MediaType: string(manifest.Layers[i].MediaType), Annotations: manifest.Layers[i].Annotations, Digest: digest.Of(body), Body: body,
			})
		}
	}
	take(s.repository.Tag("sha256-"+s.image.Hex()+".sig"), evidence.SourceLegacySignature)
	take(s.repository.Tag("sha256-"+s.image.Hex()+".att"), evidence.SourceLegacyAttestation)
	index, err := remote.Referrers(s.repository.Digest(s.image.String()))
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	for _, referrer := range manifest.Manifests {
		take(s.repository.Digest(referrer.Digest.String()), evidence.SourceReferrers)
	}
	return list
}

// run runs cosign away from the network and from the user's files.
func run(t *testing.T, dir, command string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), command, args...)
	cmd.Dir = dir
	cmd.Env = []string{
		"HOME=" + dir, "TUF_ROOT=" + filepath.Join(dir, "tuf"), "COSIGN_PASSWORD=", "PATH=" + os.Getenv("PATH"),
		// Some commands ask Sigstore's update server whatever they are told; nobody answers there.
		"HTTPS_PROXY=http://127.0.0.1:1", "HTTP_PROXY=http://127.0.0.1:1", "NO_PROXY=127.0.0.1",
	}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func mustRun(t *testing.T, dir, command string, args ...string) {
	t.Helper()
	if out, err := run(t, dir, command, args...); err != nil {
		t.Fatalf("cosign %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}
