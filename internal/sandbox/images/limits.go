package images

import "time"

const (
	// maxManifest is larger than what any client of this registry should read, so that tests can store more than that.
	maxManifest = 16 << 20
	// maxSlow ends a fault that answers slowly, so that a forgotten client does not keep a goroutine for ever.
	maxSlow = 5 * time.Minute
)
