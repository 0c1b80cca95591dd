package wizard

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"tahoe-anon/detect"
	"tahoe-anon/detect/env"
	"tahoe-anon/detect/host"
	"tahoe-anon/writers"
)

const unitDir = "/etc/systemd/system"

// service starts the node after everything else. A node that runs under a unit already is stopped before its
// settings change and started by the same unit; one that runs by hand is its operator's to stop.
func (b *builder) service() error {
	changed := len(b.steps) > 0
	unit := b.liveUnit()
	switch {
	case changed && unit != "":
		b.restart(unit)
		return nil
	case changed && b.node.Running == env.Yes:
		return &Blocked{Cause: RunningByHand, What: b.g.Dir, Detail: strconv.Itoa(b.node.PID)}
	case changed && b.node.Running == env.Unknown && !b.isNew():
		return &Blocked{Cause: RunningUnknown, What: b.g.Dir}
	case unit != "" || b.node.Running == env.Yes:
		return nil
	case b.g.Start == detect.StartNone:
		return nil
	}
	return b.startUnit()
}

// liveUnit is the unit that runs the node, or may at any moment: a process that has read the old settings is stopped
// before they change, or it goes on being public behind its new onion.
func (b *builder) liveUnit() string {
	if b.node.Unit != "" {
		return b.node.Unit
	}
	for _, u := range b.f.Host.Units {
		if u.Runs(b.g.Dir) && u.State != "" && u.State != "inactive" && u.State != "failed" {
			return filepath.Base(u.Path)
		}
	}
	return ""
}

func (b *builder) restart(unit string) {
	stop := writers.Step{
		ID: "stop-node", Title: "Stop the node", As: writers.Root,
		Why: "It reads its settings at the start only, and rewrites files while it runs.",
		Run: &writers.Run{Argv: []string{"systemctl", "stop", unit}, Undo: []string{"systemctl", "start", unit}},
	}
	b.steps = append([]writers.Step{stop}, b.steps...)
	b.add(writers.Step{
		ID: "start-node", Title: "Start the node again", As: writers.Root,
		Why: "From now on it is reachable at the onion address only.",
		Run: &writers.Run{Argv: []string{"systemctl", "start", unit}, Undo: []string{"systemctl", "stop", unit}},
	})
}

// startUnit makes the unit and starts it. The unit may be there already, from an earlier run.
func (b *builder) startUnit() error {
	name := unitName(b.f.Host.Account.Name, b.g.Dir)
	path := filepath.Join(unitDir, name)
	text := b.unitText()
	old := unitFile(b.f, path)
	if old != nil && !old.Runs(b.g.Dir) {
		return &Blocked{Cause: UnitTaken, What: path}
	}
	if old == nil || string(old.Bytes) != text {
		w := &writers.Write{
			Path: path, Content: []byte(text), Mode: 0o644, Diff: diff(path, nil, []byte(text)),
			Notify: &writers.Notify{Argv: []string{"systemctl", "daemon-reload"}},
		}
		if old != nil {
			w.Was = &writers.Was{Sum: writers.SumOf(old.Bytes), Mode: old.Mode, UID: old.UID, GID: old.GID}
			w.Diff = diff(path, old.Bytes, []byte(text))
		}
		b.add(writers.Step{
			ID: "unit", Title: "Make the service " + name, As: writers.Root, Write: w,
			Why: "systemd runs the node under your account, after tor, at every boot.",
		})
	}
	b.add(writers.Step{
		ID: "start-node", Title: "Start the node now and at every boot", As: writers.Root,
		Why: "From now on the storage server answers at its onion address.",
		Run: &writers.Run{
			Argv: []string{"systemctl", "enable", "--now", name},
			Undo: []string{"systemctl", "disable", "--now", name},
		},
	})
	return nil
}

func unitFile(f *detect.Facts, path string) *host.UnitFile {
	for i := range f.Host.Units {
		if f.Host.Units[i].Path == path {
			return &f.Host.Units[i]
		}
	}
	return nil
}

// unitText is the whole unit. Without --allow-stdin-close, Tahoe 1.19 and later stops at once when systemd
// gives it no input (tahoe-run-stdin-null); older ones do not know the option.
func (b *builder) unitText() string {
	run := "run --allow-stdin-close"
	if olderThan(b.f.Tahoe.Version, 1, 19) {
		run = "run"
	}
	tor := b.f.Tor.Unit.Name
	return fmt.Sprintf(`# Made by tahoe-anon. "tahoe-anon undo" removes it.
[Unit]
Description=Tahoe-LAFS node %[1]s
Wants=network-online.target %[2]s
After=network-online.target %[2]s

[Service]
User=%[3]s
ExecStart=%[4]s %[5]s %[1]s
Restart=on-failure
RestartSec=5
NoNewPrivileges=yes

[Install]
WantedBy=multi-user.target
`, b.g.Dir, tor, b.f.Host.Account.Name, b.f.Tahoe.Path, run)
}

// olderThan compares "1.20.0" and the like; a version that cannot be read is taken for a new one.
func olderThan(version string, major, minor int) bool {
	parts := strings.SplitN(version, ".", 3)
	if len(parts) < 2 {
		return false
	}
	a, err1 := strconv.Atoi(parts[0])
	b, err2 := strconv.Atoi(parts[1])
	return err1 == nil && err2 == nil && (a < major || a == major && b < minor)
}
