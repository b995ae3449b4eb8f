package child

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/core/evidence"
)

func request(body, pem []byte) evidence.VerifyRequest {
	return evidence.VerifyRequest{
		Digest:    digest.Of([]byte("image")),
		Envelopes: []evidence.Envelope{{Source: evidence.SourceReferrers, MediaType: "m", Annotations: map[string]string{"k": "v"}, Digest: digest.Of(body), Body: body}},
		Trust: evidence.Trust{
			Roots: []evidence.TrustRoot{{Name: "r", Profile: evidence.ProfilePrivate, JSON: body}},
			Keys:  []evidence.TrustKey{{Name: "k", PEM: pem}},
		},
	}
}

// What one side writes is what the other one reads, several in a row; the request that was written is left as it is.
func TestRequestsComeThrough(t *testing.T) {
	var pipe bytes.Buffer
	want := request([]byte("body\x00\n"), []byte("pem"))
	for n := range 3 {
		if err := writeRequest(&pipe, n, want); err != nil {
			t.Fatal(err)
		}
	}
	if string(want.Envelopes[0].Body) != "body\x00\n" {
		t.Errorf("writing took the body out of the request: %q", want.Envelopes[0].Body)
	}
	for n := range 3 {
		got, err := readRequest(&pipe)
		if err != nil || got.Number != n {
			t.Fatalf("want request %d, got %d, %v", n, got.Number, err)
		}
		if diff := cmp.Diff(want, got.Request, cmp.Comparer(func(a, b digest.Digest) bool { return a == b })); diff != "" {
			t.Error(diff)
		}
	}
	if _, err := readRequest(&pipe); !errors.Is(err, io.EOF) {
		t.Errorf("want the end, got %v", err)
	}
}

func TestRequestIsTooLarge(t *testing.T) {
	var pipe bytes.Buffer
	if err := writeRequest(&pipe, 1, request(make([]byte, maxBlobs/2+1), nil)); !errors.Is(err, errTooLarge) || pipe.Len() != 0 {
		t.Errorf("want nothing written and %v, got %d bytes and %v", errTooLarge, pipe.Len(), err)
	}
}

// Whatever a broken side writes is refused, or read as one request whose bodies have the lengths that it names.
func FuzzReadRequest(f *testing.F) {
	var pipe bytes.Buffer
	if err := writeRequest(&pipe, 7, request([]byte("body"), []byte("pem"))); err != nil {
		f.Fatal(err)
	}
	f.Add(pipe.Bytes())
	f.Add(pipe.Bytes()[:pipe.Len()-1])
	f.Add(binary.BigEndian.AppendUint32(nil, maxHeader+1))
	f.Fuzz(func(t *testing.T, data []byte) {
		in := bytes.NewReader(data)
		h, err := readRequest(in)
		if err != nil {
			return
		}
		var again bytes.Buffer
		if err := writeRequest(&again, h.Number, h.Request); err != nil {
			t.Fatalf("read and not writable: %v", err)
		}
		back, err := readRequest(&again)
		if err != nil || back.Number != h.Number || len(back.Sizes) != len(h.Sizes) {
			t.Fatalf("want the same request again, got %+v, %v", back, err)
		}
		for i, b := range blobs(&back.Request) {
			if !bytes.Equal(*b, *blobs(&h.Request)[i]) || len(*b) != h.Sizes[i] {
				t.Fatalf("body %d: want %q, got %q", i, *blobs(&h.Request)[i], *b)
			}
		}
	})
}
