package sigstore

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

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

// FuzzAnnotations: whatever stands beside a layer, it is answered for, and nothing but the right signature is ever verified.
func FuzzAnnotations(f *testing.F) {
	w := newWorld(f)
	envelope := made(f)(w.keyless.Sign(w.image, signer.Legacy))
	const certificate, entry, stamped = "dev.sigstore.cosign/certificate", "dev.sigstore.cosign/bundle", "dev.sigstore.cosign/rfc3161timestamp"
	f.Add(envelope.Annotations[entry], envelope.Annotations[certificate], "")
	f.Add(`{"SignedEntryTimestamp":"AA==","Payload":{"body":1,"integratedTime":1,"logIndex":1,"logID":"00"}}`, "\n", `{"SignedRFC3161Timestamp":"AA=="}`)
	trusted, err := parseTrust(w.trust)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, bundle, leaf, timestamp string) {
		e := annotated(annotated(annotated(envelope, entry, bundle), certificate, leaf), stamped, timestamp)
		verified, err := verifyOne(w.image, e, trusted)
		if (err == nil) != (len(verified) == 1) {
			t.Fatalf("want an answer, got %+v and %v", verified, err)
		}
		if err == nil && verified[0].Signer.SAN != identity.SAN() {
			t.Fatalf("want the signer's own name, got %+v", verified[0].Signer)
		}
		if err != nil && (detail(err) == "" || !utf8.ValidString(detail(err)) || strings.Contains(err.Error(), "gave up")) {
			t.Fatalf("want a plain reason, got %q", err)
		}
	})
}

// FuzzBundle: likewise for bundles.
func FuzzBundle(f *testing.F) {
	w := newWorld(f)
	for _, s := range []*signer.Signer{w.keyless, w.key, w.key.LoggedBy(w.authority)} {
		f.Add(made(f)(s.Attest(w.image, signer.Bundle, predicateType, tested(1))).Body)
	}
	trusted, err := parseTrust(w.trust)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		e := evidence.Envelope{Source: evidence.SourceReferrers, MediaType: bundleTypePrefix + ".v0.3+json", Digest: digest.Of(body), Body: body}
		verified, err := verifyOne(w.image, e, trusted)
		if (err == nil) != (len(verified) == 1) {
			t.Fatalf("want an answer, got %+v and %v", verified, err)
		}
		if err != nil && strings.Contains(err.Error(), "gave up") {
			t.Fatalf("want a plain reason, got %q", err)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	w := newWorld(b)
	for _, by := range []struct {
		name   string
		signer *signer.Signer
	}{{"keyless", w.keyless}, {"key", w.key}} {
		for name, form := range map[string]signer.Form{"legacy": signer.Legacy, "bundle": signer.Bundle} {
			b.Run(by.name+" "+name, func(b *testing.B) {
				request := evidence.VerifyRequest{Digest: w.image, Trust: w.trust, Envelopes: []evidence.Envelope{made(b)(by.signer.Attest(w.image, form, predicateType, tested(1)))}}
				v := new(Verifier)
				b.ReportAllocs()
				for b.Loop() {
					if answer, err := v.Verify(b.Context(), request); err != nil || len(answer.Verified) != 1 {
						b.Fatal(answer, err)
					}
				}
			})
		}
	}
}

// largeReport is the predicate of a Trivy report of some size.
func largeReport(t testing.TB, size int) any {
	t.Helper()
	const finding = `{"VulnerabilityID":"CVE-2024-%d","PkgName":"libc6","InstalledVersion":"2.36","FixedVersion":"2.37","Severity":"HIGH","VendorSeverity":{"debian":1,"nvd":3},"Description":"%s","PublishedDate":"2024-01-01T00:00:00Z"}`
	var report strings.Builder
	report.WriteString(`{"scanner":{"result":{"SchemaVersion":2,"Results":[{"Packages":[{}],"Vulnerabilities":[`)
	for i := 0; report.Len() < size-2500; i++ {
		fmt.Fprintf(&report, finding+",", i, strings.Repeat("A heap overflow. ", 120))
	}
	fmt.Fprintf(&report, finding, 0, "the last")
	report.WriteString(`]}]}},"metadata":{"scanFinishedOn":"2026-01-02T03:04:05Z"}}`)
	return json.RawMessage(report.String())
}

// BenchmarkLargeReport: what verifying and reading a report takes is little beside its bytes (A37).
func BenchmarkLargeReport(b *testing.B) {
	w := profiled(b, evidence.ProfilePrivate, signer.PublicGood())
	second := profiled(b, evidence.ProfilePrivate, signer.Services{CertificateLog: true, Log: signer.RekorV2, Timestamps: true})
	for _, size := range []int{1 << 20, 4 << 20, 16 << 20} {
		predicate := largeReport(b, size)
		for _, by := range []struct {
			name   string
			signer *signer.Signer
			form   signer.Form
			trust  evidence.Trust
		}{
			{"legacy", w.keyless, signer.Legacy, w.trust},
			{"bundle", w.keyless, signer.Bundle, w.trust},
			{"bundle with Rekor v2", second.keyless, signer.Bundle, second.trust},
		} {
			b.Run(fmt.Sprintf("%d MiB in %s", size>>20, by.name), func(b *testing.B) {
				request := evidence.VerifyRequest{Digest: w.image, Trust: by.trust, Envelopes: []evidence.Envelope{made(b)(by.signer.Attest(w.image, by.form, evidence.CosignVulnerabilities, predicate))}}
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					if answer, err := new(Verifier).Verify(b.Context(), request); err != nil || len(answer.Verified) != 1 || answer.Verified[0].Scan == nil {
						b.Fatal(answer, err)
					}
				}
			})
		}
	}
}

func BenchmarkSign(b *testing.B) {
	w := newWorld(b)
	b.ReportAllocs()
	for b.Loop() {
		made(b)(w.keyless.Sign(w.image, signer.Legacy))
	}
}
