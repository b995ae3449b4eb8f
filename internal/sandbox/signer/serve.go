package signer

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strings"
)

// service answers one request.
type service func(body []byte) (reply, error)

type reply struct {
	status    int
	mediaType string
	name      string // of what was made, where clients want it
	body      []byte
}

func replyJSON(status int, document any) (reply, error) {
	body, err := json.Marshal(document)
	return reply{status: status, mediaType: "application/json", body: body}, err
}

// Handler returns the authority's services as the programs of Sigstore talk to them: Fulcio's certificates (API v2), Rekor's entries (API v1
// or v2, by the kind of log) and timestamps (RFC 3161, section 3.4), for real signing tools. Whoever asks for a certificate is taken for id,
// whatever the token says: there is nothing here to protect.
func (a *Authority) Handler(id Identity) http.Handler {
	services := map[string]service{"/api/v2/signingCert": func(body []byte) (reply, error) { return a.serveCertificate(id, body) }}
	if a.timestamp != nil {
		services["/api/v1/timestamp"] = a.serveTimestamp
	}
	if a.log != nil && a.log.kind == RekorV1 {
		services["/api/v1/log/entries"] = a.serveEntryV1
	} else if a.log != nil {
		services["/api/v2/log/entries"] = a.serveEntryV2
	}
	mux := http.NewServeMux()
	for path, s := range services {
		mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) { answer(w, r, s) })
	}
	return mux
}

func answer(w http.ResponseWriter, r *http.Request, s service) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		http.Error(w, "want a smaller request", http.StatusRequestEntityTooLarge)
		return
	}
	out, err := s(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", out.mediaType)
	if out.name != "" {
		w.Header().Set("Etag", out.name)
		w.Header().Set("Location", r.URL.Path+"/"+out.name)
	}
	w.WriteHeader(out.status)
	_, _ = w.Write(out.body) // whoever hung up does not want it
}

// serveCertificate issues a certificate for the key that is sent.
func (a *Authority) serveCertificate(id Identity, body []byte) (reply, error) {
	var request struct {
		PublicKeyRequest struct {
			PublicKey struct {
				Content string `json:"content"`
			} `json:"publicKey"`
		} `json:"publicKeyRequest"`
	}
	if err := json.Unmarshal(body, &request); err != nil {
		return reply{}, fmt.Errorf("reading request for a certificate: %w", err)
	}
	block, _ := pem.Decode([]byte(request.PublicKeyRequest.PublicKey.Content))
	if block == nil {
		return reply{}, errors.New("reading request for a certificate: want a public key in PEM")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return reply{}, fmt.Errorf("reading request for a certificate: %w", err)
	}
	public, ok := key.(*ecdsa.PublicKey)
	if !ok {
		return reply{}, fmt.Errorf("reading request for a certificate: want an ECDSA key, got %T", key)
	}
	begin := a.second()
	leaf, err := a.issue(id, public, a.current, begin, begin.Add(leafLifetime), Flaws{})
	if err != nil {
		return reply{}, err
	}
	var chain []string
	for _, certificate := range []*x509.Certificate{leaf, a.current.certificate, a.root} {
		chain = append(chain, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})))
	}
	return replyJSON(http.StatusOK, object{"signedCertificateEmbeddedSct": object{"chain": object{"certificates": chain}}})
}

// serveTimestamp answers a query of RFC 3161, section 2.4.1.
func (a *Authority) serveTimestamp(body []byte) (reply, error) {
	var query struct {
		Version      int
		Imprint      imprint
		Policy       asn1.ObjectIdentifier `asn1:"optional"`
		Nonce        *big.Int              `asn1:"optional"`
		Certificates bool                  `asn1:"optional"`
	}
	if _, err := asn1.Unmarshal(body, &query); err != nil || len(query.Imprint.Hash) != sha256.Size {
		return reply{}, errors.New("reading timestamp query: want one about a SHA-256 hash")
	}
	out, err := a.timestamp.stamp(query.Imprint.Hash, query.Nonce, a.second())
	return reply{status: http.StatusCreated, mediaType: "application/timestamp-reply", body: out}, err
}

// serveEntryV2 logs the hash of what was signed.
func (a *Authority) serveEntryV2(body []byte) (reply, error) {
	var request struct {
		Entry struct {
			Signature json.RawMessage `json:"signature"`
			Digest    []byte          `json:"digest"`
		} `json:"hashedRekordRequestV002"`
	}
	if err := json.Unmarshal(body, &request); err != nil {
		return reply{}, fmt.Errorf("reading log entry: %w", err)
	}
	var signature object // to have its keys sorted
	if err := json.Unmarshal(request.Entry.Signature, &signature); err != nil {
		return reply{}, fmt.Errorf("reading log entry: %w", err)
	}
	e, err := a.log.add("hashedrekord", rekorV2, hashedEntry(request.Entry.Digest, signature), a.second())
	if err != nil {
		return reply{}, err
	}
	return replyJSON(http.StatusCreated, e.entry())
}

// serveEntryV1 logs an entry as it is proposed; of an envelope only hashes are kept.
func (a *Authority) serveEntryV1(body []byte) (reply, error) {
	var request struct {
		Kind string `json:"kind"`
		Spec object `json:"spec"`
	}
	if err := json.Unmarshal(body, &request); err != nil {
		return reply{}, fmt.Errorf("reading log entry: %w", err)
	}
	if request.Kind == "dsse" {
		var err error
		if request.Spec, err = proposedEnvelope(request.Spec); err != nil {
			return reply{}, err
		}
	}
	e, err := a.log.add(request.Kind, rekorV1, request.Spec, a.second())
	if err != nil {
		return reply{}, err
	}
	hashes := []string{}
	for _, h := range e.path {
		hashes = append(hashes, hex.EncodeToString(h))
	}
	name := hex.EncodeToString(leafHash(e.body))
	out, err := replyJSON(http.StatusCreated, object{name: object{
		"body": e.body, "integratedTime": e.at, "logID": hex.EncodeToString(e.id), "logIndex": e.index,
		"verification": object{
			"signedEntryTimestamp": e.promise,
			"inclusionProof": object{
				"checkpoint": e.checkpoint, "hashes": hashes, "logIndex": e.index, "rootHash": hex.EncodeToString(e.root), "treeSize": e.size,
			},
		},
	}})
	out.name = name
	return out, err
}

// proposedEnvelope turns a proposed entry into the one that is kept.
func proposedEnvelope(spec object) (object, error) {
	proposed, _ := spec["proposedContent"].(object)
	text, _ := proposed["envelope"].(string)
	verifiers, _ := proposed["verifiers"].([]any)
	var envelope dsseEnvelope
	if err := json.Unmarshal([]byte(text), &envelope); err != nil || len(verifiers) != 1 || len(envelope.Signatures) != 1 {
		return nil, errors.New("reading log entry: want an envelope with one signature, and who made it")
	}
	encoded, _ := verifiers[0].(string)
	verifier, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || !strings.HasPrefix(string(verifier), "-----BEGIN") {
		return nil, errors.New("reading log entry: want a certificate or key in PEM")
	}
	return dsseEntry(envelope, []byte(text), verifier), nil
}
