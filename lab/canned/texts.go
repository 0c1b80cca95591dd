package canned

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"tahoe-anon/detect"
	"tahoe-anon/wizard"
	"tahoe-anon/writers"
)

func found(s Script) []wizard.Row {
	rows := []wizard.Row{
		{Name: "host", Text: "Debian GNU/Linux 13 (trixie)", Mark: wizard.Good},
		{Name: "tor", Text: "0.4.9.15, running, connected to the Tor network", Mark: wizard.Good},
		{Name: "control port", Text: "not open to you (group debian-tor); not needed here", Mark: wizard.Neutral},
		{Name: "tahoe", Text: "1.20.0", Mark: wizard.Good},
		{Name: "node", Text: "none yet", Mark: wizard.Neutral},
		{Name: "root", Text: "by sudo, after you agreed", Mark: wizard.Good},
	}
	if s.Blocked {
		rows[1] = wizard.Row{Name: "tor", Text: "0.4.9.15, not running", Mark: wizard.Bad}
	}
	return rows
}

const helpDir = `A node directory holds one Tahoe-LAFS node: its settings (tahoe.cfg), its keys and the shares it stores.

Name one that exists to move that node to Tor. It keeps its identity (TubID) and its shares. Those who kept its old announcement can then tell that the old IP address and the new onion address are the same server.

Name one that does not exist to make a new node, with an identity that nobody has seen. That is the better choice if nobody must ever learn where the server is.

The directory belongs to your own account. It never belongs to root, and the node never runs as root.`

// questions has a later one that depends on an earlier one: what a new node is called.
func questions(a wizard.Answers) []wizard.Question {
	qs := []wizard.Question{
		{
			ID: "privacy", Title: "Who may learn this server's IP address?", Default: "hidden",
			Text: "The IP address tells where the server stands and who pays for it.",
			Help: "Hidden is the reason for this program.\n\nMixed is faster for those who do not hide.",
			Choices: []wizard.Choice{
				{Value: "hidden", Label: "Nobody: reachable through Tor alone", Exposure: "Nobody in the grid learns your IP address."},
				{Value: "mixed", Label: "Some: reachable through Tor and at its public address", Exposure: "Everybody in the grid learns your IP address; what Tor then protects is only those who connect to you."},
				{Value: "public", Label: "Everybody: no Tor", Exposure: "Everybody in the grid learns your IP address."},
			},
		},
		{
			ID: "nodedir", Title: "Which node directory?", Default: "/home/alice/.tahoe", Help: helpDir,
			Text: "No node was found on this host. A new one is made in the directory you name.",
			Check: func(s string) error {
				if !filepath.IsAbs(s) {
					return errors.New("the directory is a whole path, such as /home/you/.tahoe")
				}
				return nil
			},
		},
		{
			ID: "introducer", Title: "Introducer FURL of your grid", Help: "It comes from whoever runs the grid.",
			Text: "It begins with pb:// and comes from whoever runs the grid. Leave it empty to add it later; until then the node is reachable, and in no grid.",
			Check: func(s string) error {
				if s != "" && !strings.HasPrefix(s, "pb://") {
					return errors.New("a FURL begins with pb://")
				}
				return nil
			},
		},
	}
	if a["nodedir"] != "/srv/old" {
		qs = append(qs, wizard.Question{ID: "nickname", Title: "Nickname of the node", Default: "storage", Help: "Everybody reads it.", Text: "Everybody in the grid reads it. A name of yours, of this host or of its domain would undo the hiding."})
	}
	return qs
}

