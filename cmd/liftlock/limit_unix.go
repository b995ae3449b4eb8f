//go:build unix

package main

import (
	"os/signal"
	"syscall"
)

// ignoreFileLimit makes a write beyond the limit on file sizes an error like that of a full disk. The runtime would end the process.
func ignoreFileLimit() { signal.Ignore(syscall.SIGXFSZ) }
