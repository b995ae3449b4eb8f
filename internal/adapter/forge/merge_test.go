package forge

import (
	"net/http"
	"strings"
	"testing"
)

func TestMergeTakesTheWayThatTheRepositoryAllows(t *testing.T) {
	f := newFake(t)
	f.on("PUT /repos/acme/deploy/pulls/12/merge", func(_ *http.Request, body []byte) (int, any) {
		if strings.Contains(string(body), `"merge_method":"merge"`) {
			return 405, map[string]any{"message": "Merge commits are not allowed on this repository."}
		}
		return 200, map[string]any{"merged": true, "sha": headB}
	})
	if got, err := f.repository().Merge(t.Context(), 12, headA, "title", "message"); err != nil || got != headB {
		t.Errorf("got %q, %v", got, err)
	}
	if n := len(f.lines()); n != 2 {
		t.Errorf("%d requests: %q", n, f.lines())
	}
}
