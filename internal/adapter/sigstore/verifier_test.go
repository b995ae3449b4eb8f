package sigstore

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/core/evidence"
	"github.com/liftlock/liftlock/internal/sandbox/signer"
)

// world is a signing authority at a fixed time, an image, and trust in the authority and one key.
type world struct {
	authority *signer.Authority
	keyless   *signer.Signer
	key       *signer.Signer
	image     digest.Digest
	trust     evidence.Trust
}

var (
	identity = signer.Identity{Repository: "acme/checkout", RepositoryID: "101", OwnerID: "7"}
	start    = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
)

func newWorld(t testing.TB) world {
	t.Helper()
	authority, err := signer.New(func() time.Time { return start }, t.Name())
	if err != nil {
		t.Fatal(err)
	}
	key, err := signer.NewKey("release")
	if err != nil {
		t.Fatal(err)
	}
	w := world{authority: authority, keyless: authority.Keyless(identity), key: key, image: digest.Of([]byte("an image"))}
	root, err := authority.TrustedRootJSON()
	if err != nil {
		t.Fatal(err)
	}
	pem, err := key.PublicPEM()
	if err != nil {
		t.Fatal(err)
	}
	w.trust = evidence.Trust{Roots: []evidence.TrustRoot{{Name: "sandbox", JSON: root}}, Keys: []evidence.TrustKey{{Name: "release", PEM: pem}}}
	return w
}

