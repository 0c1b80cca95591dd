package detect

import (
	"fmt"
	"path/filepath"
	"strings"

	"tahoe-anon/detect/tahoe"
	"tahoe-anon/detect/tor"
)

// OnionHint is the one tor: hint with a valid onion address that the node advertises, its Host without ".onion".
func OnionHint(n *tahoe.Node) (tahoe.Hint, bool) {
	if n == nil || n.Config == nil {
		return tahoe.Hint{}, false
	}
	value, _, err := n.Config.Get("node", "tub.location")
	if err != nil {
		return tahoe.Hint{}, false
	}
	loc, err := tahoe.ParseLocation(value)
	if err != nil {
		return tahoe.Hint{}, false
	}
	for _, h := range loc.Hints {
		name, onion := strings.CutSuffix(h.Host, ".onion")
		if h.Type == "tor" && onion && tor.ValidAddress(name) == nil {
			h.Host = name
			return h, true
		}
	}
	return tahoe.Hint{}, false
}

// LocalPort is the TCP port of the node's tub, 0 when it has none or several.
func LocalPort(n *tahoe.Node) int { return tcpPort(n, "tub.port") }

// WebPort is the TCP port of the node's web page, 0 when it has none.
func WebPort(n *tahoe.Node) int { return tcpPort(n, "web.port") }

func tcpPort(n *tahoe.Node, key string) int {
	ends, _, err := Endpoints(n, key)
	if err != nil || len(ends) != 1 {
		return 0
	}
	return ends[0].Port
}

// Endpoints are the places where tub.port or web.port, each with its own rules, has the node listen. set is false
// when the key is not there; the error is a *tahoe.ConfigError or a *tahoe.PortError.
func Endpoints(n *tahoe.Node, key string) (ends []tahoe.Endpoint, set bool, err error) {
	if n == nil || n.Config == nil {
		return nil, false, nil
	}
	value, set, err := n.Config.Get("node", key)
	if err != nil || !set {
		return nil, set, err
	}
	if key == "web.port" {
		ends, err = tahoe.ParseWebPort(value)
	} else {
		ends, err = tahoe.ParsePort(value)
	}
	return ends, true, err
}

// OpenSFTP says whether the node's SFTP server is on and listens beyond this host, and on what.
func OpenSFTP(n *tahoe.Node) (open bool, value string) {
	if n == nil || n.Config == nil {
		return false, ""
	}
	if on, err := n.Config.Bool("sftpd", "enabled", false); err == nil && !on {
		return false, ""
	}
	value, set, err := n.Config.Get("sftpd", "port")
	if !set && err == nil {
		value = "tcp:8022" // Tahoe's default
	}
	ends, err := tahoe.ParsePort(value)
	for _, e := range ends {
		open = open || !e.Loopback()
	}
	return open || err != nil, value
}

// UnitOf is the systemd unit that runs the node, or would: the one whose process it is, else the one in
// /etc/systemd/system that names its directory. Empty when there is none.
func UnitOf(f *Facts, n *tahoe.Node) string {
	switch {
	case n == nil:
		return ""
	case n.Unit != "":
		return n.Unit
	}
	for _, u := range f.Host.Units {
		if u.Runs(n.Dir) {
			return filepath.Base(u.Path)
		}
	}
	return ""
}

// Serves says whether a service is the one behind onion:virtual for a node on 127.0.0.1:local. Where the
// hostname file may not be read, our own directories tell by their name (tahoe- and the first 8 characters),
// and others by their ports.
func Serves(s tor.Service, onion string, local, virtual int) bool {
	if s.Hostname != "" {
		return s.Hostname == onion
	}
	name, ours := strings.CutPrefix(filepath.Base(s.Dir), "tahoe-")
	return ours && len(name) == 8 && strings.HasPrefix(onion, name) || Forwards(s, local, virtual)
}

// Forwards says whether a service leads from its virtual port to 127.0.0.1:local.
func Forwards(s tor.Service, local, virtual int) bool {
	for _, p := range s.Ports {
		if p.Virtual == virtual && p.Target == fmt.Sprintf("127.0.0.1:%d", local) {
			return true
		}
	}
	return false
}

// Declared is the goal that a node's own tahoe.cfg declares; the doctor holds the host against it.
func Declared(f *Facts, n *tahoe.Node) Goal {
	g := Goal{Dir: n.Dir, Port: LocalPort(n)}
	if n.Config == nil {
		return g
	}
	if storage, err := n.Config.Bool("storage", "enabled", true); err == nil && storage && n.Kind == tahoe.Client {
		g.Role = Server
	}
	if reveal, err := n.Config.Bool("node", "reveal-ip-address", true); err == nil && !reveal {
		g.Privacy = Hidden
	}
	hint, ok := OnionHint(n)
	if !ok {
		return g
	}
	g.Network, g.Onion, g.VirtualPort = "tor", hint.Host, hint.Port
	for _, s := range f.Tor.Services {
		if Serves(s, g.Onion, g.Port, g.VirtualPort) {
			g.Method, g.ServiceDir = Torrc, s.Dir
		}
	}
	return g
}
