package check

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tahoe-anon/detect"
	"tahoe-anon/detect/env"
	"tahoe-anon/detect/host"
)

func tahoeStarts(s *Subject) Result {
	c := &s.Facts.Tahoe
	switch {
	case c.Path == "":
		return fail("install Tahoe-LAFS: https://tahoe-lafs.readthedocs.io", "no tahoe command in PATH")
	case c.Starts == env.No:
		return fail("install what is missing into "+c.Python, c.Path+" lacks "+strings.Join(c.Missing, ", "))
	case c.Starts == env.Unknown:
		return unknown(c.Path+" --version", c.Detail)
	}
	return ok(c.Path + " " + c.Version)
}

func nodeDir(s *Subject) Result {
	switch n := s.Node; {
	case n == nil || !n.Exists:
		return fail("name the node directory: tahoe-anon doctor NODEDIR", s.Goal.Dir+" is not there")
	case n.Empty || n.Kind == "":
		return fail("a node directory has a tahoe-client.tac or tahoe-introducer.tac", n.Dir+" has none")
	}
	return ok(s.Node.Dir)
}

func nodeOwner(s *Subject) Result {
	n := s.Node
	if n == nil || !n.Exists {
		return skipped("there is no node")
	}
	if n.UID != s.Facts.Host.Account.UID && s.Facts.Host.Process.EUID != 0 { // root looks after others' nodes
		return warn(fmt.Sprintf("sudo chown -R %s: %s   # if that account runs it", s.Facts.Host.Account.Name, n.Dir), fmt.Sprintf("%s belongs to uid %d", n.Dir, n.UID))
	}
	return ok(fmt.Sprintf("uid %d", n.UID))
}

func privateMode(s *Subject) Result {
	n := s.Node
	if n == nil || !n.Exists || n.PrivateMode == 0 {
		return skipped("there is no private directory")
	}
	if n.PrivateMode.Perm()&0o077 != 0 {
		return fail("chmod 700 "+n.Dir+"/private", fmt.Sprintf("%s/private has mode %04o", n.Dir, n.PrivateMode.Perm()))
	}
	return ok(fmt.Sprintf("%s/private has mode %04o", n.Dir, n.PrivateMode.Perm()))
}

func nodeRuns(s *Subject) Result {
	n := s.Node
	switch {
	case n == nil || !n.Exists:
		return skipped("there is no node")
	case n.Running == env.Yes:
		return ok(fmt.Sprintf("PID %d", n.PID))
	case n.Running == env.Unknown:
		return unknown("sudo tahoe-anon doctor "+n.Dir+"   # may look", n.Dir+"/running.process cannot be read")
	}
	if starting(s) {
		return unknown("sudo journalctl -u "+unitOf(s)+" -n 50   # what it does meanwhile", unitOf(s)+" is active, and the node has not written its PID yet")
	}
	if unit := unitOf(s); unit != "" {
		return fail("sudo systemctl start "+unit+"   # and why it stopped: sudo journalctl -u "+unit+" -n 50", unit+" does not run")
	}
	return fail("tahoe run "+n.Dir, "no live process in "+n.Dir+"/running.process")
}

func starting(s *Subject) bool {
	unit := unitOf(s)
	return slices.ContainsFunc(s.Facts.Host.Units, func(u host.UnitFile) bool { return u.State == "active" && filepath.Base(u.Path) == unit })
}

func unitOf(s *Subject) string { return detect.UnitOf(s.Facts, s.Node) }

// startsWithin is how long a node may take from its start until it listens; Python is slow on small servers.
const startsWithin = time.Minute

func restart(s *Subject) string {
	if unit := unitOf(s); unit != "" {
		return "sudo systemctl restart " + unit
	}
	return "tahoe run " + s.Node.Dir + "   # after you stopped the one that runs"
}

func fresh(s *Subject) Result {
	n := s.Node
	switch {
	case n == nil || n.Running != env.Yes:
		return skipped("the node does not run")
	case n.Stale():
		return fail(restart(s), fmt.Sprintf("%s was written at %s, the node started at %s", n.File.Path, n.File.Changed.Format(time.DateTime), n.Since.Format(time.DateTime)))
	}
	return ok()
}

// nodeListens: a Tahoe that cannot bind its port says nothing and runs on.
func nodeListens(s *Subject) Result {
	n := s.Node
	if n == nil || n.Running != env.Yes || s.Goal.Port == 0 {
		return skipped("nothing to listen for")
	}
	for _, sock := range s.Facts.Host.Sockets {
		if sock.Port != s.Goal.Port {
			continue
		}
		if sock.UID != n.UID {
			return fail("tahoe-anon setup --port N "+n.Dir+"   # another port, or free this one", fmt.Sprintf("%s belongs to uid %d", show(sock), sock.UID))
		}
		if hidden(s) && !local(sock) {
			return fail(restart(s)+"   # it runs with older settings than tahoe.cfg has", "it listens on "+show(sock))
		}
		return ok("listens on " + show(sock))
	}
	if age := s.Now.Sub(n.Since); !n.Since.IsZero() && age < startsWithin {
		return unknown("tahoe-anon doctor "+n.Dir+"   # in a minute", fmt.Sprintf("it started %d s ago, and does not listen on port %d yet", int(age.Seconds()), s.Goal.Port))
	}
	return fail(restart(s), fmt.Sprintf("nobody listens on port %d", s.Goal.Port))
}

// logPort finds the port that Tahoe opens on all interfaces whatever its settings say (create_log_tub). It is
// told, not held against the operator: no setting closes it.
func logPort(s *Subject) Result {
	n := s.Node
	if n == nil || n.Running != env.Yes || !hidden(s) {
		return skipped("nothing to look for")
	}
	known := []int{s.Goal.Port, detect.WebPort(n)}
	for _, sock := range s.Facts.Host.Sockets {
		if sock.UID == n.UID && !local(sock) && sock.Port != known[0] && sock.Port != known[1] {
			return Result{
				Level: Info, Evidence: []string{"uid " + fmt.Sprint(sock.UID) + " listens on " + show(sock)},
				Hint: "if it is this node's: Tahoe opens its log port on all interfaces and has no setting for it; let a firewall close it",
			}
		}
	}
	return ok()
}

func local(sock host.Socket) bool {
	a, err := netip.ParseAddr(sock.Address)
	return err == nil && a.Unmap().IsLoopback()
}

func show(sock host.Socket) string { return fmt.Sprintf("%s port %d", sock.Address, sock.Port) }
