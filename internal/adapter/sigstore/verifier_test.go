package sigstore

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

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
	request, err := json.Marshal(evidence.VerifyRequest{Digest: w.image, Envelopes: envelopes, Trust: w.trust})
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := Verify(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	var answer evidence.VerifyAnswer
	if err := json.Unmarshal(encoded, &answer); err != nil {
		t.Fatal(err)
	}
	if got := len(answer.Verified) + len(answer.Rejected); got < len(envelopes) {
		t.Fatalf("want an answer for each of %d envelopes, got %d", len(envelopes), got)
	}
	return answer
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
	claims := evidence.Claims{
		Trust: "sandbox", VerifiedAt: start.Unix() + 1, Issuer: signer.GitHubIssuer, SAN: identity.SAN(), BuildSignerURI: identity.SAN(),
		RunnerEnvironment: "github-hosted", SourceRepository: "https://github.com/acme/checkout", SourceDigest: strings.Repeat("0123456789", 4),
		SourceRef: "refs/heads/main", SourceRepositoryID: "101", SourceOwnerID: "7", BuildConfigURI: identity.SAN(), BuildTrigger: "push",
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
				if v.Kind != evidence.KindSignature || v.Statement != nil {
					t.Errorf("want a signature without statement, got %q with %q", v.Kind, v.Statement)
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
				if v.Kind != evidence.KindAttestation || v.PredicateType != predicateType || !strings.Contains(string(v.Statement), `"passed"`) {
					t.Errorf("want the signed statement, got %q %q %q", v.Kind, v.PredicateType, v.Statement)
				}
			})
		}
	}
}
