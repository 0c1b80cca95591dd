package check

import (
	"fmt"
	"slices"
	"strings"

	"tahoe-anon/detect"
	"tahoe-anon/detect/env"
	"tahoe-anon/detect/tor"
)

// usesTor says whether the node needs a tor at all; a node that is not there yet will.
func usesTor(s *Subject) bool {
	if s.Node == nil || s.Node.Config == nil || s.Goal.Onion != "" || s.Goal.Privacy == detect.Hidden {
		return true
	}
	tcp, _, _ := s.Node.Config.Get("connections", "tcp")
	keeps, _ := s.Node.Config.Bool("tor", "onion", false)
	return strings.EqualFold(tcp, "tor") || keeps || needsControl(s)
}

const noTor = "this node does not use tor"

func torInstalled(s *Subject) Result {
	if !usesTor(s) {
		return skipped(noTor)
	}
	if s.Facts.Tor.Binary == "" {
		return fail("sudo apt install tor   # on Debian and Ubuntu", "no tor in PATH, /usr/sbin or /usr/bin")
	}
	return ok(s.Facts.Tor.Binary + " " + s.Facts.Tor.Version)
}

func torRuns(s *Subject) Result {
	if !usesTor(s) {
		return skipped(noTor)
	}
	t := &s.Facts.Tor
	unit := fmt.Sprintf("%s: %s (%s)", t.Unit.Name, t.Unit.Active, t.Unit.Sub)
	switch t.Running {
	case env.Yes:
		return ok(unit)
	case env.No:
		name := t.Unit.Name
		if name == "" {
			return fail("start tor the way this system starts services", "no running tor was found")
		}
		return fail("sudo systemctl enable --now "+name+"   # and why it stopped: sudo journalctl -u "+name+" -n 50", unit)
	}
	return unknown("systemctl status "+t.Unit.Name, unit)
}

// controlPort matters to nodes that have Tahoe ask tor for the onion; a service that tor keeps does without.
func controlPort(s *Subject) Result {
	c := &s.Facts.Tor.Control
	if c.Authenticated {
		return ok(c.Address)
	}
	var evidence []string
	hint := ""
	for _, a := range c.Attempts {
		evidence = append(evidence, strings.TrimSpace(a.Address+": "+string(a.Cause)+" "+a.Detail))
		if h := controlHint(s, a); h != "" && hint == "" {
			hint = h
		}
	}
	if needsControl(s) {
		return fail(hint, evidence...)
	}
	return Result{Level: OK, Evidence: evidence} // nothing here needs it
}

func needsControl(s *Subject) bool {
	if s.Node == nil || s.Node.Config == nil {
		return false
	}
	_, set, err := s.Node.Config.Get("tor", "control.port")
	return set && err == nil
}

func controlHint(s *Subject, a tor.Attempt) string {
	switch a.Cause {
	case tor.GroupMissing:
		return fmt.Sprintf("sudo adduser %s %s   # then log in again", s.Facts.Host.Account.Name, a.Group)
	case tor.GroupNotEffective:
		return "log out and in again: this login is older than your membership in " + a.Group
	case tor.CookieUnreadable:
		return "add CookieAuthFile /run/tor/control.authcookie and CookieAuthFileGroupReadable 1 to torrc"
	case tor.PasswordOnly:
		return "add CookieAuthentication 1 to torrc: Tahoe knows no password"
	case tor.Filtered:
		return "a control port filter stands before tor (Tails, Whonix): it has to allow this"
	case tor.Foreign:
		return "another account's program listens on " + a.Address + "; it is not asked"
	case tor.Hangs, tor.NotControlPort:
		return "what listens on " + a.Address + " is not tor's control port"
	}
	return ""
}

func torNetwork(s *Subject) Result {
	switch s.Facts.Tor.Control.Network {
	case env.Yes:
		return ok("DisableNetwork 0")
	case env.No:
		return fail("remove DisableNetwork from "+s.Facts.Tor.ConfigFile+", then sudo systemctl reload "+s.Facts.Tor.Unit.Name, "control port: DisableNetwork=1")
	}
	if line, set := tor.Option(s.Facts.Tor.Lines, "DisableNetwork"); set && line.Value == "1" {
		return fail("remove it, then sudo systemctl reload "+s.Facts.Tor.Unit.Name, fmt.Sprintf("%s:%d: DisableNetwork 1", line.File, line.Number))
	}
	return ok("DisableNetwork is not in torrc")
}

