package pipeline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/liftlock/liftlock/internal/core/digest"
)

// anchors is what a trust root holds: authorities and logs, each by its certificates or key, and whether its time is over.
type anchors map[digest.Digest]bool

type period struct {
	End time.Time `json:"end,omitzero"`
}

// logKey is a log's entry in a trusted root.
type logKey struct {
	PublicKey struct {
		DER      []byte `json:"rawBytes"`
		ValidFor period `json:"validFor"`
	} `json:"publicKey"`
}

// readAnchors reads what the roots of a file hold. What it does not understand it leaves out.
func readAnchors(content []byte) (anchors, error) {
	found := anchors{}
	for stream := json.NewDecoder(bytes.NewReader(content)); ; {
		var root struct {
			Authorities  []authority `json:"certificateAuthorities"`
			Timestampers []authority `json:"timestampAuthorities"`
			Logs         []logKey    `json:"tlogs"`
			Certificates []logKey    `json:"ctlogs"`
		}
		err := stream.Decode(&root)
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		for kind, list := range map[string][]authority{"ca": root.Authorities, "tsa": root.Timestampers} {
			for _, a := range list {
				id := []byte(kind)
				for _, c := range a.Chain.Certificates {
					id = append(id, c.DER...)
				}
				found[digest.Of(id)] = !a.ValidFor.End.IsZero()
			}
		}
		for kind, list := range map[string][]logKey{"tlog": root.Logs, "ctlog": root.Certificates} {
			for _, l := range list {
				found[digest.Of(append([]byte(kind), l.PublicKey.DER...))] = !l.PublicKey.ValidFor.End.IsZero()
			}
		}
	}
}

// CheckNewer refuses a trust root that is older than the one that is there (A26): one that brings nothing new, and lacks what the other
// has, or has no end where the other has one. A trusted root names no version of its own.
func CheckNewer(present, fetched []byte) error {
	have, err := readAnchors(present)
	if err != nil {
		return nil // what cannot be read is no reason to keep it
	}
	get, err := readAnchors(fetched)
	if err != nil {
		return fmt.Errorf("reading the fetched trust root: %w", err)
	}
	lost, reopened, added := 0, 0, 0
	for id, ended := range have {
		again, there := get[id]
		switch {
		case !there:
			lost++
		case ended && !again:
			reopened++
		}
	}
	for id := range get {
		if _, there := have[id]; !there {
			added++
		}
	}
	if lost+reopened > 0 && added == 0 {
		return fmt.Errorf("wanted a trust root at least as new as the one that is there, got one that brings nothing, lacks %d of its authorities and logs and ends %d fewer; where that is right, remove the file first", lost, reopened)
	}
	return nil
}
