package tor

import (
	"context"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"tahoe-anon/detect/env"
	"tahoe-anon/detect/host"
)

// portLimit is how long one port may take for everything that is asked of it; tor needs a few milliseconds.
const portLimit = 600 * time.Millisecond

// Where tor, and Tor Browser, keep their ports when nothing is configured. Tahoe tries the same ones
// (allmydata/util/tor_provider.py, txtorcon/endpoints.py).
var (
	usualControl = []string{"unix:/run/tor/control", "unix:/var/run/tor/control", "127.0.0.1:9051", "127.0.0.1:9151"}
	usualSocks   = []string{"127.0.0.1:9050", "127.0.0.1:9150"}
)

// controlState is what one control port told.
type controlState struct {
	Attempt
	speaks  bool
	facts   Control
	version string
	config  [2]string // config-defaults-file and config-file
}

// probeControl asks every address at once. The order of the answers is that of the addresses.
func probeControl(ctx context.Context, e env.Env, h host.Facts, addresses []string, daemonUID int) []controlState {
	states := make([]controlState, len(addresses))
	deadline := time.Now().Add(portLimit)
	var wg sync.WaitGroup
	for i, address := range addresses {
		wg.Go(func() {
			if foreign(h, address, daemonUID) {
				states[i].Attempt = Attempt{Address: address, Cause: Foreign}
				return
			}
			states[i] = askControl(ctx, e, h, address, deadline)
		})
	}
	wg.Wait()
	return states
}

// foreign says that another person listens there: no system account (root opens tor's ports under systemd), not the
// account of the tor that was found, and not this process's. Such a port could tell us any file to edit.
func foreign(h host.Facts, address string, daemonUID int) bool {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return false
	}
	for _, s := range h.Sockets {
		here := s.Address == to.Addr().String() || s.Address == "0.0.0.0" || s.Address == "::"
		if s.Port == int(to.Port()) && here && s.UID >= firstPerson && s.UID != daemonUID && s.UID != h.Process.EUID {
			return true
		}
	}
	return false
}

func askControl(ctx context.Context, e env.Env, h host.Facts, address string, deadline time.Time) controlState {
	s, a := openSession(ctx, e, h, address, deadline)
	if s == nil {
		return controlState{Attempt: a}
	}
	defer s.close()
	st := controlState{
		Attempt: a, speaks: true, version: s.version,
		facts: Control{
			Address: address, Methods: s.methods, CookieFile: s.cookieFile,
			Bootstrap: Bootstrap{Progress: -1}, Network: env.Unknown,
		},
	}
	if a.Cause == "" {
		st.Cause, st.Detail = s.fill(&st)
		st.facts.Authenticated = st.Cause == ""
	}
	return st
}

// fill asks an authenticated port. What a filter in front of it (onion-grater) refuses stays unknown, unless
// it refuses even the bootstrap phase: then the port is of no use.
func (s *session) fill(st *controlState) (Cause, string) {
	phase, err := s.info("status/bootstrap-phase")
	if err != nil {
		return replyCause(err)
	}
	c := &st.facts
	c.Bootstrap = parseBootstrap(phase)
	if v, err := s.info("net/listeners/socks"); err == nil {
		c.Listeners = words(v)
	}
	if v, err := s.info("process/pid"); err == nil {
		c.PID, _ = strconv.Atoi(v)
	}
	st.config[0], _ = s.info("config-defaults-file")
	st.config[1], _ = s.info("config-file")
	if v, err := s.conf("DisableNetwork"); err == nil {
		c.Network = env.Is(slices.Contains(v, "DisableNetwork=0"))
	}
	if v, err := s.conf("HiddenServiceOptions"); err == nil {
		for _, l := range v {
			if key, dir, ok := strings.Cut(l, "="); ok && strings.EqualFold(key, "HiddenServiceDir") {
				c.Onions = append(c.Onions, strings.Trim(dir, `"`))
			}
		}
	}
	return "", ""
}

// chooseControl takes the first port that let us in, else the first that speaks the protocol.
func chooseControl(states []controlState) *controlState {
	for _, good := range []func(controlState) bool{
		func(s controlState) bool { return s.facts.Authenticated },
		func(s controlState) bool { return s.speaks },
	} {
		if i := slices.IndexFunc(states, good); i >= 0 {
			return &states[i]
		}
	}
	return nil
}
