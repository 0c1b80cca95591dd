package check

import (
	"fmt"
	"strings"

	"tahoe-anon/detect/env"
	"tahoe-anon/detect/tahoe"
	"tahoe-anon/detect/tor"
)

// service is the onion service that serves the announced address, or nil.
func service(s *Subject) *tor.Service {
	if s.Goal.ServiceDir == "" {
		return nil
	}
	for i := range s.Facts.Tor.Services {
		if s.Facts.Tor.Services[i].Dir == s.Goal.ServiceDir {
			return &s.Facts.Tor.Services[i]
		}
	}
	return nil
}

func onionAddress(s *Subject) Result {
	loc, res := announcedLocation(s)
	if loc == nil {
		return res
	}
	for _, h := range loc.Hints {
		if h.Type != "tor" {
			continue
		}
		name, onion := strings.CutSuffix(h.Host, ".onion")
		if !onion {
			continue
		}
		if err := tor.ValidAddress(name); err != nil {
			return fail("tahoe-anon setup "+s.Goal.Dir+"   # makes an address that works", line(s, "node", "tub.location"), err.Error())
		}
		return ok(line(s, "node", "tub.location"))
	}
	return skipped("no onion address is announced")
}

// announcedLocation is tub.location as it can be read, or the result to give instead.
func announcedLocation(s *Subject) (*tahoe.Location, Result) {
	value, set, res := get(s, "node", "tub.location")
	if res != nil {
		return nil, *res
	}
	if !set {
		return &tahoe.Location{Auto: true}, Result{}
	}
	loc, err := tahoe.ParseLocation(value)
	if err != nil {
		return nil, fail("mend tub.location", line(s, "node", "tub.location"), err.Error())
	}
	return &loc, Result{}
}

func serviceThere(s *Subject) Result {
	if s.Goal.Onion == "" {
		return skipped("no onion address is announced")
	}
	if keeps, err := s.Node.Config.Bool("tor", "onion", false); err == nil && keeps {
		return skipped("Tahoe itself asks tor for this onion ([tor] onion = true)")
	}
	svc := service(s)
	if svc == nil {
		if s.Facts.Tor.ConfigFile == "" || unreadable(s.Facts.Tor.Files) {
			return unknown("sudo tahoe-anon doctor "+s.Goal.Dir+"   # may read torrc", "torrc cannot be read by this account")
		}
		return fail("tahoe-anon setup "+s.Goal.Dir+"   # makes tor serve an address again", s.Facts.Tor.ConfigFile+" has no HiddenServiceDir for it")
	}
	if svc.Hostname == "" {
		return unknownHost(s, svc)
	}
	return ok(at(svc), svc.Dir+"/hostname agrees")
}

// unknownHost is the service that fits by its name and ports, its hostname file being tor's alone.
func unknownHost(s *Subject, svc *tor.Service) Result {
	if s.Proof.Answers == env.Yes || strings.HasSuffix(svc.Dir, "/tahoe-"+s.Goal.Onion[:8]) {
		return ok(at(svc))
	}
	return unknown("sudo cat "+svc.Dir+"/hostname   # the address that it has", at(svc)+": the ports fit")
}

func unreadable(files []tor.File) bool {
	for _, f := range files {
		if f.Err != "" {
			return true
		}
	}
	return false
}

// serviceDir judges owner, mode and place of the directory (hs-dir-wrong-owner, hs-dir-too-permissive,
// hs-dir-outside-sandbox).
func serviceDir(s *Subject) Result {
	svc := service(s)
	if svc == nil {
		return skipped("there is no service")
	}
	if out := outsideSandbox(s.Facts.Tor.Unit.Writable, svc.Dir); out {
		return fail("move it below /var/lib/tor: tor's unit lets it write there only", at(svc))
	}
	if svc.Seen != env.Yes {
		if s.Proof.Answers == env.Yes {
			return ok("the node answered through it")
		}
		return unknown("sudo tahoe-anon doctor "+s.Goal.Dir+"   # may look into it", svc.Dir+" is closed to this account")
	}
	user := s.Facts.Tor.User
	if s.Facts.Tor.UID >= 0 && svc.UID != s.Facts.Tor.UID {
		return fail(fmt.Sprintf("sudo chown -R %s: %s", user, svc.Dir), fmt.Sprintf("%s belongs to uid %d, tor runs as %s (uid %d)", svc.Dir, svc.UID, user, s.Facts.Tor.UID))
	}
	if svc.Mode.Perm()&0o077 != 0 && !groupReadable(svc) {
		return fail("sudo chmod 700 "+svc.Dir, fmt.Sprintf("%s has mode %04o", svc.Dir, svc.Mode.Perm()))
	}
	return ok(fmt.Sprintf("%s: mode %04o, uid %d", svc.Dir, svc.Mode.Perm(), svc.UID))
}

func groupReadable(svc *tor.Service) bool {
	for _, o := range svc.Options {
		if strings.EqualFold(o.Key, "HiddenServiceDirGroupReadable") && o.Value == "1" {
			return svc.Mode.Perm()&0o027 == 0
		}
	}
	return false
}

func outsideSandbox(writable []string, dir string) bool {
	if len(writable) == 0 {
		return false
	}
	for _, w := range writable {
		if dir == w || strings.HasPrefix(dir, strings.TrimSuffix(w, "/")+"/") {
			return false
		}
	}
	return true
}

func proved(s *Subject) Result {
	switch s.Proof.Answers {
	case env.Yes:
		return ok(s.Proof.Detail)
	case env.No:
		return fail("tahoe-anon doctor --prove "+s.Goal.Dir+"   # once more; a new service can take a minute", s.Proof.Detail)
	}
	if s.Goal.Onion == "" {
		return skipped("no onion address is announced")
	}
	return skipped("tahoe-anon doctor --prove asks for the node at its onion address")
}
