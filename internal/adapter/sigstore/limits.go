package sigstore

const (
	// maxEnvelopes is four places of 64 objects each, the limit of those who fetch them.
	maxEnvelopes = 256
	// maxBody is GitHub's own limit of a predicate, 16 MiB, with room for its base64 and the certificate.
	maxBody = 24 << 20
	// maxRest bounds a bundle or envelope without its payload: certificate, log entry, timestamp and signatures take ten kilobytes. Of each
	// {} in a list the library makes a hundred bytes.
	maxRest = 256 << 10
	// largeBody is from where on the memory of a step is given back before the next: a collection takes as long as reading a few megabytes.
	largeBody = 4 << 20
	// maxAnnotation bounds one annotation: a log entry of the legacy form holds the certificate and little else. The library reads it into
	// trees.
	maxAnnotation = 256 << 10
	// maxCertificates bounds a chain. Sigstore's have three.
	maxCertificates = 10
	// maxSignatures bounds the signatures of one DSSE envelope: each costs a verification for each key.
	maxSignatures = 10
	// maxRoots and maxKeys bound the trust that one request may carry: every envelope is tried against each.
	maxRoots = 16
	maxKeys  = 64
	// maxKnownTrust bounds the parsed trust that is kept: a service has one for each environment of each of its repositories.
	maxKnownTrust = 64
	// maxDetail bounds what a rejection says; it may quote hostile text.
	maxDetail = 400
)
