package wizard

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"tahoe-anon/detect"
	"tahoe-anon/detect/env"
	"tahoe-anon/detect/tahoe"
	"tahoe-anon/detect/tor"
)

// Fresh is what a new onion service needs and no fact tells: drawn once, before the review, so that the plan
// shows the final address.
type Fresh struct {
	Key  tor.Key
	Rand *rand.Rand // for port numbers
	ID   string     // of the plan
	Now  time.Time
}

// Decide turns answers into a goal, keeping what the node has already where that fits: its address, its ports.
func Decide(f *detect.Facts, a Answers, fresh Fresh) (detect.Goal, error) {
	a = Defaults(f, a)
	if err := Check(a); err != nil {
		return detect.Goal{}, err
	}
	node := f.Node(a[NodeDir])
	if node == nil {
		return detect.Goal{}, &Blocked{Cause: NotANode, What: a[NodeDir], Detail: "it was not looked at"}
	}
	g := detect.Goal{
		Dir: node.Dir, Role: detect.Server, Privacy: detect.Hidden, Network: "tor", Method: detect.Torrc,
		Introducers: strings.Fields(a[IntroID]), Nickname: a[NicknameID], Start: startOf(f, node, a),
	}
	if err := usable(f, node); err != nil {
		return g, err
	}
	adopt(&g, f, node, a)
	if g.Onion == "" {
		g.Onion = fresh.Key.Address()
		g.ServiceDir = filepath.Join(f.Tor.DataDirectory, "tahoe-"+g.Onion[:8])
	}
	return g, ports(&g, f, node, a, fresh.Rand)
}

// usable says whether anything can be planned for this node on this host.
func usable(f *detect.Facts, n *tahoe.Node) error {
	switch {
	case f.Tahoe.Path == "":
		return &Blocked{Cause: TahoeMissing}
	case f.Tahoe.Starts == env.No:
		return &Blocked{Cause: TahoeBroken, What: f.Tahoe.Path, Detail: strings.Join(f.Tahoe.Missing, " ")}
	case f.Tor.Binary == "":
		return &Blocked{Cause: TorMissing}
	case f.Host.Init != "systemd":
		return &Blocked{Cause: NoSystemd}
	case f.Tor.Running == env.No:
		return &Blocked{Cause: TorStopped, What: f.Tor.Unit.Name}
	case n.Exists && !n.Empty && n.Kind != tahoe.Client:
		return &Blocked{Cause: NotANode, What: n.Dir, Detail: string(n.Kind)}
	case n.Exists && n.UID != f.Host.Account.UID:
		return &Blocked{Cause: NodeOfOthers, What: n.Dir, Detail: strconv.Itoa(n.UID)}
	case n.ConfigErr != "":
		return &Blocked{Cause: ConfigUnreadable, What: n.Dir, Detail: n.ConfigErr}
	}
	return torrcUsable(f)
}

func torrcUsable(f *detect.Facts) error {
	if f.Tor.ConfigFile != "/etc/tor/torrc" { // the only one that the root side may change
		return &Blocked{Cause: TorrcElsewhere, What: f.Tor.ConfigFile}
	}
	t := torrc(f)
	if t == nil || t.Err != "" {
		return &Blocked{Cause: TorrcUnreadable, What: f.Tor.ConfigFile}
	}
	if f.Tor.UID < 0 || f.Tor.DataDirectory == "" {
		return &Blocked{Cause: TorrcUnreadable, What: f.Tor.ConfigFile, Detail: "option User or DataDirectory"}
	}
	return nil
}

func torrc(f *detect.Facts) *tor.File {
	for i := range f.Tor.Files {
		if f.Tor.Files[i].Path == f.Tor.ConfigFile {
			return &f.Tor.Files[i]
		}
	}
	return nil
}

func startOf(f *detect.Facts, n *tahoe.Node, a Answers) detect.Start {
	switch {
	case n.Unit != "": // it has a service of its own: that one restarts it
		return detect.StartService
	case foreignUnit(f, n) != "": // it has one that does not run: two would start one directory
		return detect.StartNone
	}
	return detect.Start(a[StartID])
}

// foreignUnit is the unit of a node that we did not make.
func foreignUnit(f *detect.Facts, n *tahoe.Node) string {
	unit := detect.UnitOf(f, n)
	if n != nil && unit == unitName(f.Host.Account.Name, n.Dir) && n.Unit == "" {
		return ""
	}
	return unit
}

