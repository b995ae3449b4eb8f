package bot

import (
	"encoding/json"
	"fmt"
	"sync"

	"github.com/liftlock/liftlock/internal/core/digest"
)

// maxJudges bounds the compiled rules that are kept: a repository has one set, and now and then a pull request with another.
const maxJudges = 16

// remembered compiles each set of own rules once. Compiling takes longer than all else in a reconcile, and every merge and every pull
// request that touches the documents would ask for the same again. What does not compile is not kept: it is rare, and says why each time.
func remembered(compile NewJudge) NewJudge {
	var mu sync.Mutex // protects kept
	kept := map[digest.Digest]Judge{}
	return func(own map[string][]byte) (Judge, error) {
		content, err := json.Marshal(own) // keys sorted
		if err != nil {
			return nil, fmt.Errorf("reading own rules: %w", err)
		}
		key := digest.Of(content)
		mu.Lock()
		defer mu.Unlock()
		if judge, ok := kept[key]; ok {
			return judge, nil
		}
		judge, err := compile(own)
		if err != nil {
			return nil, err
		}
		if len(kept) >= maxJudges {
			clear(kept)
		}
		kept[key] = judge
		return judge, nil
	}
}
