package wizard

import (
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	udiff "github.com/aymanbagabas/go-udiff"

	"tahoe-anon/detect"
	"tahoe-anon/detect/tor"
	"tahoe-anon/writers"
	"tahoe-anon/writers/edit"
)

// torrc makes tor serve the address, and leaves every other line alone.
func (b *builder) torrc(Fresh) error {
	file := torrc(b.f)
	port := fmt.Sprintf("%d 127.0.0.1:%d", b.g.VirtualPort, b.g.Port)
	after, err := b.torrcAfter(file.Bytes, port)
	if err != nil {
		return &Blocked{Cause: TorrcUnreadable, What: file.Path, Detail: err.Error()}
	}
	if bytes.Equal(after, file.Bytes) {
		return nil
	}
	unit := b.f.Tor.Unit.Name
	b.add(writers.Step{
		ID: "torrc", Title: "Have tor serve the onion address", As: writers.Root,
		Why: "tor keeps the service: it is there again after every restart of tor.",
		Write: &writers.Write{
			Path: file.Path, Was: &writers.Was{Sum: writers.SumOf(file.Bytes), Mode: file.Mode, UID: file.UID, GID: file.GID},
			Content: after, Diff: diff(file.Path, file.Bytes, after),
			// As tor's own account: as root it accepts what the daemon then dies of (torrc-verify-false-ok).
			// --User "" because only root may change accounts.
			Verify: &writers.Verify{As: writers.UID(b.f.Tor.UID), Argv: verifyArgv(&b.f.Tor)},
			// A reload, for a restart would drop the onions of other programs (migrate-tor-restart-collateral).
			Notify: &writers.Notify{
				Argv: []string{"systemctl", "reload", unit}, Watch: "tor",
				Revive: []string{"systemctl", "restart", unit},
			},
		},
	})
	return nil
}

func (b *builder) torrcAfter(src []byte, port string) ([]byte, error) {
	for _, s := range b.f.Tor.Services {
		if s.Dir != b.g.ServiceDir {
			continue
		}
		if detect.Forwards(s, b.g.Port, b.g.VirtualPort) {
			return src, nil
		}
		if s.File != b.f.Tor.ConfigFile {
			return nil, fmt.Errorf("the service %s stands in %s", s.Dir, s.File)
		}
		return edit.SetPorts(src, s.Dir, []string{port})
	}
	return edit.AddService(src, "Tahoe-LAFS node "+b.g.Dir, b.g.ServiceDir, []string{port})
}

func verifyArgv(t *tor.Facts) []string {
	argv := []string{t.Binary}
	if t.DefaultsFile != "" {
		argv = append(argv, "--defaults-torrc", t.DefaultsFile)
	}
	return append(argv, "-f", writers.Candidate, "--User", "", "--verify-config")
}

// diff is a unified diff for people. The secret part of a FURL that stands on a line nearby is not shown.
func diff(path string, before, after []byte) string {
	return udiff.Unified(path, path+" (new)", shown(before), shown(after))
}

// swissnum is the part of a FURL that lets its holder in.
var swissnum = regexp.MustCompile(`(pb://[^\s/]*/)\S+`)

func shown(b []byte) string { return swissnum.ReplaceAllString(string(b), "${1}<secret>") }

// unitName is what the unit of a node is called that we make.
func unitName(account, dir string) string {
	base := strings.TrimPrefix(filepath.Base(dir), ".")
	name := "tahoe-" + slug(account)
	if base != "tahoe" {
		name += "-" + slug(base)
	}
	return name + ".service"
}

// slug keeps of a name what a unit's name may have without escaping.
func slug(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(s))
}
