package tor

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tahoe-anon/detect/env"
	"tahoe-anon/detect/env/envtest"
	"tahoe-anon/detect/host"
)

func TestProbeRealTor(t *testing.T) {
	i := startTor(t)
	service := filepath.Join(i.dir, "service")
	settled := watching(t, i.host(), "", "")
	i.configure("HiddenServiceDir "+service, "HiddenServicePort 4711 127.0.0.1:1")
	i.reload()
	if err := settled(); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	e := i.host()
	f := Probe(t.Context(), e, host.Probe(t.Context(), e))
	if took := time.Since(begin); took > time.Second {
		t.Errorf("it took %v", took)
	}
	c := f.Control
	if !c.Authenticated || c.Address != "unix:/run/tor/control" || c.PID != i.cmd.Process.Pid || c.CookieFile != filepath.Join(i.dir, "cookie") {
		t.Errorf("the control port: %+v", c)
	}
	if c.Bootstrap != (Bootstrap{Progress: 0, Tag: "starting", Summary: "Starting"}) || c.Network != env.No || len(c.Listeners) != 0 {
		t.Errorf("it has no network: %+v", c)
	}
	if !slices.Equal(c.Onions, []string{service}) {
		t.Errorf("its services: %q", c.Onions)
	}
	if f.Running != env.Yes || f.ConfigFile != i.torrc || f.DataDirectory != filepath.Join(i.dir, "data") || f.UID != os.Getuid() {
		t.Errorf("the daemon: %+v", f)
	}
	if !strings.HasPrefix(f.Version, "0.") {
		t.Errorf("its version is %q", f.Version)
	}
	if len(f.Files) != 2 || f.Files[1].Path != i.torrc || f.Files[1].Mode != 0o644 || f.Files[1].UID != os.Getuid() {
		t.Errorf("its files: %+v", f.Files)
	}
	if len(f.Services) != 1 {
		t.Fatalf("its services: %+v", f.Services)
	}
	s := f.Services[0]
	if s.Dir != service || s.Seen != env.Yes || s.Mode.Perm() != 0o700 || s.UID != os.Getuid() || ValidAddress(s.Hostname) != nil {
		t.Errorf("its service: %+v", s)
	}
}

// This tor opens its SOCKS port, and knows one directory authority, where nobody listens.
func TestProbeRealSocks(t *testing.T) {
	i := startTor(t, "DisableNetwork 0", "TestingTorNetwork 1", "UseDefaultFallbackDirs 0",
		"DirAuthority test orport=1 v3ident=0000000000000000000000000000000000000001 127.0.0.1:1 0000000000000000000000000000000000000001")
	e := i.host()
	dial := e.Dial
	e.Dial = env.Real().Dial
	h := host.Facts{Process: host.Process{EUID: os.Geteuid()}}
	states := probeControl(t.Context(), e, h, []string{"unix:" + i.socket()}, -1)
	if st := chooseControl(states); st == nil || len(st.facts.Listeners) != 1 || st.facts.Network != env.Yes {
		t.Fatalf("got %+v", states)
	}
	listener := states[0].facts.Listeners[0]
	got := probeSocks(t.Context(), e, h, []string{listener}, -1)[0]
	if got.Answers != env.Yes {
		t.Errorf("got %+v; want an answer", got)
	}
	asControl, a := openSession(t.Context(), e, h, listener, time.Now().Add(portLimit))
	if asControl != nil || a.Cause != NotControlPort {
		t.Errorf("as a control port: %+v; want not-a-control-port", a)
	}
	e.Dial = dial
	f := Probe(t.Context(), e, h)
	if !slices.ContainsFunc(f.Socks, func(s Socks) bool { return s.Address == listener }) {
		t.Errorf("the port that tor chose itself was not asked: %+v", f.Socks)
	}
}

func TestServiceThatMayNotBeSeen(t *testing.T) {
	e := envtest.Host(t,
		envtest.File("/etc/tor/torrc", "HiddenServiceDir /var/lib/tor/a\nHiddenServicePort 80\nUser debian-tor\nDataDirectory /var/lib/tor\n"),
		envtest.File("/etc/passwd", "debian-tor:x:100:103::/var/lib/tor:/bin/false\n"),
		envtest.Dir("/var/lib/tor/a", 0o700, 100, 103), envtest.Dir("/var/lib/tor", 0o700, 100, 103), envtest.Denied("/var/lib/tor"))
	f := Probe(t.Context(), e, host.Facts{})
	if len(f.Services) != 1 || f.Services[0].Seen != env.Unknown || f.Services[0].Hostname != "" {
		t.Errorf("got %+v; want unknown", f.Services)
	}
	if f.User != "debian-tor" || f.UID != 100 || f.GID != 103 || f.Running != env.Unknown {
		t.Errorf("the daemon: %+v", f)
	}
}

// tor-unit-confusion: Debian's master unit is active, the daemon is not.
func TestStoppedDaemonOfDebian(t *testing.T) {
	stopped := strings.NewReplacer("MainPID=130", "MainPID=0", "ActiveState=active\nSubState=running", "ActiveState=failed\nSubState=failed").Replace(debianUnits)
	e := envtest.Host(t, envtest.Command("systemctl show", stopped), envtest.Dir("/proc/1", 0o555, 0, 0))
	f := Probe(t.Context(), e, host.Facts{Init: "systemd"})
	if f.Running != env.No || f.Unit.Name != "tor@default.service" || f.Unit.Active != "failed" {
		t.Errorf("got %s, %+v", f.Running, f.Unit)
	}
	if f.DefaultsFile != debianDefaults || f.ConfigFile != systemTorrc {
		t.Errorf("its files: %s, %s", f.DefaultsFile, f.ConfigFile)
	}
}

func TestTwins(t *testing.T) {
	in := []string{"unix:/run/tor/control", "unix:/var/run/tor/control", "127.0.0.1:9051"}
	if got := withoutTwins(envtest.Host(t, envtest.Link("/var/run", "/run")), in); !slices.Equal(got, []string{in[0], in[2]}) {
		t.Errorf("with the link: %q", got)
	}
	if got := withoutTwins(envtest.Host(t), in); !slices.Equal(got, in) {
		t.Errorf("without: %q", got)
	}
}

// The probe asks tor for its version meanwhile, and another may verify a torrc: these are no daemons.
func TestQuestionsAreNoDaemons(t *testing.T) {
	for cmdline, want := range map[string]env.Answer{
		"/usr/sbin/tor\x00--version\x00":                             env.No,
		"/usr/bin/tor\x00-f\x00/etc/tor/.new\x00--verify-config\x00": env.No,
		"/usr/bin/tor\x00-f\x00/etc/tor/torrc\x00":                   env.Yes,
	} {
		e := envtest.Host(t, envtest.Dir("/proc/1", 0o555, 0, 0), envtest.Dir("/proc/77", 0o555, 100, 100),
			envtest.File("/proc/77/comm", "tor\n"), envtest.File("/proc/77/cmdline", cmdline))
		if f := Probe(t.Context(), e, host.Facts{}); f.Running != want {
			t.Errorf("with %q, tor runs: %s; want %s", cmdline, f.Running, want)
		}
	}
}
