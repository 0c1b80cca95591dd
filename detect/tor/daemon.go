package tor

import (
	"context"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"tahoe-anon/detect/env"
	"tahoe-anon/detect/host"
)

// commandLimit is how long `tor --version` and `systemctl show` may take; they need about 10 ms.
const commandLimit = 500 * time.Millisecond

// daemon is the tor process and the unit that runs it.
type daemon struct {
	unit     Unit
	running  env.Answer
	pid      int // 0 when none was found
	uid, gid int // of the process, -1 when there is none
	defaults string
	torrc    string
}

func findDaemon(ctx context.Context, e env.Env, h host.Facts) daemon {
	d := daemon{running: env.Unknown, uid: -1, gid: -1}
	var args []string
	if h.Init == "systemd" {
		d.unit, args = findUnit(ctx, e)
	}
	d.pid = d.unit.MainPID
	if d.pid == 0 {
		d.pid = findProcess(e)
	}
	switch info, err := e.Stat(proc(d.pid, "")); {
	case d.pid > 0 && err == nil:
		d.running, d.uid, d.gid = env.Yes, info.UID, info.GID
		if cmdline, err := e.ReadFile(proc(d.pid, "cmdline")); err == nil && len(cmdline) > 0 {
			args = strings.Split(strings.TrimRight(string(cmdline), "\x00"), "\x00")
		}
	case d.unit.MainPID > 0:
		d.running = env.Yes
	case seesProcesses(e):
		d.running = env.No
	}
	d.defaults, d.torrc = configFiles(e, args)
	return d
}

func proc(pid int, name string) string { return filepath.Join("/proc", strconv.Itoa(pid), name) }

// seesProcesses is false where /proc is mounted with hidepid, so that a tor of another account cannot be seen.
func seesProcesses(e env.Env) bool {
	_, err := e.Stat("/proc/1")
	return err == nil
}

// serves is false for a tor that only answers a question and ends, as `tor --version` does, which this very probe
// runs at the same time.
func serves(e env.Env, pid int) bool {
	cmdline, err := e.ReadFile(proc(pid, "cmdline"))
	if err != nil || len(cmdline) == 0 { // the latter is one that has ended, and waits to be reaped
		return false
	}
	return !slices.ContainsFunc(strings.Split(string(cmdline), "\x00"), func(arg string) bool {
		return slices.Contains([]string{"--version", "--verify-config", "--dump-config", "--hash-password", "--list-modules"}, arg)
	})
}

// findProcess finds a tor that no known unit runs. A system's tor is taken before a person's (Tor Browser
// starts one of its own).
func findProcess(e env.Env) int {
	names, err := e.ReadDir("/proc")
	if err != nil {
		return 0
	}
	own := 0
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if comm, err := e.ReadFile(proc(pid, "comm")); err != nil || string(comm) != "tor\n" {
			continue
		}
		info, err := e.Stat(proc(pid, ""))
		if err != nil || !serves(e, pid) {
			continue
		}
		if info.UID < firstPerson {
			return pid
		}
		own = pid
	}
	return own
}

// firstPerson is the first UID that is not a system's: UID_MIN of login.defs(5) everywhere.
const firstPerson = 1000

const (
	debianDefaults = "/usr/share/tor/tor-service-defaults-torrc"
	systemTorrc    = "/etc/tor/torrc"
)

// configFiles are the defaults file and the torrc that tor reads when it is started with args; without
// args, those of Debian's unit.
func configFiles(e env.Env, args []string) (defaults, torrc string) {
	if len(args) > 0 {
		defaults, torrc = parseArgs(args[1:])
	} else if _, err := e.Stat(debianDefaults); err == nil {
		defaults = debianDefaults
	}
	if torrc == "" {
		torrc = systemTorrc
	}
	return defaults, torrc
}

// parseArgs finds --defaults-torrc and -f on tor's command line; options may have one dash or two (tor(1)).
func parseArgs(args []string) (defaults, torrc string) {
	for i := 0; i+1 < len(args); i++ {
		switch strings.TrimLeft(args[i], "-") {
		case "defaults-torrc":
			defaults = args[i+1]
		case "f", "torrc-file":
			torrc = args[i+1]
		default:
			continue
		}
		i++
	}
	return defaults, torrc
}

func findBinary(ctx context.Context, e env.Env) (path, version string) {
	path, err := e.LookPath("tor")
	if err != nil {
		path = "" // sbin is not in everybody's PATH
		for _, p := range []string{"/usr/sbin/tor", "/usr/bin/tor"} {
			if info, err := e.Stat(p); err == nil && info.Mode.IsRegular() {
				path = p
				break
			}
		}
	}
	if path == "" {
		return "", ""
	}
	ctx, cancel := context.WithTimeout(ctx, commandLimit)
	defer cancel()
	out, err := e.Run(ctx, path, "--version")
	if err != nil {
		return path, ""
	}
	return path, parseVersion(out.Stdout)
}

// parseVersion reads "Tor version 0.4.9.11." or "Tor version 0.4.8.4 (git-...).".
func parseVersion(text string) string {
	words := strings.Fields(text)
	if i := slices.Index(words, "version"); i >= 0 && i+1 < len(words) {
		return strings.TrimSuffix(words[i+1], ".")
	}
	return ""
}
