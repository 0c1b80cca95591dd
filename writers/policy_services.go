package writers

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// nodeComment stands above a service that this program adds, with the directory of the node that it leads to.
const nodeComment = "# Tahoe-LAFS node "

// stanza is one HiddenServiceDir of a torrc with the lines that belong to it.
type stanza struct {
	dir   string
	above string   // the line before it
	lines []string // every HiddenService* line up to the next HiddenServiceDir
}

// stanzas are a torrc's services, in order. Lines that continue others are of no form that root may change, so that
// they need no reading here.
func stanzas(torrc []byte) []stanza {
	var all []stanza
	above := ""
	for _, l := range torrcLines(torrc) {
		words := strings.Fields(l)
		switch {
		case len(words) > 0 && strings.EqualFold(words[0], "HiddenServiceDir"):
			dir := strings.TrimSuffix(strings.TrimSpace(strings.TrimSpace(l)[len(words[0]):]), "/")
			all = append(all, stanza{dir: dir, above: above})
		case len(words) > 0 && len(all) > 0 && strings.HasPrefix(strings.ToLower(words[0]), "hiddenservice"):
			last := &all[len(all)-1]
			last.lines = append(last.lines, strings.TrimSpace(l))
		}
		above = strings.TrimSpace(l)
	}
	return all
}

// othersKept says whether a new torrc leaves the onion services of others as they are, and adds only what this plan
// makes: with no more than this program's rights, nobody may lead another's visitors to himself.
func (c *checker) othersKept(before, after []byte) error {
	now := stanzas(after)
	for _, old := range stanzas(before) {
		if c.mine(old) {
			continue
		}
		i := slices.IndexFunc(now, func(s stanza) bool { return s.dir == old.dir })
		if i < 0 || !slices.Equal(now[i].lines, old.lines) {
			return fmt.Errorf("it changes the onion service in %s, which is not the account's", old.dir)
		}
		now = slices.Delete(now, i, i+1)
	}
	for _, s := range now {
		if !c.mine(s) || !slices.ContainsFunc(stanzas(before), func(o stanza) bool { return o.dir == s.dir }) && !c.makes(s.dir) {
			return fmt.Errorf("it adds the onion service in %s, whose key is not in this plan", s.dir)
		}
	}
	return nil
}

// mine says whether a service leads to a node of the caller's, as its comment has it.
func (c *checker) mine(s stanza) bool {
	node, ours := strings.CutPrefix(s.above, nodeComment)
	if !ours || !filepath.IsAbs(node) {
		return false
	}
	uid, err := c.Owner(node)
	return err == nil && uid == c.caller.UID
}

// owner is the account that a path belongs to, or the directory that it would be made in.
func owner(path string) (int, error) {
	info, err := os.Stat(path)
	for errors.Is(err, fs.ErrNotExist) && path != "/" {
		path = filepath.Dir(path)
		info, err = os.Stat(path)
	}
	if err != nil {
		return 0, err
	}
	return uidOf(info), nil
}

// makes says whether the plan writes the key of the service in dir.
func (c *checker) makes(dir string) bool {
	return slices.ContainsFunc(c.plan.Steps, func(s Step) bool {
		return s.Write != nil && s.Write.Path == filepath.Join(dir, "hs_ed25519_secret_key")
	})
}
