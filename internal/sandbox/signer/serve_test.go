package signer

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/liftlock/liftlock/internal/core/digest"
)

func ask(t *testing.T, a *Authority, path string, body []byte) *httptest.ResponseRecorder {
	t.Helper()
	answer := httptest.NewRecorder()
	a.Handler(Identity{Repository: "acme/checkout"}).ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, bytes.NewReader(body)))
	return answer
}

func newAuthorityWith(t *testing.T, s Services) *Authority {
	t.Helper()
	a, err := NewWith(func() time.Time { return at }, t.Name(), s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestServesCertificates(t *testing.T) {
	a := newAuthorityWith(t, PublicGood())
	key, err := NewKey("caller")
	if err != nil {
		t.Fatal(err)
	}
	public, err := key.PublicPEM()
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(object{"publicKeyRequest": object{"publicKey": object{"content": string(public)}}})
	if err != nil {
		t.Fatal(err)
	}
	answer := ask(t, a, "/api/v2/signingCert", body)
	var got struct {
		Embedded struct {
			Chain struct{ Certificates []string }
		} `json:"signedCertificateEmbeddedSct"`
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil || answer.Code != http.StatusOK || len(got.Embedded.Chain.Certificates) != 3 {
		t.Fatalf("want a chain of three, got %d %s", answer.Code, answer.Body)
	}
	block, _ := pem.Decode([]byte(got.Embedded.Chain.Certificates[0]))
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if err := leaf.CheckSignatureFrom(a.current.certificate); err != nil || !key.key.PublicKey.Equal(leaf.PublicKey) || leaf.URIs[0].String() != (Identity{Repository: "acme/checkout"}).SAN() {
		t.Errorf("want a certificate for the caller's key and the identity, got %v, %v", leaf.URIs, err)
	}
}

// The nonce is the caller's proof that the answer is to its own query.
func TestServesTimestamps(t *testing.T) {
	a := newAuthorityWith(t, GitHub())
	hash := sha256.Sum256([]byte("a signature"))
	query, err := asn1.Marshal(struct {
		Version int
		Imprint imprint
		Nonce   *big.Int
	}{1, imprint{pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}}, hash[:]}, big.NewInt(4711)})
	if err != nil {
		t.Fatal(err)
	}
	answer := ask(t, a, "/api/v1/timestamp", query)
	var response timestampResponse
	if _, err := asn1.Unmarshal(answer.Body.Bytes(), &response); err != nil || answer.Code != http.StatusCreated {
		t.Fatalf("want a timestamp, got %d, %v", answer.Code, err)
	}
	var info timestampInfo
	if _, err := asn1.Unmarshal(response.Token.Data.Content.Content, &info); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(info.Imprint.Hash, hash[:]) || !info.Time.Equal(at) || info.Nonce.Int64() != 4711 {
		t.Errorf("want the hash at %s under the nonce, got %+v", at, info)
	}
}

func TestServesLogEntries(t *testing.T) {
	envelope, err := json.Marshal(dsseEnvelope{Payload: []byte("{}"), PayloadType: payloadType, Signatures: []dsseSignature{{Sig: []byte("x")}}})
	if err != nil {
		t.Fatal(err)
	}
	verifier := base64.StdEncoding.EncodeToString([]byte("-----BEGIN CERTIFICATE-----\n"))
	proposed, err := json.Marshal(object{"kind": "dsse", "spec": object{"proposedContent": object{"envelope": string(envelope), "verifiers": []string{verifier}}}})
	if err != nil {
		t.Fatal(err)
	}
	answer := ask(t, newAuthorityWith(t, PublicGood()), "/api/v1/log/entries", proposed)
	var entries map[string]struct{ Body []byte }
	if err := json.Unmarshal(answer.Body.Bytes(), &entries); err != nil || answer.Code != http.StatusCreated {
		t.Fatalf("want an entry, got %d %s", answer.Code, answer.Body)
	}
	kept := string(entries[answer.Header().Get("Etag")].Body)
	if !strings.Contains(kept, `"payloadHash"`) || strings.Contains(kept, "proposedContent") {
		t.Errorf("want hashes of the envelope alone, got %s", kept)
	}

	answer = ask(t, newAuthorityWith(t, Services{Log: RekorV2}), "/api/v2/log/entries", []byte(`{"hashedRekordRequestV002":{"digest":"AAAA","signature":{"content":"eA=="}}}`))
	var entry logEntry
	if err := json.Unmarshal(answer.Body.Bytes(), &entry); err != nil || answer.Code != http.StatusCreated || entry.Promise != nil || entry.At != 0 || entry.Proof.Size != 1 {
		t.Errorf("want an entry without a time, got %d %s, %v", answer.Code, answer.Body, err)
	}
}

func TestServesOnlyWhatThereIs(t *testing.T) {
	for _, test := range []struct {
		services Services
		path     string
		body     string
		status   int
	}{
		{GitHub(), "/api/v1/log/entries", "{}", http.StatusNotFound},
		{PublicGood(), "/api/v2/log/entries", "{}", http.StatusNotFound},
		{Services{Log: RekorV1}, "/api/v1/timestamp", "", http.StatusNotFound},
		{GitHub(), "/api/v1/timestamp", "no query", http.StatusBadRequest},
		{GitHub(), "/api/v2/signingCert", "{}", http.StatusBadRequest},
		{PublicGood(), "/api/v1/log/entries", `{"kind":"dsse","spec":{}}`, http.StatusBadRequest},
		{PublicGood(), "/api/v1/log/entries", strings.Repeat(" ", maxRequest+1), http.StatusRequestEntityTooLarge},
	} {
		if got := ask(t, newAuthorityWith(t, test.services), test.path, []byte(test.body)); got.Code != test.status {
			t.Errorf("%s of %+v: want %d, got %d %s", test.path, test.services, test.status, got.Code, got.Body)
		}
	}
}

// A signer that is told of a service which is not there would else make something else than was asked for.
func TestRefusesServicesThatAreNotThere(t *testing.T) {
	github, logged := newAuthorityWith(t, GitHub()), newAuthorityWith(t, Services{Log: RekorV2})
	id := Identity{Repository: "acme/checkout"}
	for name, s := range map[string]*Signer{
		"no log": github.Keyless(id).LoggedBy(github), "no timestamps": logged.Keyless(id).TimestampedBy(logged), "legacy form of a log without promises": logged.Keyless(id),
	} {
		if _, err := s.Sign(digest.Of([]byte("image")), Legacy); err == nil {
			t.Errorf("%s: want an error, got none", name)
		}
	}
}
