package sigstore

const (
	// maxEnvelopes is four places of 64 objects each, the limit of those who fetch them.
	maxEnvelopes = 256
	// maxBody is GitHub's own limit of a predicate, 16 MiB, with room for its base64 and the certificate.
	maxBody = 24 << 20
	// maxAnnotation bounds one annotation: a log entry of the legacy form holds the certificate and little else.
	maxAnnotation = 1 << 20
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
