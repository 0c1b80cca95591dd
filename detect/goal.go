package detect

// Goal is what a node should be. The wizard makes one from answers, the doctor reads one from tahoe.cfg.
type Goal struct {
	Dir     string
	Role    Role
	Privacy Privacy
	Network string // "tor"
	Method  Method
	Onion   string // 56 characters, without ".onion"
	// ServiceDir is the HiddenServiceDir that serves Onion.
	ServiceDir  string
	Port        int // local, on 127.0.0.1
	VirtualPort int // advertised
	Nickname    string
	Introducers []string // FURLs
	WebPort     string   // a Twisted endpoint, or "none"
	Start       Start
}

// Role is what a node does for its grid.
type Role string

// Privacy is who may learn the node's IP address.
type Privacy string

// Method is who keeps the onion service.
type Method string

// Start is who starts the node.
type Start string

const (
	Server Role = "server" // storage, also a client

	Hidden Privacy = "hidden" // nobody learns the IP address

	Torrc Method = "torrc" // tor keeps the service

	StartService Start = "service" // a systemd unit
	StartNone    Start = "none"    // the operator, by hand
)
