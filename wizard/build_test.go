package wizard_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tahoe-anon/detect"
	"tahoe-anon/detect/env"
	"tahoe-anon/detect/facttest"
	"tahoe-anon/detect/host"
	"tahoe-anon/detect/tahoe"
	"tahoe-anon/detect/tor"
	"tahoe-anon/wizard"
	"tahoe-anon/writers"
	"tahoe-anon/writers/edit"
)

const dir = facttest.Home + "/.tahoe"

const publicNode = `[node]
nickname = shed
web.port = tcp:3456:interface=127.0.0.1
tub.port = tcp:8098
tub.location = AUTO

[storage]
enabled = true
`

// fresh is the same every time, so that plans can be compared.
func fresh(t testing.TB) wizard.Fresh {
	t.Helper()
	key, err := tor.NewKey(bytes.NewReader(bytes.Repeat([]byte{7}, 64)))
	if err != nil {
		t.Fatal(err)
	}
	return wizard.Fresh{Key: key, Rand: rand.New(rand.NewPCG(1, 2)), ID: "20261123-200000-abcd", Now: time.Unix(1795000000, 0).UTC()}
}

func plan(t testing.TB, f *detect.Facts, a wizard.Answers) *wizard.Proposal {
	t.Helper()
	fr := fresh(t)
	g, err := wizard.Decide(f, a, fr)
	if err != nil {
		t.Fatalf("Decide: %v", err)
	}
	p, err := wizard.Build(f, g, fr)
	if err != nil {
		t.Fatalf("Build: %v", err)
	}
	return p
}

func stepIDs(p *wizard.Proposal) []string {
	var ids []string
	for _, s := range p.Plan.Steps {
		ids = append(ids, s.ID+" "+string(s.As))
	}
	return ids
}

func TestSteps(t *testing.T) {
	keys := []string{"onion-key root", "onion-public-key root", "onion-hostname root"}
	for _, c := range []struct {
		name    string
		facts   *detect.Facts
		answers wizard.Answers
		want    []string
	}{
		{
			"a new node", facttest.Debian13(), nil,
			append(keys[:3:3], "torrc root", "create-node user", "tahoe.cfg user", "unit root", "start-node root"),
		},
		{
			"a new node, started by hand, in a grid", facttest.Debian13(),
			wizard.Answers{wizard.StartID: "none", wizard.IntroID: "pb://jso6jzjdle4k3rvkbwi4f4sqhwg3frcq@tor:x.onion:1/secretswissnum"},
			append(keys[:3:3], "torrc root", "create-node user", "tahoe.cfg user", "introducers.yaml user"),
		},
		{
			"an existing public node", facttest.Debian13(facttest.Node(dir, publicNode)), nil,
			append(keys[:3:3], "torrc root", "tahoe.cfg user", "unit root", "start-node root"),
		},
		{
			"one that runs under its own unit",
			facttest.Debian13(facttest.Node(dir, publicNode), facttest.Runs(dir, "storage.service", 8098)), nil,
			append(append([]string{"stop-node root"}, keys...), "torrc root", "tahoe.cfg user", "start-node root"),
		},
		{ // its process has read the public settings, and writes its PID in a moment
			"one whose unit has just started",
			facttest.Debian13(facttest.Node(dir, publicNode), unit("shed.service", dir, "activating")), nil,
			append(append([]string{"stop-node root"}, keys...), "torrc root", "tahoe.cfg user", "start-node root"),
		},
		{
			"run by root for alice",
			facttest.Debian13(facttest.Node(dir, publicNode), facttest.Change(func(f *detect.Facts) { f.Host.Process.EUID = 0 })), nil,
			append(keys[:3:3], "torrc root", "tahoe.cfg uid:1000", "unit root", "start-node root"),
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := plan(t, c.facts, c.answers)
			if diff := cmp.Diff(c.want, stepIDs(p)); diff != "" {
				t.Error(diff)
			}
			if !p.Plan.Sealed() {
				t.Error("the plan is not sealed")
			}
		})
	}
}

