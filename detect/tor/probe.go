package tor

import (
	"context"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"tahoe-anon/detect/env"
	"tahoe-anon/detect/host"
)

// Probe sees the tor that serves this host. First everything that needs no port, then all ports at once, so
// that the ports which torrc names are among them.
func Probe(ctx context.Context, e env.Env, h host.Facts) Facts {
	var f Facts
	var d daemon
	var wg sync.WaitGroup
	wg.Go(func() { f.Binary, f.Version = findBinary(ctx, e) })
	wg.Go(func() { d = findDaemon(ctx, e, h) })
	wg.Wait()
	f.Running, f.Unit = d.running, d.unit
	f.readConfig(e, d.defaults, d.torrc)

	st := f.askPorts(ctx, e, h, d.uid)
	if st != nil {
		f.Running = env.Yes
		if f.Version == "" {
			f.Version = st.version
		}
		if c := st.config; f.Control.Authenticated && c[1] != "" && (c[0] != f.DefaultsFile || c[1] != f.ConfigFile) {
			f.readConfig(e, c[0], c[1])
		}
	}
	f.setAccount(ctx, e, d)
	f.setServices(e)
	return f
}

// readConfig reads the configuration as tor does; a file that cannot be read says so in Files.
func (f *Facts) readConfig(e env.Env, defaults, torrc string) {
	f.DefaultsFile, f.ConfigFile = defaults, torrc
	lines, files := readTorrc(e, defaults, torrc)
	f.Lines, f.Files = lines, append([]File{}, files...)
	f.DataDirectory = value(lines, "DataDirectory")
}

// askPorts asks the usual places and those that torrc names, and then the listeners that tor itself tells.
func (f *Facts) askPorts(ctx context.Context, e env.Env, h host.Facts, daemonUID int) *controlState {
	var states []controlState
	var wg sync.WaitGroup
	wg.Go(func() {
		places := union(usualControl, portAddresses(f.Lines, "ControlSocket", "ControlPort", "ControlListenAddress"))
		states = probeControl(ctx, e, h, withoutTwins(e, places), daemonUID)
	})
	wg.Go(func() {
		places := union(usualSocks, portAddresses(f.Lines, "SocksPort", "SocksListenAddress"))
		f.Socks = probeSocks(ctx, e, h, places, daemonUID)
	})
	wg.Wait()

	st := chooseControl(states)
	if st != nil {
		f.Control = st.facts
		f.Socks = append(f.Socks, probeSocks(ctx, e, h, f.unseen(st.facts.Listeners), daemonUID)...)
	} else {
		f.Control = Control{Bootstrap: Bootstrap{Progress: -1}, Network: env.Unknown}
	}
	for _, s := range states {
		f.Control.Attempts = append(f.Control.Attempts, f.notSocks(s.Attempt))
	}
	return st
}

// withoutTwins drops an address that leads to a socket already in the list: /var/run is a link to /run.
func withoutTwins(e env.Env, addresses []string) []string {
	var kept []string
	for _, a := range addresses {
		if path, ok := strings.CutPrefix(a, "unix:/var/run/"); ok {
			if to, err := e.Readlink("/var/run"); err == nil && (to == "/run" || to == "../run") {
				a = "unix:/run/" + path
			}
		}
		kept = union(kept, []string{a})
	}
	return kept
}

// unseen are the listeners that were not greeted yet and that this machine may dial.
func (f *Facts) unseen(listeners []string) []string {
	var all []string
	for _, l := range listeners {
		a := portAddress(`"`+l+`"`, false)
		seen := a == ""
		for _, s := range f.Socks {
			seen = seen || s.Address == a
		}
		if !seen {
			all = union(all, []string{a})
		}
	}
	return all
}

// notSocks corrects a control port that hangs and turns out to be a SOCKS port, which waits for more
// (tor-control-is-socks-port).
func (f *Facts) notSocks(a Attempt) Attempt {
	for _, s := range f.Socks {
		if s.Address == a.Address && a.Cause == Hangs && s.Answers == env.Yes {
			a.Cause, a.Detail = NotControlPort, "it is a SOCKS port"
		}
	}
	return a
}

// setAccount finds who the daemon acts as: option User, else the owner of its process, else of its data.
func (f *Facts) setAccount(ctx context.Context, e env.Env, d daemon) {
	f.UID, f.GID = -1, -1
	if name := value(f.Lines, "User"); name != "" {
		f.User = name
		if a, ok := host.Lookup(ctx, e, name); ok {
			f.UID, f.GID = a.UID, a.GID
		}
		return
	}
	uid := d.uid
	if uid < 0 {
		info, err := e.Stat(f.DataDirectory)
		if err != nil || f.DataDirectory == "" {
			return
		}
		uid = info.UID
	}
	if a, ok := host.Lookup(ctx, e, strconv.Itoa(uid)); ok {
		f.User, f.UID, f.GID = a.Name, a.UID, a.GID
	} else {
		f.UID, f.GID = uid, d.gid
	}
}

// setServices adds to the services of torrc what their directories say.
func (f *Facts) setServices(e env.Env) {
	f.Services = append([]Service{}, Services(f.Lines)...)
	for i := range f.Services {
		s := &f.Services[i]
		info, err := e.Stat(s.Dir)
		s.Seen = seen(err)
		if err != nil {
			continue
		}
		s.Mode, s.UID = info.Mode, info.UID
		if b, err := e.ReadFile(filepath.Join(s.Dir, "hostname")); err == nil {
			s.Hostname = parseHostname(b)
		}
	}
}
