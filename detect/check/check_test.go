package check_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"tahoe-anon/detect"
	"tahoe-anon/detect/check"
	"tahoe-anon/detect/env"
	"tahoe-anon/detect/facttest"
	"tahoe-anon/detect/host"
	"tahoe-anon/detect/tor"
)

const (
	dir   = facttest.Home + "/.tahoe"
	onion = "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid" // the example of tor's rend-spec-v3
)

const hiddenNode = `[node]
nickname = storage
reveal-IP-address = false
web.port = tcp:3456:interface=127.0.0.1
tub.port = tcp:2000:interface=127.0.0.1
tub.location = tor:` + onion + `.onion:3000

[connections]
tcp = tor

[client]
force_foolscap = true

[storage]
enabled = true
force_foolscap = true
`

const stanza = "HiddenServiceDir /var/lib/tor/tahoe-2gzyxa5i\nHiddenServicePort 3000 127.0.0.1:2000\n"

// healthy is a hidden storage server that runs, with changes.
func healthy(options ...facttest.Option) *detect.Facts {
	return facttest.Debian13(append([]facttest.Option{
		facttest.Node(dir, hiddenNode), facttest.Torrc(stanza), facttest.Runs(dir, "tahoe-alice.service", 2000),
	}, options...)...)
}

func examine(f *detect.Facts, proof check.Proof) []check.Finding {
	n := f.Node(dir)
	return check.Run(&check.Subject{Facts: f, Node: n, Goal: detect.Declared(f, n), Proof: proof})
}

// A healthy host gives no warning, and what an ordinary account may not see is told as unknown or skipped.
func TestHealthy(t *testing.T) {
	all := examine(healthy(), check.Proof{Answers: env.Unknown})
	if v := check.Verdict(all); v != "ok" {
		t.Errorf("the verdict is %s", v)
	}
	for _, f := range all {
		if f.Level == check.Fail || f.Level == check.Warn {
			t.Errorf("%s: %s %v", f.Level, f.ID, f.Evidence)
		}
	}
}