// unit is a unit in /etc/systemd/system that starts the node in dir.
func unit(name, dir, state string) facttest.Option {
	return facttest.Change(func(f *detect.Facts) {
		f.Host.Units = append(f.Host.Units, host.UnitFile{
			Path: "/etc/systemd/system/" + name, State: state,
			Bytes: []byte("[Service]\nUser=alice\nExecStart=/usr/bin/tahoe run --allow-stdin-close " + dir + "\n"),
		})
	})
}

// carriedOut is the host after a plan, as the next probe would see it.
func carriedOut(t *testing.T, f *detect.Facts, p *wizard.Proposal) *detect.Facts {
	t.Helper()
	after := *f
	after.Nodes = append([]tahoe.Node(nil), f.Nodes...)
	for _, s := range p.Plan.Steps {
		switch {
		case s.ID == "torrc":
			facttest.Torrc(string(s.Write.Content))(&after)
		case s.ID == "tahoe.cfg":
			content := s.Write.Content
			if s.Write.Changes != nil {
				var err error
				if content, err = edit.INI([]byte("[node]\n"), s.Write.Changes); err != nil {
					t.Fatal(err)
				}
			}
			facttest.Node(p.Goal.Dir, string(content))(&after)
		case s.ID == "unit":
			after.Host.Units = append(after.Host.Units, host.UnitFile{Path: s.Write.Path, Mode: 0o644, Bytes: s.Write.Content})
		case s.ID == "start-node":
			facttest.Runs(p.Goal.Dir, "tahoe-alice.service", p.Goal.Port)(&after)
		}
	}
	return &after
}

// What was carried out needs nothing more, whoever looks: the invariant of planner and probe.
func TestBuildConverges(t *testing.T) {
	for name, f := range map[string]*detect.Facts{
		"new":      facttest.Debian13(),
		"public":   facttest.Debian13(facttest.Node(dir, publicNode)),
		"other":    facttest.Debian13(facttest.Torrc("HiddenServiceDir /var/lib/tor/ssh\nHiddenServicePort 22\n")),
		"half-way": facttest.Debian13(facttest.Node(dir, publicNode+"[tor]\nonion = true\n")),
	} {
		t.Run(name, func(t *testing.T) {
			p := plan(t, f, nil)
			again := plan(t, carriedOut(t, f, p), nil)
			if len(again.Plan.Steps) != 0 {
				t.Errorf("a second run plans %v:\n%s", stepIDs(again), wizard.Text(again.Review(f), false))
			}
			if again.Goal.Onion != p.Goal.Onion {
				t.Errorf("the address changed from %s to %s", p.Goal.Onion, again.Goal.Onion)
			}
		})
	}
}

func TestConfigOfPublicNode(t *testing.T) {
	p := plan(t, facttest.Debian13(facttest.Node(dir, publicNode)), nil)
	var got string
	for _, s := range p.Plan.Steps {
		if s.ID == "tahoe.cfg" {
			got = string(s.Write.Content)
		}
	}
	cfg, err := tahoe.ParseConfig([]byte(got))
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"node/reveal-ip-address": "false", "node/tub.port": "tcp:8098:interface=127.0.0.1",
		"node/tub.location": fmt.Sprintf("tor:%s.onion:%d", p.Goal.Onion, p.Goal.VirtualPort),
		"connections/tcp":   "tor", "storage/enabled": "true", "storage/force_foolscap": "true",
		"client/force_foolscap": "true", "node/nickname": "shed", "node/web.port": "tcp:3456:interface=127.0.0.1",
	} {
		section, name, _ := strings.Cut(key, "/")
		if v, _, err := cfg.Get(section, name); v != want || err != nil {
			t.Errorf("%s = %q (%v); want %q", key, v, err, want)
		}
	}
}

