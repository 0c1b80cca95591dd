package wizard

import (
	"bytes"
	"fmt"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"tahoe-anon/detect"
	"tahoe-anon/detect/tahoe"
	"tahoe-anon/writers"
	"tahoe-anon/writers/edit"
)

// nodeDir has Tahoe itself make a node that is not there yet.
func (b *builder) nodeDir(fresh Fresh) error {
	if !b.isNew() {
		return nil
	}
	dir := b.g.Dir
	b.add(writers.Step{
		ID: stepCreate, Title: "Make the node directory " + dir, As: b.owner(),
		Why: "Tahoe's own command makes it; settings that hide the node are there from the start.",
		Run: &writers.Run{
			Argv: []string{
				b.f.Tahoe.Path, "create-node", "--hide-ip", "--port=" + loopback(b.g.Port), "--location=" + b.location(),
				"--webport=" + b.g.WebPort, "--nickname=" + neutralName, dir,
			},
			// Taking it back months later must not delete keys and shares: the directory is set aside.
			Undo:   []string{"mv", "-nT", "--", dir, dir + ".undone-" + fresh.ID},
			Abort:  []string{"rm", "-rf", "--", dir},
			Absent: dir, Limit: time.Minute,
		},
	})
	return nil
}

// config makes tahoe.cfg say what a hidden storage server needs, key by key (design of each in the README).
func (b *builder) config(Fresh) error {
	path := filepath.Join(b.g.Dir, "tahoe.cfg")
	step := writers.Step{
		ID: stepConfig, Title: "Hide the node in tahoe.cfg", As: b.owner(),
		Why: "It listens on this host alone, announces the onion address, and connects through Tor only.",
	}
	if b.isNew() {
		changes := b.wanted()
		step.Write = &writers.Write{Path: path, Changes: changes, Diff: changesDiff(path, changes)}
		b.add(step)
		return nil
	}
	changes, err := b.differing()
	if err != nil {
		return err
	}
	if len(changes) == 0 {
		return nil
	}
	old := b.node.File
	after, err := edit.INI(old.Bytes, changes)
	if err != nil {
		return &Blocked{Cause: ConfigUnreadable, What: path, Detail: err.Error()}
	}
	if bytes.Equal(after, old.Bytes) {
		return nil
	}
	step.Write = &writers.Write{Path: path, Content: after, Diff: diff(path, old.Bytes, after)}
	if old.Changed.IsZero() && len(old.Bytes) == 0 { // a node without tahoe.cfg, which is a public one
		step.Write.Mode, step.Write.UID, step.Write.GID = 0o644, b.f.Host.Account.UID, b.f.Host.Account.GID
	} else {
		step.Write.Was = &writers.Was{Sum: writers.SumOf(old.Bytes), Mode: old.Mode, UID: old.UID, GID: old.GID}
	}
	b.add(step)
	return nil
}

// wanted are the keys of a hidden storage server behind an onion service that tor keeps.
func (b *builder) wanted() []edit.Change {
	g := b.g
	set := func(section, key, value string) edit.Change {
		return edit.Change{Section: section, Key: key, Value: value}
	}
	changes := []edit.Change{
		set("node", "reveal-IP-address", "false"),
		set("node", "tub.port", loopback(g.Port)),
		set("node", "tub.location", b.location()),
		set("connections", "tcp", "tor"),
		set("storage", "enabled", "true"),
		// HTTP storage over Tor wants tor's control port (http-tor-needs-control-port); foolscap does not.
		set("storage", "force_foolscap", "true"),
		set("client", "force_foolscap", "true"),
	}
	if g.Nickname != "" {
		changes = append(changes, set("node", "nickname", g.Nickname))
	}
	if open, value := detect.OpenSFTP(b.node); open { // leaks as an open web port does
		port := 8022
		if ends, err := tahoe.ParsePort(value); err == nil && len(ends) == 1 && ends[0].Port > 0 {
			port = ends[0].Port
		}
		changes = append(changes, set("sftpd", "port", loopback(port)))
	}
	switch g.WebPort {
	case "":
	case "none":
		changes = append(changes, edit.Change{Section: "node", Key: "web.port", Remove: true})
	default:
		changes = append(changes, set("node", "web.port", g.WebPort))
	}
	return changes
}

func (b *builder) location() string {
	return fmt.Sprintf("tor:%s.onion:%d", b.g.Onion, b.g.VirtualPort)
}

