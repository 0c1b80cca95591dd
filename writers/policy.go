package writers

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Policy is the closed list of what a plan may make root do. What is not in it is refused. It looks at the host,
// and is checked on root's side, before anything is done.
//
// It keeps an account that may become root for this program from more than hiding its own node: nothing that it
// allows gives the account rights over files or processes of others. Steps as the caller's own account are free,
// for they do only what the caller can do anyway.
type Policy struct {
	Torrc   string   // the file that services are added to
	TorData string   // tor's DataDirectory; its owner is tor's account
	Units   string   // where units of this host go
	Judges  []string // tor, as a judge of its configuration
	Shared  string   // where packages put tor's defaults
	// Account names an account.
	Account func(uid int) (name string, err error)
	// Owner is the account that a node directory belongs to.
	Owner func(dir string) (uid int, err error)
	// UnitUID is the account of a running unit's main process.
	UnitUID func(unit string) (uid int, err error)
}

// HostPolicy is the policy for this host.
func HostPolicy() Policy {
	return Policy{
		Torrc: "/etc/tor/torrc", TorData: "/var/lib/tor", Units: "/etc/systemd/system",
		Judges: []string{"/usr/bin/tor", "/usr/sbin/tor"}, Shared: "/usr/share/tor",
		Account: accountName, Owner: owner, UnitUID: unitUID,
	}
}

func accountName(uid int) (string, error) {
	u, err := user.LookupId(strconv.Itoa(uid))
	if err != nil {
		return "", err
	}
	return u.Username, nil
}

// unitUID asks systemd for the main process, and the kernel for its owner.
func unitUID(unit string) (int, error) {
	path, err := inSystemPath("systemctl")
	if err != nil {
		return 0, err
	}
	out, err := exec.Command(path, "show", "--property=MainPID", "--value", "--", unit).Output()
	if err != nil {
		return 0, err
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(out)))
	if err != nil || pid <= 0 {
		return 0, fmt.Errorf("%s has no main process", unit)
	}
	info, err := os.Stat("/proc/" + strconv.Itoa(pid))
	if err != nil {
		return 0, err
	}
	return uidOf(info), nil
}

// name is what services of tor and units of nodes may be called.
const name = `[a-z0-9][a-z0-9-]{0,40}`

// wordly are names of accounts that are not taken for a number: systemd would run "User=0" as root.
var wordly = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,63}$`)

// checker is the policy at work on one plan.
type checker struct {
	Policy
	plan    Plan
	secrets Secrets
	caller  Caller
	account string // the caller's name
	tor     *Was   // owner of tor's data; nil: there is no tor
}

// Check says whether root may do all its steps of the plan for the caller; a RefusedError names the first it may not.
func (p Policy) Check(plan Plan, secrets Secrets, caller Caller) error {
	c := checker{Policy: p, plan: plan, secrets: secrets, caller: caller}
	if caller.UID <= 0 {
		return &RefusedError{Why: "root asks itself for nothing: run it as root, without a policy"}
	}
	var err error
	if c.account, err = p.Account(caller.UID); err != nil || c.account == "root" || !wordly.MatchString(c.account) {
		return &RefusedError{Why: fmt.Sprintf("account %d has no name that a unit can have", caller.UID)}
	}
	if info, err := os.Lstat(p.TorData); err == nil && info.IsDir() && uidOf(info) != 0 {
		c.tor = &Was{UID: uidOf(info), GID: gidOf(info)}
	}
	for i := range plan.Steps {
		s := &plan.Steps[i]
		if s.As == User {
			continue
		}
		err := c.step(s)
		if _, changed := errors.AsType[*ChangedError](err); changed {
			return err
		}
		if err != nil {
			return &RefusedError{Step: s.ID, Why: err.Error()}
		}
	}
	return nil
}

func (c *checker) step(s *Step) error {
	uid, err := s.As.account()
	switch {
	case err != nil:
		return err
	case uid == c.caller.UID:
		return c.own(s)
	case s.Run != nil && uid == 0:
		return c.run(s.Run)
	case s.Write != nil && (uid == 0 || c.tor != nil && uid == c.tor.UID):
		return c.write(s)
	}
	return fmt.Errorf("root does nothing as account %d", uid)
}

// own allows the caller's steps as the caller: with no more rights than the caller has.
func (c *checker) own(s *Step) error {
	if s.Run != nil {
		return nil
	}
	w := s.Write
	if w.Verify != nil && w.Verify.As != s.As {
		return fmt.Errorf("its judge is another account")
	}
	dir := filepath.Dir(w.Path)
	uid, err := owner(dir)
	if err == nil && uid != c.caller.UID {
		err = fmt.Errorf("%s is not the account's directory", dir)
	}
	return err
}

func (c *checker) run(r *Run) error {
	if r.Absent != "" {
		return fmt.Errorf("root makes no new path by a command")
	}
	for _, argv := range [][]string{r.Argv, r.Undo, r.Abort} {
		if err := c.command(argv); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) write(s *Step) error {
	w := s.Write
	if len(w.Changes) > 0 {
		return fmt.Errorf("root edits no file by keys")
	}
	content := w.Content
	if w.Secret != "" {
		content = c.secrets[w.Secret]
		if SecretName(content) != w.Secret {
			return fmt.Errorf("its secret did not come with it")
		}
	}
	if n := w.Notify; n != nil {
		for _, argv := range [][]string{n.Argv, n.Revive} {
			if err := c.command(argv); err != nil {
				return err
			}
		}
	}
	under := func(dir string) bool { return strings.HasPrefix(w.Path, dir+"/") }
	switch {
	case w.Path == c.Torrc && s.As == Root:
		return c.torrc(s, content)
	case under(c.TorData):
		return c.key(w, content)
	case under(c.Units) && s.As == Root:
		return c.unit(s, content)
	}
	return fmt.Errorf("root does not write %s", w.Path)
}

// keyFiles are the files of an onion service, as tor writes them (tor's src/lib/crypt_ops/crypto_ed25519.c and
// rend-spec-v3): whole contents, so that nothing else is made in tor's directory.
var keyFiles = map[string]*regexp.Regexp{
	"hs_ed25519_secret_key": regexp.MustCompile(`(?s)^== ed25519v1-secret: type0 ==\x00{3}.{64}$`),
	"hs_ed25519_public_key": regexp.MustCompile(`(?s)^== ed25519v1-public: type0 ==\x00{3}.{32}$`),
	"hostname":              regexp.MustCompile(`^[a-z2-7]{56}\.onion\n$`),
}

var serviceName = regexp.MustCompile(`^` + name + `$`)

// key allows a new file of a new onion service: never one that is there, which could be another service's key.
func (c *checker) key(w *Write, content []byte) error {
	service, file, _ := strings.Cut(strings.TrimPrefix(w.Path, c.TorData+"/"), "/")
	form, known := keyFiles[file]
	switch {
	case c.tor == nil:
		return fmt.Errorf("%s does not belong to an account of tor", c.TorData)
	case !serviceName.MatchString(service) || !known:
		return fmt.Errorf("%s is no file of an onion service", w.Path)
	case w.Was != nil:
		return fmt.Errorf("root replaces no key")
	case w.Mode != 0o600 || w.MakeDir != 0o700 || w.UID != c.tor.UID || w.GID != c.tor.GID:
		return fmt.Errorf("keys are tor's alone: 0600 in 0700")
	case w.Verify != nil || w.Notify != nil:
		return fmt.Errorf("a key has no judge and tells nobody")
	case !matchBytes(form, content):
		return fmt.Errorf("it is not what tor writes there")
	case slices.ContainsFunc(w.Leaves, func(l string) bool { return l != "authorized_clients" && keyFiles[l] == nil }):
		return fmt.Errorf("tor leaves nothing else there")
	}
	return nil
}

// matchBytes matches bytes one by one: a regexp reads UTF-8, and a key is none.
func matchBytes(form *regexp.Regexp, b []byte) bool {
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return form.MatchString(string(runes))
}

var (
	torUnits  = regexp.MustCompile(`^tor(@[a-z0-9][a-z0-9-]{0,40})?(\.service)?$`)
	nodeUnit  = regexp.MustCompile(`^tahoe-` + name + `\.service$`)
	otherUnit = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9:_.@-]{0,200}\.service$`)
)

