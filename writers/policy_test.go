package writers

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tahoe-anon/writers/edit"
)

// Tests without root cannot give tor's directory to another account, so that here tor is the test's own account and
// the caller another one. As root, they give it away.
const alice = 4242

type policyWorld struct {
	*world
	policy Policy
	tor    int
}

func newPolicyWorld(t *testing.T) *policyWorld {
	t.Helper()
	w := newWorld(t)
	tor := os.Geteuid()
	if tor == 0 {
		tor = 4343
		must(t, os.Chown(w.path("data"), tor, tor))
	}
	return &policyWorld{world: w, tor: tor, policy: Policy{
		Torrc: w.path("etc/torrc"), TorData: w.path("data"), Units: w.path("units"),
		Judges: []string{"/usr/bin/tor"}, Shared: "/usr/share/tor",
		Account: func(uid int) (string, error) {
			if uid != alice {
				return "", errors.New("no such account")
			}
			return "alice", nil
		},
		Owner: func(dir string) (int, error) {
			if dir == "/home/alice/.tahoe" {
				return alice, nil
			}
			return 0, nil
		},
		UnitUID: func(unit string) (int, error) {
			switch unit {
			case "my-storage.service":
				return alice, nil
			case "sshd.service":
				return 0, nil
			}
			return 0, errors.New("not running")
		},
	}}
}

func (w *policyWorld) torData() *Was {
	info, err := os.Stat(w.policy.TorData)
	must(w.t, err)
	return &Was{UID: uidOf(info), GID: gidOf(info)}
}

var (
	secretKey = append([]byte("== ed25519v1-secret: type0 ==\x00\x00\x00"), bytes.Repeat([]byte{0xf3, '\n'}, 32)...)
	publicKey = append([]byte("== ed25519v1-public: type0 ==\x00\x00\x00"), bytes.Repeat([]byte{'\n', 0x9c}, 16)...)
	hostname  = []byte(strings.Repeat("ab27", 14) + ".onion\n")
)

const goodUnit = `# Made by tahoe-anon. "tahoe-anon undo" removes it.
[Unit]
Description=Tahoe-LAFS node /home/alice/.tahoe
Wants=network-online.target tor@default.service
After=network-online.target tor@default.service

[Service]
User=alice
ExecStart=/opt/tahoe/bin/tahoe run --allow-stdin-close /home/alice/.tahoe
Restart=on-failure
RestartSec=5
NoNewPrivileges=yes

[Install]
WantedBy=multi-user.target
`

// steps is what the wizard makes.
func (w *policyWorld) steps() []Step {
	data := w.torData()
	keyFile := func(name string, content []byte) Step {
		return Step{ID: name, As: Root, Write: &Write{
			Path: filepath.Join(w.policy.TorData, "tahoe", name), Content: content, Mode: 0o600, UID: data.UID, GID: data.GID,
			MakeDir: 0o700, Leaves: []string{"authorized_clients"},
		}}
	}
	return []Step{
		keyFile("hs_ed25519_secret_key", secretKey),
		keyFile("hs_ed25519_public_key", publicKey),
		keyFile("hostname", hostname),
		{ID: "torrc", As: Root, Write: &Write{
			Path: w.policy.Torrc, Was: w.was("etc/torrc"), Content: w.services("/tahoe", 3000, 2000),
			Verify: &Verify{As: UID(w.tor), Argv: []string{
				"/usr/bin/tor", "--defaults-torrc", "/usr/share/tor/tor-service-defaults-torrc",
				"-f", Candidate, "--User", "", "--verify-config",
			}},
			Notify: &Notify{
				Argv: []string{"systemctl", "reload", "tor@default.service"}, Watch: "tor",
				Revive: []string{"systemctl", "restart", "tor@default.service"},
			},
		}},
		{ID: "unit", As: Root, Write: &Write{
			Path: filepath.Join(w.policy.Units, "tahoe-alice.service"), Content: []byte(goodUnit), Mode: 0o644,
			Notify: &Notify{Argv: []string{"systemctl", "daemon-reload"}},
		}},
		{ID: "start", As: Root, Run: &Run{
			Argv: []string{"systemctl", "enable", "--now", "tahoe-alice.service"},
			Undo: []string{"systemctl", "disable", "--now", "tahoe-alice.service"},
		}},
		{ID: "own", As: User, Run: &Run{Argv: []string{"anything"}}},
	}
}