func proposal(s Script, a wizard.Answers) *wizard.Proposal {
	p := &wizard.Proposal{
		Goal: detect.Goal{Dir: a["nodedir"], Onion: Onion, Port: 24601, VirtualPort: 31337},
		Before: []wizard.Exposure{
			{Who: "everybody in the grid", Sees: "your IP address (tcp:198.51.100.7:3457)", Bad: true},
			{Who: "the introducer and every server it connects to", Sees: "your IP address: connections are direct", Bad: true},
		},
		After: []wizard.Exposure{
			{Who: "everybody in the grid", Sees: "the address " + Onion + ".onion:31337, not your IP address"},
			{Who: "everybody in the grid", Sees: "the nickname " + a["nickname"]},
			{Who: "your internet provider", Sees: "that this host uses Tor, when and how much; not what for"},
		},
		Notes: []string{"Those who kept the old announcement can tell that the old IP address and the new onion address are the same server."},
	}
	if !s.Nothing {
		p.Plan.Steps = steps(s, a["nodedir"])
	}
	p.Plan.Seal()
	return p
}

func steps(s Script, dir string) []writers.Step {
	torrc := "--- /etc/tor/torrc\n+++ /etc/tor/torrc\n@@ -70,3 +70,7 @@\n #HiddenServiceDir /var/lib/tor/other_hidden_service/\n #HiddenServicePort 80 127.0.0.1:80\n" +
		" #HiddenServicePort 22 127.0.0.1:22\n+\n+# tahoe-anon: the storage server in " + dir + "\n+HiddenServiceDir /var/lib/tor/tahoe-pg6mmjiy\n+HiddenServicePort 31337 127.0.0.1:24601\n"
	cfg := "--- " + dir + "/tahoe.cfg\n+++ " + dir + "/tahoe.cfg\n@@ -4,8 +4,8 @@\n [node]\n nickname = storage\n-reveal-IP-address = true\n-tub.port = tcp:3457\n-tub.location = tcp:198.51.100.7:3457\n" +
		"+reveal-IP-address = false\n+tub.port = tcp:24601:interface=127.0.0.1\n+tub.location = tor:" + Onion + ".onion:31337\n \n [connections]\n+tcp = tor\n"
	all := []writers.Step{
		{ID: "onion-key", Title: "Store the key of the onion address", As: writers.Root, Why: "The address is made here and now, so that you see it before anything changes.", Write: &writers.Write{Path: "/var/lib/tor/tahoe-pg6mmjiy/hs_ed25519_secret_key", Diff: "+ new file, 96 bytes, readable by debian-tor alone; a private key, not shown"}},
		{ID: "torrc", Title: "Add the onion service to torrc", As: writers.Root, Why: "tor then answers for the address and passes connections on to the node.", Write: &writers.Write{
			Path: "/etc/tor/torrc", Diff: torrc,
			Verify: &writers.Verify{Argv: []string{"/usr/sbin/tor", "--verify-config", "-f", writers.Candidate}, As: writers.Root},
			Notify: &writers.Notify{Argv: []string{"/usr/bin/systemctl", "reload", "tor@default.service"}},
		}},
		{ID: "node", Title: "Make the node", As: writers.UID(1000), Why: "Tahoe makes its keys itself.", Run: &writers.Run{Argv: []string{"/usr/bin/tahoe", "create-node", "--listen=none", dir}}},
		{ID: "config", Title: "Set the node to Tor", As: writers.User, Why: "It listens on loopback alone, announces the onion address, and connects through Tor.", Write: &writers.Write{Path: dir + "/tahoe.cfg", Diff: cfg}},
		{ID: "start", Title: "Start the node", As: writers.Root, Run: &writers.Run{Argv: []string{"/usr/bin/systemctl", "enable", "--now", "tahoe@home-alice-.tahoe.service"}}},
	}
	if s.Ordinary {
		all = all[3:4]
	}
	if s.Long {
		for i := range 20 {
			all = append(all, writers.Step{ID: fmt.Sprint("more", i), Title: fmt.Sprintf("One more step, number %d", i+1), As: writers.Root, Run: &writers.Run{Argv: []string{"/bin/true", fmt.Sprint(i)}}})
		}
		all = append(all, writers.Step{ID: "odd", Title: "Write an odd file", As: writers.Root, Write: &writers.Write{Path: "/etc/odd", Diff: "+clear \x1b[2J\x1b[31mred\x1b[0m\r\n+bidi \u202etxet\u202c\n+" + strings.Repeat("long ", 60)}})
	}
	return all
}
