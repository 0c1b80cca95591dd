package host

import (
	"context"
	"runtime"
	"slices"
	"strings"

	"tahoe-anon/detect/env"
)

// Probe sees the machine. It reads small files only; a command is run only where the account database is not
// in files (LDAP).
func Probe(ctx context.Context, e env.Env) Facts {
	db := openAccounts(e)
	f := Facts{
		OS:           runtime.GOOS,
		Distribution: distribution(e),
		Hostname:     line(e, "/proc/sys/kernel/hostname"),
		Account:      caller(ctx, e, db),
		Process:      process(e, db),
		Sockets:      sockets(e),
		Units:        tahoeUnits(ctx, e),
	}
	if info, err := e.Stat("/run/systemd/system"); err == nil && info.Mode.IsDir() { // sd_booted(3)
		f.Init = "systemd"
	}
	f.Elevation, f.MayElevate = elevation(e, f)
	if f.Units == nil {
		f.Units = []UnitFile{}
	}
	if free, err := e.Free(f.Account.Home); err == nil && f.Account.Home != "" {
		f.FreeBytes = free
	}
	return f
}

// line is the first line of a file, empty when it cannot be read.
func line(e env.Env, path string) string {
	b, err := e.ReadFile(path)
	if err != nil {
		return ""
	}
	first, _, _ := strings.Cut(string(b), "\n")
	return strings.TrimSpace(first)
}

func process(e env.Env, db accounts) Process {
	var p Process
	p.UID, p.EUID = e.UID()
	gids, err := e.Groups()
	if err != nil {
		return p
	}
	for _, gid := range gids {
		p.Groups = append(p.Groups, db.groupName(gid))
	}
	return p
}

// elevation tells how Account becomes root. `sudo -n true` would tell it exactly, and would also write the
// attempt to the log and mail it to the administrator, so only the groups are asked: sudo is Debian's,
// wheel Fedora's and Arch's, admin old Ubuntu's.
func elevation(e env.Env, f Facts) (string, env.Answer) {
	if f.Process.EUID == 0 {
		return "", env.Yes
	}
	for _, by := range []string{"sudo", "doas"} {
		if _, err := e.LookPath(by); err != nil {
			continue
		}
		if slices.ContainsFunc(f.Account.Groups, mayElevate) {
			return by, env.Yes
		}
		return by, env.Unknown
	}
	return "", env.No
}

func mayElevate(group string) bool { return group == "sudo" || group == "wheel" || group == "admin" }
