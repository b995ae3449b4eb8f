//go:build !linux

package child

import "errors"

// resident is not known: the worker's own limit has to do.
func resident(int) (int64, error) { return 0, errors.ErrUnsupported }
