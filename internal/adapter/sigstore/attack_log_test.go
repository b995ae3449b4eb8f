package sigstore

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/core/evidence"
	"github.com/liftlock/liftlock/internal/sandbox/signer"
)

// A18
func TestLogEntryOfAnotherSignature(t *testing.T) {
	w := newWorld(t)
	const key = "dev.sigstore.cosign/bundle"
	one, other := made(t)(w.keyless.Sign(w.image, signer.Legacy)), made(t)(w.keyless.Sign(digest.Of([]byte("x")), signer.Legacy))
	w.wantRejected(t, codeLogInvalid, annotated(one, key, other.Annotations[key]))
	one, other = made(t)(w.keyless.Attest(w.image, signer.Legacy, predicateType, tested(1))), made(t)(w.keyless.Attest(w.image, signer.Legacy, predicateType, tested(2)))
	w.wantRejected(t, codeLogInvalid, annotated(one, key, other.Annotations[key]))

	one, other = made(t)(w.keyless.Attest(w.image, signer.Bundle, predicateType, tested(1))), made(t)(w.keyless.Attest(w.image, signer.Bundle, predicateType, tested(2)))
	var donor map[string]any
	if err := json.Unmarshal(other.Body, &donor); err != nil {
		t.Fatal(err)
	}
	w.wantRejected(t, codeLogInvalid, rewritten(t, one, func(doc map[string]any) {
		doc["verificationMaterial"].(map[string]any)["tlogEntries"] = donor["verificationMaterial"].(map[string]any)["tlogEntries"]
	}))
}

// A19
func TestKeylessWithoutLog(t *testing.T) {
	w := newWorld(t)
	for _, form := range []signer.Form{signer.Legacy, signer.Bundle} {
		unlogged := w.keyless.WithFlaws(signer.Flaws{NoLog: true})
		w.wantRejected(t, codeLogMissing, made(t)(unlogged.Sign(w.image, form)))
		w.wantRejected(t, codeLogMissing, made(t)(unlogged.Attest(w.image, form, predicateType, tested(1))))
	}
}

func TestKeylessWithoutCertificateLog(t *testing.T) {
	w := newWorld(t)
	for _, form := range []signer.Form{signer.Legacy, signer.Bundle} {
		unseen := w.keyless.WithFlaws(signer.Flaws{NoSCT: true})
		w.wantRejected(t, codeSCTMissing, made(t)(unseen.Sign(w.image, form)))
		w.wantRejected(t, codeSCTMissing, made(t)(unseen.Attest(w.image, form, predicateType, tested(1))))
	}
}

// A21: signed after the certificate had expired. That certificates of these tests have expired by now is the other half.
func TestCertificateExpiredWhenSigning(t *testing.T) {
	w := newWorld(t)
	for _, form := range []signer.Form{signer.Legacy, signer.Bundle} {
		late := w.keyless.WithFlaws(signer.Flaws{LoggedAfter: 11 * time.Minute})
		w.wantRejected(t, codeCertificateExpired, made(t)(late.Sign(w.image, form)))
	}
}

// A22: cosign accepts the legacy forms of this (CVE-2026-24122).
func TestIntermediateExpiredWhenSigning(t *testing.T) {
	w := newWorld(t)
	retired := w.keyless.WithFlaws(signer.Flaws{RetiredIssuer: true})
	for _, form := range []signer.Form{signer.Legacy, signer.Bundle} {
		w.wantRejected(t, codeChainExpired, made(t)(retired.Sign(w.image, form)))
		w.wantRejected(t, codeChainExpired, made(t)(retired.Attest(w.image, form, predicateType, tested(1))))
	}
}

// A log entry of a kind that nobody logs images as: its parser is never reached.
func TestForeignLogEntryKinds(t *testing.T) {
	w := newWorld(t)
	for _, kind := range []string{"rekord", "rpm", "jar", "tuf", "cose", "alpine", "helm", "rfc3161", "", "DSSE"} {
		body := base64.StdEncoding.EncodeToString([]byte(`{"apiVersion":"0.0.1","kind":"` + kind + `","spec":{}}`))
		envelope := annotated(made(t)(w.keyless.Sign(w.image, signer.Legacy)), "dev.sigstore.cosign/bundle", `{"SignedEntryTimestamp":"AA==","Payload":{"body":"`+body+`","integratedTime":1,"logIndex":1,"logID":"00"}}`)
		answer := w.verify(t, envelope)
		if len(answer.Rejected) != 1 || answer.Rejected[0].Code != codeLogInvalid || !strings.Contains(answer.Rejected[0].Detail, "want a log entry of kind") {
			t.Errorf("%q: want it refused by its kind, got %+v", kind, answer)
		}
	}
}

func TestKeyTakesItsTimeFromTheLog(t *testing.T) {
	w := newWorld(t)
	for _, form := range []signer.Form{signer.Legacy, signer.Bundle} {
		logged := w.key.LoggedBy(w.authority)
		answer := w.verify(t, made(t)(logged.Sign(w.image, form)))
		if len(answer.Verified) != 1 || answer.Verified[0].Signer.VerifiedAt != start.Unix()+1 {
			t.Errorf("want the time of the log, got %+v", answer)
		}
		stranger, err := signer.New(func() time.Time { return start }, "a stranger")
		if err != nil {
			t.Fatal(err)
		}
		answer = w.verify(t, made(t)(w.key.LoggedBy(stranger).Sign(w.image, form)))
		if len(answer.Verified) != 1 || answer.Verified[0].Signer.VerifiedAt != 0 {
			t.Errorf("want no trusted time from a stranger's log, got %+v", answer)
		}
	}
}

// A18: the log vouches for an attestation only by an entry that shows this signature over this payload.
func TestLogEntryOfAnotherAttestation(t *testing.T) {
	w := newWorld(t)
	parsed := func(e evidence.Envelope) *legacy {
		c, err := parseCandidate(w.image, e)
		if err != nil {
			t.Fatal(err)
		}
		return c.proof.(*legacy)
	}
	mine := parsed(made(t)(w.keyless.Attest(w.image, signer.Legacy, predicateType, tested(1))))
	other := parsed(made(t)(w.keyless.Attest(w.image, signer.Legacy, predicateType, tested(2))))
	if err := mine.logsThis(); err != nil {
		t.Errorf("its own entry: %v", err)
	}
	mine.entry, other.entry = other.entry, mine.entry
	if mine.logsThis() == nil || other.logsThis() == nil {
		t.Error("an entry of another payload counts")
	}
	mine.entry, mine.signatures = other.entry, other.signatures // the same payload under another signature
	if mine.logsThis() == nil {
		t.Error("an entry of another signature counts")
	}
}
