package bot

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/liftlock/liftlock/internal/core/digest"
	"github.com/liftlock/liftlock/internal/core/ledger"
	"github.com/liftlock/liftlock/internal/core/pipeline"
	"github.com/liftlock/liftlock/internal/core/promotion"
	"github.com/liftlock/liftlock/internal/core/verdict"
)

// judgement is one verdict with what it was made from.
type judgement struct {
	move     promotion.Move
	evidence verdict.Evidence
	input    []byte // canonical bytes of the input, as recorded
	verdict  verdict.Verdict
	again    int64 // when what could not be read is worth another look
}

// mergeFacts is what only a pull request has.
type mergeFacts struct {
	change    *verdict.Change
	oversight *verdict.Oversight
	reviews   *verdict.Reviews
}

// judgeAll judges every move of a unit.
func (b *Bot) judgeAll(ctx context.Context, v *view, unit promotion.Unit, moves []promotion.Move, merge *mergeFacts) ([]judgement, error) {
	judgements := make([]judgement, 0, len(moves))
	for _, move := range moves {
		j, err := b.judgeMove(ctx, v, unit, move, merge)
		if err != nil {
			return nil, fmt.Errorf("judging %s for %s: %w", digest.Reference{Repository: move.Image.Repository, Digest: move.To.Digest}, unit.Environment, err)
		}
		judgements = append(judgements, j)
	}
	return judgements, nil
}

func (b *Bot) judgeMove(ctx context.Context, v *view, unit promotion.Unit, move promotion.Move, merge *mergeFacts) (judgement, error) {
	f, err := b.gatherer.gather(ctx, v.wanted(unit.Environment, move.Image, move.To.Digest), v.asking(move.Image.Repository))
	if err != nil {
		return judgement{}, err
	}
	order, err := b.orderOf(ctx, v, unit, move, f)
	if err != nil {
		return judgement{}, err
	}
	e := verdict.Evidence{
		Schema: verdict.EvidenceSchema,
		Stage:  verdict.StagePropose,
		Subject: verdict.Subject{
			Repository: move.Image.Repository, Digest: move.To.Digest, Tag: move.To.Tag,
			MediaType: f.manifest.MediaType, Platforms: present(f.manifest.Platforms), Strays: f.manifest.Strays,
		},
		Target: verdict.Target{
			Environment: unit.Environment, Application: unit.Application, Image: move.Image.Name,
			Overlays: overlaysOf(move.Image), From: move.From.Digest, FromTag: move.From.Tag,
		},
		Looked: present(f.looked), Signatures: present(f.signatures), Rejected: present(f.rejected),
		Children: f.children, Vulnerabilities: f.vulnerabilities, Order: order,
	}
	if merge != nil {
		e.Stage = verdict.StageMerge
		e.Change, e.Oversight, e.Reviews = merge.change, merge.oversight, merge.reviews
	}
	j, err := b.apply(ctx, v, e, v.set.Requirements(unit.Environment, move.Image.Name), move)
	j.again = f.again.Unix()
	return j, err
}

// wanted is what is gathered about a digest of an image for an environment.
func (v *view) wanted(environment string, image promotion.Image, d digest.Digest) wanted {
	return wanted{
		reference: digest.Reference{Repository: image.Repository, Digest: d}, trust: v.set.Trust(environment),
		repositories: v.set.SourceRepositories(environment, image.Name),
		scans:        v.set.Requirements(environment, image.Name).Gates.Vulnerabilities.Enforce != pipeline.EnforceOff,
	}
}

// apply asks the rules.
func (b *Bot) apply(ctx context.Context, v *view, e verdict.Evidence, requirements pipeline.Requirements, move promotion.Move) (judgement, error) {
	rules, _ := v.judge.Rules()
	input := verdict.Input{
		Evidence: e, Requirements: requirements, Derived: pipeline.Derive(requirements, v.at), At: v.at, Rules: rules, OPA: v.judge.OPA(),
	}
	canonical, err := verdict.Canonical(input)
	if err != nil {
		return judgement{}, err
	}
	b.judging <- struct{}{}
	said, err := v.judge.Judge(ctx, input)
	<-b.judging
	if err != nil {
		return judgement{}, err
	}
	b.Metrics.Judged(e.Target.Environment, string(e.Stage), string(said.Result))
	return judgement{move: move, evidence: e, input: canonical, verdict: said}, nil
}

// orderOf says where the digest stands among the environments.
func (b *Bot) orderOf(ctx context.Context, v *view, unit promotion.Unit, move promotion.Move, f facts) (*verdict.Order, error) {
	order := &verdict.Order{Environments: []verdict.Holding{}, Vetoes: []verdict.Veto{}}
	for _, environment := range v.set.EnvironmentsOf(move.Image.Name) {
		if environment == unit.Environment {
			continue
		}
		held, ok := promotion.HeldIn(v.units, environment, move.Image.Name)
		holding := verdict.Holding{Environment: environment, Holds: ok && held.Digest == move.To.Digest}
		if stay, ok := v.chain.Memory.Holds(environment, move.Image.Repository); ok && holding.Holds && stay.Digest == move.To.Digest {
			holding.Since = stay.Since
		}
		order.Environments = append(order.Environments, holding)
	}
	slices.SortFunc(order.Environments, func(a, b verdict.Holding) int { return cmp.Compare(a.Environment, b.Environment) })
	for _, veto := range v.chain.Memory.Vetoes(unit.Environment, move.Image.Repository, move.To.Digest) {
		order.Vetoes = append(order.Vetoes, verdict.Veto{By: veto.By.Login, At: veto.At})
	}
	var err error
	order.Downgrade, order.By, err = b.downgrade(ctx, v, unit, move, f)
	return order, err
}

// worst returns the result and lane of an application: all its images move together, or none does.
func worst(judgements []judgement) (verdict.Result, pipeline.Lane) {
	rank := map[verdict.Result]int{verdict.Passed: 0, verdict.Pending: 1, verdict.Failed: 2}
	result, lane := verdict.Passed, pipeline.Fast
	for _, j := range judgements {
		if rank[j.verdict.Result] > rank[result] {
			result = j.verdict.Result
		}
		if j.verdict.Lane == pipeline.Review {
			lane = pipeline.Review
		}
	}
	return result, lane
}

// reconsiderAt returns the next instant at which time alone could change one of the verdicts; 0: never.
func reconsiderAt(judgements []judgement) int64 {
	var next int64
	for _, j := range judgements {
		if at := j.verdict.ReconsiderAt; at > 0 && (next == 0 || at < next) {
			next = at
		}
	}
	return next
}

func overlaysOf(image promotion.Image) []string {
	overlays := make([]string, 0, len(image.Pins))
	for _, pin := range image.Pins {
		overlays = append(overlays, pin.Overlay)
	}
	slices.Sort(overlays)
	return slices.Compact(overlays)
}

// present turns nil into an empty list: in the documents, null would be a third state.
func present[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// objects returns what a judgement leaves in the ledger.
func (j judgement) objects(rules []byte) map[string][]byte {
	files := map[string][]byte{}
	for _, content := range [][]byte{j.input, j.verdict.Raw, rules} {
		path, _ := ledger.Object(content)
		files[path] = content
	}
	return files
}