// command allows systemctl, with what a row says.
func (c *checker) command(argv []string) error {
	if len(argv) == 0 {
		return nil
	}
	if !slices.Contains([]string{"systemctl", "/usr/bin/systemctl", "/bin/systemctl"}, argv[0]) {
		return fmt.Errorf("root does not run %q", argv[0])
	}
	words := argv[1:]
	rows := []struct {
		verbs []string
		unit  func(string) error
	}{
		{[]string{"daemon-reload"}, nil},
		{[]string{"reload", "restart"}, c.torUnit},
		{[]string{"enable --now", "disable --now", "start", "stop", "restart"}, c.nodeUnit},
		{[]string{"start", "stop", "restart"}, c.runningUnit},
	}
	var why error
	for _, row := range rows {
		last := len(words) - 1
		switch {
		case last < 0:
		case row.unit == nil && slices.Contains(row.verbs, strings.Join(words, " ")):
			return nil
		case row.unit != nil && last > 0 && slices.Contains(row.verbs, strings.Join(words[:last], " ")):
			err := row.unit(words[last])
			if err == nil {
				return nil
			}
			why = err
		}
	}
	if why == nil {
		why = fmt.Errorf("root does not run %q", argv)
	}
	return why
}

func (c *checker) torUnit(unit string) error {
	if !torUnits.MatchString(unit) {
		return fmt.Errorf("%q is not tor's unit", unit)
	}
	return nil
}

// nodeUnit allows units that this plan makes, and those that run a node of the caller's already.
func (c *checker) nodeUnit(unit string) error {
	path := filepath.Join(c.Units, unit)
	if !nodeUnit.MatchString(unit) {
		return fmt.Errorf("%q is not a unit of a node", unit)
	}
	for _, s := range c.plan.Steps {
		if s.As == Root && s.Write != nil && s.Write.Path == path {
			return nil
		}
	}
	text, err := readRegular(path)
	if err != nil {
		return err
	}
	return c.unitText(text)
}

// runningUnit allows a unit of another name, if the caller could signal its process anyway.
func (c *checker) runningUnit(unit string) error {
	if !otherUnit.MatchString(unit) {
		return fmt.Errorf("%q is not the name of a unit", unit)
	}
	uid, err := c.UnitUID(unit)
	if err != nil {
		return err
	}
	if uid != c.caller.UID {
		return fmt.Errorf("%s does not run as the caller", unit)
	}
	return nil
}

// readRegular reads a file as it stands, as the policy sees it; its path is not the caller's to choose.
func readRegular(path string) (b []byte, err error) {
	err = inSpot(path, os.Geteuid() == 0, func(p *spot) error {
		var was *Was
		if b, was, err = p.read(); err == nil && was == nil {
			err = fmt.Errorf("%s is not there", path)
		}
		return err
	})
	return b, err
}

// text says whether b is lines of text: no zero or other control bytes but tab and newline.
func text(b []byte) bool {
	return !bytes.ContainsFunc(b, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r == 0x7f })
}
