package child

import (
	"fmt"
	"os"
	"strconv"
	"syscall"
)

// attributes keep signals of a terminal from the worker, whose parent decides when it ends, and end it with its parent.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// Isolate closes whatever the worker has inherited beside its standard streams. Go marks its own descriptors so that they are not
// inherited; those that were handed to the parent, by a service manager or a shell, are not marked.
func Isolate() error {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return fmt.Errorf("closing inherited descriptors: %w", err)
	}
	for _, e := range entries {
		fd, err := strconv.Atoi(e.Name())
		if err != nil || fd <= 2 {
			continue
		}
		flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFD, 0)
		if errno == 0 && flags&syscall.FD_CLOEXEC == 0 {
			if err := syscall.Close(fd); err != nil {
				return fmt.Errorf("closing inherited descriptor %d: %w", fd, err)
			}
		}
	}
	return nil
}
