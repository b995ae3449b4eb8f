package child

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/liftlock/liftlock/internal/core/evidence"
)

// startError is why there is no worker. No envelope is to blame.
type startError struct{ err error }

func (e *startError) Error() string { return e.err.Error() }
func (e *startError) Unwrap() error { return e.err }

// refusal is an error that no other worker would answer differently.
type refusal struct{ err error }

func (r *refusal) Error() string { return r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

// Code returns the code of the code table.
func (r *refusal) Code() string { return codeFailed }

// budget is the time that one request may still cause work.
type budget struct {
	now   func() time.Time
	after func(time.Duration) <-chan time.Time
	left  time.Duration
	from  time.Time
}

// begin returns when an exchange has to be over. It may take half of what is left: however many fall silent, those after them have a turn.
func (b *budget) begin() <-chan time.Time {
	b.from = b.now()
	return b.after(b.left / 2)
}

func (b *budget) end() { b.left = max(b.left-b.now().Sub(b.from), 0) }

// fall is why a worker did not answer.
type fall struct {
	code  string
	final bool // a fresh worker would do no better
	kept  bool // the worker is as good as before
	err   error
}

func (f *fall) Error() string { return f.err.Error() }
func (f *fall) Unwrap() error { return f.err }

// Codes of the code table.
const (
	codeFailed   = "VERIFIER_FAILED"
	codeTooLarge = "EVIDENCE_TOO_LARGE"
)

// failure is what a request could not have answered.
type failure struct{ err error }

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// Code returns the code of the code table.
func (f *failure) Code() string { return codeFailed }

// Retryable says that another try may do better: the machine may have been short of something.
func (f *failure) Retryable() (time.Duration, bool) { return 0, true }

// Verify has each envelope verified by itself, so that one that kills its worker takes no other with it. Such a one is in Rejected, with
// code VERIFIER_FAILED or EVIDENCE_TOO_LARGE, and the error says so: it could be anything. The answer holds all the others.
func (v *Verifier) Verify(ctx context.Context, request evidence.VerifyRequest) (evidence.VerifyAnswer, error) {
	answer := evidence.VerifyAnswer{Verified: []evidence.Verified{}, Rejected: []evidence.Rejected{}}
	if len(request.Envelopes) > maxEnvelopes {
		return evidence.VerifyAnswer{}, &refusal{err: fmt.Errorf("verifying %q: want at most %d envelopes, got %d", request.Digest, maxEnvelopes, len(request.Envelopes))}
	}
	j := &job{verifier: v, budget: &budget{now: v.options.Now, after: v.options.After, left: requestTime}}
	if len(request.Envelopes) == 0 { // the rest of the request may be unfit all the same
		if _, err := j.ask(ctx, request); err != nil {
			return evidence.VerifyAnswer{}, &failure{fmt.Errorf("verifying %q: %w", request.Digest, err)}
		}
		return answer, nil
	}
	var first error
	failed := 0
	for _, envelope := range request.Envelopes {
		one := request
		one.Envelopes = []evidence.Envelope{envelope}
		got, err := j.ask(ctx, one)
		if err == nil {
			answer.Verified, answer.Rejected = append(answer.Verified, got.Verified...), append(answer.Rejected, got.Rejected...)
			continue
		}
		if _, unfit := errors.AsType[*refusal](err); unfit || ctx.Err() != nil {
			return evidence.VerifyAnswer{}, fmt.Errorf("verifying %q: %w", request.Digest, err)
		}
		answer.Rejected = append(answer.Rejected, evidence.Rejected{
			Envelope: envelope.Digest, Source: envelope.Source, Code: codeOf(err), Detail: clip("verifying envelope: " + err.Error()),
		})
		if failed++; first == nil {
			first = fmt.Errorf("%s in %s: %w", envelope.Digest, envelope.Source, err)
		}
	}
	answer.Sort()
	if failed > 0 {
		return answer, &failure{fmt.Errorf("verifying %q: no answer for %d of %d envelopes, the first is %w", request.Digest, failed, len(request.Envelopes), first)}
	}
	return answer, nil
}

// job is one request on its way through the workers.
type job struct {
	verifier *Verifier
	budget   *budget
	falls    int   // workers that it used up
	starts   int   // workers in a row that did not come up
	over     error // nothing more is asked
}

// ask asks until a worker answers or one that had seen nothing else fell over this very question: one that served others before may have
// been killed by somebody else, or had no memory left.
func (j *job) ask(ctx context.Context, request evidence.VerifyRequest) (evidence.VerifyAnswer, error) {
	for j.over == nil {
		answer, fresh, err := j.verifier.exchange(ctx, request, j.budget)
		if err == nil {
			j.starts = 0
			return answer, nil
		}
		if ctx.Err() != nil {
			return evidence.VerifyAnswer{}, ctx.Err()
		}
		if _, unfit := errors.AsType[*refusal](err); unfit {
			return evidence.VerifyAnswer{}, err
		}
		j.count(err)
		if f, fell := errors.AsType[*fall](err); fell && (f.final || fresh) {
			return evidence.VerifyAnswer{}, err
		}
	}
	return evidence.VerifyAnswer{}, j.over
}

// count bounds what a request may use up: a crash loop must not spin.
func (j *job) count(err error) {
	if _, ok := errors.AsType[*startError](err); ok {
		if j.starts++; j.starts >= maxStarts {
			j.over = err
		}
		return
	}
	j.starts = 0
	if f, ok := errors.AsType[*fall](err); ok && f.kept {
		return
	}
	if j.falls++; j.falls >= maxFalls {
		j.over = fmt.Errorf("it used up %d workers, the last: %w", j.falls, err)
	}
}
