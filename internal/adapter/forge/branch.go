package forge

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
)

const noObject = "0000000000000000000000000000000000000000"

const updateRefs = `mutation($input: UpdateRefsInput!) { updateRefs(input: $input) { clientMutationId } }`

// refUpdate is GraphQL's RefUpdate. Force allows a proposal to be rewritten to one commit; BeforeOID is what makes that safe.
type refUpdate struct {
	Name      string `json:"name"`
	BeforeOID string `json:"beforeOid"`
	AfterOID  string `json:"afterOid"`
	Force     bool   `json:"force"`
}

// updateRefsInput moves all of its refs or none.
type updateRefsInput struct {
	RepositoryID string      `json:"repositoryId"`
	RefUpdates   []refUpdate `json:"refUpdates"`
}

// graphQLRequest carries values as variables: nothing is ever spliced into the query.
type graphQLRequest struct {
	Query     string                     `json:"query"`
	Variables map[string]updateRefsInput `json:"variables"`
}

// graphQLAnswer leaves out the sentences of errors: they quote what was sent.
type graphQLAnswer struct {
	Data struct {
		UpdateRefs *struct{} `json:"updateRefs"`
	} `json:"data"`
	Errors []struct {
		Type string `json:"type"`
	} `json:"errors"`
}

// MoveBranch moves a branch if it still points to before. "" for before creates it, "" for after deletes it. A branch that points
// elsewhere is an error with Conflict() true and is left alone; one that points to after already is fine, because an earlier
// attempt may have got through without its answer. REST has no compare-and-swap, so this is the one use of GraphQL.
func (r *Repository) MoveBranch(ctx context.Context, branch, before, after string) error {
	doing := fmt.Sprintf("moving branch %q", branch)
	update := refUpdate{Name: "refs/heads/" + branch, BeforeOID: orNone(before), AfterOID: orNone(after), Force: true}
	if !objectName.MatchString(update.BeforeOID) || !objectName.MatchString(update.AfterOID) || before == after {
		return &Error{doing: doing, reason: "want two different commits of 40 lower-case hex digits"}
	}
	if err := checkBranch(branch); err != nil {
		return err
	}
	_, node, err := r.identity(ctx)
	if err != nil {
		return err
	}
	client := r.client()
	req, err := client.NewRequest(http.MethodPost, graphQL(r.app.api), graphQLRequest{Query: updateRefs,
		Variables: map[string]updateRefsInput{"input": {RepositoryID: node, RefUpdates: []refUpdate{update}}}})
	if err != nil {
		return r.fail(doing, nil, err)
	}
	var answer graphQLAnswer
	if resp, err := client.Do(ctx, req, &answer); err != nil {
		return r.fail(doing, resp, err)
	}
	if len(answer.Errors) == 0 && answer.Data.UpdateRefs != nil {
		return nil
	}
	return r.refused(ctx, doing, branch, before, after, answer)
}

// refused finds out why. GraphQL answers 200 with sentences meant for people; one read of the branch says for certain.
func (r *Repository) refused(ctx context.Context, doing, branch, before, after string, answer graphQLAnswer) error {
	for _, e := range answer.Errors {
		switch e.Type {
		case "RATE_LIMITED":
			return &Error{doing: doing, reason: "rate limited", retry: true, after: pauseLimited}
		case "FORBIDDEN", "INSUFFICIENT_SCOPES":
			return &Error{doing: doing, reason: "not permitted", cause: fs.ErrPermission}
		}
	}
	now, err := r.branchHead(ctx, branch)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fail(r.app.now(), doing, nil, err)
	}
	switch now {
	case after:
		return nil
	case before:
		return &Error{doing: doing, reason: "refused, though it has not moved: check the rules of the branch", cause: fs.ErrPermission}
	}
	return &Error{doing: doing, reason: "it moved meanwhile", conflict: true}
}

// branchHead returns the commit that a branch points to; a branch that does not exist is an error that wraps fs.ErrNotExist.
func (r *Repository) branchHead(ctx context.Context, branch string) (string, error) {
	ref, resp, err := r.client().Git.GetRef(ctx, r.owner, r.name, "heads/"+branch)
	if err != nil {
		return "", r.fail(fmt.Sprintf("reading branch %q", branch), resp, err)
	}
	return ref.GetObject().GetSHA(), nil
}

// orNone writes "no such branch" as git does.
func orNone(commit string) string {
	if commit == "" {
		return noObject
	}
	return commit
}

// checkBranch refuses names that git refuses: they would be read as something else by a tool downstream.
func checkBranch(branch string) error {
	bad := branch == "" || branch == "@" || len(branch) > 200 || strings.HasPrefix(branch, "-") || strings.HasSuffix(branch, ".") ||
		strings.ContainsAny(branch, " ~^:?*[\\\x7f") || strings.Contains(branch, "..") || strings.Contains(branch, "@{")
	for part := range strings.SplitSeq(branch, "/") {
		bad = bad || part == "" || strings.HasPrefix(part, ".") || strings.HasSuffix(part, ".lock")
	}
	for _, c := range branch {
		bad = bad || c < ' '
	}
	if bad {
		return fmt.Errorf("branch %q: want a name that git accepts, for example liftlock/production/shop", branch)
	}
	return nil
}
