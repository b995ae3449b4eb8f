package openapi

import (
	"os"
	"sync"
	"testing"

	"github.com/liftlock/liftlock/internal/sandbox/github"
)

// Variable names the environment variable that says where GitHub's description lies.
const Variable = "LIFTLOCK_OPENAPI"

// described is read once a test binary: reading takes seconds, and the file does not change meanwhile.
var described = sync.OnceValues(func() (*Description, error) { return Load(os.Getenv(Variable)) })

// Check validates every exchange and logs how many there were. Where the variable is unset it does nothing. No exchange at all is an error, because a
// check of nothing proves nothing.
func Check(t testing.TB, exchanges []github.Exchange) {
	t.Helper()
	if os.Getenv(Variable) == "" {
		return
	}
	d, err := described()
	if err != nil {
		t.Fatal(err)
	}
	if len(exchanges) == 0 {
		t.Error("openapi: no request was recorded")
	}
	for _, e := range exchanges {
		if err := d.Validate(e); err != nil {
			t.Error(err)
		}
	}
	t.Logf("openapi: validated %d requests", len(exchanges))
}
