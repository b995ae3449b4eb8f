package github

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// zeroOID stands for "no object" wherever git compares a ref's values.
const zeroOID = "0000000000000000000000000000000000000000"

// wantedGit is the first version with merge-tree --write-tree.
var wantedGit = [2]int{2, 38}

// bare is one bare repository on disk. Its processes take no context: once GitHub has begun a change it finishes it, whether or not the client waits.
type bare struct {
	dir string
}

// gitError is a git process that ended with a non-zero code.
type gitError struct {
	args   []string
	code   int
	stderr string
}

func (e *gitError) Error() string {
	return fmt.Sprintf("running git %s: exit code %d: %s", strings.Join(e.args, " "), e.code, strings.TrimSpace(e.stderr))
}

// gitEnvironment keeps the machine's git configuration out: signing, hooks and line-end settings would change what commits contain.
func gitEnvironment(extra ...string) []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.DevNull, "LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull,
		"GIT_TERMINAL_PROMPT=0", "SYSTEMROOT=" + os.Getenv("SYSTEMROOT")}
	return append(env, extra...)
}

// runGit runs one command to its end. Its stderr goes into the error only.
func runGit(dir string, stdin []byte, env []string, args ...string) (string, error) {
	cmd := exec.Command("git", args...) // #nosec G204 -- the arguments are this package's own words and validated names
	cmd.Dir, cmd.Env, cmd.Stdin = dir, gitEnvironment(env...), bytes.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return stdout.String(), &gitError{args: args, code: exit.ExitCode(), stderr: stderr.String()}
	}
	if err != nil {
		return "", fmt.Errorf("running git %s: %w", strings.Join(args, " "), err)
	}
	return stdout.String(), nil
}

// git runs a command in the repository and drops the last line end, which only terminates git's output.
func (g bare) git(args ...string) (string, error) {
	out, err := runGit(g.dir, nil, nil, args...)
	return strings.TrimSuffix(out, "\n"), err
}

// gitWith is git with input and more environment.
func (g bare) gitWith(stdin []byte, env []string, args ...string) (string, error) {
	out, err := runGit(g.dir, stdin, env, args...)
	return strings.TrimSuffix(out, "\n"), err
}

// checkGit refuses a machine whose git cannot merge without a work tree.
func checkGit() error {
	out, err := runGit("", nil, nil, "version")
	if err != nil {
		return fmt.Errorf("looking for git: %w", err)
	}
	major, minor, ok := parseGitVersion(out)
	if !ok {
		return fmt.Errorf("reading the version of git: wanted \"git version 2.38\" or newer, got %q", strings.TrimSpace(out))
	}
	if major < wantedGit[0] || major == wantedGit[0] && minor < wantedGit[1] {
		return fmt.Errorf("git is too old: wanted 2.38 or newer (merge-tree --write-tree), got %d.%d", major, minor)
	}
	return nil
}

func parseGitVersion(out string) (major, minor int, ok bool) {
	fields := strings.Fields(out)
	if len(fields) < 3 {
		return 0, 0, false
	}
	parts := strings.Split(fields[2], ".")
	if len(parts) < 2 {
		return 0, 0, false
	}
	major, errMajor := strconv.Atoi(parts[0])
	minor, errMinor := strconv.Atoi(parts[1])
	return major, minor, errMajor == nil && errMinor == nil
}

// initBare makes an empty bare repository that serves and takes what GitHub does.
func initBare(dir, branch string) (bare, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return bare{}, fmt.Errorf("making a repository: %w", err)
	}
	g := bare{dir: dir}
	if _, err := g.git("init", "--quiet", "--bare", "--initial-branch="+branch, "."); err != nil {
		return bare{}, err
	}
	settings := [][2]string{
		{"http.receivepack", "true"}, {"uploadpack.allowAnySHA1InWant", "true"}, {"uploadpack.allowFilter", "true"},
		{"receive.fsckObjects", "true"}, {"gc.auto", "0"}, {"core.logAllRefUpdates", "false"},
	}
	for _, s := range settings {
		if _, err := g.git("config", s[0], s[1]); err != nil {
			return bare{}, err
		}
	}
	return g, g.installHook()
}

// exitCode is 0 for nil and -1 for an error that is not git's own.
func exitCode(err error) int {
	if err == nil {
		return 0
	}
	var failed *gitError
	if errors.As(err, &failed) {
		return failed.code
	}
	return -1
}