func bootstrapped(s *Subject) Result {
	if !usesTor(s) {
		return skipped(noTor)
	}
	b := s.Facts.Tor.Control.Bootstrap
	switch {
	case b.Progress == 100:
		return ok("control port: PROGRESS=100")
	case b.Progress < 0 || !s.Facts.Tor.Control.Authenticated:
		if s.Proof.Answers == env.Yes {
			return ok("the node answered through it")
		}
		return unknown("sudo tahoe-anon doctor "+s.Goal.Dir+"   # may ask tor", "the control port is closed to this account")
	}
	text := fmt.Sprintf("control port: PROGRESS=%d %q", b.Progress, b.Summary)
	if b.Warning != "" {
		text += fmt.Sprintf(" WARNING=%q REASON=%s", b.Warning, b.Reason)
	}
	return fail("tor needs a network, a right clock (timedatectl) and no firewall in its way; sudo journalctl -u "+s.Facts.Tor.Unit.Name+" -n 50 tells more", text)
}

// socksAnswers looks where Tahoe looks: [tor] socks.port, or 9050 and then 9150 (socks-default-ports).
func socksAnswers(s *Subject) Result {
	if !usesTor(s) {
		return skipped(noTor)
	}
	want := socksOf(s)
	var evidence []string
	for _, p := range s.Facts.Tor.Socks {
		if !slices.Contains(want, p.Address) {
			continue
		}
		if p.Answers == env.Yes {
			return ok(p.Address + " answers")
		}
		evidence = append(evidence, p.Address+": "+string(p.Cause))
	}
	for _, p := range s.Facts.Tor.Socks {
		if p.Answers == env.Yes && strings.HasPrefix(p.Address, "127.") {
			return fail("add to [tor] in tahoe.cfg: socks.port = tcp:"+p.Address, append(evidence, p.Address+" answers")...)
		}
	}
	for _, l := range s.Facts.Tor.Lines {
		if strings.EqualFold(l.Key, "SocksPort") && strings.HasPrefix(l.Value, "0") {
			return fail("remove that line, see that sudo tor --verify-config is content, then reload tor", append(evidence, fmt.Sprintf("%s:%d: SocksPort %s", l.File, l.Number, l.Value))...)
		}
	}
	return fail("grep -n SocksPort "+s.Facts.Tor.ConfigFile+"   # the node looks for 127.0.0.1:9050", evidence...)
}

func socksOf(s *Subject) []string {
	if s.Node != nil && s.Node.Config != nil {
		if v, set, err := s.Node.Config.Get("tor", "socks.port"); set && err == nil {
			return []string{strings.Replace(strings.TrimPrefix(v, "tcp:"), "localhost:", "127.0.0.1:", 1)}
		}
	}
	return []string{"127.0.0.1:9050", "127.0.0.1:9150"}
}

func targetLoopback(s *Subject) Result {
	svc := service(s)
	if svc == nil {
		return skipped("there is no service")
	}
	for _, p := range svc.Ports {
		if !strings.HasPrefix(p.Target, "127.") && !strings.HasPrefix(p.Target, "unix:") && !strings.HasPrefix(p.Target, "[::1]") {
			return fail(fmt.Sprintf("in %s: HiddenServicePort %d 127.0.0.1:%d", svc.File, p.Virtual, s.Goal.Port), at(svc)+" leads to "+p.Target)
		}
	}
	return ok(at(svc))
}

func virtualPort(s *Subject) Result {
	svc := service(s)
	if svc == nil {
		return skipped("there is no service")
	}
	for _, p := range svc.Ports {
		if p.Virtual == s.Goal.VirtualPort {
			return ok(fmt.Sprintf("%s: HiddenServicePort %d", svc.File, p.Virtual))
		}
	}
	return fail("tahoe-anon setup "+s.Goal.Dir+"   # makes them agree",
		fmt.Sprintf("%s announces port %d", line(s, "node", "tub.location"), s.Goal.VirtualPort),
		fmt.Sprintf("%s has %s", at(svc), portList(svc)))
}

func targetPort(s *Subject) Result {
	svc := service(s)
	if svc == nil {
		return skipped("there is no service")
	}
	want := fmt.Sprintf("127.0.0.1:%d", s.Goal.Port)
	for _, p := range svc.Ports {
		if p.Virtual == s.Goal.VirtualPort && p.Target == want {
			return ok(fmt.Sprintf("%s: HiddenServicePort %d %s", svc.File, p.Virtual, p.Target))
		}
	}
	return fail("tahoe-anon setup "+s.Goal.Dir+"   # makes them agree",
		fmt.Sprintf("%s: the node listens on %s", line(s, "node", "tub.port"), want),
		fmt.Sprintf("%s has %s", at(svc), portList(svc)))
}

func at(svc *tor.Service) string {
	return fmt.Sprintf("%s:%d: HiddenServiceDir %s", svc.File, svc.Number, svc.Dir)
}

func portList(svc *tor.Service) string {
	var list []string
	for _, p := range svc.Ports {
		list = append(list, fmt.Sprintf("%d -> %s", p.Virtual, p.Target))
	}
	return strings.Join(list, ", ")
}
