package tahoe

import (
	"encoding/pem"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"tahoe-anon/detect/env"
)

// ProbeNode sees one node directory. It says unknown where this process may not look.
func ProbeNode(e env.Env, dir string) Node {
	n := Node{Dir: filepath.Clean(dir), Running: env.Unknown}
	info, err := e.Stat(n.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		n.Running = env.No
		return n
	}
	n.Exists = true
	if err != nil {
		n.ConfigErr = err.Error()
		return n
	}
	n.UID, n.GID = info.UID, info.GID
	names, err := e.ReadDir(n.Dir)
	if err != nil {
		n.ConfigErr = err.Error()
		return n
	}
	n.Empty, n.Kind = len(names) == 0, kindOf(names)
	n.readConfig(e)
	n.TubID = tubID(e, n.Dir)
	n.setRunning(e)
	n.Introducers = introducers(e, n.Dir, n.Config)
	if info, err := e.Stat(filepath.Join(n.Dir, "private")); err == nil {
		n.PrivateMode = info.Mode
	}
	return n
}

// kindOf does as Tahoe does (identify_node_type in allmydata/scripts/tahoe_run.py): a *.tac tells, by its name.
func kindOf(names []string) Kind {
	i := slices.IndexFunc(names, func(name string) bool { return strings.HasSuffix(name, ".tac") })
	if i < 0 {
		return ""
	}
	for _, k := range []Kind{Client, Introducer} {
		if strings.Contains(names[i], string(k)) {
			return k
		}
	}
	return ""
}

// readConfig reads tahoe.cfg. A node without one runs on defaults (which reveal the IP address).
func (n *Node) readConfig(e env.Env) {
	n.File.Path = filepath.Join(n.Dir, "tahoe.cfg")
	b, err := e.ReadFile(n.File.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if n.Kind == "" {
			return // not a node yet
		}
	case err != nil:
		n.ConfigErr = err.Error()
		return
	}
	if info, err := e.Stat(n.File.Path); err == nil {
		n.File.Mode, n.File.UID, n.File.GID, n.File.Bytes, n.File.Changed = info.Mode, info.UID, info.GID, b, info.ModTime
	}
	if n.Config, err = ParseConfig(b); err != nil {
		n.Config, n.ConfigErr = nil, err.Error()
	}
}

// tubID finds the node's identity: what it wrote at its last start, else what its FURLs and its key say.
func tubID(e env.Env, dir string) string {
	if b, err := e.ReadFile(filepath.Join(dir, "my_nodeid")); err == nil {
		id, _, _ := strings.Cut(string(b), "\n")
		if validTubID(id) {
			return id
		}
	}
	for _, name := range []string{"private/storage.furl", "private/introducer.furl"} {
		if b, err := e.ReadFile(filepath.Join(dir, name)); err == nil {
			if f, err := ParseFURL(strings.TrimSpace(string(b))); err == nil {
				return f.TubID
			}
		}
	}
	b, err := e.ReadFile(filepath.Join(dir, "private/node.pem"))
	if err != nil {
		return ""
	}
	defer clear(b) // the node's private key stands in it too
	for block, rest := pem.Decode(b); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			return TubIDOfCertificate(block.Bytes)
		}
	}
	return ""
}

// validTubID: 160 bits in lower-case base32.
func validTubID(id string) bool {
	return len(id) == 32 && strings.Trim(id, "abcdefghijklmnopqrstuvwxyz234567") == ""
}
