package writers

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
)

// unit allows a unit that runs the caller's node as the caller, new or in place of such a one.
func (c *checker) unit(s *Step, content []byte) error {
	w := s.Write
	switch {
	case !nodeUnit.MatchString(filepath.Base(w.Path)) || filepath.Dir(w.Path) != c.Units:
		return fmt.Errorf("%s is not a unit of a node", w.Path)
	case w.Secret != "" || w.Verify != nil || w.MakeDir != 0 || len(w.Leaves) > 0:
		return fmt.Errorf("a unit is a plain file")
	case w.Was == nil && (w.Mode != 0o644 || w.UID != 0 || w.GID != 0):
		return fmt.Errorf("a new unit is root's, and 0644")
	}
	if w.Was != nil {
		before, err := readRegular(w.Path)
		if err != nil {
			return err
		}
		if SumOf(before) != w.Was.Sum {
			return &ChangedError{Step: s.ID, Path: w.Path, Why: "its content differs"}
		}
		if err := c.unitText(before); err != nil {
			return fmt.Errorf("the unit that is there is not ours to replace: %w", err)
		}
	}
	return c.unitText(content)
}

// Words of a unit that systemd takes as they stand: no "%" (specifiers), "$" (variables), quotes, backslashes or
// prefixes of a command, of which "+" means root (systemd.service(5)).
const (
	unitPath = `/[\p{L}\p{N}_./@+,:=~-]*`
	unitDeps = `(network-online\.target|tor\.service|tor@[a-z0-9][a-z0-9-]{0,40}\.service)`
	yes      = `(yes|true|on|1)`
)

// unitRows is every line that a unit may have, by section, but for User.
var unitRows = map[string]*regexp.Regexp{
	"[Unit]": rows(
		`Description=[\p{L}\p{N}\p{P}\p{S} ]*`,
		`Wants=`+unitDeps+`( `+unitDeps+`)*`,
		`After=`+unitDeps+`( `+unitDeps+`)*`,
	),
	"[Service]": rows(
		`Type=(simple|exec)`,
		`ExecStart=`+unitPath+` run( --allow-stdin-close)? `+unitPath,
		`Restart=(no|on-failure|always)`,
		`RestartSec=[0-9]{1,4}s?`,
		`TimeoutStopSec=[0-9]{1,4}s?`,
		`UMask=00?77`,
		`NoNewPrivileges=`+yes,
		`PrivateTmp=`+yes,
		`PrivateDevices=`+yes,
		`ProtectSystem=(`+yes+`|full|strict)`,
		`ProtectKernelTunables=`+yes,
		`ProtectControlGroups=`+yes,
		`RestrictSUIDSGID=`+yes,
		`ReadWritePaths=`+unitPath,
	),
	"[Install]": rows(`WantedBy=multi-user\.target`),
}

func rows(forms ...string) *regexp.Regexp {
	return regexp.MustCompile(`^(` + strings.Join(forms, "|") + `)$`)
}

// unitText allows nothing but these lines, blank ones and comments. One User and one ExecStart must be among them.
func (c *checker) unitText(b []byte) error {
	if !text(b) {
		return fmt.Errorf("a unit has no control characters")
	}
	section, count := "", map[string]int{}
	for i, l := range strings.Split(strings.TrimSuffix(string(b), "\n"), "\n") {
		switch {
		case strings.HasSuffix(strings.TrimRight(l, " \t"), `\`):
			return fmt.Errorf("line %d of the unit goes on in the next", i+1)
		case l == "" || l[0] == '#':
		case unitRows[l] != nil:
			section = l
		case !c.unitLine(section, l):
			return fmt.Errorf("line %d of the unit is not one that root writes", i+1)
		default:
			key, _, _ := strings.Cut(l, "=")
			count[key]++
		}
	}
	if count["User"] != 1 || count["ExecStart"] != 1 {
		return fmt.Errorf("a unit has one User and one ExecStart")
	}
	return nil
}

func (c *checker) unitLine(section, l string) bool {
	if section == "[Service]" && l == "User="+c.account {
		return true
	}
	rows := unitRows[section]
	return rows != nil && rows.MatchString(l) && !strings.Contains(l, "%")
}
