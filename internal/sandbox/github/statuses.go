package github

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// status is a commit status. Anybody who can write may set one, which is why a required check should be pinned to an App.
type status struct {
	ID          int64
	commit      string
	context     string
	state       string
	description string
	target      string
	creator     *account
	app         *app
	at          time.Time
}

// latestStatus finds the newest status of a context, from the pinned App where one is pinned (A79).
func (r *repository) latestStatus(commit string, required RequiredCheck) *status {
	for _, st := range slices.Backward(r.statuses) {
		byApp := required.App == 0 || st.app != nil && st.app.ID == required.App
		if st.commit == commit && st.context == required.Context && byApp {
			return st
		}
	}
	return nil
}

// createStatus is open to everybody who can write.
func (c *call) createStatus() (answer, error) {
	var req struct {
		State       string `json:"state"`
		Context     string `json:"context"`
		Description string `json:"description"`
		Target      string `json:"target_url"`
	}
	if err := c.decode(&req); err != nil {
		return answer{}, err
	}
	if !slices.Contains([]string{"error", "failure", "pending", "success"}, req.State) {
		return answer{}, invalidField("Status", "state")
	}
	if utf8.RuneCountInString(req.Description) > 140 {
		return answer{}, invalid("Status", "description", "description is too long (maximum is 140 characters)")
	}
	id := c.path("sha")
	if kind, err := c.repo.objectType(id); err != nil || kind != "commit" {
		return answer{}, refuse(http.StatusUnprocessableEntity, "No commit found for SHA: %s", id)
	}
	if req.Context == "" {
		req.Context = "default"
	}
	st := &status{ID: c.newID(), commit: id, context: req.Context, state: req.State, description: req.Description, target: req.Target,
		creator: c.who.account, app: c.who.app, at: c.now()}
	c.repo.statuses = append(c.repo.statuses, st)
	return created(c.statusJSON(st))
}

func (s *Server) statusJSON(st *status) object {
	return object{"id": st.ID, "node_id": nodeID("Status", st.ID), "url": s.api("/statuses/" + st.commit), "avatar_url": s.html("/avatars/" + st.creator.Login),
		"state": st.state, "context": st.context, "description": emptyAsNull(st.description), "target_url": emptyAsNull(st.target),
		"creator": s.accountJSON(st.creator), "created_at": stamp(st.at), "updated_at": stamp(st.at)}
}

func (c *call) combinedStatus() (answer, error) {
	head, err := c.repo.resolve(c.path("ref"))
	if err != nil {
		return answer{}, err
	}
	if head == "" {
		return answer{}, notFound()
	}
	latest := map[string]*status{}
	for _, st := range c.repo.statuses {
		if st.commit == head {
			latest[st.context] = st
		}
	}
	combined, list := "success", []object{}
	for _, st := range latest {
		if st.state != "success" && combined != "failure" {
			combined = map[string]string{"pending": "pending", "failure": "failure", "error": "failure"}[st.state]
		}
		o := c.statusJSON(st)
		delete(o, "creator")
		list = append(list, o)
	}
	slices.SortFunc(list, func(a, b object) int { return strings.Compare(fmt.Sprint(a["context"]), fmt.Sprint(b["context"])) })
	if len(list) == 0 {
		combined = "pending"
	}
	return ok(object{"state": combined, "sha": head, "total_count": len(list), "statuses": list, "repository": c.repositoryJSON(c.repo),
		"commit_url": c.repoAPI(c.repo, "/commits/"+head), "url": c.repoAPI(c.repo, "/commits/"+head+"/status")})
}
