package main

import (
	"io"
	"os"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestCommandsStandWithTheirUsers: help without a group for a command would put it apart from those who look for it.
func TestCommandsStandWithTheirUsers(t *testing.T) {
	root := rootCommand()
	s := streams{out: io.Discard, err: io.Discard}
	addCommands(root, commands(s)...)
	for _, c := range root.Commands() {
		if c.IsAvailableCommand() && c.GroupID == "" {
			t.Errorf("%s is in no group", c.Name())
		}
		if strings.HasSuffix(c.Short, ".") || c.Short == "" || len(c.Short) > 100 {
			t.Errorf("%s: want a line of help without a full stop: %q", c.Name(), c.Short)
		}
	}
}

// TestEveryMistakeHasAnExample: what a reader is told to type must be a command that there is, with flags that it has.
func TestEveryMistakeHasAnExample(t *testing.T) {
	root := rootCommand()
	addCommands(root, commands(streams{out: io.Discard, err: io.Discard})...)
	var check func(c *cobra.Command)
	check = func(c *cobra.Command) {
		for line := range strings.Lines(c.Example) {
			words := strings.Fields(line)
			if len(words) == 0 || words[0] != "liftlock" {
				continue // a line that goes on
			}
			found, rest, err := root.Find(words[1:])
			if err != nil || found == root {
				t.Errorf("%s: the example %q is no command: %v", c.CommandPath(), line, err)
				continue
			}
			if err := found.ParseFlags(strings.Split(strings.TrimSuffix(strings.Join(rest, " "), " \\"), " ")); err != nil {
				t.Errorf("%s: the example %q: %v", c.CommandPath(), line, err)
			}
		}
		for _, child := range c.Commands() {
			check(child)
		}
	}
	check(root)
}

// TestReadmeListsTheCommands: a command that the README does not name is not found, and one that is not there disappoints.
func TestReadmeListsTheCommands(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	root := rootCommand()
	addCommands(root, commands(streams{out: io.Discard, err: io.Discard})...)
	listed := map[string]bool{}
	_, table, _ := strings.Cut(string(text), "\n| command | what it does |\n")
	table, _, _ = strings.Cut(table, "\n\n")
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(table, -1) {
		found, _, err := root.Find(strings.Fields(row[1]))
		if err != nil || found == root {
			t.Errorf("the README names %q, which is no command", row[1])
			continue
		}
		listed[found.CommandPath()] = true
	}
	for _, c := range root.Commands() {
		if !c.IsAvailableCommand() || c.Name() == "completion" {
			continue
		}
		if !listed[c.CommandPath()] && !slices.ContainsFunc(c.Commands(), func(c *cobra.Command) bool { return listed[c.CommandPath()] }) {
			t.Errorf("the README does not name %s", c.Name())
		}
	}
}

func TestVersionSaysWhatWasBuilt(t *testing.T) {
	build := &debug.BuildInfo{
		Main: debug.Module{Version: "v1.2.3"}, Deps: []*debug.Module{{Path: "github.com/open-policy-agent/opa", Version: "v1.22.0"}},
		Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.time", Value: "2026-11-20T04:46:40Z"}, {Key: "vcs.modified", Value: "true"}},
	}
	if got := describe(build); !strings.HasPrefix(got, "liftlock v1.2.3\ncommit abc of 2026-11-20T04:46:40Z, with local changes\nOPA 1.22.0\n") {
		t.Errorf("got %q", got)
	}
	if got := describe(&debug.BuildInfo{}); !strings.HasPrefix(got, "liftlock (devel)\ncommit unknown\nOPA unknown\n") {
		t.Errorf("got %q", got)
	}
}
