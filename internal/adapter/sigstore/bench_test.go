package sigstore

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/liftlock/liftlock/internal/core/evidence"
	"github.com/liftlock/liftlock/internal/sandbox/signer"
)

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
