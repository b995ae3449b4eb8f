package pipeline

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/liftlock/liftlock/internal/core/digest"
)

// FuzzParseTrustFile: what is accepted is as many documents as were counted, with the digest of its bytes, and no end where no
// authority is.
func FuzzParseTrustFile(f *testing.F) {
	const one = `{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}`
	f.Add([]byte(one))
	f.Add([]byte(one + "\n" + one))
	f.Add([]byte(strings.Replace(one, "}", `,"certificateAuthorities":[{"certChain":{"certificates":[{"rawBytes":"AA=="}]}}]}`, 1)))
	f.Fuzz(func(t *testing.T, content []byte) {
		file, err := parseTrustFile(content)
		if err != nil {
			if file.roots != 0 || !file.sum.IsZero() {
				t.Fatalf("%d roots with error %v", file.roots, err)
			}
			return
		}
		if file.sum != digest.Of(content) || file.authorities == 0 && file.until != 0 || file.authorities > maxAuthorities {
			t.Fatalf("got %+v", file)
		}
		documents := 0
		for stream := json.NewDecoder(strings.NewReader(string(content))); stream.More(); documents++ {
			var document struct{ MediaType string }
			if err := stream.Decode(&document); err != nil || document.MediaType == "" {
				t.Fatalf("document %d: %q, %v", documents, document.MediaType, err)
			}
		}
		if documents != file.roots {
			t.Fatalf("%d roots in %d documents", file.roots, documents)
		}
	})
}
