package bot

import (
	"testing"

	"github.com/liftlock/liftlock/internal/core/ledger"
	"github.com/liftlock/liftlock/internal/core/promotion"
)

func TestEndingsOfProposals(t *testing.T) {
	person, bot := promotion.User{ID: 8, Login: "eve"}, promotion.User{ID: 9, Bot: true}
	for name, c := range map[string]struct {
		pull promotion.PullRequest
		want ledger.Kind // "": not ended
	}{
		"open":                         {promotion.PullRequest{Open: true, BaseRef: "main"}, ""},
		"merged":                       {promotion.PullRequest{Merged: true, BaseRef: "main", MergeCommit: "c"}, ledger.Merged},
		"merged into another branch":   {promotion.PullRequest{Merged: true, BaseRef: "attic", MergeCommit: "c"}, ledger.Closed},
		"closed by a bot":              {promotion.PullRequest{BaseRef: "main", ClosedBy: bot}, ledger.Closed},
		"closed by a person":           {promotion.PullRequest{BaseRef: "main", ClosedBy: person}, ledger.Vetoed},
		"closed by nobody knows":       {promotion.PullRequest{BaseRef: "main"}, ledger.Vetoed},
		"closed elsewhere by a person": {promotion.PullRequest{BaseRef: "attic", ClosedBy: person}, ledger.Vetoed},
	} {
		proposed := ledger.Entry{Environment: "dev", Proposal: &ledger.Proposal{Number: 3, Branch: "liftlock/dev/shop", Head: "h"}}
		got, ended := ending(proposed, c.pull, "main", 7)
		if got.Kind != c.want || ended != (c.want != "") {
			t.Errorf("%s: got %q, %t, want %q", name, got.Kind, ended, c.want)
		}
		if got.Kind == ledger.Closed && got.Reason == "" {
			t.Errorf("%s: closed without a reason", name)
		}
	}
}
