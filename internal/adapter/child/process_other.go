//go:build !linux

package child

import "syscall"

// attributes are none: the end of standard input ends the worker, too.
func attributes() *syscall.SysProcAttr { return nil }

// Isolate does nothing where nobody can say which descriptors are open.
func Isolate() error { return nil }
