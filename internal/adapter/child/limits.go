package child

import "time"

const (
	// growth is what a worker's memory may grow above what it holds when idle. A hostile artifact may cost that and no more (A30).
	growth = 64 << 20
	// memoryLimit makes the worker's own collector work harder before the parent has to end it.
	memoryLimit = "64MiB"
	// processors is one for the work and one for the collector: more would only add to the memory.
	processors = "2"
	// sampleEvery is how often memory is looked at while a worker works. Touching the whole allowance takes a process some ten milliseconds.
	sampleEvery = 2 * time.Millisecond

	// requestTime is the work that one request may cause, waiting for a worker aside.
	requestTime = 60 * time.Second
	// maxFalls bounds how many workers one request may use up, so that objects made to kill them keep nothing busy for long.
	maxFalls = 32
	// maxStarts bounds attempts to start a worker that does not even come up.
	maxStarts = 2
	// maxWorkers bounds the memory of all workers together; a request keeps one of them busy.
	maxWorkers = 4
	// closeTime is how long the end of a process may take to show on its standard error.
	closeTime = 5 * time.Second

	// maxEnvelopes is four places of 64 objects each, the limit of those who fetch them.
	maxEnvelopes = 256
	// maxHeader bounds a request without its bodies: annotations, which come out of manifests of at most 4 MiB and grow by escapes.
	maxHeader = 8 << 20
	// maxBlobs bounds the bodies of one request: an envelope, which the verifier bounds at 24 MiB, and the trust.
	maxBlobs = 32 << 20
	// maxBlobCount is far beyond the roots and keys that a verifier takes.
	maxBlobCount = 1024
	// maxAnswer bounds an answer: it holds at most one report of 25,000 findings.
	maxAnswer = 32 << 20
	// smallBlobs is the size of bodies up to which a worker leaves the memory to the collector.
	smallBlobs = 1 << 20

	// maxStderr is enough for the first lines of a panic.
	maxStderr = 4 << 10
	// maxReason bounds what is said of an end; it may quote hostile text.
	maxReason = 300
)
