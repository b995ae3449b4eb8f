package child

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime/debug"

	"github.com/liftlock/liftlock/internal/core/evidence"
)

// Handle verifies, in the worker. An error means that the request itself is unfit.
type Handle func(ctx context.Context, request evidence.VerifyRequest) (evidence.VerifyAnswer, error)

// Serve is the worker's side: it answers one request after the other until in ends. It returns at once when in ends in the middle of a
// request, so that a worker that computes for ever does not outlive its parent.
func Serve(ctx context.Context, in io.Reader, out io.Writer, handle Handle) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	requests := make(chan header)
	ended := make(chan error, 1)
	go func() {
		for {
			request, err := readRequest(in)
			if err != nil {
				ended <- err
				return
			}
			select {
			case requests <- request:
			case <-ctx.Done():
				return
			}
		}
	}()
	answered := make(chan error, 1)
	for {
		select {
		case request := <-requests:
			go func() { answered <- serveOne(ctx, out, handle, request) }()
		case err := <-answered:
			if err != nil {
				return err
			}
		case err := <-ended:
			if errors.Is(err, io.EOF) && !errors.Is(err, errNonsense) {
				return nil
			}
			return fmt.Errorf("reading request: %w", err)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func serveOne(ctx context.Context, out io.Writer, handle Handle, h header) error {
	size := 0
	for _, b := range h.Sizes {
		size += b
	}
	answer, err := handle(ctx, h.Request)
	r := reply{Number: h.Number, Answer: answer}
	if err != nil {
		r = reply{Number: h.Number, Error: clip(err.Error())}
	}
	h.Request = evidence.VerifyRequest{} // its memory can go before the answer takes some
	encoded, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encoding answer: %w", err)
	}
	if len(encoded) > maxAnswer {
		encoded = fmt.Appendf(nil, `{"number":%d,"tooLarge":"want an answer of at most %d bytes, got %d"}`, h.Number, maxAnswer, len(encoded))
	}
	if size > smallBlobs || len(encoded) > smallBlobs {
		debug.FreeOSMemory() // before the parent asks again: garbage of this request must not count against the next
	}
	if err := writeFrame(out, encoded); err != nil {
		return fmt.Errorf("writing answer: %w", err)
	}
	return nil
}
