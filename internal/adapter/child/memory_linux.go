package child

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// resident is the memory that a process has in use, in bytes, by the second field of proc_pid_statm(5).
func resident(pid int) (int64, error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, err
	}
	fields := bytes.Fields(content)
	if len(fields) < 2 {
		return 0, fmt.Errorf("statm: want pages, got %q", content)
	}
	pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
	return pages * int64(os.Getpagesize()), err
}
