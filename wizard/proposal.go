package wizard

import (
	"tahoe-anon/detect"
	"tahoe-anon/writers"
)

// Proposal is what the review shows: the goal, the plan that reaches it, and what others can see.
type Proposal struct {
	Goal    detect.Goal
	Plan    writers.Plan
	Secrets writers.Secrets
	Before  []Exposure // what others can see now; empty when there is no node yet
	After   []Exposure
	Notes   []string // what the operator should know and we do not change
}

// Exposure is one thing that somebody can see of the node.
type Exposure struct {
	Who  string `json:"who"`  // "storage clients and the introducer"
	Sees string `json:"sees"` // "your IP address"
	// Bad marks what tells the IP address, or ties the node to it.
	Bad bool `json:"bad,omitempty"`
}

// Row is one line of what was found on this host.
type Row struct {
	Name string // "tor"
	Text string // "0.4.9.15, running, connected to the network"
	Mark Mark
}

// Mark says how a row or a phase stands.
type Mark string

const (
	Good    Mark = "ok"
	Bad     Mark = "!"
	Doubt   Mark = "?"
	Neutral Mark = ""
)
