package sigstore

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"slices"
	"sync"

	"github.com/liftlock/liftlock/internal/core/evidence"
)

// knownTrust keeps what trust was parsed to, by its digest: every request carries it, and hardly ever another one.
type knownTrust struct {
	mu    sync.Mutex
	order [][sha256.Size]byte // oldest first
	by    map[[sha256.Size]byte]trust
}

// trust parses t, or finds it parsed. What is returned is read only.
func (v *Verifier) trust(t evidence.Trust) (trust, error) {
	id := identify(t)
	k := &v.known
	k.mu.Lock()
	known, ok := k.by[id]
	k.mu.Unlock()
	if ok {
		return known, nil
	}
	parsed, err := parseTrust(t)
	if err != nil {
		return trust{}, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.by == nil {
		k.by = map[[sha256.Size]byte]trust{}
	}
	if _, ok := k.by[id]; !ok {
		if k.order = append(k.order, id); len(k.order) > maxKnownTrust {
			delete(k.by, k.order[0])
			k.order = slices.Delete(k.order, 0, 1)
		}
	}
	k.by[id] = parsed
	return parsed, nil
}

// identify returns a digest of every field of t, each with its length before it, so that no two trusts are written alike.
func identify(t evidence.Trust) (id [sha256.Size]byte) {
	h := sha256.New()
	number(h, len(t.Roots))
	for _, r := range t.Roots {
		field(h, []byte(r.Name))
		field(h, []byte(r.Profile))
		field(h, r.JSON)
	}
	for _, k := range t.Keys {
		field(h, []byte(k.Name))
		field(h, k.PEM)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

func number(h hash.Hash, n int) {
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(n))) // a hash never fails
}

func field(h hash.Hash, value []byte) {
	number(h, len(value))
	h.Write(value)
}
