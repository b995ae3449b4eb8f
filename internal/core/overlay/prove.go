package overlay

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"sigs.k8s.io/kustomize/api/types"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/liftlock/liftlock/internal/core/digest"
)

// What a proof rests on.
const (
	RenderedProved  = "proved"  // both sides were rendered and compared
	RenderedEntries = "entries" // only the images lists were compared: something in the graph must never be rendered
	RenderedFailed  = "failed"  // the change does not do what it shall, or nothing could be compared
)

// Target is one overlay with what is intended there.
type Target struct {
	Dir   string
	Edits []Edit // each with a digest
}

// Proposal is a change of a tree.
type Proposal struct {
	Files   map[string][]byte // the whole new content by path
	Targets []Target
	// Others are overlays that must come out as before, for example those of other environments that share a base. A target among them
	// counts as target.
	Others []string
}

// Proof says what a proposal does. Findings of a proof that has not failed are remarks.
type Proof struct {
	Rendered string
	Findings []Finding
}

// Prove compares the tree with and without the proposal. Proved means: the targets render to the same bytes but for the intended images,
// each of which moved to its new reference, no pin was lost, and the others render the same. The error is one of reading the tree, which may heal;
// whatever the tree itself is to blame for is a finding.
func (t *Tree) Prove(p Proposal) (Proof, error) {
	pr := prover{tree: t, proposal: p, used: map[string]bool{}}
	if err := pr.run(); err != nil {
		return Proof{}, err
	}
	return pr.proof(), nil
}

type prover struct {
	tree     *Tree
	proposal Proposal
	failed   bool
	entries  bool // something could not be rendered
	findings []Finding
	used     map[string]bool // new references: whether some target renders it
}

// checked is a target whose images list differs by what is intended and by nothing else.
type checked struct {
	dir, path string
	moves     []move
}

// run looks at every edited file before it renders any: a file that says more than intended could make kustomize fetch or execute.
func (p *prover) run() error {
	var targets []checked
	intended := map[string]bool{}
	for _, target := range p.proposal.Targets {
		c, err := p.check(target)
		if err := p.settle(target.Dir, err); err != nil {
			return err
		}
		intended[c.path] = true
		targets = append(targets, c)
	}
	for _, name := range slices.Sorted(maps.Keys(p.proposal.Files)) {
		if !intended[name] {
			p.fail(CodeRenderDiffers, name, 0, "the change edits a file that is no target's, or one that is not as intended")
		}
	}
	if p.failed {
		return nil
	}
	for _, c := range targets {
		if err := p.settle(c.dir, p.target(c)); err != nil {
			return err
		}
	}
	for _, reference := range slices.Sorted(maps.Keys(p.used)) {
		if !p.used[reference] && !p.entries {
			p.fail(CodeEntryUnused, targets[0].path, 0, fmt.Sprintf("no overlay of the change renders %q", reference))
		}
	}
	for _, dir := range p.proposal.Others {
		if slices.ContainsFunc(targets, func(c checked) bool { return c.dir == dir }) {
			continue
		}
		if err := p.settle(dir, p.other(dir)); err != nil {
			return err
		}
	}
	return nil
}

// settle turns an error that the tree is to blame for into a finding.
func (p *prover) settle(dir string, err error) error {
	var f *fault
	if errors.As(err, &f) {
		p.fail(f.code, f.path, f.line, f.message())
		return nil
	}
	if err != nil {
		return fmt.Errorf("proving overlay %q: %w", dir, err)
	}
	return nil
}

func (p *prover) fail(code, path string, line int, message string) {
	p.failed = true
	p.remark(Finding{code, path, line, message})
}

func (p *prover) remark(f Finding) {
	if !slices.Contains(p.findings, f) {
		p.findings = append(p.findings, f)
	}
}