// gone are the keys that a node of this kind must not have.
func (b *builder) gone() []edit.Change {
	var changes []edit.Change
	for _, k := range []struct{ section, key string }{
		// tor keeps the service; the same key loaded twice collides (onion-address-collision).
		{"tor", "onion"},
		{"tor", "onion.local_port"},
		{"tor", "onion.external_port"},
		{"tor", "onion.private_key_file"},
		{"node", "log_gatherer.furl"}, // connects directly, Tor or not (leak-log-gatherer)
	} {
		if _, ok, err := b.node.Config.Get(k.section, k.key); ok || err != nil {
			changes = append(changes, edit.Change{Section: k.section, Key: k.key, Remove: true})
		}
	}
	return changes
}

// differing are the wanted keys that the node does not have yet. A value that means the same stays.
func (b *builder) differing() ([]edit.Change, error) {
	var changes []edit.Change
	for _, c := range b.wanted() {
		same, err := hasValue(b.node.Config, c)
		if err != nil {
			return nil, &Blocked{Cause: ConfigUnreadable, What: b.node.File.Path, Detail: err.Error()}
		}
		if !same {
			changes = append(changes, c)
		}
	}
	return append(changes, b.gone()...), nil
}

func hasValue(cfg *tahoe.Config, c edit.Change) (bool, error) {
	now, ok, err := cfg.Get(c.Section, c.Key)
	if err != nil {
		return false, err
	}
	if c.Remove || !ok {
		return c.Remove && !ok, nil
	}
	if c.Value == "true" || c.Value == "false" {
		yes, err := cfg.Bool(c.Section, c.Key, false)
		return err == nil && yes == (c.Value == "true"), nil // a word that is no boolean is replaced
	}
	return now == c.Value, nil
}

// introducers writes the FURLs of a node that has none. FURLs are secrets: they stand in no plan or diff.
func (b *builder) introducers(Fresh) error {
	path := filepath.Join(b.g.Dir, "private", "introducers.yaml")
	want := b.missingFURLs()
	if len(want) == 0 {
		return nil
	}
	if len(b.node.Introducers) > 0 {
		return &Blocked{Cause: IntroducersExist, What: path}
	}
	content := introducersYAML(want)
	name := writers.SecretName(content)
	b.secrets[name] = content
	b.add(writers.Step{
		ID: "introducers.yaml", Title: fmt.Sprintf("Name the introducer of your grid (%d)", len(want)), As: b.owner(),
		Why: "So that the node finds its grid. The FURL is a secret of the grid and is not shown.",
		Write: &writers.Write{
			Path: path, Secret: name, Mode: 0o600, UID: b.f.Host.Account.UID, GID: b.f.Host.Account.GID,
			Diff: fmt.Sprintf("+ new file with %d FURL, readable by you alone; a secret, not shown", len(want)),
		},
	})
	return nil
}

func (b *builder) missingFURLs() []string {
	have := map[string]bool{}
	for _, furl := range b.node.Introducers {
		have[furl.TubID+"/"+furl.Swissnum] = true
	}
	var want []string
	for _, s := range b.g.Introducers {
		if furl, err := tahoe.ParseFURL(s); err == nil && !have[furl.TubID+"/"+furl.Swissnum] {
			want = append(want, s)
		}
	}
	return want
}

// introducersYAML is the file as Tahoe reads it: introducers: {PETNAME: {furl: FURL}}. A FURL has no character
// that YAML's double quotes treat specially.
func introducersYAML(furls []string) []byte {
	var b strings.Builder
	b.WriteString("introducers:\n")
	for i, furl := range furls {
		fmt.Fprintf(&b, "  introducer-%d:\n    furl: %q\n", i+1, furl)
	}
	return []byte(b.String())
}

// changesDiff shows what will be set in a file that does not exist yet.
func changesDiff(path string, changes []edit.Change) string {
	bySection := map[string][]string{}
	for _, c := range changes {
		if !c.Remove {
			bySection[c.Section] = append(bySection[c.Section], "+"+c.Key+" = "+c.Value)
		}
	}
	names := make([]string, 0, len(bySection))
	for name := range bySection {
		names = append(names, name)
	}
	sort.Strings(names)
	var b strings.Builder
	fmt.Fprintf(&b, "+++ %s (as tahoe create-node makes it, and then)\n", path)
	for _, name := range names {
		fmt.Fprintf(&b, " [%s]\n%s\n", name, strings.Join(bySection[name], "\n"))
	}
	return b.String()
}
