package github_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/golang/snappy"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/sandbox/github"
)

// bundleAbout is as much of a bundle as GitHub itself reads.
func bundleAbout(subject digest.Digest, note string) []byte {
	statement := fmt.Sprintf(`{"subject":[{"name":"x","digest":{"sha256":%q}}],"note":%q}`, subject.Hex(), note)
	return fmt.Appendf(nil, `{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{},"dsseEnvelope":{"payload":%q}}`,
		base64.StdEncoding.EncodeToString([]byte(statement)))
}

type attestationList struct {
	Attestations []struct {
		Bundle json.RawMessage `json:"bundle"`
		URL    string          `json:"bundle_url"`
	} `json:"attestations"`
}

// reader installs an App that may read attestations of one repository.
func (w *world) reader(permissions map[string]string) {
	w.Helper()
	w.app = must(w.hub.InstallApp(github.AppOptions{Slug: "reader", Owner: "acme", Repositories: []string{other}, Key: testKey(w), Permissions: permissions}))(w)
}

// ask sends a request by the App's installation and returns status, Link and body.
func (w *world) ask(path string) (status int, link string, body []byte) {
	w.Helper()
	token := must(w.transport().Token(context.Background()))(w)
	request := must(http.NewRequest(http.MethodGet, w.url+path, nil))(w)
	request.Header.Set("Authorization", "Bearer "+token)
	response := must(http.DefaultClient.Do(request))(w)
	defer response.Body.Close()
	return response.StatusCode, response.Header.Get("Link"), must(io.ReadAll(response.Body))(w)
}

func TestAttestationsComeByCursorAndByAddress(t *testing.T) {
	w := newWorld(t)
	w.reader(map[string]string{"attestations": "read"})
	subject := digest.Of([]byte("image"))
	for n := range 3 {
		w.check(w.hub.AddAttestation(github.Attestation{Repository: other, Bundle: bundleAbout(subject, fmt.Sprint(n)), Inline: n == 0}))
	}
	w.check(w.hub.AddAttestation(github.Attestation{Repository: deploy, Bundle: bundleAbout(subject, "of another repository")}))
	var bundles [][]byte
	path := "/api/v3/repos/" + other + "/attestations/" + subject.String() + "?per_page=2"
	for pages := 0; path != ""; pages++ {
		status, link, body := w.ask(path)
		var list attestationList
		if err := json.Unmarshal(body, &list); err != nil || status != http.StatusOK || pages > 1 {
			t.Fatalf("page %d: %d, %v", pages, status, err)
		}
		for _, a := range list.Attestations {
			bundle := []byte(a.Bundle)
			if a.URL != "" {
				bundle = w.stored(a.URL)
			}
			bundles = append(bundles, bundle)
		}
		path = ""
		if before, _, found := strings.Cut(link, `>; rel="next"`); found {
			path = strings.TrimPrefix(before, "<"+w.url)
		}
	}
	for n, bundle := range bundles {
		if want := string(bundleAbout(subject, fmt.Sprint(n))); string(bundle) != want {
			t.Errorf("bundle %d is %s, want %s", n, bundle, want)
		}
	}
	if len(bundles) != 3 {
		t.Errorf("got %d bundles", len(bundles))
	}
	if status, _, _ := w.ask("/api/v3/repos/" + other + "/attestations/" + digest.Of(nil).String()); status != http.StatusNotFound {
		t.Errorf("a digest without attestations: %d", status)
	}
}

// stored reads a bundle from the storage, which takes no credentials.
func (w *world) stored(address string) []byte {
	w.Helper()
	for _, authorization := range []string{"Bearer x", ""} {
		want := map[string]int{"Bearer x": http.StatusBadRequest, "": http.StatusOK}[authorization]
		request := must(http.NewRequest(http.MethodGet, address, nil))(w)
		if authorization != "" {
			request.Header.Set("Authorization", authorization)
		}
		response := must(http.DefaultClient.Do(request))(w)
		body := must(io.ReadAll(response.Body))(w)
		w.check(response.Body.Close())
		if response.StatusCode != want {
			w.Fatalf("%d to authorization %q, want %d", response.StatusCode, authorization, want)
		}
		if want == http.StatusOK {
			return must(snappy.Decode(nil, body))(w)
		}
	}
	return nil
}

func TestAttestationsNeedTheirPermission(t *testing.T) {
	w := newWorld(t)
	w.reader(map[string]string{"contents": "read"})
	subject := digest.Of([]byte("image"))
	w.check(w.hub.AddAttestation(github.Attestation{Repository: other, Bundle: bundleAbout(subject, "")}))
	for path, want := range map[string]int{other: http.StatusForbidden, deploy: http.StatusNotFound} {
		if status, _, _ := w.ask("/api/v3/repos/" + path + "/attestations/" + subject.String()); status != want {
			t.Errorf("%s: %d, want %d", path, status, want)
		}
	}
	response := must(http.Get(w.url + "/-/attestations/1?sig="))(t)
	w.check(response.Body.Close())
	if response.StatusCode != http.StatusForbidden {
		t.Errorf("an address that was not signed: %d", response.StatusCode)
	}
	if err := w.hub.AddAttestation(github.Attestation{Repository: other, Bundle: []byte("{}")}); err == nil {
		t.Error("took a bundle about nothing")
	}
}
