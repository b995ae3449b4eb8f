package registry

import "time"

const (
	// maxEnvelopes bounds what is collected about one image: real images carry fewer than ten, a thousand would keep a verifier busy for minutes (A31).
	maxEnvelopes = 64
	// maxEnvelope is the limit that GitHub sets for a predicate; a larger report belongs behind a digest.
	maxEnvelope = 16 << 20
	// maxCollected bounds the memory that one image's evidence takes, and so what a verifier is handed.
	maxCollected = 64 << 20
	// collectTime ends the collection from a registry that answers one byte at a time (A33).
	collectTime = 60 * time.Second
	// requestTime bounds one request, so that a slow registry does not stall a watch.
	requestTime = 30 * time.Second

	// maxTagPages and tagPage allow 100,000 tags: beyond that, a watch should be narrower than listing everything.
	maxTagPages = 100
	tagPage     = 1000
	// maxReferrerPages bounds a list whose pages never end, full or empty; sixty-four referrers fit into one.
	maxReferrerPages = 8

	// attempts and maxWait bound retries on the spot. Whoever asked asks again later anyway, so that a longer wait is left to them.
	attempts = 3
	maxWait  = 3 * time.Second
	// firstWait doubles with each attempt where the registry does not say how long to wait.
	firstWait = 200 * time.Millisecond
	// maxRetryAfter keeps a hostile Retry-After from silencing a watch for a year.
	maxRetryAfter = time.Hour

	// maxRedirects is one for the storage behind a registry, and two for storage that moved.
	maxRedirects = 3
	// maxDrained is how much of an error's body is read to keep the connection; it is never shown.
	maxDrained = 64 << 10
	// cacheBytes bounds what is kept of content that never changes, because its digest names it.
	cacheBytes = 64 << 20
)
