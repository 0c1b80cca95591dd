// Package host sees the machine: distribution, init system, accounts, groups and listening sockets.
package host

import "tahoe-anon/detect/env"

// Facts is what was seen of the machine.
type Facts struct {
	OS           string       `json:"os"` // as runtime.GOOS
	Distribution Distribution `json:"distribution"`
	Hostname     string       `json:"hostname"`
	Init         string       `json:"init"` // "systemd", or empty where another or none runs
	// Account is whose node we work on: the caller, or behind sudo the one who called sudo.
	Account Account `json:"account"`
	Process Process `json:"process"`
	// Elevation is "sudo" or "doas", whichever is there; empty when neither, or when we are root already.
	Elevation string `json:"elevation,omitempty"`
	// MayElevate says whether Account may become root by it, as far as its groups tell.
	MayElevate env.Answer `json:"may_elevate"`
	Sockets    []Socket   `json:"sockets"` // every listening TCP socket
	Units      []UnitFile `json:"units"`
	FreeBytes  uint64     `json:"free_bytes"` // on the file system of the account's home; 0 when unknown
}

// Distribution is what os-release(5) says.
type Distribution struct {
	ID      string   `json:"id"` // "debian"
	Like    []string `json:"like,omitempty"`
	Version string   `json:"version,omitempty"` // "13"
	Name    string   `json:"name,omitempty"`    // PRETTY_NAME
}

// Account is a row of the account database, with the groups that the database gives it.
type Account struct {
	Name   string   `json:"name"`
	UID    int      `json:"uid"`
	GID    int      `json:"gid"`
	Home   string   `json:"home"`
	Shell  string   `json:"shell,omitempty"`
	Groups []string `json:"groups"`
}

// Process is this process: its groups are those of the login, which may be older than the database.
type Process struct {
	UID    int      `json:"uid"`
	EUID   int      `json:"euid"`
	Groups []string `json:"groups"`
}

// Socket is one listening TCP socket, from /proc/net/tcp and tcp6.
type Socket struct {
	Address string `json:"address"` // "127.0.0.1", "0.0.0.0", "::"
	Port    int    `json:"port"`
	UID     int    `json:"uid"`
}
