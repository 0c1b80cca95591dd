package wizard

import (
	"fmt"
	"strings"

	"tahoe-anon/detect"
	"tahoe-anon/detect/tahoe"
)

// Before is what others can see of the node as tahoe.cfg stands; nothing for a node that is not there yet.
func Before(n *tahoe.Node) []Exposure {
	if n == nil || n.Config == nil {
		return nil
	}
	var seen []Exposure
	if sees := locationSeen(n); sees != "" {
		seen = append(seen, Exposure{Who: "everybody in the grid", Sees: sees, Bad: !hiddenLocation(n)})
	}
	if tcp, _, err := n.Config.Get("connections", "tcp"); err == nil && !strings.EqualFold(tcp, "tor") && !strings.EqualFold(tcp, "disabled") {
		seen = append(seen, Exposure{
			Who: "the introducer and every server it connects to", Sees: "your IP address: connections are direct", Bad: true,
		})
	}
	for _, key := range []struct{ name, what string }{{"tub.port", "the node's port"}, {"web.port", "the node's web page, with full control"}} {
		if open := openPort(n, key.name); open != "" {
			seen = append(seen, Exposure{Who: "whoever can reach this host's address", Sees: key.what + " (" + open + ")", Bad: true})
		}
	}
	if name, ok, err := n.Config.Get("node", "nickname"); ok && err == nil {
		seen = append(seen, Exposure{Who: "everybody in the grid", Sees: "the nickname " + name})
	}
	return append(seen, logPort)
}

// After is what others can see once the goal is reached, the bad included: hiding has limits.
func After(f *detect.Facts, n *tahoe.Node, g detect.Goal) []Exposure {
	var seen []Exposure
	if n != nil && n.TubID != "" && !hiddenLocation(n) {
		seen = append(seen, Exposure{
			Who: "whoever kept this node's old announcement", Bad: true,
			Sees: "that the old address and the onion are one node: the identity (TubID) stays",
		})
	}
	return append(
		seen, logPort,
		Exposure{Who: "everybody in the grid", Sees: fmt.Sprintf("the address %s.onion:%d, not your IP address", g.Onion, g.VirtualPort)},
		Exposure{Who: "everybody in the grid", Sees: "the nickname " + nicknameAfter(n, g) + ", the version of Tahoe, when the node is up"},
		Exposure{Who: "your internet provider", Sees: "that this host uses Tor, when and how much; not what for"},
		Exposure{Who: "accounts on this host", Sees: fmt.Sprintf("the node on 127.0.0.1:%d and the service in %s", g.Port, f.Tor.ConfigFile)},
	)
}

// logPort is open whatever the settings say (create_log_tub).
var logPort = Exposure{
	Who: "whoever can reach this host's address", Bad: true,
	Sees: "an open log port of Tahoe (it ignores all settings): close it with a firewall",
}

func nicknameAfter(n *tahoe.Node, g detect.Goal) string {
	if g.Nickname != "" {
		return g.Nickname
	}
	if n != nil && n.Config != nil {
		if name, ok, err := n.Config.Get("node", "nickname"); ok && err == nil {
			return name
		}
	}
	return neutralName
}

func location(n *tahoe.Node) (tahoe.Location, bool) {
	value, ok, err := n.Config.Get("node", "tub.location")
	if err != nil {
		return tahoe.Location{}, false
	}
	if !ok {
		return tahoe.Location{Auto: true}, true // Tahoe's default
	}
	loc, err := tahoe.ParseLocation(value)
	return loc, err == nil
}

// hiddenLocation says whether no hint that is announced tells an address outside of Tor and I2P.
func hiddenLocation(n *tahoe.Node) bool {
	if n == nil || n.Config == nil {
		return true
	}
	loc, ok := location(n)
	return ok && loc.Hidden()
}

func locationSeen(n *tahoe.Node) string {
	loc, ok := location(n)
	switch {
	case !ok:
		return "an address that cannot be read in tahoe.cfg"
	case loc.Disabled:
		return ""
	case loc.Auto:
		return "every IP address of this host (tub.location = AUTO)"
	}
	value, _, _ := n.Config.Get("node", "tub.location")
	return "the address " + value
}

// openPort returns the value of a port setting that listens beyond this host, else "".
func openPort(n *tahoe.Node, key string) string {
	ends, set, err := detect.Endpoints(n, key)
	if !set && err == nil && key == "tub.port" {
		return "a random port"
	}
	for _, e := range ends {
		if !e.Loopback() {
			value, _, _ := n.Config.Get("node", key)
			return value
		}
	}
	return ""
}
