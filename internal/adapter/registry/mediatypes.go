package registry

import (
	"bytes"
	"mime"
	"slices"
	"strings"

	"github.com/liftlock/liftlock/internal/core/evidence"
)

// Media types of envelopes, and those under which a referrer may announce them.
const (
	typeSimpleSigning = "application/vnd.dev.cosign.simplesigning.v1+json"
	typeDSSE          = "application/vnd.dsse.envelope.v1+json"
	typeBundle        = "application/vnd.dev.sigstore.bundle.v0.3+json"
	typeCosignSig     = "application/vnd.dev.cosign.artifact.sig.v1+json"
	typeEmpty         = "application/vnd.oci.empty.v1+json"
	typeImageConfig   = "application/vnd.oci.image.config.v1+json"
)

// bundleFamily is what every name of a Sigstore bundle begins with, whatever its version.
const bundleFamily = "application/vnd.dev.sigstore.bundle"

// kind is what a media type says of a layer or a referrer.
type kind int

const (
	kindForeign     kind = iota // an SBOM, a chart, anything: none of our business
	kindEnvelope                // a signature or attestation in a form that is read
	kindUnsupported             // one in a form that is not: compressed, or of another version
)

// kindOf holds a media type against the list of those that are read. What claims to be an envelope and is not on the list is said,
// and never fetched: skipping it silently would hide evidence (A30).
func kindOf(mediaType string) kind {
	if isEnvelope(mediaType) {
		return kindEnvelope
	}
	for _, family := range []string{bundleFamily, typeSimpleSigning, typeDSSE} {
		if strings.HasPrefix(strings.ToLower(mediaType), family) {
			return kindUnsupported
		}
	}
	return kindForeign
}

// isEnvelope takes bundles under both of their names: with the version in the name (0.3 and later clients), and as a parameter.
func isEnvelope(mediaType string) bool {
	versions := []string{"0.1", "0.2", "0.3"}
	if mediaType == typeSimpleSigning || mediaType == typeDSSE {
		return true
	}
	if version, ok := strings.CutPrefix(mediaType, bundleFamily+".v"); ok {
		version, ok = strings.CutSuffix(version, "+json")
		return ok && slices.Contains(versions, version)
	}
	name, parameters, err := mime.ParseMediaType(mediaType)
	return err == nil && name == bundleFamily+"+json" && len(parameters) == 1 && slices.Contains(versions, parameters["version"])
}

// kindOfReferrer tells referrers worth reading from SBOMs, charts and the like. Some registries know no artifact type, or repeat the
// configuration's in its place.
func kindOfReferrer(entry evidence.Descriptor) kind {
	switch entry.ArtifactType {
	case typeCosignSig, "", typeEmpty, typeImageConfig:
		return kindEnvelope
	}
	return kindOf(entry.ArtifactType)
}

// isCompressed knows gzip and zstd by their first bytes (RFC 1952, RFC 8878): an envelope is JSON, whatever its media type says.
func isCompressed(body []byte) bool {
	return bytes.HasPrefix(body, []byte{0x1f, 0x8b}) || bytes.HasPrefix(body, []byte{0x28, 0xb5, 0x2f, 0xfd})
}