func TestCauses(t *testing.T) {
	change := facttest.Change
	cfg := func(from, to string) facttest.Option {
		return func(f *detect.Facts) {
			if !strings.Contains(hiddenNode, from) {
				panic("no " + from)
			}
			facttest.Node(dir, strings.Replace(hiddenNode, from, to, 1))(f)
			facttest.Runs(dir, "tahoe-alice.service", 2000)(f)
		}
	}
	for _, c := range []struct {
		want  string // the cause on top
		facts *detect.Facts
		also  []string // folded under it
	}{
		{"tor-not-installed", healthy(change(func(f *detect.Facts) { f.Tor = tor.Facts{Running: env.No, UID: -1} })), []string{"tor-not-running", "tor-socks"}},
		{
			"tor-not-running", healthy(change(func(f *detect.Facts) {
				f.Tor.Running, f.Tor.Socks = env.No, []tor.Socks{{Address: "127.0.0.1:9050", Answers: env.No, Cause: tor.Refused}}
			})), []string{"tor-socks"},
		},
		{
			"tor-not-bootstrapped", healthy(change(func(f *detect.Facts) {
				f.Tor.Control.Authenticated, f.Tor.Control.Bootstrap = true, tor.Bootstrap{Progress: 5, Summary: "Connecting to a relay"}
			})), nil,
		},
		{"tor-disable-network", healthy(facttest.Torrc(stanza + "DisableNetwork 1\n")), nil},
		{"tor-socks", healthy(change(func(f *detect.Facts) { f.Tor.Socks[0].Answers = env.No })), nil},
		{"tor-control-port", healthy(cfg("[client]", "[tor]\ncontrol.port = unix:/run/tor/control\n[client]")), nil},
		{"tahoe-cannot-start", healthy(change(func(f *detect.Facts) { f.Tahoe.Starts, f.Tahoe.Missing = env.No, []string{"six"} })), nil},
		{"nodedir-not-recognised", healthy(change(func(f *detect.Facts) { f.Nodes[0].Kind = "" })), nil},
		{"private-mode-open", healthy(change(func(f *detect.Facts) { f.Nodes[0].PrivateMode = 0o755 })), nil},
		{"cfg-unreadable", healthy(cfg("[node]\n", "tub.port\n")), nil},
		{"privacy-flag", healthy(cfg("reveal-IP-address = false", "reveal-IP-address = yes")), nil},
		{"privacy-tcp-tcp", healthy(cfg("tcp = tor", "tcp = tcp")), nil},
		{"leak-location", healthy(cfg(".onion:3000", ".onion:3000, tcp:h.example:1")), nil},
		{"leak-location", healthy(cfg(".onion:3000", ".onion:3000,TCP:h.example:1")), nil},
		{"leak-tubport-all-interfaces", healthy(cfg("tcp:2000:interface=127.0.0.1", "tcp:2000")), nil},
		{"leak-tubport-all-interfaces", healthy(cfg("tcp:2000:interface=127.0.0.1", "tcp:2000:interface=")), nil},
		{"leak-web-port", healthy(cfg("tcp:3456:interface=127.0.0.1", "3456")), nil},
		{"leak-sftp-port", healthy(cfg("[client]", "[sftpd]\nenabled = true\n[client]")), nil},
		{
			"node-older-than-config", healthy(change(func(f *detect.Facts) {
				f.Nodes[0].Since = time.Now().Add(-time.Hour)
				f.Nodes[0].File.Changed = time.Now()
			})), nil,
		},
		{"leak-log-gatherer", healthy(cfg("nickname = storage", "log_gatherer.furl = pb://x@y:1/z")), nil},
		{"onion-address", healthy(cfg("2gzyxa5i", "2gzyxa5j")), nil},
		{"onion-address", healthy(cfg(onion, "u33m4y7klhz3b")), nil},
		{"onion-service-missing", healthy(facttest.Torrc("# nothing\n")), nil},
		{"onion-service-missing", healthy(facttest.Torrc("HiddenServiceDir /var/lib/tor/ssh\nHiddenServicePort 22\n")), nil},
		{"hs-dir", healthy(facttest.Torrc(strings.ReplaceAll(stanza, "/var/lib/tor", "/home/tor"))), nil},
		{"hs-dir", healthy(change(func(f *detect.Facts) { f.Tor.Services[0].Seen, f.Tor.Services[0].UID = env.Yes, 0 })), nil},
		{
			"hs-dir", healthy(change(func(f *detect.Facts) {
				f.Tor.Services[0].Seen, f.Tor.Services[0].UID, f.Tor.Services[0].Mode = env.Yes, 101, 0o755
			})), nil,
		},
		{"onion-target-nonloopback", healthy(facttest.Torrc(strings.Replace(stanza, "127.0.0.1:2000", "192.0.2.1:2000", 1))), []string{"onion-target-port-mismatch"}},
		{"onion-virtport-mismatch", healthy(facttest.Torrc(strings.Replace(stanza, "3000", "3001", 1))), []string{"onion-target-port-mismatch"}},
		{"onion-target-port-mismatch", healthy(facttest.Torrc(strings.Replace(stanza, " 127.0.0.1:2000", "", 1))), nil},
		{"http-tor-needs-control-port", healthy(cfg("[client]\nforce_foolscap = true", "[client]")), nil},
		{"node-not-running", healthy(change(func(f *detect.Facts) { f.Nodes[0].Running = env.No })), nil},
		{"tub-port-in-use-silent", healthy(change(func(f *detect.Facts) { f.Host.Sockets = nil })), nil},
		{
			"tub-port-in-use-silent", healthy(change(func(f *detect.Facts) {
				f.Host.Sockets = []host.Socket{{Address: "127.0.0.1", Port: 2000, UID: 33}}
			})), nil,
		},
	} {
		t.Run(c.want, func(t *testing.T) {
			all := examine(c.facts, check.Proof{Answers: env.No, Detail: "nobody answered"})
			if all[0].ID != c.want || all[0].Level != check.Fail {
				t.Errorf("on top is %s %s %v; want %s", all[0].Level, all[0].ID, all[0].Evidence, c.want)
			}
			if all[0].Hint == "" || len(all[0].Evidence) == 0 {
				t.Errorf("%s has no hint or no evidence: %+v", c.want, all[0])
			}
			for _, id := range c.also {
				i := slices.IndexFunc(all, func(f check.Finding) bool { return f.ID == id })
				if all[i].Because != c.want {
					t.Errorf("%s is because of %q; want %s", id, all[i].Because, c.want)
				}
			}
			if v := check.Verdict(all); v != "fail" {
				t.Errorf("the verdict is %s", v)
			}
		})
	}
}

