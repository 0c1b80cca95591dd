// Package tahoe sees Tahoe-LAFS: the command, and node directories exactly as Tahoe reads them.
package tahoe

import (
	"io/fs"
	"time"

	"tahoe-anon/detect/env"
)

// Command is the `tahoe` command and the Python that runs it.
type Command struct {
	Path    string `json:"path,omitempty"` // empty: not found
	Python  string `json:"python,omitempty"`
	Version string `json:"version,omitempty"` // of the distribution tahoe-lafs, "1.20.0"
	// Missing are the modules that Tahoe needs to start and that this Python cannot find.
	Missing []string   `json:"missing,omitempty"`
	Starts  env.Answer `json:"starts"` // all modules are there; the command itself is not run by a probe
	Tor     env.Answer `json:"tor"`    // txtorcon can be found
	I2P     env.Answer `json:"i2p"`    // txi2p can be found
	Detail  string     `json:"detail,omitempty"`
}

// Node is one node directory.
type Node struct {
	Dir    string `json:"dir"`
	Exists bool   `json:"exists"`
	Empty  bool   `json:"empty,omitempty"` // it exists and nothing is in it
	Kind   Kind   `json:"kind,omitempty"`
	UID    int    `json:"uid"`
	GID    int    `json:"gid"`
	// Config is tahoe.cfg as Tahoe reads it; nil when it could not be, with the reason in ConfigErr.
	Config    *Config `json:"-"`
	ConfigErr string  `json:"config_error,omitempty"`
	File      File    `json:"-"`
	// TubID is 32 lower-case base32 characters; empty until the node has run once.
	TubID   string     `json:"tubid,omitempty"`
	Running env.Answer `json:"running"`
	PID     int        `json:"pid,omitempty"`
	Since   time.Time  `json:"since,omitzero"`
	Unit    string     `json:"unit,omitempty"` // the systemd unit that runs it, from its cgroup
	// Introducers are the FURLs of introducers.yaml and of [client] introducer.furl, by petname.
	Introducers map[string]FURL `json:"-"`
	// Problems of files beside tahoe.cfg: permissions of private/, an unreadable key.
	PrivateMode fs.FileMode `json:"private_mode,omitempty"`
}

// Kind is what a node directory holds, told by its .tac file.
type Kind string

const (
	Client     Kind = "client" // storage servers too
	Introducer Kind = "introducer"
)

// File is tahoe.cfg with the bytes that were read.
type File struct {
	Path  string
	Mode  fs.FileMode
	UID   int
	GID   int
	Bytes []byte
	// Changed is when it was last written; a node that started before runs with older settings.
	Changed time.Time
}

// FURL is pb://TUBID@HINT,HINT/SWISSNUM. The swissnum is a secret: it prints as pb://TUBID@HINT,HINT/...
type FURL struct {
	TubID    string
	Hints    []string
	Swissnum string
}
