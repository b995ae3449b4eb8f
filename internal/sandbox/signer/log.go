package signer

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/bits"
	"sync"
	"time"
)

// transparencyLog is an append-only log in the manner of Rekor.
type transparencyLog struct {
	kind   LogKind
	host   string
	origin string // first line of its checkpoints
	key    *ecdsa.PrivateKey
	id     [sha256.Size]byte

	mu     sync.Mutex
	leaves [][]byte // hashes
}

// logged is an entry with its two proofs: the promise (SET), which Rekor v1 alone gives, and the inclusion proof.
type logged struct {
	kind, version string
	body          []byte
	id            []byte
	index         int64
	at            int64 // epoch seconds; 0: the log does not say
	promise       []byte
	root          []byte
	path          [][]byte
	size          int64
	checkpoint    string
}

func newTransparencyLog(seed string, kind LogKind) (*transparencyLog, error) {
	key, err := deriveKey(seed, "transparency log")
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("writing key of the log: %w", err)
	}
	l := &transparencyLog{kind: kind, host: "rekor.sandbox", key: key, id: sha256.Sum256(der)}
	if l.origin = l.host; kind == RekorV1 {
		l.origin += " - 1" // a number marks a tree of Rekor v1
	}
	return l, nil
}

// add appends an entry. spec is what the kind of entry asks for; maps are written with sorted keys, which is the canonical form here.
func (l *transparencyLog) add(kind, version string, spec map[string]any, at time.Time) (logged, error) {
	body, err := json.Marshal(map[string]any{"apiVersion": version, "kind": kind, "spec": spec})
	if err != nil {
		return logged{}, fmt.Errorf("writing log entry: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.leaves = append(l.leaves, leafHash(body))
	e := logged{kind: kind, version: version, body: body, id: l.id[:], index: int64(len(l.leaves) - 1), size: int64(len(l.leaves))}
	e.root, e.path = treeHash(l.leaves), inclusionPath(int(e.index), l.leaves)
	if l.kind == RekorV1 {
		if e.at, e.promise, err = l.promise(e, at); err != nil {
			return logged{}, err
		}
	}
	e.checkpoint, err = l.signCheckpoint(e.size, e.root)
	return e, err
}

// promise signs that the entry is in the log since the time.
func (l *transparencyLog) promise(e logged, at time.Time) (int64, []byte, error) {
	promised, err := json.Marshal(map[string]any{
		"body": base64.StdEncoding.EncodeToString(e.body), "integratedTime": at.Unix(), "logID": hex.EncodeToString(l.id[:]), "logIndex": e.index,
	})
	if err != nil {
		return 0, nil, fmt.Errorf("writing log promise: %w", err)
	}
	signature, err := sign(l.key, promised)
	return at.Unix(), signature, err
}

// signCheckpoint writes a signed note over size and root (C2SP tlog-checkpoint, with Rekor's key hint).
func (l *transparencyLog) signCheckpoint(size int64, root []byte) (string, error) {
	text := fmt.Sprintf("%s\n%d\n%s\n", l.origin, size, base64.StdEncoding.EncodeToString(root))
	signature, err := sign(l.key, []byte(text))
	if err != nil {
		return "", err
	}
	hinted := append(append([]byte{}, l.id[:4]...), signature...)
	return text + "\n— " + l.host + " " + base64.StdEncoding.EncodeToString(hinted) + "\n", nil
}

func leafHash(body []byte) []byte {
	sum := sha256.Sum256(append([]byte{0}, body...))
	return sum[:]
}

func nodeHash(left, right []byte) []byte {
	sum := sha256.Sum256(append(append([]byte{1}, left...), right...))
	return sum[:]
}

// split is the largest power of two below n (RFC 6962, section 2.1).
func split(n int) int { return 1 << (bits.Len(uint(n-1)) - 1) }

func treeHash(leaves [][]byte) []byte {
	if len(leaves) == 1 {
		return leaves[0]
	}
	k := split(len(leaves))
	return nodeHash(treeHash(leaves[:k]), treeHash(leaves[k:]))
}

func inclusionPath(index int, leaves [][]byte) [][]byte {
	if len(leaves) == 1 {
		return nil
	}
	k := split(len(leaves))
	if index < k {
		return append(inclusionPath(index, leaves[:k]), treeHash(leaves[k:]))
	}
	return append(inclusionPath(index-k, leaves[k:]), treeHash(leaves[:k]))
}
