package detect

import (
	"context"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"tahoe-anon/detect/env"
	"tahoe-anon/detect/host"
	"tahoe-anon/detect/i2p"
	"tahoe-anon/detect/tahoe"
	"tahoe-anon/detect/tor"
)

// probeLimit bounds the whole probe, whatever hangs.
const probeLimit = 1900 * time.Millisecond

// Probe looks at everything at once. extraDirs are node directories to look at beside those that it finds;
// they need not exist.
func Probe(ctx context.Context, e env.Env, extraDirs ...string) Facts {
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	f := Facts{Host: host.Probe(ctx, e)} // the others ask it for accounts, groups and sockets
	var wg sync.WaitGroup
	wg.Go(func() { f.Tor = tor.Probe(ctx, e, f.Host) })
	wg.Go(func() { f.I2P = i2p.Probe(ctx, e) })
	wg.Go(func() { f.Tahoe = tahoe.ProbeCommand(ctx, e, f.Host) })
	wg.Go(func() { f.Nodes = probeNodes(e, f.Host, extraDirs) })
	wg.Wait()
	confirmUnits(ctx, e, f.Nodes)
	return f
}

// confirmUnits forgets a unit that a node's process merely stands in the cgroup of, as one that cron or a login
// started does: stopping that unit would not stop the node, and might stop what matters more.
func confirmUnits(ctx context.Context, e env.Env, nodes []tahoe.Node) {
	for i := range nodes {
		n := &nodes[i]
		if n.Unit == "" {
			continue
		}
		out, err := e.Run(ctx, "systemctl", "show", "--property=MainPID", "--value", "--", n.Unit)
		if err != nil || strings.TrimSpace(out.Stdout) != strconv.Itoa(n.PID) {
			n.Unit = ""
		}
	}
}

func probeNodes(e env.Env, h host.Facts, extraDirs []string) []tahoe.Node {
	var dirs []string
	for _, d := range append(slices.Clone(extraDirs), tahoe.FindNodes(e, h)...) {
		if d = filepath.Clean(d); !slices.Contains(dirs, d) {
			dirs = append(dirs, d)
		}
	}
	nodes := []tahoe.Node{}
	for _, d := range dirs {
		nodes = append(nodes, tahoe.ProbeNode(e, d))
	}
	return nodes
}
