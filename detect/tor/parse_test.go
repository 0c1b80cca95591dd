package tor

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tahoe-anon/detect/env/envtest"
)

func TestParseBootstrap(t *testing.T) {
	for text, want := range map[string]Bootstrap{
		`NOTICE BOOTSTRAP PROGRESS=100 TAG=done SUMMARY="Done"`: {Progress: 100, Tag: "done", Summary: "Done"},
		`WARN BOOTSTRAP PROGRESS=5 TAG=conn SUMMARY="Connecting to a relay" WARNING="Connection \"refused\"" REASON=CONNECTREFUSED COUNT=5 RECOMMENDATION=ignore HOSTID=".." HOSTADDR="ip:port"`: {
			Progress: 5, Tag: "conn", Summary: "Connecting to a relay", Warning: `Connection "refused"`, Reason: "CONNECTREFUSED",
		},
		"": {Progress: -1}, "NOTICE BOOTSTRAP PROGRESS=1000": {Progress: -1}, "250 OK": {Progress: -1},
	} {
		if diff := cmp.Diff(want, parseBootstrap(text)); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

// What systemctl(1) printed on Debian 13: the master unit, and the daemon.
const debianUnits = `Type=notify
MainPID=130
ExecStart={ path=/usr/bin/tor ; argv[]=/usr/bin/tor --defaults-torrc /usr/share/tor/tor-service-defaults-torrc -f /etc/tor/torrc --RunAsDaemon 0 ; ignore_errors=no ; start_time=[n/a] ; stop_time=[n/a] ; pid=130 ; code=(null) ; status=0/0 }
ReadWritePaths=-/proc -/var/lib/tor -/var/log/tor -/run
ReadOnlyPaths=/
ProtectSystem=full
Id=tor@default.service
LoadState=loaded
ActiveState=active
SubState=running

MainPID=0
ExecStart={ path=/bin/true ; argv[]=/bin/true ; ignore_errors=no ; start_time=[n/a] ; stop_time=[n/a] ; pid=56 ; code=exited ; status=0 }
ReadWritePaths=
ReadOnlyPaths=
ProtectSystem=no
Id=tor.service
LoadState=loaded
ActiveState=active
SubState=exited
`

func TestFindUnit(t *testing.T) {
	stopped := strings.NewReplacer("MainPID=130", "MainPID=0", "ActiveState=active\nSubState=running", "ActiveState=failed\nSubState=failed").Replace(debianUnits)
	fedora := strings.NewReplacer("tor@default.service", "tor.service", "tor.service", "tor@default.service", "ReadOnlyPaths=/\nProtectSystem=full", "ReadOnlyPaths=\nProtectSystem=strict\nStateDirectory=tor:x").Replace(debianUnits)
	args := []string{"/usr/bin/tor", "--defaults-torrc", "/usr/share/tor/tor-service-defaults-torrc", "-f", "/etc/tor/torrc", "--RunAsDaemon", "0"}
	writable := []string{"/proc", "/run", "/var/lib/tor", "/var/log/tor"}
	for name, c := range map[string]struct {
		printed string
		unit    Unit
		args    []string
	}{
		"the daemon, not its master": {debianUnits, Unit{"tor@default.service", "active", "running", 130, writable}, args},
		"failed":                     {stopped, Unit{"tor@default.service", "failed", "failed", 0, writable}, args},
		"a strict tor.service":       {fedora, Unit{"tor.service", "active", "running", 130, []string{"/proc", "/run", "/var/lib/tor", "/var/lib/tor", "/var/log/tor"}}, args},
		"none":                       {"Id=tor.service\nLoadState=not-found\nActiveState=inactive\n", Unit{}, nil},
		"nothing":                    {"", Unit{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			unit, got := findUnit(t.Context(), envtest.Host(t, envtest.Command("systemctl show", c.printed)))
			if diff := cmp.Diff(c.unit, unit); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.args, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseArgs(t *testing.T) {
	for line, want := range map[string][2]string{
		"tor --defaults-torrc D -f F --RunAsDaemon 0": {"D", "F"},
		"tor -f F":                     {"", "F"},
		"tor --torrc-file F -f":        {"", "F"},
		"tor":                          {"", systemTorrc},
		"tor --SocksPort 9999 --quiet": {"", systemTorrc},
	} {
		defaults, torrc := configFiles(envtest.Host(t), strings.Fields(line))
		if got := [2]string{defaults, torrc}; got != want {
			t.Errorf("%s: got %v; want %v", line, got, want)
		}
	}
	if defaults, torrc := configFiles(envtest.Host(t, envtest.File(debianDefaults, "")), nil); defaults != debianDefaults || torrc != systemTorrc {
		t.Errorf("without a command line: %s %s", defaults, torrc)
	}
}

func TestParseVersion(t *testing.T) {
	for text, want := range map[string]string{
		"Tor version 0.4.9.11.\nThis build": "0.4.9.11", "Tor version 0.4.8.4 (git-x).": "0.4.8.4", "": "", "version": "",
	} {
		if got := parseVersion(text); got != want {
			t.Errorf("%q: got %q; want %q", text, got, want)
		}
	}
}

func FuzzParseUnits(f *testing.F) {
	f.Add(debianUnits)
	f.Add("=\n\n=x\nExecStart=argv[]=")
	f.Fuzz(func(t *testing.T, text string) {
		if u := chooseUnit(parseUnits(text)); u != nil && len(execArgs(u["ExecStart"])) == 0 {
			t.Errorf("chose %v", u)
		}
	})
}

func FuzzParseBootstrap(f *testing.F) {
	f.Add(`NOTICE BOOTSTRAP PROGRESS=100 TAG=done SUMMARY="Done"`)
	f.Add(`BOOTSTRAP SUMMARY="\" WARNING=`)
	f.Fuzz(func(t *testing.T, text string) {
		if b := parseBootstrap(text); b.Progress < -1 || b.Progress > 100 {
			t.Errorf("%+v from %q", b, text)
		}
		portAddress(text, false)
	})
}
