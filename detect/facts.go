// Package detect sees the host: it gathers Facts, all probes at once, and changes nothing.
package detect

import (
	"tahoe-anon/detect/host"
	"tahoe-anon/detect/i2p"
	"tahoe-anon/detect/tahoe"
	"tahoe-anon/detect/tor"
)

// Facts is plain data: what was seen, with unknown different from no.
type Facts struct {
	Host  host.Facts    `json:"host"`
	Tor   tor.Facts     `json:"tor"`
	I2P   i2p.Facts     `json:"i2p"`
	Tahoe tahoe.Command `json:"tahoe"`
	Nodes []tahoe.Node  `json:"nodes"`
}

// Node returns the facts of the node in dir, or nil when the probe did not look there.
func (f *Facts) Node(dir string) *tahoe.Node {
	for i := range f.Nodes {
		if f.Nodes[i].Dir == dir {
			return &f.Nodes[i]
		}
	}
	return nil
}
