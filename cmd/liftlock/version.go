package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

func versionCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print version, commit and the version of OPA that judges",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := io.WriteString(s.out, versionText())
			return err
		},
	}
}

// versionText is what the build recorded of itself. A verdict names the version of OPA, and can be had again with that one only.
func versionText() string {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		build = &debug.BuildInfo{}
	}
	return describe(build)
}

func describe(build *debug.BuildInfo) string {
	version, commit, opa := build.Main.Version, "unknown", "unknown"
	if version == "" {
		version = "(devel)"
	}
	settings := map[string]string{}
	for _, setting := range build.Settings {
		settings[setting.Key] = setting.Value
	}
	if revision := settings["vcs.revision"]; revision != "" {
		commit = strings.TrimSuffix(revision+" of "+settings["vcs.time"], " of ")
	}
	if settings["vcs.modified"] == "true" {
		commit += ", with local changes"
	}
	for _, module := range build.Deps {
		if module.Path == "github.com/open-policy-agent/opa" {
			opa = strings.TrimPrefix(module.Version, "v")
		}
	}
	return fmt.Sprintf("liftlock %s\ncommit %s\nOPA %s\n%s %s/%s\n", version, commit, opa, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