func (p *prover) proof() Proof {
	proof := Proof{Rendered: RenderedProved, Findings: p.findings}
	switch {
	case p.failed:
		proof.Rendered = RenderedFailed
	case p.entries:
		proof.Rendered = RenderedEntries
	}
	if more := len(p.findings) - maxFindings; more > 0 {
		last := p.findings[maxFindings-1]
		last.Message = fmt.Sprintf("%s; and %d more", last.Message, more)
		proof.Findings = append(p.findings[:maxFindings-1:maxFindings-1], last)
	}
	return proof
}

// move is one intended change of an image.
type move struct {
	from       []string // the names under which the image was known
	to         string   // the new reference, as kustomize will write it
	repository digest.Repository
	line       int
}

// check compares the images list of a target with and without the change.
func (p *prover) check(target Target) (checked, error) {
	p.tree.mu.Lock()
	before, err := p.tree.open(target.Dir)
	p.tree.mu.Unlock()
	if err != nil {
		return checked{}, err
	}
	after := before
	if data, edited := p.proposal.Files[before.path]; edited {
		if after, err = parse(before.path, data); err != nil {
			return checked{}, err
		}
	}
	moves, err := compareEntries(before, after, target.Edits)
	if err != nil {
		return checked{}, err
	}
	return checked{target.Dir, before.path, moves}, nil
}

// target proves what one overlay renders.
func (p *prover) target(c checked) error {
	before, after, rendered, err := p.render(c.dir)
	if err != nil || !rendered {
		return err
	}
	p.compareTarget(c.path, before, after, c.moves)
	return nil
}

// compareEntries checks that two versions of a file differ by the edits and by nothing else. Where nothing may be rendered it is the
// whole proof.
func compareEntries(before, after *document, edits []Edit) ([]move, error) {
	images := make([]types.Image, len(before.rows))
	for i, r := range before.rows {
		images[i] = r.image
	}
	var moves []move
	for _, edit := range edits {
		if edit.Digest.IsZero() {
			return nil, before.fault(CodePinLost, 0, fmt.Sprintf("image %q: want a digest; an intended change without one proves nothing", clip(edit.Name)), nil)
		}
		want, at, err := before.want(edit)
		if err != nil {
			return nil, err
		}
		m := move{from: []string{edit.Name}}
		if at < len(before.rows) {
			images[at] = want
			m.from = append(m.from, before.rows[at].NewName)
		} else {
			images = append(images, want)
		}
		i := after.index(edit.Name)
		if i < 0 || after.rows[i].Err != nil || after.rows[i].Digest != edit.Digest {
			return nil, after.fault(CodeRenderDiffers, 0, fmt.Sprintf("image %q is not set to %s", clip(edit.Name), edit.Digest.Short()), nil)
		}
		m.to, m.repository, m.line = after.rows[i].Reference(), after.rows[i].Repository, after.rows[i].Line
		moves = append(moves, m)
	}
	same := slices.EqualFunc(images, after.rows, func(image types.Image, r row) bool { return image == r.image })
	rest, err := sameRest(before, after)
	if err != nil {
		return nil, err
	}
	if !same || !rest {
		return nil, after.fault(CodeRenderDiffers, 0, "the file differs by more than the intended images", nil)
	}
	return moves, nil
}

// render builds both sides of an overlay, unless something in its graph forbids it.
func (p *prover) render(dir string) (before, after []*kyaml.RNode, rendered bool, err error) {
	g, files, err := p.load(dir)
	if err != nil {
		return nil, nil, false, err
	}
	if len(g.Unproved) > 0 {
		p.entries = true
		for _, f := range g.Unproved {
			p.remark(f)
		}
		return nil, nil, false, nil
	}
	v := newView(files)
	if before, err = render(v, dir); err != nil {
		return nil, nil, false, &fault{CodeRenderFailed, dir, 0, "building the overlay as it is", err}
	}
	for name, data := range p.proposal.Files {
		if _, read := files[name]; read {
			files[name] = data
		}
	}
	if after, err = render(v, dir); err != nil {
		return nil, nil, false, &fault{CodeRenderFailed, dir, 0, "building the overlay with the change", err}
	}
	return before, after, true, nil
}

