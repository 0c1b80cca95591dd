package main

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"tahoe-anon/detect/env"
	"tahoe-anon/detect/tor"
	"tahoe-anon/writers"
)

// The control port and the torrc of the tor that plans are made for. A plan may name no others.
const (
	controlPort = "unix:/run/tor/control"
	torrcPath   = "/etc/tor/torrc"
)

// watches see whether a daemon took its new files and lives.
func (a *app) watches() writers.Watches {
	return writers.Watches{"tor": func(ctx context.Context) (func() error, error) {
		settled, err := tor.WatchReload(ctx, a.env, controlPort, "", "")
		if err != nil {
			return nil, err
		}
		return func() error {
			if err := settled(); err != nil {
				return err
			}
			return servesOurs(a.env)
		}, nil
	}}
}

// servesOurs says whether tor serves the very addresses that our directories were made for: tahoe-XXXXXXXX
// holds an address that begins with XXXXXXXX. tor silently makes another key where it cannot read the one that
// it was given. Only root can look; for others there is the proof.
func servesOurs(e env.Env) error {
	lines, _, err := tor.ReadTorrc(e.ReadFile, e.ReadDir, "", torrcPath)
	if err != nil {
		return err
	}
	text, err := e.ReadFile(torrcPath)
	if err != nil {
		return err
	}
	for _, s := range tor.Services(lines) {
		start, ours := strings.CutPrefix(filepath.Base(s.Dir), "tahoe-")
		if !ours || len(start) != 8 || !madeByUs(text, s.Dir) {
			continue
		}
		host, err := e.ReadFile(filepath.Join(s.Dir, "hostname"))
		if errors.Is(err, fs.ErrPermission) {
			continue
		}
		if err != nil || !strings.HasPrefix(string(host), start) {
			return &tor.OtherAddressError{Dir: s.Dir, Want: start, Got: string(host)}
		}
	}
	return nil
}

// madeByUs says whether our comment stands right above the service: others may call theirs tahoe-something too.
func madeByUs(torrc []byte, dir string) bool {
	before := ""
	for l := range strings.Lines(string(torrc)) {
		if strings.TrimSpace(l) == "HiddenServiceDir "+dir && strings.HasPrefix(before, "# Tahoe-LAFS node ") {
			return true
		}
		before = l
	}
	return false
}
