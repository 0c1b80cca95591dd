package tahoe

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tahoe-anon/detect/env"
	"tahoe-anon/detect/env/envtest"
	"tahoe-anon/detect/host"
)

const (
	dir   = "/home/alice/.tahoe"
	tubid = "2wavttstvzxny4x3habzn6m43uui3qgy"
	furl  = "pb://" + tubid + "@tcp:127.0.0.1:3001/i5za6izymxkthahahjjoepfcxscdcrh5"
	boot  = "cpu 1 2\nbtime 1795464000\n"
	// Started 10.15 s after the boot: field 22.
	stat = "185 (tahoe) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 1015 20"
)

func node(options ...envtest.Option) envtest.Option {
	return envtest.All(append([]envtest.Option{
		envtest.FileAs(dir+"/tahoe-client.tac", "", 0o644, 1000, 1000), envtest.FileAs(dir+"/tahoe.cfg", "[node]\nnickname = x\n", 0o600, 1000, 1000),
		envtest.Dir(dir, 0o700, 1000, 1000), envtest.Dir(dir+"/private", 0o700, 1000, 1000), envtest.Dir("/proc/1", 0o555, 0, 0),
	}, options...)...)
}

func TestProbeNode(t *testing.T) {
	got := ProbeNode(envtest.Host(t, node(envtest.File(dir+"/my_nodeid", tubid+"\n"), envtest.File("/proc/stat", boot),
		envtest.File("/proc/185/stat", stat), envtest.File("/proc/185/cgroup", "0::/system.slice/tahoe-tahoe.service\n"),
		envtest.File(dir+"/running.process", "185 1795464010.15\n"))), dir+"/")
	if got.Config == nil || got.ConfigErr != "" {
		t.Errorf("tahoe.cfg was not read: %q", got.ConfigErr)
	}
	got.Config, got.File.Bytes, got.Introducers = nil, nil, nil
	want := Node{
		Dir: dir, Exists: true, Kind: Client, UID: 1000, GID: 1000, TubID: tubid, Running: env.Yes, PID: 185,
		Since: time.Unix(1795464010, 150000095), Unit: "tahoe-tahoe.service", PrivateMode: got.PrivateMode,
		File: File{Path: dir + "/tahoe.cfg", Mode: 0o600, UID: 1000, GID: 1000},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got.PrivateMode.Perm() != 0o700 {
		t.Errorf("private/ has mode %o", got.PrivateMode)
	}
}

func TestNodeThatIsNone(t *testing.T) {
	for name, c := range map[string]struct {
		option                envtest.Option
		exists, empty, failed bool
		running               env.Answer
	}{
		"missing":  {envtest.All(), false, false, false, env.No},
		"empty":    {envtest.Dir(dir, 0o700, 1000, 1000), true, true, false, env.No},
		"denied":   {envtest.All(envtest.Dir("/home/alice", 0o700, 1001, 1001), envtest.Denied("/home/alice"), node()), true, false, true, env.Unknown},
		"unlisted": {envtest.All(node(), envtest.Denied(dir)), true, false, true, env.Unknown},
		"no node":  {envtest.File(dir+"/notes", "x"), true, false, false, env.No},
	} {
		t.Run(name, func(t *testing.T) {
			got := ProbeNode(envtest.Host(t, c.option), dir)
			if got.Exists != c.exists || got.Empty != c.empty || (got.ConfigErr != "") != c.failed || got.Running != c.running || got.Config != nil {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestRunning(t *testing.T) {
	process := envtest.All(envtest.File("/proc/stat", boot), envtest.File("/proc/185/stat", stat))
	for name, c := range map[string]struct {
		file    string
		options []envtest.Option
		want    env.Answer
	}{
		"it runs":                       {"185 1795464010.15\n", []envtest.Option{process}, env.Yes},
		"the clock moved a little":      {"185 1795464013.2\n", []envtest.Option{process}, env.Yes},
		"it is gone":                    {"185 1795464010.15\n", nil, env.No},
		"the number is another's":       {"185 1795400000.0\n", []envtest.Option{process, envtest.File("/proc/185/cmdline", "sshd\x00")}, env.No},
		"the clock was set, or another": {"185 1795400000.0\n", []envtest.Option{process, envtest.File("/proc/185/cmdline", "python3\x00/usr/bin/tahoe\x00run\x00")}, env.Unknown},
		"a zombie":                      {"185 1795464010.15\n", []envtest.Option{envtest.File("/proc/stat", boot), envtest.File("/proc/185/stat", strings.Replace(stat, " S ", " Z ", 1))}, env.Unknown},
		"garbage":                       {"185", []envtest.Option{process}, env.Unknown},
		"unreadable":                    {"185 1795464010.15\n", []envtest.Option{process, envtest.Denied(dir + "/running.process")}, env.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			options := append([]envtest.Option{node(envtest.File(dir+"/running.process", c.file))}, c.options...)
			if got := ProbeNode(envtest.Host(t, options...), dir); got.Running != c.want {
				t.Errorf("got %s; want %s", got.Running, c.want)
			}
		})
	}
}

func TestTubID(t *testing.T) {
	for name, c := range map[string]struct {
		option envtest.Option
		want   string
	}{
		"my_nodeid":      {envtest.File(dir+"/my_nodeid", tubid+"\n"), tubid},
		"half my_nodeid": {envtest.All(envtest.File(dir+"/my_nodeid", "2wav"), envtest.File(dir+"/private/storage.furl", furl+"\n")), tubid},
		"an introducer":  {envtest.File(dir+"/private/introducer.furl", furl+"\n"), tubid},
		"never started":  {envtest.All(), ""},
		"a broken key":   {envtest.File(dir+"/private/node.pem", "-----BEGIN"), ""},
	} {
		if got := tubID(envtest.Host(t, c.option), dir); got != c.want {
			t.Errorf("%s: got %q; want %q", name, got, c.want)
		}
	}
}

func TestUnitOf(t *testing.T) {
	for cgroup, want := range map[string]string{
		"0::/system.slice/tahoe-x.service\n": "tahoe-x.service",
		"9:name=systemd:/payload/system.slice/tahoe-x.service\n8:pids:/\n0::/payload/system.slice/tahoe-x.service\n": "tahoe-x.service",
		"0::/user.slice/user-1000.slice/session-c1.scope\n":                                                          "",
		"0::/user.slice/user-1000.slice/user@1000.service\n":                                                         "",
		"0::/user.slice/user-1000.slice/user@1000.service/app.slice/tahoe.service\n":                                 "tahoe.service",
		"4:memory:/x.service\n": "", "": "",
	} {
		if got := unitOf(envtest.Host(t, envtest.File("/proc/7/cgroup", cgroup)), 7); got != want {
			t.Errorf("%q: got %q; want %q", cgroup, got, want)
		}
	}
}

func TestIntroducers(t *testing.T) {
	for text, want := range map[string]int{
		"introducers:\n  one:\n    furl: " + furl + "\n": 1, "introducers:\n  one: {furl: '" + furl + "'}\n  two: {furl: " + furl + "}\n": 2,
		"introducers: {}\n": 0, "": 0, "[": 0, "introducers:\n  one: {furl: 7}\n": 0, "introducers: 5\n": 0,
		"a: &a [x,x]\nb: &b [*a,*a]\n": 0,
	} {
		if got := parseIntroducers([]byte(text)); len(got) != want {
			t.Errorf("%q: got %v; want %d", text, got, want)
		}
	}
}

func TestFindNodes(t *testing.T) {
	process := func(pid, uid, args string) envtest.Option {
		return envtest.All(envtest.FileAs("/proc/"+pid+"/cmdline", strings.ReplaceAll(args, " ", "\x00")+"\x00", 0o444, 1000, 1000),
			envtest.Dir("/proc/"+pid, 0o555, map[string]int{"alice": 1000, "bob": 1001}[uid], 0))
	}
	e := envtest.Host(t, node(), process("7", "alice", "/usr/bin/python3 /usr/bin/tahoe run --allow-stdin-close /srv/alice"),
		process("8", "bob", "/usr/bin/python3 /usr/bin/tahoe run /srv/bob"), process("9", "alice", "/usr/bin/python3 /usr/bin/tahoe run ."),
		envtest.Link("/proc/9/cwd", "/srv/here"), process("10", "alice", "vi tahoe"), process("11", "alice", "tahoe ls"),
		envtest.Dir("/srv/unit", 0o700, 1000, 1000), envtest.Dir("/srv/bobs-unit", 0o700, 1001, 1001))
	h := host.Facts{
		Account: host.Account{UID: 1000, Home: "/home/alice"}, Process: host.Process{EUID: 1000},
		Units: []host.UnitFile{
			{Bytes: []byte("[Service]\nExecStart=/usr/bin/tahoe run --allow-stdin-close /srv/unit\n")},
			{Bytes: []byte("[Service]\nExecStart=/usr/bin/tahoe run /srv/bobs-unit\n")},
		},
	}
	if diff := cmp.Diff([]string{dir, "/srv/unit", "/srv/alice", "/srv/here"}, FindNodes(e, h)); diff != "" {
		t.Error(diff)
	}
	h.Process.EUID = 0
	if diff := cmp.Diff([]string{dir, "/srv/unit", "/srv/bobs-unit", "/srv/alice", "/srv/bob", "/srv/here"}, FindNodes(e, h)); diff != "" {
		t.Errorf("root: %s", diff)
	}
}

func TestRunDir(t *testing.T) {
	for line, want := range map[string]string{
		"python3 /usr/bin/tahoe run /n": "/n", "tahoe -d /n run": "/n", "tahoe --node-directory=/n run --allow-stdin-close": "/n",
		"tahoe run -C /n": "/n", "tahoe run": "", "tahoe ls /n": "", "sshd": "", "": "", "tahoe run /n --nodaemon": "/n",
	} {
		if got := runDir(strings.Fields(line)); got != want {
			t.Errorf("%s: got %q; want %q", line, got, want)
		}
	}
}

func FuzzParseRunning(f *testing.F) {
	f.Add("185 1795465015.94\n", stat, boot)
	f.Add("1 NaN", "1 (x", "btime 9223372036854775807\n")
	f.Add("1 1e300", "", "")
	f.Fuzz(func(t *testing.T, running, stat, boot string) {
		if pid, at, ok := parseRunning(running); ok && (pid < 1 || at.Unix() < 0 || at.Unix() > math.MaxInt32*2) {
			t.Errorf("%d %v from %q", pid, at, running)
		}
		parseStart(stat, boot)
		shebang(running)
	})
}

func FuzzParseIntroducers(f *testing.F) {
	f.Add([]byte("introducers:\n  one: {furl: '" + furl + "'}\n"))
	f.Fuzz(func(t *testing.T, b []byte) { parseIntroducers(b) })
}
