package rego

import (
	"fmt"
	"testing"

	"github.com/liftlock/liftlock/internal/core/evidence"
)

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		newEngine(b, nil)
	}
}

func BenchmarkJudge(b *testing.B) {
	for _, findings := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("%d findings", findings), func(b *testing.B) {
			engine := newEngine(b, nil)
			input := good(b)
			input.Evidence.Vulnerabilities.Findings = nil
			for n := range findings {
				v := vulnerability(fmt.Sprintf("CVE-2026-%05d", n), evidence.Medium, now-day, hash("report of trivy 0.58.0"))
				input.Evidence.Vulnerabilities.Findings = append(input.Evidence.Vulnerabilities.Findings, v)
			}
			input = complete(engine, input)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := engine.Judge(b.Context(), input); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "verdicts/s")
		})
	}
}
