package tor

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"tahoe-anon/detect/env"
)

// findUnit asks systemd for the unit of the daemon itself and the arguments that it starts tor with, all units
// in one call.
func findUnit(ctx context.Context, e env.Env) (Unit, []string) {
	ctx, cancel := context.WithTimeout(ctx, commandLimit)
	defer cancel()
	out, err := e.Run(ctx, "systemctl", "show",
		"--property=Id,LoadState,ActiveState,SubState,MainPID,ExecStart,ProtectSystem,ReadOnlyPaths,ReadWritePaths,StateDirectory,LogsDirectory,RuntimeDirectory",
		"tor@default.service", "tor.service", "tor@*.service")
	if err != nil {
		return Unit{}, nil
	}
	p := chooseUnit(parseUnits(out.Stdout))
	if p == nil {
		return Unit{}, nil
	}
	pid, _ := strconv.Atoi(p["MainPID"])
	return Unit{Name: p["Id"], Active: p["ActiveState"], Sub: p["SubState"], MainPID: pid, Writable: writable(p)},
		execArgs(p["ExecStart"])
}

// parseUnits reads what `systemctl show` prints: KEY=VALUE lines, an empty line between two units.
func parseUnits(text string) []map[string]string {
	var units []map[string]string
	var unit map[string]string
	for l := range strings.Lines(text) {
		key, value, ok := strings.Cut(strings.TrimRight(l, "\n"), "=")
		if !ok {
			unit = nil
			continue
		}
		if unit == nil {
			unit = map[string]string{}
			units = append(units, unit)
		}
		unit[key] = value
	}
	return units
}

// chooseUnit takes the one that runs, else the one that would. Debian's tor.service starts /bin/true and only
// stands for tor@default.service (tor-unit-confusion); elsewhere tor.service is the daemon.
func chooseUnit(units []map[string]string) map[string]string {
	var daemons []map[string]string
	for _, u := range units {
		args := execArgs(u["ExecStart"])
		if u["LoadState"] == "loaded" && len(args) > 0 && strings.HasSuffix(args[0], "/tor") {
			daemons = append(daemons, u)
		}
	}
	runs := func(u map[string]string) bool { return u["MainPID"] != "" && u["MainPID"] != "0" }
	if i := slices.IndexFunc(daemons, runs); i >= 0 {
		return daemons[i]
	}
	if len(daemons) > 0 {
		return daemons[0]
	}
	return nil
}

// execArgs takes the arguments out of "{ path=/usr/bin/tor ; argv[]=/usr/bin/tor -f F ; ignore_errors=no ; ... }".
func execArgs(value string) []string {
	_, argv, ok := strings.Cut(value, "argv[]=")
	if !ok {
		return nil
	}
	argv, _, _ = strings.Cut(argv, " ; ")
	return strings.Fields(argv)
}

// writable are the directories that a unit leaves writable when it makes the whole file system read-only
// (ReadOnlyPaths=/ or ProtectSystem=strict, systemd.exec(5)); nil when it does not.
func writable(p map[string]string) []string {
	if !slices.Contains(strings.Fields(p["ReadOnlyPaths"]), "/") && p["ProtectSystem"] != "strict" {
		return nil
	}
	dirs := []string{}
	for _, d := range strings.Fields(p["ReadWritePaths"]) {
		dirs = append(dirs, strings.TrimLeft(d, "-+"))
	}
	for key, parent := range map[string]string{"StateDirectory": "/var/lib/", "LogsDirectory": "/var/log/", "RuntimeDirectory": "/run/"} {
		for _, name := range strings.Fields(p[key]) {
			name, _, _ = strings.Cut(name, ":")
			dirs = append(dirs, parent+name)
		}
	}
	slices.Sort(dirs)
	return dirs
}
