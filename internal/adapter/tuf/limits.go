package tuf

import "time"

const (
	// Trusted roots are 7 KiB, private ones with many authorities a few hundred; the largest metadata that TUF allows is 5 MB.
	maxFile = 5 << 20
	// A person is waiting. Some ten small files come from one host.
	maxWait = time.Minute
)
