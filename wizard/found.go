package wizard

import (
	"fmt"
	"slices"

	"tahoe-anon/detect"
	"tahoe-anon/detect/env"
	"tahoe-anon/detect/tor"
)

// Found is the host in a few lines, for the first page.
func Found(f *detect.Facts) []Row {
	rows := []Row{hostRow(f), torRow(f), controlRow(f), tahoeRow(f)}
	for _, n := range f.Nodes {
		if !n.Exists || n.Empty {
			continue
		}
		text := n.Dir + ", not running"
		if n.Running == env.Yes {
			text = n.Dir + ", running"
		}
		if n.ConfigErr != "" {
			text += ", tahoe.cfg cannot be read"
		}
		rows = append(rows, Row{"node", text, Good})
	}
	if !slices.ContainsFunc(rows, func(r Row) bool { return r.Name == "node" }) {
		rows = append(rows, Row{"node", "none yet", Neutral})
	}
	return append(rows, rootRow(f))
}

func hostRow(f *detect.Facts) Row {
	name := f.Host.Distribution.Name
	if name == "" {
		name = f.Host.OS
	}
	if f.Host.Init != "systemd" {
		return Row{"host", name + ", without systemd", Doubt}
	}
	return Row{"host", name, Good}
}

func torRow(f *detect.Facts) Row {
	t := &f.Tor
	switch {
	case t.Binary == "":
		return Row{"tor", "not installed", Bad}
	case t.Running == env.No:
		return Row{"tor", t.Version + ", not running", Bad}
	}
	text := t.Version + ", running"
	switch p := t.Control.Bootstrap.Progress; {
	case p == 100:
		return Row{"tor", text + ", connected to the Tor network", Good}
	case p >= 0:
		return Row{"tor", fmt.Sprintf("%s, %d%% connected to the Tor network", text, p), Doubt}
	}
	if slices.ContainsFunc(t.Socks, func(s tor.Socks) bool { return s.Answers == env.Yes }) {
		return Row{"tor", text + ", takes connections", Good}
	}
	return Row{"tor", text + ", takes no connections", Bad}
}

// controlRow tells of the control port. This path does not need it: without it we know less, that is all.
func controlRow(f *detect.Facts) Row {
	c := &f.Tor.Control
	if c.Authenticated {
		return Row{"control port", "open to you (" + c.Address + ")", Good}
	}
	for _, a := range c.Attempts {
		switch a.Cause {
		case tor.GroupMissing:
			return Row{"control port", "not open to you (group " + a.Group + "); not needed here", Neutral}
		case tor.GroupNotEffective:
			return Row{"control port", "open to you after the next login; not needed here", Neutral}
		}
	}
	return Row{"control port", "none; not needed here", Neutral}
}

func tahoeRow(f *detect.Facts) Row {
	c := &f.Tahoe
	switch {
	case c.Path == "":
		return Row{"tahoe", "not installed", Bad}
	case c.Starts == env.No:
		return Row{"tahoe", c.Version + ", cannot start: modules are missing", Bad}
	case c.Starts == env.Unknown:
		return Row{"tahoe", "found; its Python could not be asked", Doubt}
	}
	return Row{"tahoe", c.Version, Good}
}

func rootRow(f *detect.Facts) Row {
	h := &f.Host
	switch {
	case h.Process.EUID == 0:
		return Row{"root", "you are root", Good}
	case h.Elevation == "":
		return Row{"root", "no sudo or doas: an administrator has to run a part", Doubt}
	case h.MayElevate == env.No:
		return Row{"root", h.Account.Name + " may not use " + h.Elevation + ": an administrator has to run a part", Doubt}
	}
	if h.MayElevate == env.Unknown {
		return Row{"root", h.Elevation + " is there; whether " + h.Account.Name + " may use it is not known", Doubt}
	}
	return Row{"root", "by " + h.Elevation + ", after you agreed", Good}
}
