package tahoe

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"tahoe-anon/detect/env"
	"tahoe-anon/detect/host"
)

// modulesScript tells what Tahoe's own Python can find, without importing any of it.
//
//go:embed modules.py
var modulesScript string

// scriptLimit bounds the script, which needs about 25 ms.
const scriptLimit = 1500 * time.Millisecond

// ProbeCommand finds `tahoe` and asks the Python that runs it what is there. Debian 13's package lacks its
// dependencies, so a `tahoe` in PATH does not yet mean that a node can start.
func ProbeCommand(ctx context.Context, e env.Env, h host.Facts) Command {
	c := Command{Starts: env.Unknown, Tor: env.Unknown, I2P: env.Unknown}
	c.Path = findCommand(e, h.Account.Home)
	if c.Path == "" {
		c.Starts = env.No
		return c
	}
	script, err := e.ReadFile(c.Path)
	if err != nil {
		c.Detail = err.Error()
		return c
	}
	interpreter := shebang(string(script))
	if len(interpreter) == 0 {
		c.Detail = c.Path + " is not a Python script"
		return c
	}
	if c.Python, err = findPython(e, interpreter); err != nil {
		c.Starts, c.Detail = env.No, err.Error()
		return c
	}
	if err := c.askPython(ctx, e, h); err != nil {
		c.Detail = err.Error()
	}
	return c
}

// findCommand looks in PATH, and where pip puts it for accounts whose PATH does not say so.
func findCommand(e env.Env, home string) string {
	if path, err := e.LookPath("tahoe"); err == nil {
		return path
	}
	for _, path := range []string{filepath.Join(home, ".local/bin/tahoe"), "/usr/local/bin/tahoe"} {
		if info, err := e.Stat(path); err == nil && info.Mode.IsRegular() && info.Mode&0o111 != 0 {
			return path
		}
	}
	return ""
}

// shebang is the interpreter of a script with its arguments; env(1) is taken off. pip writes a shell script
// around interpreters whose path is too long or has a blank: ”'exec' "/path/python" "$0" "$@".
func shebang(script string) []string {
	first, rest, _ := strings.Cut(script, "\n")
	line, ok := strings.CutPrefix(first, "#!")
	if !ok {
		return nil
	}
	second, _, _ := strings.Cut(rest, "\n")
	if quoted, ok := strings.CutPrefix(second, "'''exec' "); ok {
		path, _, _ := strings.Cut(quoted, ` "$0"`)
		return []string{strings.Trim(path, `"`)}
	}
	words := strings.Fields(line)
	if len(words) > 1 && filepath.Base(words[0]) == "env" {
		words = words[1:]
		for len(words) > 1 && (strings.HasPrefix(words[0], "-") || strings.Contains(words[0], "=")) {
			words = words[1:]
		}
	}
	return words
}

func findPython(e env.Env, interpreter []string) (string, error) {
	name := interpreter[0]
	if !strings.HasPrefix(filepath.Base(name), "py") { // python3, pypy3
		return "", fmt.Errorf("%s is not a Python", name)
	}
	if filepath.IsAbs(name) {
		if _, err := e.Stat(name); errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("its Python %s is gone", name)
		}
		return name, nil
	}
	path, err := e.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("its Python %s is not in PATH", name)
	}
	return path, nil
}

func (c *Command) askPython(ctx context.Context, e env.Env, h host.Facts) error {
	ctx, cancel := context.WithTimeout(ctx, scriptLimit)
	defer cancel()
	out, err := e.Run(ctx, as(h, c.Python, "-c", modulesScript)...)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Python, err)
	}
	said, ok := parseModules(out.Stdout)
	if !ok {
		return fmt.Errorf("%s exits %d: %.200s", c.Python, out.Status, strings.TrimSpace(out.Stderr))
	}
	c.Version, c.Missing = said["version"], strings.Fields(said["missing"])
	c.Starts, c.Tor, c.I2P = env.Is(len(c.Missing) == 0), env.Is(said["tor"] == "yes"), env.Is(said["i2p"] == "yes")
	return nil
}

// parseModules reads the script's KEY=VALUE lines; a script that did not come to its end is not believed.
func parseModules(text string) (map[string]string, bool) {
	said := map[string]string{}
	for l := range strings.Lines(text) {
		if key, value, ok := strings.Cut(strings.TrimRight(l, "\n"), "="); ok {
			said[key] = value
		}
	}
	_, ended := said["i2p"]
	return said, ended
}

// as makes root run a command as the account: it may be the account's own file, and its Python looks into
// the account's home.
func as(h host.Facts, argv ...string) []string {
	if h.Process.EUID != 0 || h.Account.UID == 0 {
		return argv
	}
	drop := []string{
		"setpriv", "--reuid", strconv.Itoa(h.Account.UID), "--regid", strconv.Itoa(h.Account.GID),
		"--init-groups", "--reset-env", "--",
	}
	return append(drop, argv...)
}