// verify sends the envelopes through the encoded form, as a child process would get them.
func (w world) verify(t testing.TB, envelopes ...evidence.Envelope) evidence.VerifyAnswer {
	t.Helper()
	var request evidence.VerifyRequest
	encoded(t, evidence.VerifyRequest{Digest: w.image, Envelopes: envelopes, Trust: w.trust}, &request)
	said, err := new(Verifier).Verify(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	var answer evidence.VerifyAnswer
	encoded(t, said, &answer)
	if got := len(answer.Verified) + len(answer.Rejected); got < len(envelopes) {
		t.Fatalf("want an answer for each of %d envelopes, got %d", len(envelopes), got)
	}
	return answer
}

// encoded fills to with what from is after a way through bytes.
func encoded(t testing.TB, from, to any) {
	t.Helper()
	data, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(data, to)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// made unwraps what a sandbox signer made.
func made(t testing.TB) func(o signer.Object, err error) evidence.Envelope {
	return func(o signer.Object, err error) evidence.Envelope {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return o.Envelope
	}
}

const predicateType = "https://example.com/tested/v1"

func TestVerifiesEveryForm(t *testing.T) {
	w := newWorld(t)
	commit := strings.Repeat("0123456789", 4)
	claims := evidence.Claims{
		Trust: "sandbox", VerifiedAt: start.Unix() + 1, Issuer: signer.GitHubIssuer, SAN: identity.SAN(), BuildSignerURI: identity.SAN(), BuildSignerDigest: commit,
		RunnerEnvironment: "github-hosted", SourceRepository: "https://github.com/acme/checkout", SourceDigest: commit,
		SourceRef: "refs/heads/main", SourceRepositoryID: "101", SourceOwner: "https://github.com/acme", SourceOwnerID: "7",
		BuildConfigURI: identity.SAN(), BuildConfigDigest: commit, BuildTrigger: "push", SourceVisibility: "public",
		RunURI: "https://github.com/acme/checkout/actions/runs/1/attempts/1",
	}
	for _, by := range []struct {
		name   string
		signer *signer.Signer
	}{{"keyless", w.keyless}, {"key", w.key}} {
		for _, form := range []struct {
			name string
			form signer.Form
		}{{"legacy", signer.Legacy}, {"bundle", signer.Bundle}} {
			t.Run(by.name+" signature "+form.name, func(t *testing.T) {
				answer := w.verify(t, made(t)(by.signer.Sign(w.image, form.form)))
				if len(answer.Verified) != 1 {
					t.Fatalf("want one verified signature, got %+v", answer.Rejected)
				}
				v := answer.Verified[0]
				if v.Kind != evidence.KindSignature {
					t.Errorf("want a signature, got %q", v.Kind)
				}
				if by.name == "keyless" && v.Signer != claims {
					t.Errorf("claims:\nwant %+v\ngot  %+v", claims, v.Signer)
				}
				if by.name == "key" && (v.Signer.Trust != "release" || !strings.HasPrefix(v.Signer.Key, "sha256:") || v.Signer.VerifiedAt != 0) {
					t.Errorf("want key claims without trusted time, got %+v", v.Signer)
				}
			})
			t.Run(by.name+" attestation "+form.name, func(t *testing.T) {
				answer := w.verify(t, made(t)(by.signer.Attest(w.image, form.form, predicateType, map[string]string{"result": "passed"})))
				if len(answer.Verified) != 1 {
					t.Fatalf("want one verified attestation, got %+v", answer.Rejected)
				}
				v := answer.Verified[0]
				if v.Kind != evidence.KindAttestation || v.PredicateType != predicateType {
					t.Errorf("want an attestation of %q, got %q %q", predicateType, v.Kind, v.PredicateType)
				}
			})
		}
	}
}

func TestRefusesUnfitRequests(t *testing.T) {
	w := newWorld(t)
	envelope := made(t)(w.key.Sign(w.image, signer.Legacy))
	weak := "-----BEGIN PUBLIC KEY-----\nMFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBALqbHeRLCyOdykC5SDLqI49ArYGYG1mq\naH9/GnWjGavZM02fos4lc2w6tCchcUBNtJvGqKwhC5JEnx3RYoSX2ucCAwEAAQ==\n-----END PUBLIC KEY-----\n"
	for name, request := range map[string]evidence.VerifyRequest{
		"no digest":          {Trust: w.trust},
		"too many envelopes": {Digest: w.image, Trust: w.trust, Envelopes: make([]evidence.Envelope, maxEnvelopes+1)},
		"broken root":        {Digest: w.image, Trust: evidence.Trust{Roots: []evidence.TrustRoot{{Name: "r", JSON: []byte("{")}}}, Envelopes: []evidence.Envelope{envelope}},
		"broken key":         {Digest: w.image, Trust: evidence.Trust{Keys: []evidence.TrustKey{{Name: "k", PEM: []byte("k")}}}},
		"weak key":           {Digest: w.image, Trust: evidence.Trust{Keys: []evidence.TrustKey{{Name: "k", PEM: []byte(weak)}}}},
		"unknown profile":    {Digest: w.image, Trust: evidence.Trust{Roots: []evidence.TrustRoot{{Name: "r", Profile: "public", JSON: w.trust.Roots[0].JSON}}}},
		"logs of GitHub":     {Digest: w.image, Trust: evidence.Trust{Roots: []evidence.TrustRoot{{Name: "r", Profile: evidence.ProfileGitHub, JSON: w.trust.Roots[0].JSON}}}},
		"too many documents": {Digest: w.image, Trust: evidence.Trust{Roots: []evidence.TrustRoot{{Name: "r", JSON: bytes.Repeat(w.trust.Roots[0].JSON, maxRoots+1)}}}},
		"empty root":         {Digest: w.image, Trust: evidence.Trust{Roots: []evidence.TrustRoot{{Name: "r"}}}},
		"too many roots":     {Digest: w.image, Trust: evidence.Trust{Roots: make([]evidence.TrustRoot, maxRoots+1)}},
		"too many keys":      {Digest: w.image, Trust: evidence.Trust{Keys: make([]evidence.TrustKey, maxKeys+1)}},
	} {
		t.Run(name, func(t *testing.T) {
			if answer, err := new(Verifier).Verify(t.Context(), request); err == nil {
				t.Errorf("want an error, got %+v", answer)
			}
		})
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := new(Verifier).Verify(ended, evidence.VerifyRequest{Digest: w.image, Envelopes: []evidence.Envelope{envelope}}); !errors.Is(err, context.Canceled) {
		t.Errorf("want the context's error, got %v", err)
	}
}

// Without trust nothing is verified, and every envelope says why.
func TestNoTrust(t *testing.T) {
	w := newWorld(t)
	w.trust = evidence.Trust{}
	w.wantOnly(t, codeUntrusted, made(t)(w.keyless.Sign(w.image, signer.Bundle)))
	w.wantOnly(t, codeInvalid, made(t)(w.key.Sign(w.image, signer.Bundle)))
}

// The libraries read these variables elsewhere; here they must change nothing, and nothing may be printed.
func TestEnvironmentAndStderrAreLeftAlone(t *testing.T) {
	w := newWorld(t)
	envelopes := []evidence.Envelope{
		made(t)(w.keyless.Sign(w.image, signer.Legacy)), made(t)(w.keyless.Attest(w.image, signer.Legacy, predicateType, tested(1))),
		made(t)(w.keyless.Sign(w.image, signer.Bundle)), made(t)(w.key.Sign(w.image, signer.Legacy)), made(t)(w.key.LoggedBy(w.authority).Sign(w.image, signer.Bundle)),
		made(t)(w.keyless.WithFlaws(signer.Flaws{NoSCT: true}).Sign(w.image, signer.Legacy)), made(t)(w.keyless.WithFlaws(signer.Flaws{RetiredIssuer: true}).Sign(w.image, signer.Bundle)),
	}
	want := w.verify(t, envelopes...)
	if len(want.Verified) != 5 || len(want.Rejected) != 2 {
		t.Fatalf("want 5 verified and 2 rejected, got %+v", want)
	}
	for _, name := range []string{
		"COSIGN_EXPERIMENTAL", "COSIGN_REPOSITORY", "COSIGN_MAX_ATTACHMENT_SIZE", "COSIGN_OCI_EXPERIMENTAL", "COSIGN_DOCKER_MEDIA_TYPES",
		"SIGSTORE_ROOT_FILE", "SIGSTORE_CT_LOG_PUBLIC_KEY_FILE", "SIGSTORE_REKOR_PUBLIC_KEY", "SIGSTORE_TSA_CERTIFICATE_FILE", "SIGSTORE_NO_CACHE",
		"TUF_ROOT", "TUF_MIRROR", "TUF_ROOT_JSON",
	} {
		t.Setenv(name, "/nowhere")
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, stdout, logs := os.Stderr, os.Stdout, log.Writer()
	os.Stderr, os.Stdout = writer, writer
	log.SetOutput(writer)
	got := w.verify(t, envelopes...)
	os.Stderr, os.Stdout = stderr, stdout
	log.SetOutput(logs)
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	printed, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	if len(printed) != 0 {
		t.Errorf("want nothing printed, got %q", printed)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(digest.Digest{})); diff != "" {
		t.Errorf("the environment changed the answer:\n%s", diff)
	}
}

// The log of the sandbox grows through every shape of tree; each proof must hold.
func TestLogProofsHoldAsTheLogGrows(t *testing.T) {
	w := newWorld(t)
	for i := range 18 {
		if answer := w.verify(t, made(t)(w.keyless.Attest(w.image, signer.Bundle, predicateType, tested(i)))); len(answer.Verified) != 1 {
			t.Fatalf("entry %d: %+v", i, answer.Rejected)
		}
	}
}