// A proof that failed is a cause of its own only where nothing else explains it.
func TestProof(t *testing.T) {
	all := examine(healthy(), check.Proof{Answers: env.No, Detail: "unpublished"})
	if all[0].ID != "onion-not-our-node" || all[0].Because != "" {
		t.Errorf("on top is %+v", all[0])
	}
	all = examine(healthy(), check.Proof{Answers: env.Yes, Detail: "it answered"})
	if v := check.Verdict(all); v != "ok" {
		t.Errorf("the verdict is %s: %+v", v, all[0])
	}
}

// A restart is not proposed while it would bring a leak into force.
func TestNoRestartIntoLeak(t *testing.T) {
	f := healthy(facttest.Node(dir, strings.Replace(hiddenNode, "tcp:2000:interface=127.0.0.1", "tcp:2000", 1)), facttest.Runs(dir, "tahoe-alice.service", 2000),
		facttest.Change(func(f *detect.Facts) {
			f.Nodes[0].Since, f.Nodes[0].File.Changed = time.Now().Add(-time.Hour), time.Now()
		}))
	for _, r := range examine(f, check.Proof{}) {
		if r.ID == "node-older-than-config" && r.Because != "leak-tubport-all-interfaces" {
			t.Errorf("%s is because of %q", r.ID, r.Because)
		}
	}
}

// What must be seen and was not is not healthy: a unit that fails and is started again, for ever.
func TestUnseenIsNotHealthy(t *testing.T) {
	for state, want := range map[string]string{"activating": "fail", "active": "warn"} {
		f := healthy(facttest.Change(func(f *detect.Facts) {
			f.Nodes[0].Running, f.Nodes[0].Unit, f.Host.Sockets = env.No, "", nil
			f.Host.Units = []host.UnitFile{{Path: "/etc/systemd/system/tahoe-alice.service", State: state, Bytes: []byte("ExecStart=/usr/bin/tahoe run " + dir + "\n")}}
		}))
		if v := check.Verdict(examine(f, check.Proof{})); v != want {
			t.Errorf("with a unit that is %s, the verdict is %s; want %s", state, v, want)
		}
	}
}

// A host without tor is no fault of a node that does not use it.
func TestPublicNodeWithoutTor(t *testing.T) {
	f := facttest.Debian13(
		facttest.Node(dir, "[node]\ntub.port = tcp:8098\ntub.location = tcp:h.example:8098\n"), facttest.Runs(dir, "", 8098),
		facttest.Change(func(f *detect.Facts) { f.Tor = tor.Facts{Running: env.No, UID: -1} }),
	)
	if v := check.Verdict(examine(f, check.Proof{})); v != "ok" {
		t.Errorf("the verdict is %s", v)
	}
}

// Leaks come before breakage.
func TestLeaksFirst(t *testing.T) {
	f := healthy(facttest.Node(dir, strings.Replace(hiddenNode, "tcp:2000:interface=127.0.0.1", "tcp:2000", 1)))
	all := examine(f, check.Proof{})
	if all[0].ID != "leak-tubport-all-interfaces" || all[1].ID != "node-not-running" {
		t.Errorf("the order is %s, %s", all[0].ID, all[1].ID)
	}
}

// Every check comes after those that it needs, and has a name of its own.
func TestList(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range check.Checks {
		if seen[c.ID] {
			t.Errorf("%s is there twice", c.ID)
		}
		for _, need := range c.Needs {
			if !seen[need] {
				t.Errorf("%s needs %s, which does not come before it", c.ID, need)
			}
		}
		seen[c.ID] = true
	}
}

// A node that is public on purpose is not held to what hides a node.
func TestPublicNode(t *testing.T) {
	f := facttest.Debian13(
		facttest.Node(dir, "[node]\ntub.port = tcp:8098\ntub.location = tcp:h.example:8098\n[client]\n"),
		facttest.Runs(dir, "", 8098),
	)
	for _, r := range examine(f, check.Proof{}) {
		if r.Level == check.Fail || r.Level == check.Warn {
			t.Errorf("%s %s %v", r.Level, r.ID, r.Evidence)
		}
	}
}
