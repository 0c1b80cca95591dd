package host

import (
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"strconv"
	"strings"

	"tahoe-anon/detect/env"
)

func sockets(e env.Env) []Socket {
	all := []Socket{}
	for _, path := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		if b, err := e.ReadFile(path); err == nil {
			all = append(all, parseSockets(string(b))...)
		}
	}
	return all
}

const listening = "0A" // TCP_LISTEN of the kernel's tcp_states.h

// parseSockets reads proc_net_tcp(5) and keeps who listens. Other lines are left out.
func parseSockets(text string) []Socket {
	var all []Socket
	for l := range strings.Lines(text) {
		p := strings.Fields(l) // sl local_address rem_address st queues timer retransmits uid ...
		if len(p) < 8 || p[3] != listening {
			continue
		}
		ip, port, ok := parseEndpoint(p[1])
		uid, err := strconv.Atoi(p[7])
		if ok && err == nil {
			all = append(all, Socket{Address: ip.String(), Port: port, UID: uid})
		}
	}
	return all
}

// parseEndpoint reads "0100007F:235A": the address as 32-bit words in this machine's byte order, the port as
// one number, all in hexadecimal.
func parseEndpoint(s string) (netip.Addr, int, bool) {
	address, port, ok := strings.Cut(s, ":")
	words, err1 := hex.DecodeString(address)
	n, err2 := strconv.ParseUint(port, 16, 16)
	if !ok || err1 != nil || err2 != nil || len(words)%4 != 0 {
		return netip.Addr{}, 0, false
	}
	raw := make([]byte, 0, len(words))
	for i := 0; i < len(words); i += 4 {
		raw = binary.NativeEndian.AppendUint32(raw, binary.BigEndian.Uint32(words[i:]))
	}
	ip, ok := netip.AddrFromSlice(raw)
	return ip.Unmap(), int(n), ok
}