func (p *prover) load(dir string) (*Graph, map[string][]byte, error) {
	p.tree.mu.Lock()
	defer p.tree.mu.Unlock()
	g, err := p.tree.graph(dir)
	if err != nil || len(g.Unproved) > 0 {
		return g, nil, err
	}
	files, err := p.tree.contents(g)
	return g, files, err
}

// compareTarget checks what an overlay renders to against what is intended.
func (p *prover) compareTarget(path string, before, after []*kyaml.RNode, moves []move) {
	for _, d := range compare(before, after) {
		if d.structural {
			p.fail(CodeRenderDiffers, path, 0, d.at+" changes its shape")
			continue
		}
		name, _, hash := split(d.old)
		_, _, newHash := split(d.new)
		// Any place may hold the reference: custom resources, annotations and variables take an image along on purpose.
		intended := slices.ContainsFunc(moves, func(m move) bool {
			return d.new == m.to && (slices.Contains(m.from, name) || sameRepository(name, m.repository))
		})
		switch {
		case intended:
		case hash != "" && newHash == "":
			p.fail(CodePinLost, path, 0, fmt.Sprintf("%s: %q becomes %q", d.at, clip(quoted(d.old)), clip(quoted(d.new))))
		default:
			p.fail(CodeRenderDiffers, path, 0, fmt.Sprintf("%s: %q becomes %q, which is not intended", d.at, clip(quoted(d.old)), clip(quoted(d.new))))
		}
	}
	here := map[string]bool{}
	scalars(after, func(value string) { here[value] = true })
	for _, m := range moves {
		p.used[m.to] = p.used[m.to] || here[m.to]
		if !here[m.to] {
			p.remark(Finding{CodeEntryUnused, path, m.line, fmt.Sprintf("no container of the overlay runs %q", m.to)})
		}
	}
	p.compareUnmoved(path, after, moves)
}

// compareUnmoved finds containers that still run another digest of an intended image: the environment would not hold what the record says.
func (p *prover) compareUnmoved(path string, after []*kyaml.RNode, moves []move) {
	var uses []Use
	for _, node := range after {
		collectUses(node.YNode(), path, &uses)
	}
	for _, use := range uses {
		image := use.Image
		name, _, _ := split(image)
		for _, m := range moves {
			if image != m.to && sameRepository(name, m.repository) && !slices.ContainsFunc(moves, func(m move) bool { return m.to == image }) {
				p.fail(CodeRenderDiffers, path, m.line, fmt.Sprintf("a container still runs %q", clip(quoted(image))))
			}
		}
	}
}

func sameRepository(name string, repository digest.Repository) bool {
	known, err := digest.ParseRepository(name)
	return err == nil && known == repository
}

// other proves that an overlay which is no target comes out as before. It catches the promotion that goes further than it says, into an
// environment that builds on the edited overlay.
func (p *prover) other(dir string) error {
	p.tree.mu.Lock()
	g, err := p.tree.graph(dir)
	p.tree.mu.Unlock()
	if !lasting(err) {
		return err
	}
	if err != nil || !slices.ContainsFunc(g.Files, func(name string) bool { _, edited := p.proposal.Files[name]; return edited }) {
		return nil // broken before and after, or out of reach
	}
	if len(g.Unproved) > 0 {
		p.fail(CodeRenderDiffers, dir, 0, "the overlay reads a file of the change and is no target of it")
		return nil
	}
	before, after, rendered, err := p.render(dir)
	if err != nil || !rendered {
		return err
	}
	for _, d := range compare(before, after) {
		p.fail(CodeRenderDiffers, dir, 0, fmt.Sprintf("the change reaches this overlay, which is no target of it: %s", d.at))
	}
	return nil
}
