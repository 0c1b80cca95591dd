package host

import (
	"context"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"

	"tahoe-anon/detect/env"
)

// UnitFile is one of the units in /etc/systemd/system that start Tahoe nodes.
type UnitFile struct {
	Path  string      `json:"path"`
	Mode  fs.FileMode `json:"mode"`
	UID   int         `json:"uid"`
	GID   int         `json:"gid"`
	Bytes []byte      `json:"-"`
	// State is systemd's word: "active", "activating" (also between two tries of one that fails again and again),
	// "failed", "inactive"; empty when it could not be asked.
	State   string `json:"state,omitempty"`
	Enabled bool   `json:"enabled"` // started at boot
}

const unitDir = "/etc/systemd/system"

var runsTahoe = regexp.MustCompile(`(?m)^ExecStart=.*tahoe.* run\b`)

// Runs says whether the unit starts the node in dir.
func (u UnitFile) Runs(dir string) bool {
	for _, l := range strings.Split(string(u.Bytes), "\n") {
		command, ok := strings.CutPrefix(strings.TrimSpace(l), "ExecStart=")
		for _, word := range strings.Fields(command) {
			if ok && strings.TrimSuffix(strings.Trim(word, `"'`), "/") == dir {
				return true
			}
		}
	}
	return false
}

// tahoeUnits reads the units that start Tahoe nodes; what cannot be read is left out.
func tahoeUnits(ctx context.Context, e env.Env) []UnitFile {
	names, err := e.ReadDir(unitDir)
	if err != nil {
		return nil
	}
	var units []UnitFile
	for _, name := range names {
		if !strings.HasSuffix(name, ".service") {
			continue
		}
		path := filepath.Join(unitDir, name)
		info, err := e.Stat(path)
		if err != nil {
			continue
		}
		text, err := e.ReadFile(path)
		if err != nil || !runsTahoe.Match(text) {
			continue
		}
		_, err = e.Stat(filepath.Join(unitDir, "multi-user.target.wants", name))
		units = append(units, UnitFile{
			Path: path, Mode: info.Mode, UID: info.UID, GID: info.GID, Bytes: text, Enabled: err == nil,
		})
	}
	askActive(ctx, e, units)
	return units
}

// askActive asks systemd for the state of the units, in one call.
func askActive(ctx context.Context, e env.Env, units []UnitFile) {
	if len(units) == 0 {
		return
	}
	argv := []string{"systemctl", "is-active", "--"}
	for _, u := range units {
		argv = append(argv, filepath.Base(u.Path))
	}
	out, err := e.Run(ctx, argv...)
	states := strings.Fields(out.Stdout) // a word a unit, in order
	if err != nil || len(states) != len(units) {
		return
	}
	for i := range units {
		units[i].State = states[i]
	}
}
