package check

import (
	"fmt"
	"strings"

	"tahoe-anon/detect"
	"tahoe-anon/detect/tahoe"
)

// hidden says whether these rules are meant for the node: one that declares to be hidden, or that announces
// nothing but an onion address. Others are public on purpose.
func hidden(s *Subject) bool {
	if s.Goal.Privacy == detect.Hidden {
		return true
	}
	if s.Node == nil || s.Node.Config == nil || s.Goal.Onion == "" {
		return false
	}
	loc, _ := announcedLocation(s)
	return loc != nil && loc.Hidden()
}

const notHidden = "this node does not declare to be hidden; tahoe-anon hides it"

// get reads a key, or says what to report when it cannot be read.
func get(s *Subject, section, key string) (value string, set bool, res *Result) {
	if s.Node == nil || s.Node.Config == nil {
		r := skipped("there is no tahoe.cfg to read")
		return "", false, &r
	}
	value, set, err := s.Node.Config.Get(section, key)
	if err != nil {
		r := fail("mend this line of tahoe.cfg", line(s, section, key), err.Error())
		return "", false, &r
	}
	return value, set, nil
}

// line names where a key stands: "tahoe.cfg:12: [node] tub.port", or that it is not there.
func line(s *Subject, section, key string) string {
	if n := s.Node.Config.Line(section, key); n > 0 {
		return fmt.Sprintf("%s:%d: [%s] %s", s.Node.File.Path, n, section, key)
	}
	return fmt.Sprintf("%s: [%s] %s is not there", s.Node.File.Path, section, key)
}

func setup(s *Subject) string { return "tahoe-anon setup " + s.Goal.Dir + "   # sets it" }

func configReadable(s *Subject) Result {
	if s.Node == nil || !s.Node.Exists {
		return skipped("there is no node")
	}
	if s.Node.ConfigErr != "" {
		return fail("mend that line; Tahoe does not start with it", s.Node.Dir+"/tahoe.cfg: "+s.Node.ConfigErr)
	}
	return ok(s.Node.File.Path)
}

func privacyFlag(s *Subject) Result {
	if !hidden(s) {
		return skipped(notHidden)
	}
	reveal, err := s.Node.Config.Bool("node", "reveal-ip-address", true)
	if err != nil {
		return fail("write true or false", line(s, "node", "reveal-ip-address"), err.Error())
	}
	if reveal {
		return fail(setup(s), line(s, "node", "reveal-ip-address"))
	}
	return ok(line(s, "node", "reveal-ip-address"))
}

func connections(s *Subject) Result {
	if !hidden(s) {
		return skipped(notHidden)
	}
	value, _, res := get(s, "connections", "tcp")
	if res != nil {
		return *res
	}
	switch strings.ToLower(value) {
	case "tor", "disabled":
	case "", "tcp", "i2p":
		return fail(setup(s), line(s, "connections", "tcp")+" = "+value)
	default:
		return fail(setup(s), line(s, "connections", "tcp")+" = "+value, "Tahoe knows no such word, and does not start with it")
	}
	return ok(line(s, "connections", "tcp") + " = " + value)
}

// announced judges every hint by its stripped, lower-case type: Tahoe does neither, and lets " tcp:" and
// "TCP:" pass (leak-location-space-tcp, leak-location-uppercase).
func announced(s *Subject) Result {
	if !hidden(s) {
		return skipped(notHidden)
	}
	loc, res := announcedLocation(s)
	if loc == nil {
		return res
	}
	if !loc.Hidden() {
		value, _, _ := get(s, "node", "tub.location")
		return fail(setup(s), line(s, "node", "tub.location")+" = "+value)
	}
	return ok(line(s, "node", "tub.location"))
}

func tubPortBound(s *Subject) Result { return bound(s, "tub.port", "a random port on all interfaces") }
func webPortBound(s *Subject) Result { return bound(s, "web.port", "") }

// bound wants every endpoint of a key on loopback; whenUnset says what Tahoe does without the key.
func bound(s *Subject, key, whenUnset string) Result {
	if !hidden(s) {
		return skipped(notHidden)
	}
	value, set, res := get(s, "node", key)
	if res != nil {
		return *res
	}
	if !set && whenUnset == "" {
		return ok(line(s, "node", key))
	}
	if !set {
		return fail(setup(s), line(s, "node", key)+": "+whenUnset)
	}
	ends, _, err := detect.Endpoints(s.Node, key)
	if err != nil {
		return fail("mend it; Tahoe does not start with it", line(s, "node", key)+" = "+value, err.Error())
	}
	for _, e := range ends {
		if !e.Loopback() {
			return fail(setup(s), line(s, "node", key)+" = "+value)
		}
	}
	return ok(line(s, "node", key) + " = " + value)
}

// sftpBound: the default port is tcp:8022, on all interfaces.
func sftpBound(s *Subject) Result {
	if !hidden(s) {
		return skipped(notHidden)
	}
	if open, value := detect.OpenSFTP(s.Node); open {
		return fail(setup(s), line(s, "sftpd", "port")+" = "+value)
	}
	return ok()
}

func logGatherer(s *Subject) Result {
	if !hidden(s) {
		return skipped(notHidden)
	}
	_, set, res := get(s, "node", "log_gatherer.furl")
	if res != nil {
		return *res
	}
	if set {
		return fail("remove the line", line(s, "node", "log_gatherer.furl"))
	}
	return ok()
}

// foolscapForced: with tcp = tor and neither control.port nor launch, Tahoe's HTTP storage client does not get
// through; foolscap does (http-tor-needs-control-port, http-5s-timeout).
func foolscapForced(s *Subject) Result {
	value, _, res := get(s, "connections", "tcp")
	if res != nil {
		return *res
	}
	if !strings.EqualFold(value, "tor") || needsControl(s) || s.Node.Kind != tahoe.Client {
		return ok()
	}
	forced, err := s.Node.Config.Bool("client", "force_foolscap", false)
	if err != nil || !forced {
		return fail(setup(s), line(s, "client", "force_foolscap"))
	}
	storage, err := s.Node.Config.Bool("storage", "force_foolscap", false)
	if s.Goal.Role == detect.Server && (err != nil || !storage) {
		return warn(setup(s), line(s, "storage", "force_foolscap"), "clients without this setting of their own will not get through")
	}
	return ok(line(s, "client", "force_foolscap"))
}