func TestBlocked(t *testing.T) {
	node := facttest.Node(dir, publicNode)
	change := func(c func(*detect.Facts)) *detect.Facts { return facttest.Debian13(node, facttest.Change(c)) }
	for _, c := range []struct {
		facts   *detect.Facts
		answers wizard.Answers
		want    wizard.Cause
	}{
		{change(func(f *detect.Facts) { f.Tor.Binary = "" }), nil, wizard.TorMissing},
		{change(func(f *detect.Facts) { f.Tor.Running = env.No }), nil, wizard.TorStopped},
		{change(func(f *detect.Facts) { f.Tahoe.Path = "" }), nil, wizard.TahoeMissing},
		{change(func(f *detect.Facts) { f.Tahoe.Starts, f.Tahoe.Missing = env.No, []string{"six"} }), nil, wizard.TahoeBroken},
		{change(func(f *detect.Facts) { f.Host.Init = "" }), nil, wizard.NoSystemd},
		{change(func(f *detect.Facts) { f.Tor.ConfigFile = "/etc/tor/instances/x/torrc" }), nil, wizard.TorrcElsewhere},
		{change(func(f *detect.Facts) { f.Tor.Files[0].Err = "permission denied" }), nil, wizard.TorrcUnreadable},
		{change(func(f *detect.Facts) { f.Nodes[0].Kind = tahoe.Introducer }), nil, wizard.NotANode},
		{change(func(f *detect.Facts) { f.Nodes[0].UID = 0 }), nil, wizard.NodeOfOthers},
		{change(func(f *detect.Facts) { f.Nodes[0].ConfigErr = "x" }), nil, wizard.ConfigUnreadable},
		{facttest.Debian13(node, facttest.Runs(dir, "", 8098)), nil, wizard.RunningByHand},
		{change(func(f *detect.Facts) { f.Nodes[0].Running = env.Unknown }), nil, wizard.RunningUnknown},
		{facttest.Debian13(), wizard.Answers{wizard.PortID: "9050"}, wizard.PortTaken},
		{facttest.Debian13(), wizard.Answers{wizard.WebPortID: "9050"}, wizard.PortTaken},
		{facttest.Debian13(), wizard.Answers{wizard.RoleID: "client"}, wizard.NotOffered},
		{facttest.Debian13(), wizard.Answers{wizard.NicknameID: ""}, wizard.BadAnswer},
		{
			change(func(f *detect.Facts) {
				f.Host.Units = []host.UnitFile{{Path: "/etc/systemd/system/tahoe-alice.service", Bytes: []byte("ExecStart=/usr/bin/tahoe run /srv/other\n")}}
			}), nil, wizard.UnitTaken,
		},
	} {
		t.Run(string(c.want), func(t *testing.T) {
			fr := fresh(t)
			g, err := wizard.Decide(c.facts, c.answers, fr)
			if err == nil {
				_, err = wizard.Build(c.facts, g, fr)
			}
			var b *wizard.Blocked
			if !errors.As(err, &b) || b.Cause != c.want {
				t.Errorf("got %v; want %s", err, c.want)
			}
		})
	}
}

// The private key and the FURLs travel apart: no plan, diff or review shows them.
func TestSecretsStayOut(t *testing.T) {
	const swissnum = "verysecretswissnum"
	f := facttest.Debian13(facttest.Node(dir, publicNode+"\n[client]\nhelper.furl = pb://jso6jzjdle4k3rvkbwi4f4sqhwg3frcq@tcp:h.example:1/"+swissnum+"\n"))
	p := plan(t, f, wizard.Answers{wizard.IntroID: "pb://jso6jzjdle4k3rvkbwi4f4sqhwg3frcq@tor:x.onion:1/" + swissnum})
	secret := string(fresh(t).Key.SecretFile()[32:])
	var shown strings.Builder
	for _, l := range p.Review(f) {
		shown.WriteString(l.Text + "\n")
	}
	for _, s := range p.Plan.Steps {
		if s.Write != nil && s.Write.Secret != "" {
			if _, ok := p.Secrets[s.Write.Secret]; !ok || s.Write.Content != nil {
				t.Errorf("step %s has no secret, or its content as well", s.ID)
			}
			if s.Write.Mode != 0o600 {
				t.Errorf("step %s has mode %o", s.ID, s.Write.Mode)
			}
		}
	}
	if text := shown.String(); strings.Contains(text, swissnum) || strings.Contains(text, secret) {
		t.Errorf("the review shows a secret:\n%s", text)
	}
	if len(p.Secrets) != 2 {
		t.Errorf("%d secrets; want the onion key and the introducers", len(p.Secrets))
	}
}