func (w *policyWorld) services(dir string, virtual, local int) []byte {
	return fmt.Appendf(nil, "%s\n# Tahoe-LAFS node /home/alice/.tahoe\nHiddenServiceDir %s%s\nHiddenServicePort %d 127.0.0.1:%d\n",
		oldTorrc, w.policy.TorData, dir, virtual, local)
}

func (w *policyWorld) check(steps []Step, secrets Secrets) error {
	p := Plan{Schema: Schema, ID: "x", Steps: steps}
	p.Seal()
	return w.policy.Check(p, secrets, Caller{UID: alice})
}

func TestPolicyAllows(t *testing.T) {
	w := newPolicyWorld(t)
	if err := w.check(w.steps(), nil); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func([]Step){
		"a secret key":      func(s []Step) { s[0].Write.Content, s[0].Write.Secret = nil, SecretName(secretKey) },
		"keys as tor":       func(s []Step) { s[0].As = UID(w.torData().UID) },
		"an older Tahoe":    func(s []Step) { s[4].Write.Content = []byte(strings.Replace(goodUnit, " --allow-stdin-close", "", 1)) },
		"a stopped storage": func(s []Step) { s[5].Run.Argv = []string{"systemctl", "stop", "my-storage.service"} },
		"tor without a defaults file": func(s []Step) {
			s[3].Write.Verify.Argv = []string{"/usr/bin/tor", "-f", Candidate, "--User", "", "--verify-config"}
		},
	} {
		steps := w.steps()
		change(steps)
		if err := w.check(steps, Secrets{SecretName(secretKey): secretKey}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// The caller's own steps, in the caller's own directories.
	home := w.path("home")
	must(t, os.Mkdir(home, 0o700))
	own := Step{ID: "own", As: UID(alice), Write: &Write{Path: home + "/node/tahoe.cfg", Changes: []edit.Change{{Section: "a", Key: "b"}}}}
	if os.Geteuid() == 0 {
		must(t, os.Chown(home, alice, alice))
		if err := w.check([]Step{own}, nil); err != nil {
			t.Error(err)
		}
		must(t, os.Chown(home, 0, 0))
	}
	if err := w.check([]Step{own}, nil); !is(func(e *RefusedError) bool { return e.Step == "own" })(err) {
		t.Errorf("a directory of another account: %v", err)
	}
}

// Each row is one thing that an attacker would like root to do.
func TestPolicyRefuses(t *testing.T) {
	write := func(path string) func(w *policyWorld, s []Step) string {
		return func(w *policyWorld, s []Step) string {
			s[4].Write.Path = strings.ReplaceAll(path, "UNITS", w.policy.Units)
			return "unit"
		}
	}
	run := func(argv ...string) func(w *policyWorld, s []Step) string {
		return func(_ *policyWorld, s []Step) string { s[5].Run.Argv = argv; return "start" }
	}
	torrc := func(text string) func(w *policyWorld, s []Step) string {
		return func(w *policyWorld, s []Step) string {
			s[3].Write.Content = []byte(strings.ReplaceAll(text, "DATA", w.policy.TorData))
			return "torrc"
		}
	}
	judge := func(argv ...string) func(w *policyWorld, s []Step) string {
		return func(_ *policyWorld, s []Step) string { s[3].Write.Verify.Argv = argv; return "torrc" }
	}
	unit := func(old, text string) func(w *policyWorld, s []Step) string {
		return func(_ *policyWorld, s []Step) string {
			if !strings.Contains(goodUnit, old) {
				panic(old)
			}
			s[4].Write.Content = []byte(strings.Replace(goodUnit, old, text, 1))
			return "unit"
		}
	}
	keyFile := func(f func(w *policyWorld, x *Write)) func(w *policyWorld, s []Step) string {
		return func(w *policyWorld, s []Step) string { f(w, s[0].Write); return "hs_ed25519_secret_key" }
	}
	rows := map[string]func(w *policyWorld, s []Step) string{
		"sudoers":          write("/etc/sudoers.d/alice"),
		"passwd":           write("/etc/passwd"),
		"cron":             write("/etc/cron.d/tahoe-alice.service"),
		"drop-in":          write("UNITS/tahoe-alice.service.d/x.conf"),
		"another unit":     write("UNITS/ssh.service"),
		"deep unit":        write("UNITS/x/tahoe-alice.service"),
		"unit with spaces": write("UNITS/tahoe-a b.service"),
		"a socket":         write("UNITS/tahoe-alice.socket"),

		"a shell":           run("sh", "-c", "id"),
		"no verb":           run("systemctl"),
		"edit":              run("systemctl", "edit", "tahoe-alice.service"),
		"an option":         run("systemctl", "--root=/x", "daemon-reload"),
		"an option as unit": run("systemctl", "start", "--now"),
		"link":              run("systemctl", "link", "/home/alice/x.service"),
		"enable a path":     run("systemctl", "enable", "--now", "/home/alice/tahoe-x.service"),
		"two units":         run("systemctl", "start", "tahoe-alice.service", "ssh.service"),
		"stop tor":          run("systemctl", "stop", "tor@default.service"),
		"stop another's":    run("systemctl", "stop", "sshd.service"),
		"enable another's":  run("systemctl", "enable", "--now", "my-storage.service"),
		"start a stopped":   run("systemctl", "start", "rescue.service"),
		"tor's twin":        run("systemctl", "restart", "tor@../x.service"),
		"another systemctl": run("/home/alice/systemctl", "daemon-reload"),
		"a glob":            run("systemctl", "stop", "*.service"),
		"undo": func(_ *policyWorld, s []Step) string {
			s[5].Run.Undo = []string{"rm", "-rf", "/"}
			return "start"
		},
		"abort": func(_ *policyWorld, s []Step) string {
			s[5].Run.Abort = []string{"reboot"}
			return "start"
		},
		"notify": func(_ *policyWorld, s []Step) string {
			s[3].Write.Notify.Argv = []string{"sh", "x"}
			return "torrc"
		},
		"revive": func(_ *policyWorld, s []Step) string {
			s[3].Write.Notify.Revive = []string{"sh", "x"}
			return "torrc"
		},
		"made by root": func(_ *policyWorld, s []Step) string {
			s[5].Run.Absent = "/x"
			return "start"
		},
		"as somebody else": func(_ *policyWorld, s []Step) string {
			s[5].As = UID(alice + 1)
			return "start"
		},
		"run as tor": func(w *policyWorld, s []Step) string {
			s[5].As = UID(w.tor)
			return "start"
		},
		"unit of another": func(w *policyWorld, s []Step) string {
			text := strings.Replace(goodUnit, "User=alice", "User=bob", 1)
			must(w.t, os.WriteFile(w.path("units/tahoe-bob.service"), []byte(text), 0o644))
			s[5].Run.Argv = []string{"systemctl", "stop", "tahoe-bob.service"}
			return "start"
		},
		"replaced unit of another": func(w *policyWorld, s []Step) string {
			text := strings.Replace(goodUnit, "User=alice", "User=bob", 1)
			must(w.t, os.WriteFile(w.path("units/tahoe-alice.service"), []byte(text), 0o644))
			s[4].Write.Was = w.was("units/tahoe-alice.service")
			return "unit"
		},

		"a control port":      torrc(oldTorrc + "ControlPort 9051\n"),
		"a lost line":         torrc("# the end\n"),
		"an open relay":       torrc(oldTorrc + "ORPort 9001\n"),
		"a plugin":            torrc(oldTorrc + "ClientTransportPlugin x exec /home/alice/x\n"),
		"another directory":   torrc(oldTorrc + "HiddenServiceDir /home/alice/x\n"),
		"up and out":          torrc(oldTorrc + "HiddenServiceDir DATA/../x\n"),
		"deeper":              torrc(oldTorrc + "HiddenServiceDir DATA/a/b\n"),
		"another host":        torrc(oldTorrc + "HiddenServiceDir DATA/tahoe\nHiddenServicePort 80 10.0.0.1:80\n"),
		"a socket as target":  torrc(oldTorrc + "HiddenServiceDir DATA/tahoe\nHiddenServicePort 80 unix:/run/x\n"),
		"a port too large":    torrc(oldTorrc + "HiddenServiceDir DATA/tahoe\nHiddenServicePort 80 127.0.0.1:65536\n"),
		"a mode of tor":       torrc(oldTorrc + "HiddenServiceDir DATA/tahoe\nHiddenServiceNonAnonymousMode 1\n"),
		"an include":          torrc(oldTorrc + "%include /home/alice/x\n"),
		"a zero byte":         torrc(oldTorrc + "# \x00\n"),
		"a comment going on":  torrc(oldTorrc + "# x \\\n"),
		"a carriage return":   torrc(oldTorrc + "# x\rControlPort 1\n"),
		"joined to the last":  torrc(strings.TrimSuffix(oldTorrc, "# the end\n") + "HiddenServicePort 80 127.0.0.1:80 \\\n# the end\n"),
		"moved lines":         torrc("# the end\nSocksPort 9050 \n"),
		"no judge":            func(_ *policyWorld, s []Step) string { s[3].Write.Verify = nil; return "torrc" },
		"root as judge":       func(_ *policyWorld, s []Step) string { s[3].Write.Verify.As = Root; return "torrc" },
		"a shell as judge":    judge("/bin/sh", "-f", Candidate, "--User", "", "--verify-config"),
		"a judge that runs":   judge("/usr/bin/tor", "-f", Candidate, "--User", ""),
		"a judge that writes": judge("/usr/bin/tor", "-f", Candidate, "--User", "", "--verify-config", "--DataDirectory", "/x"),
		"strange defaults":    judge("/usr/bin/tor", "--defaults-torrc", "/usr/share/tor/../../../home/alice/x", "-f", Candidate, "--User", "", "--verify-config"),
		"torrc as tor":        func(w *policyWorld, s []Step) string { s[3].As = UID(w.tor); return "torrc" },
		"torrc of keys": func(_ *policyWorld, s []Step) string {
			s[3].Write.Content, s[3].Write.Changes = nil, []edit.Change{{Section: "a", Key: "b"}}
			return "torrc"
		},

		"root's unit":         unit("User=alice", "User=root"),
		"another's unit":      unit("User=alice", "User=bob"),
		"nobody's unit":       unit("User=alice\n", ""),
		"root's after all":    unit("User=alice", "User=alice\nUser=0"),
		"a full command":      unit("ExecStart=/", "ExecStart=+/"),
		"a shell in it":       unit("run --allow-stdin-close", "-c"),
		"two commands":        unit("ExecStart=", "ExecStart=/bin/x run /y\nExecStart="),
		"chained":             unit("/home/alice/.tahoe\nRestart", "/home/alice/.tahoe ; /bin/sh\nRestart"),
		"before it":           unit("User=alice", "User=alice\nExecStartPre=+/bin/sh"),
		"an environment":      unit("User=alice", "User=alice\nEnvironment=LD_PRELOAD=/x"),
		"capabilities":        unit("User=alice", "User=alice\nAmbientCapabilities=CAP_SYS_ADMIN"),
		"its output":          unit("User=alice", "User=alice\nStandardOutput=file:/etc/passwd"),
		"a specifier":         unit("/home/alice/.tahoe\nWants", "%h\nWants"),
		"a joined line":       unit("# Made", "# Made \\\n"),
		"a control character": unit("Description=", "Description=\x01"),
		"another target":      unit("multi-user.target", "sysinit.target"),
		"an alias":            unit("[Install]\n", "[Install]\nAlias=ssh.service\n"),
		"in no section":       unit("[Service]\n", ""),
		"a secret unit": func(_ *policyWorld, s []Step) string {
			s[4].Write.Content, s[4].Write.Secret = nil, SecretName([]byte(goodUnit))
			return "unit"
		},
		"another's file":   func(_ *policyWorld, s []Step) string { s[4].Write.UID = alice; return "unit" },
		"a writable unit":  func(_ *policyWorld, s []Step) string { s[4].Write.Mode = 0o666; return "unit" },
		"a directory":      func(_ *policyWorld, s []Step) string { s[4].Write.MakeDir = 0o755; return "unit" },
		"a judge of units": func(_ *policyWorld, s []Step) string { s[4].Write.Verify = s[3].Write.Verify; return "unit" },

		"another file":     keyFile(func(w *policyWorld, x *Write) { x.Path = filepath.Dir(x.Path) + "/authorized_keys" }),
		"a deeper file":    keyFile(func(w *policyWorld, x *Write) { x.Path = filepath.Dir(x.Path) + "/a/hostname" }),
		"tor's own state":  keyFile(func(w *policyWorld, x *Write) { x.Path = w.policy.TorData + "/state" }),
		"an odd directory": keyFile(func(w *policyWorld, x *Write) { x.Path = w.policy.TorData + "/.x/hs_ed25519_secret_key" }),
		"a short key":      keyFile(func(w *policyWorld, x *Write) { x.Content = secretKey[:95] }),
		"a long key":       keyFile(func(w *policyWorld, x *Write) { x.Content = append(secretKey[:96:96], 0) }),
		"another form":     keyFile(func(w *policyWorld, x *Write) { x.Content = bytes.Repeat([]byte{'x'}, 96) }),
		"an open key":      keyFile(func(w *policyWorld, x *Write) { x.Mode = 0o640 }),
		"an open place":    keyFile(func(w *policyWorld, x *Write) { x.MakeDir = 0o755 }),
		"root's key":       keyFile(func(w *policyWorld, x *Write) { x.UID = 0; x.GID = alice }),
		"an old key":       keyFile(func(w *policyWorld, x *Write) { x.Was = &Was{Sum: "x", Mode: 0o600} }),
		"odd leavings":     keyFile(func(w *policyWorld, x *Write) { x.Leaves = []string{"state"} }),
		"a key that tells": keyFile(func(w *policyWorld, x *Write) {
			x.Notify = &Notify{Argv: []string{"systemctl", "restart", "tor@default"}}
		}),
		"a secret that is not there": keyFile(func(w *policyWorld, x *Write) { x.Content, x.Secret = nil, SecretName(secretKey) }),
		"no .onion": func(_ *policyWorld, s []Step) string {
			s[2].Write.Content = bytes.Repeat([]byte("x"), 63)
			return "hostname"
		},
	}
	for name, change := range rows {
		t.Run(name, func(t *testing.T) {
			w := newPolicyWorld(t)
			steps := w.steps()
			step := change(w, steps)
			if err := w.check(steps, nil); !is(func(e *RefusedError) bool { return e.Step == step })(err) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestPolicyCaller(t *testing.T) {
	w := newPolicyWorld(t)
	p := Plan{Steps: w.steps()}
	accounts := w.policy.Account
	for name, c := range map[string]struct {
		uid     int
		account string
	}{"root": {0, "root"}, "unknown": {9, ""}, "a second root": {alice, "root"}, "a number": {alice, "0"}, "a line": {alice, "a\nb"}} {
		w.policy.Account = func(int) (string, error) { return c.account, nil }
		if c.account == "" {
			w.policy.Account = accounts
		}
		if err := w.policy.Check(p, nil, Caller{UID: c.uid}); !is(func(e *RefusedError) bool { return e.Step == "" })(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPolicyChanged(t *testing.T) {
	w := newPolicyWorld(t)
	steps := w.steps()
	must(t, os.WriteFile(w.path("etc/torrc"), []byte("# other\n"), 0o644))
	if err := w.check(steps, nil); !is(func(e *ChangedError) bool { return e.Step == "torrc" })(err) {
		t.Errorf("got %v", err)
	}
	must(t, os.Remove(w.path("etc/torrc")))
	if err := w.check(steps, nil); err == nil {
		t.Error("a torrc that is gone was not noticed")
	}
}

func TestTorrcChange(t *testing.T) {
	const data = "/var/lib/tor"
	const service = "HiddenServiceDir /var/lib/tor/x\nHiddenServicePort 1 127.0.0.1:2\n"
	for _, row := range []struct {
		name, before, after string
		ok                  bool
	}{
		{"added", "A 1\n", "A 1\n" + service, true},
		{"removed", service + "A 1\n", "A 1\n", true},
		{"nothing before", "", service, true},
		{"no last newline", "A 1", "A 1\n" + service, true},
		{"no last newline after", "A 1\n", "A 1", true},
		{"CRLF", "A 1\r\n", "A 1\r\nHiddenServiceDir /var/lib/tor/x/\r\nHiddenServicePort 1\t127.0.0.1:2\r\n", true},
		{"line ends changed", "A 1\r\n", "A 1\n", false},
		{"order", "A 1\nB 2\n", "B 2\nA 1\n", false},
		{"twice", "A 1\n", "A 1\nA 1\n", false},
		{"glued", "A 1", "A 1" + service, false},
		// "Log notice \" + "ControlPort 1": a line between them would set ControlPort free.
		{"freed", "Log notice \\\nControlPort 1\n", "Log notice \\\n# x\n" + service + "ControlPort 1\n", false},
		{"freed by a blank", "Log notice \\\nControlPort 1\n", "Log notice \\\n\nControlPort 1\n", false},
		{"freed over a comment", "Log notice \\\n# c\nControlPort 1\n", "Log notice \\\n# c\n\nControlPort 1\n", false},
		{"captured", "Log notice \\\n" + service, "Log notice \\\n", false},
		{"before the join", "Log notice \\\n  x\n", service + "Log notice \\\n  x\n", true},
	} {
		if err := torrcChange(data, []byte(row.before), []byte(row.after)); (err == nil) != row.ok {
			t.Errorf("%s: %v", row.name, err)
		}
	}
}

// FuzzPolicy: whatever torrc is allowed, tor's way of reading it (lines joined by "\", comments dropped) finds every
// option of before in it, in the same order, and nothing else but services on this host.
func FuzzPolicy(f *testing.F) {
	for _, seed := range [][2]string{
		{oldTorrc, newTorrc},
		{"Log notice \\\nControlPort 1\n", "Log notice \\\n# x\nHiddenServiceDir /var/lib/tor/x\nControlPort 1\n"},
		{"A \\\n# c \\\nB\n", "A \\\n# c \\\n\nB\n"},
		{"# a \\\nControlPort 1\n", "ControlPort 1\n"},
		{"A 1\r\n", "A 1\r\nHiddenServicePort 1 127.0.0.1:2\r\n"},
		{"HiddenServicePort 1 127.0.0.1:1 \\\nX 1\n", "X 1\n"},
	} {
		f.Add([]byte(seed[0]), []byte(seed[1]))
	}
	f.Fuzz(func(t *testing.T, before, after []byte) {
		if bytes.IndexByte(before, 0) >= 0 || torrcChange("/var/lib/tor", before, after) != nil {
			return
		}
		old, now := options(string(before)), options(string(after))
		for _, o := range now {
			if len(old) > 0 && o == old[0] {
				old = old[1:]
				continue
			}
			if !isService(o) {
				t.Fatalf("%q became %q, which has %q", before, after, o)
			}
		}
		for _, o := range old {
			if !isService(o) {
				t.Fatalf("%q became %q, which has lost %q", before, after, o)
			}
		}
	})
}

// options reads a torrc as tor does (parse_config_line_from_str_verbose in confline.c of tor 0.4.9), but for quotes.
func options(torrc string) []string {
	var found []string
	var value []string
	for _, l := range strings.Split(torrc, "\n") {
		if hash := strings.IndexByte(l, '#'); hash >= 0 {
			if strings.TrimLeft(l[:hash], " \t\r") == "" && value != nil {
				continue // a comment inside a value
			}
			l = l[:hash]
		}
		goesOn := strings.HasSuffix(l, `\`)
		value = append(value, strings.Fields(strings.TrimSuffix(l, `\`))...)
		if goesOn && value == nil {
			value = []string{}
		}
		if !goesOn {
			if len(value) > 0 {
				found = append(found, strings.Join(value, " "))
			}
			value = nil
		}
	}
	if len(value) > 0 {
		found = append(found, strings.Join(value, " "))
	}
	return found
}

func isService(option string) bool {
	words := strings.Fields(option)
	if len(words) == 2 && words[0] == "HiddenServiceDir" {
		name, ok := strings.CutPrefix(words[1], "/var/lib/tor/")
		return ok && fs.ValidPath(strings.TrimSuffix(name, "/")) && !strings.Contains(strings.TrimSuffix(name, "/"), "/")
	}
	return len(words) == 3 && words[0] == "HiddenServicePort" && strings.HasPrefix(words[2], "127.0.0.1:")
}

// FuzzUnit: whatever unit is allowed has one command, which runs as the caller.
func FuzzUnit(f *testing.F) {
	f.Add([]byte(goodUnit))
	f.Add([]byte("[Service]\nUser=alice\nExecStart=/x run /y\n"))
	f.Add([]byte("[Service]\nUser=alice\n#\\\nExecStart=/x run /y\n"))
	f.Add([]byte("[Service]\nUser=alice\n ExecStart=/x run /y\n"))
	c := checker{account: "alice"}
	f.Fuzz(func(t *testing.T, unit []byte) {
		if c.unitText(unit) != nil {
			return
		}
		users, commands := 0, 0
		for _, l := range strings.FieldsFunc(string(unit), func(r rune) bool { return r == '\n' || r == '\r' }) {
			l = strings.TrimSpace(l)
			if strings.HasPrefix(l, "#") || strings.HasPrefix(l, ";") {
				continue
			}
			key, value, _ := strings.Cut(l, "=")
			switch key = strings.TrimSpace(key); {
			case key == "User" && value == "alice":
				users++
			case key == "ExecStart" && strings.HasPrefix(value, "/"):
				commands++
			case key == "User", strings.HasPrefix(key, "Exec"), strings.Contains(key, "Group"), strings.Contains(key, "Environment"),
				strings.Contains(key, "Capabilit"), strings.Contains(key, "Standard"), strings.Contains(l, "%"), strings.HasSuffix(l, `\`):
				t.Fatalf("%q has %q", unit, l)
			}
		}
		if users != 1 || commands != 1 {
			t.Fatalf("%q", unit)
		}
	})
}

// The onion services of others stay as they are, whatever their names: nobody leads another's visitors to himself.
func TestPolicyKeepsOthers(t *testing.T) {
	const bobs = "# Tahoe-LAFS node /home/bob/.tahoe\nHiddenServiceDir /var/lib/tor/tahoe-bbbbbbbb\nHiddenServicePort 1 127.0.0.1:2\n"
	const web = "HiddenServiceDir /var/lib/tor/web\nHiddenServicePort 80 127.0.0.1:8080\nHiddenServiceMaxStreams 5\n"
	const alices = "# Tahoe-LAFS node /home/alice/.tahoe\nHiddenServiceDir /var/lib/tor/tahoe-aaaaaaaa\nHiddenServicePort 3 127.0.0.1:4\n"
	c := checker{
		Policy: Policy{TorData: "/var/lib/tor", Owner: func(dir string) (int, error) {
			return map[string]int{"/home/alice/.tahoe": 1000, "/home/bob/.tahoe": 1001}[dir], nil
		}},
		caller: Caller{UID: 1000},
		plan:   Plan{Steps: []Step{{ID: "key", As: Root, Write: &Write{Path: "/var/lib/tor/tahoe-aaaaaaaa/hs_ed25519_secret_key"}}}},
	}
	for _, row := range []struct {
		name, before, after string
		ok                  bool
	}{
		{"one more", web + bobs, web + bobs + alices, true},
		{"another port of her own", web + alices, web + strings.Replace(alices, "3 127", "5 127", 1), true},
		{"another port of Bob's", web + bobs, web + strings.Replace(bobs, ":2", ":4", 1), false},
		{"another port of the web's", web + alices, strings.Replace(web, "8080", "4", 1) + alices, false},
		{"without Bob's", web + bobs, web + alices, false},
		{"an option that moves", web + bobs, bobs + web, true}, // the order of whole services means nothing
		{"an option of another's service", bobs + web, bobs + "HiddenServiceMaxStreams 5\n" + strings.Replace(web, "HiddenServiceMaxStreams 5\n", "", 1), false},
		{"a service without its key", web, web + strings.ReplaceAll(alices, "aaaaaaaa", "cccccccc"), false},
		{"one in Bob's name", web, web + strings.Replace(alices, "/home/alice", "/home/bob", 1), false},
		{"one without a name", web, web + "HiddenServiceDir /var/lib/tor/tahoe-aaaaaaaa\n", false},
	} {
		if err := c.othersKept([]byte(row.before), []byte(row.after)); (err == nil) != row.ok {
			t.Errorf("%s: %v", row.name, err)
		}
	}
}
