package tor

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// portAddresses are the addresses that the lines in effect of one of these options open, as far as this machine may
// dial them: loopback and unix sockets. "auto", "0" and other machines' addresses are left out.
func portAddresses(lines []Line, keys ...string) []string {
	var all []string
	for _, key := range keys {
		same := func(k string) bool { return strings.EqualFold(k, key) }
		for _, l := range inEffect(lines, same) {
			if a := portAddress(l.Value, key == "ControlSocket"); a != "" {
				all = union(all, []string{a})
			}
		}
	}
	return all
}

// portAddress reads the value of SocksPort, ControlPort or ControlSocket (tor(1)): [address:]port|unix:path, then
// flags. A ControlSocket may leave "unix:" out.
func portAddress(value string, socket bool) string {
	w := words(value)
	if len(w) == 0 {
		return ""
	}
	first := w[0]
	if path, ok := strings.CutPrefix(first, "unix:"); ok || socket {
		if strings.HasPrefix(path, "/") {
			return "unix:" + path
		}
		return ""
	}
	if port, err := strconv.ParseUint(first, 10, 16); err == nil {
		if port == 0 {
			return ""
		}
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(port)).String()
	}
	to, err := netip.ParseAddrPort(strings.Replace(first, "localhost:", "127.0.0.1:", 1))
	if err != nil || to.Port() == 0 {
		return ""
	}
	ip := to.Addr().Unmap()
	if ip.IsUnspecified() { // it listens on loopback too
		ip = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	if !ip.IsLoopback() {
		return ""
	}
	return netip.AddrPortFrom(ip, to.Port()).String()
}

// union is a, then what b adds.
func union(a, b []string) []string {
	all := slices.Clone(a)
	for _, s := range b {
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}