// adopt keeps the address that the node has, if this tor serves it. What cannot be seen (the hostname file,
// for an ordinary account) is judged by the service's ports; the proof has the last word.
func adopt(g *detect.Goal, f *detect.Facts, n *tahoe.Node, a Answers) {
	hint, ok := detect.OnionHint(n)
	if !ok {
		return
	}
	local := detect.LocalPort(n)
	for _, s := range f.Tor.Services {
		if !detect.Serves(s, hint.Host, local, hint.Port) {
			continue
		}
		g.Onion, g.ServiceDir, g.Port, g.VirtualPort = hint.Host, s.Dir, local, hint.Port
	}
}

// ports fills in the ports: as answered, as they are, or free and random. Never always 3457: that tells a
// Tahoe node to whoever knocks (leak-fixed-port-3457).
func ports(g *detect.Goal, f *detect.Facts, n *tahoe.Node, a Answers, r *rand.Rand) error {
	if p, err := strconv.Atoi(a[PortID]); err == nil {
		g.Port = p
	}
	if p, err := strconv.Atoi(a[VirtualID]); err == nil {
		g.VirtualPort = p
	}
	if g.Port == 0 {
		g.Port = detect.LocalPort(n)
	}
	taken := takenPorts(f, n)
	if g.Port != 0 && slices.Contains(taken, g.Port) {
		if a[PortID] != "" {
			return &Blocked{Cause: PortTaken, What: strconv.Itoa(g.Port)}
		}
		g.Port = 0
	}
	if g.Port == 0 {
		g.Port = freePort(taken, r)
	}
	if g.VirtualPort == 0 {
		g.VirtualPort = 1024 + r.IntN(65536-1024)
	}
	web, err := webPort(f, n, a, append(taken, g.Port))
	g.WebPort = web
	return err
}

// freePort picks one below the range from which the kernel takes ports for outgoing connections (32768 up).
func freePort(taken []int, r *rand.Rand) int {
	for {
		if p := 10240 + r.IntN(32768-10240); !slices.Contains(taken, p) {
			return p
		}
	}
}

// takenPorts are those that somebody other than this node listens on, or will: other nodes that do not run
// now, and the targets of other onion services.
func takenPorts(f *detect.Facts, n *tahoe.Node) []int {
	own := map[int]bool{}
	if n.Running == env.Yes {
		own[detect.LocalPort(n)], own[detect.WebPort(n)] = true, true
	}
	var taken []int
	for _, s := range f.Host.Sockets {
		if !own[s.Port] {
			taken = append(taken, s.Port)
		}
	}
	for i := range f.Nodes {
		if o := &f.Nodes[i]; o.Dir != n.Dir {
			taken = append(taken, detect.LocalPort(o), detect.WebPort(o))
		}
	}
	mine := fmt.Sprintf("127.0.0.1:%d", detect.LocalPort(n))
	for _, s := range f.Tor.Services {
		for _, p := range s.Ports {
			if _, port, ok := strings.Cut(p.Target, ":"); ok && p.Target != mine {
				num, _ := strconv.Atoi(port)
				taken = append(taken, num)
			}
		}
	}
	return taken
}

// webPort is the endpoint of the node's web page, always on loopback (leak-web-port); "" leaves it as it is.
func webPort(f *detect.Facts, n *tahoe.Node, a Answers, taken []int) (string, error) {
	if a[WebPortID] == "none" {
		return "none", nil
	}
	port, _ := strconv.Atoi(a[WebPortID])
	if n.Config != nil && port == 0 {
		keep, open := openWeb(n)
		if !open {
			return "", nil
		}
		port = keep
	}
	if port != 0 && slices.Contains(taken, port) {
		return "", &Blocked{Cause: PortTaken, What: strconv.Itoa(port)}
	}
	if port == 0 {
		for port = 3456; slices.Contains(taken, port); port++ {
		}
	}
	return loopback(port), nil
}

// openWeb says whether the web page is open to others, and the port that it may keep on 127.0.0.1; 0: a free one.
func openWeb(n *tahoe.Node) (port int, open bool) {
	ends, _, err := detect.Endpoints(n, "web.port")
	for _, e := range ends {
		open = open || !e.Loopback()
	}
	if err != nil || len(ends) != 1 {
		return 0, open || err != nil
	}
	return ends[0].Port, open
}

func loopback(port int) string { return fmt.Sprintf("tcp:%d:interface=127.0.0.1", port) }