// What is open to others in a public node is closed, whatever way it is written.
func TestClosesPorts(t *testing.T) {
	for _, c := range []struct{ extra, key string }{
		{"", "node/web.port"},
		{"web.port = tcp:0\n", "node/web.port"},
		{"web.port = 3456\n", "node/web.port"},
		{"web.port = systemd:domain=INET:index=0\n", "node/web.port"},
		{"[sftpd]\nenabled = true\n", "sftpd/port"},
		{"[sftpd]\nenabled = true\nport = tcp:2222\n", "sftpd/port"},
	} {
		p := plan(t, facttest.Debian13(facttest.Node(dir, "[node]\ntub.port = tcp:8098\n"+c.extra)), nil)
		i := slices.IndexFunc(p.Plan.Steps, func(s writers.Step) bool { return s.ID == "tahoe.cfg" })
		cfg, err := tahoe.ParseConfig(p.Plan.Steps[i].Write.Content)
		if err != nil {
			t.Fatal(err)
		}
		section, key, _ := strings.Cut(c.key, "/")
		value, set, _ := cfg.Get(section, key)
		if set && !strings.HasSuffix(value, ":interface=127.0.0.1") {
			t.Errorf("with %q, %s = %q", c.extra, c.key, value)
		}
	}
}

// A service that somebody made by hand keeps its address, whatever its directory is called.
func TestAdopts(t *testing.T) {
	const onion = "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid"
	for _, name := range []string{"tahoe", "tahoe-gridnode", "tahoe-2gzyxa5i"} {
		f := facttest.Debian13(
			facttest.Torrc("HiddenServiceDir /var/lib/tor/"+name+"\nHiddenServicePort 3000 127.0.0.1:2000\n"),
			facttest.Node(dir, "[node]\ntub.port = tcp:2000:interface=127.0.0.1\ntub.location = tor:"+onion+".onion:3000\n"),
		)
		if p := plan(t, f, nil); p.Goal.Onion != onion || p.Goal.Port != 2000 || p.Goal.VirtualPort != 3000 {
			t.Errorf("%s: the goal is %+v", name, p.Goal)
		}
	}
}

// Ports that another node uses are never given away, running or not.
func TestPortsOfOthers(t *testing.T) {
	other := facttest.Node("/srv/other", strings.ReplaceAll(publicNode, "3456", "3457"))
	f := facttest.Debian13(facttest.Node(dir, publicNode), other)
	p := plan(t, f, nil)
	if p.Goal.Port == 8098 {
		t.Error("the port of /srv/other was given to this node")
	}
	if _, err := wizard.Decide(f, wizard.Answers{wizard.PortID: "8098"}, fresh(t)); err == nil {
		t.Error("--port 8098 was accepted")
	}
}

func TestQuestions(t *testing.T) {
	for _, c := range []struct {
		name  string
		facts *detect.Facts
		want  []string
	}{
		{"a fresh host", facttest.Debian13(), []string{"nodedir=" + dir, "introducer=", "nickname=storage", "start=service"}},
		{"a public node", facttest.Debian13(facttest.Node(dir, publicNode)), []string{"nodedir=" + dir, "introducer=", "start=service"}},
		{
			"a nickname that tells", facttest.Debian13(facttest.Node(dir, strings.Replace(publicNode, "shed", "alice-at-home", 1))),
			[]string{"nodedir=" + dir, "introducer=", "nickname=storage", "start=service"},
		},
		{
			"one that has a unit", facttest.Debian13(facttest.Node(dir, publicNode), facttest.Runs(dir, "storage.service", 8098)),
			[]string{"nodedir=" + dir, "introducer="},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, q := range wizard.Questions(c.facts, nil) {
				got = append(got, q.ID+"="+q.Default)
				if q.Title == "" || q.Help == "" {
					t.Errorf("%s has no title or no help", q.ID)
				}
				if q.Check != nil && q.ID != wizard.IntroID && q.Check(q.Default) != nil {
					t.Errorf("%s does not accept its own default", q.ID)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
