package tahoe

import (
	"bytes"
	"errors"
	"io/fs"
	"math"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"tahoe-anon/detect/env"
)

// setRunning believes running.process only where the process that it names was started at the time that it
// names: after a crash the number belongs to somebody else.
func (n *Node) setRunning(e env.Env) {
	b, err := e.ReadFile(filepath.Join(n.Dir, "running.process"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		n.Running = env.No
		return
	case err != nil:
		return
	}
	pid, start, ok := parseRunning(string(b))
	if !ok {
		return
	}
	n.Running = sameProcess(e, pid, start)
	if n.Running == env.Yes {
		n.PID, n.Since = pid, start
		n.Unit = unitOf(e, pid)
	}
}

// Stale says whether the node's process has read another tahoe.cfg than the one that is there now.
func (n *Node) Stale() bool {
	return n.Running == env.Yes && !n.Since.IsZero() && n.File.Changed.After(n.Since.Add(startSlack))
}

// parseRunning reads "PID STARTTIME", the time in seconds since 1970 with a fraction (allmydata/util/pid.py).
func parseRunning(text string) (pid int, start time.Time, ok bool) {
	p := strings.Fields(text)
	if len(p) != 2 {
		return 0, time.Time{}, false
	}
	pid, err1 := strconv.Atoi(p[0])
	seconds, err2 := strconv.ParseFloat(p[1], 64)
	if err1 != nil || err2 != nil || pid < 1 || !(seconds >= 0 && seconds < math.MaxInt32*2) {
		return 0, time.Time{}, false
	}
	whole, part := math.Modf(seconds)
	return pid, time.Unix(int64(whole), int64(part*1e9)), true
}

// startSlack is how far the two times may differ: the kernel's boot time moves when the clock is set.
const startSlack = 5 * time.Second

// sameProcess compares with the kernel's start time. A clock that was set by more than startSlack leaves a
// Tahoe process under that number unknown.
func sameProcess(e env.Env, pid int, start time.Time) env.Answer {
	stat, err := e.ReadFile(path.Join("/proc", strconv.Itoa(pid), "stat"))
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := e.Stat("/proc/1"); err != nil {
			return env.Unknown // hidepid: processes of other accounts cannot be seen
		}
		return env.No
	}
	boot, err2 := e.ReadFile("/proc/stat")
	if err != nil || err2 != nil {
		return env.Unknown
	}
	since, ok := parseStart(string(stat), string(boot))
	if !ok {
		return env.Unknown
	}
	if d := since.Sub(start); d.Abs() <= startSlack {
		return env.Yes
	}
	if b, err := e.ReadFile(path.Join("/proc", strconv.Itoa(pid), "cmdline")); err == nil && bytes.Contains(b, []byte("tahoe")) {
		return env.Unknown
	}
	return env.No
}

// ticks per second of /proc/PID/stat: USER_HZ, 100 on every architecture that Go runs on with Linux.
const userHZ = 100

// parseStart reads when a process was started: field 22 of proc_pid_stat(5), in ticks after btime of proc_stat(5).
// The second field is in brackets and may hold anything.
func parseStart(stat, boot string) (time.Time, bool) {
	p := strings.Fields(stat[strings.LastIndex(stat, ")")+1:]) // from field 3
	if len(p) < 20 || p[0] == "Z" {
		return time.Time{}, false
	}
	ticks, err := strconv.ParseInt(p[19], 10, 64)
	if err != nil || ticks < 0 || ticks > math.MaxInt64/int64(time.Second)*userHZ {
		return time.Time{}, false
	}
	for l := range strings.Lines(boot) {
		if value, ok := strings.CutPrefix(l, "btime "); ok {
			btime, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
			at := time.Unix(btime+ticks/userHZ, ticks%userHZ*int64(time.Second/userHZ))
			return at, err == nil
		}
	}
	return time.Time{}, false
}

// unitOf is the systemd unit of a process, from its cgroup: "0::/system.slice/tahoe-x.service". A session's
// scope is no unit that could be restarted.
func unitOf(e env.Env, pid int) string {
	b, err := e.ReadFile(path.Join("/proc", strconv.Itoa(pid), "cgroup"))
	if err != nil {
		return ""
	}
	for l := range strings.Lines(string(b)) {
		p := strings.SplitN(strings.TrimSpace(l), ":", 3)
		if len(p) != 3 || p[0] != "0" && p[1] != "name=systemd" {
			continue
		}
		// user@1000.service holds everything that an account's own systemd runs.
		if unit := path.Base(p[2]); strings.HasSuffix(unit, ".service") && !strings.HasPrefix(unit, "user@") {
			return unit
		}
	}
	return ""
}
