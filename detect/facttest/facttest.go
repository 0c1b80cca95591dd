// Package facttest describes hosts in a line, for tests of what is decided from facts.
package facttest

import (
	"fmt"
	"io/fs"
	"path/filepath"

	"tahoe-anon/detect"
	"tahoe-anon/detect/env"
	"tahoe-anon/detect/host"
	"tahoe-anon/detect/i2p"
	"tahoe-anon/detect/tahoe"
	"tahoe-anon/detect/tor"
)

// Home is the home directory of the account, alice.
const Home = "/home/alice"

// Option changes a described host.
type Option func(*detect.Facts)

// Debian13 is a fresh Debian 13 server with tor and Tahoe on it, seen by alice, who may sudo and is not in group
// debian-tor.
func Debian13(options ...Option) *detect.Facts {
	f := &detect.Facts{
		Host: host.Facts{
			OS: "linux", Hostname: "gatehouse", Init: "systemd", Elevation: "sudo", MayElevate: env.Yes,
			Distribution: host.Distribution{ID: "debian", Version: "13", Name: "Debian GNU/Linux 13 (trixie)"},
			Account:      host.Account{Name: "alice", UID: 1000, GID: 1000, Home: Home, Groups: []string{"alice", "sudo"}},
			Process:      host.Process{UID: 1000, EUID: 1000, Groups: []string{"alice", "sudo"}},
			Sockets:      []host.Socket{{Address: "127.0.0.1", Port: 9050, UID: 101}, {Address: "0.0.0.0", Port: 22}},
		},
		Tor: tor.Facts{
			Binary: "/usr/bin/tor", Version: "0.4.9.15", Running: env.Yes, User: "debian-tor", UID: 101, GID: 103,
			Unit:         tor.Unit{Name: "tor@default.service", Active: "active", Sub: "running", MainPID: 130, Writable: []string{"/proc", "/var/lib/tor", "/var/log/tor", "/run"}},
			DefaultsFile: "/usr/share/tor/tor-service-defaults-torrc", ConfigFile: "/etc/tor/torrc", DataDirectory: "/var/lib/tor",
			Socks: []tor.Socks{{Address: "127.0.0.1:9050", Answers: env.Yes}},
			Control: tor.Control{
				Bootstrap: tor.Bootstrap{Progress: -1}, Network: env.Unknown,
				Attempts: []tor.Attempt{{Address: "unix:/run/tor/control", Cause: tor.GroupMissing, Group: "debian-tor"}},
			},
		},
		I2P:   i2p.Facts{SAM: "127.0.0.1:7656", Answers: env.No},
		Tahoe: tahoe.Command{Path: "/usr/bin/tahoe", Python: "/usr/bin/python3", Version: "1.20.0", Starts: env.Yes, Tor: env.Yes, I2P: env.Yes},
		Nodes: []tahoe.Node{{Dir: Home + "/.tahoe", Running: env.No}},
	}
	Torrc("# a comment of the operator's\n")(f)
	for _, o := range options {
		o(f)
	}
	return f
}

// Torrc is the text of /etc/tor/torrc.
func Torrc(text string) Option {
	return func(f *detect.Facts) {
		read := func(path string) ([]byte, error) {
			if path != f.Tor.ConfigFile {
				return nil, fs.ErrNotExist
			}
			return []byte(text), nil
		}
		lines, _, err := tor.ReadTorrc(read, func(string) ([]string, error) { return nil, fs.ErrNotExist }, "", f.Tor.ConfigFile)
		if err != nil {
			panic(fmt.Sprintf("a described torrc: %v", err))
		}
		f.Tor.Lines, f.Tor.Services = lines, tor.Services(lines)
		f.Tor.Files = []tor.File{{Path: f.Tor.ConfigFile, Mode: 0o644, Bytes: []byte(text)}}
	}
}

// Node is a client or storage node in dir with this tahoe.cfg. It does not run.
func Node(dir, cfg string) Option {
	return func(f *detect.Facts) {
		n := tahoe.Node{
			Dir: dir, Exists: true, Kind: tahoe.Client, UID: f.Host.Account.UID, GID: f.Host.Account.GID,
			Running: env.No, PrivateMode: fs.ModeDir | 0o700, TubID: "jso6jzjdle4k3rvkbwi4f4sqhwg3frcq",
			File: tahoe.File{Path: filepath.Join(dir, "tahoe.cfg"), Mode: 0o644, UID: f.Host.Account.UID, GID: f.Host.Account.GID, Bytes: []byte(cfg)},
		}
		config, err := tahoe.ParseConfig([]byte(cfg))
		if n.Config = config; err != nil {
			n.Config, n.ConfigErr = nil, err.Error()
		}
		if old := f.Node(dir); old != nil {
			*old = n
			return
		}
		f.Nodes = append(f.Nodes, n)
	}
}

// Runs makes the node in dir run, under a unit or, with an empty one, by hand, listening on 127.0.0.1:port.
func Runs(dir, unit string, port int) Option {
	return func(f *detect.Facts) {
		n := f.Node(dir)
		n.Running, n.PID, n.Unit = env.Yes, 4711, unit
		f.Host.Sockets = append(f.Host.Sockets, host.Socket{Address: "127.0.0.1", Port: port, UID: n.UID})
	}
}

// Change is any other difference.
func Change(change func(*detect.Facts)) Option { return change }
