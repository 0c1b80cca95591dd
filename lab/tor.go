//go:build lab

package lab

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

const (
	bootstrapLimit = 60 * time.Second
	defaultsTorrc  = "/usr/share/tor/tor-service-defaults-torrc" // where Debian's unit finds what is not in torrc
)

// Network is a private Tor network. It has two tors of its own that are not the box's: Client, where a test puts the
// onion services of others, and Peer, a client that shares no circuit and no cached descriptor with the box's tor.
type Network struct {
	Client TorClient `json:"client"`
	Peer   TorClient `json:"peer"`
	// Torrc is a file of this machine with the lines that let another tor use the network.
	Torrc string `json:"network_torrc"`
}

// TorClient is one tor of the network.
type TorClient struct {
	SocksPort     int    `json:"socks_port"`
	ControlPort   int    `json:"control_port"`
	ControlSocket string `json:"control_socket"` // a path of this machine
	CookiePath    string `json:"cookie_path"`
}

// TorNetwork starts a Tor network in the box's namespace, once, and returns when the box's own tor has bootstrapped
// on it. The box's torrc stays as Debian made it: the network is named in the unit's defaults file.
func (b *Box) TorNetwork(t testing.TB) *Network {
	t.Helper()
	b.net.Lock()
	defer b.net.Unlock()
	if b.tor != nil {
		return b.tor
	}
	start := time.Now()
	// Below the box's directory, and ending with this process: nothing stays when the test is killed.
	out := Do(t, b.Local(Script(t, "tornet"), "up", filepath.Join(b.Dir, "tor"), "--json", "--timeout", "100", "--owner", strconv.Itoa(os.Getpid())))
	n := new(Network)
	if err := json.Unmarshal([]byte(out), n); err != nil {
		t.Fatalf("tornet: %v\n%s", err, out)
	}
	Measure(t, "private Tor network up", time.Since(start))

	start = time.Now()
	lines, err := os.ReadFile(n.Torrc)
	if err != nil {
		t.Fatal(err)
	}
	b.Put(defaultsTorrc, append([]byte(b.Read(defaultsTorrc)), lines...), 0o644, "root:root")
	Do(t, b.Root("systemctl", "restart", "tor@default"))
	b.Bootstrapped(t)
	Measure(t, "box's tor bootstrapped on it", time.Since(start))
	b.tor = n
	return n
}

// Bootstrapped waits until the box's own tor has.
func (b *Box) Bootstrapped(t testing.TB) {
	t.Helper()
	c := b.control(t)
	defer c.Close()
	if err := c.bootstrapped(); err != nil {
		t.Fatalf("the box's tor did not bootstrap: %v", err)
	}
}

// TorListens waits for the control socket of the box's tor. tor tells systemd that it is ready, and opens its unix
// sockets up to a second later (measured with 0.4.9.15), so a started unit is not enough.
func (b *Box) TorListens(t testing.TB) {
	t.Helper()
	c := b.control(t)
	c.Close()
}

func (b *Box) control(t testing.TB) control {
	t.Helper()
	for deadline := time.Now().Add(bootstrapLimit); ; time.Sleep(20 * time.Millisecond) {
		c, err := dialControl(b.path("/run/tor/control"), b.path("/run/tor/control.authcookie"), bootstrapLimit)
		if err == nil {
			return c
		}
		if time.Now().After(deadline) {
			t.Fatalf("the control socket of the box's tor: %v", err)
		}
	}
}

// Onion makes an onion service of the network's Client tor, which leads from port virt to a local port of the box,
// and returns its name, "xyz….onion". It lasts as long as the network.
func (n *Network) Onion(t testing.TB, virt, local int) string {
	t.Helper()
	c, err := dialControl(n.Client.ControlSocket, n.Client.CookiePath, bootstrapLimit)
	if err != nil {
		t.Fatalf("the network's client: %v", err)
	}
	defer c.Close()
	name, err := c.addOnion(virt, local)
	if err != nil {
		t.Fatalf("the network's client: ADD_ONION: %v", err)
	}
	return name
}
