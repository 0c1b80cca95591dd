package wizard

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"tahoe-anon/detect"
	"tahoe-anon/detect/tahoe"
)

// The IDs of questions, which are the names of setup's flags too (NodeDir is setup's argument).
const (
	NodeDir     = "nodedir"
	RoleID      = "role"
	PrivacyID   = "privacy"
	NetworkID   = "network"
	OnionID     = "onion"
	PortID      = "port"
	VirtualID   = "virtual-port"
	IntroID     = "introducer"
	NicknameID  = "nickname"
	WebPortID   = "web-port"
	StartID     = "start"
	neutralName = "storage"
)

// Offered are the values of the answers that stand for a use case. A question with one value is not asked.
var Offered = map[string][]string{
	RoleID:    {string(detect.Server)},
	PrivacyID: {string(detect.Hidden)},
	NetworkID: {"tor"},
	OnionID:   {string(detect.Torrc)},
	StartID:   {string(detect.StartService), string(detect.StartNone)},
}

// Questions is the path that these answers lead along: all that is asked, in order, answered or not. The
// default of each fits what was found.
func Questions(f *detect.Facts, a Answers) []Question {
	qs := []Question{nodeDirQuestion(f)}
	dir := a[NodeDir]
	if dir == "" {
		dir = qs[0].Default
	}
	node := f.Node(dir)
	if len(introducersOf(node)) == 0 {
		qs = append(qs, introducerQuestion())
	}
	if q := nicknameQuestion(f, node); q != nil {
		qs = append(qs, *q)
	}
	if f.Host.Init == "systemd" && foreignUnit(f, node) == "" {
		qs = append(qs, startQuestion())
	}
	return qs
}

// Next is the first question that has no answer yet, or nil.
func Next(f *detect.Facts, a Answers) *Question {
	for _, q := range Questions(f, a) {
		if _, ok := a[q.ID]; !ok {
			return &q
		}
	}
	return nil
}

// Defaults answers every open question with its default.
func Defaults(f *detect.Facts, a Answers) Answers {
	all := Answers{}
	maps.Copy(all, a)
	for q := Next(f, all); q != nil; q = Next(f, all) {
		all[q.ID] = q.Default
	}
	return all
}

// Check judges every answer that was given, in the words of its user.
func Check(a Answers) error {
	for id, v := range a {
		if offered := Offered[id]; offered != nil && !slices.Contains(offered, v) {
			return &Blocked{Cause: NotOffered, What: "--" + id + " " + v, Detail: strings.Join(offered, ", ")}
		}
		if check := checks[id]; check != nil {
			if err := check(v); err != nil {
				return &Blocked{Cause: BadAnswer, What: id, Detail: err.Error()}
			}
		}
	}
	return nil
}

var checks = map[string]func(string) error{
	NodeDir:    checkDir,
	IntroID:    checkFURLs,
	NicknameID: checkNickname,
	PortID:     func(s string) error { return checkPort(s, 1024) },
	VirtualID:  func(s string) error { return checkPort(s, 1) },
	WebPortID:  checkWebPort,
}

// DefaultDir is where Tahoe itself has a node when none is named.
func DefaultDir(f *detect.Facts) string { return filepath.Join(f.Host.Account.Home, ".tahoe") }

func nodeDirQuestion(f *detect.Facts) Question {
	def := DefaultDir(f)
	var found []string
	for _, n := range f.Nodes {
		if n.Exists && !n.Empty {
			found = append(found, n.Dir)
		}
	}
	text := "No node was found on this host. A new one is made in the directory you name."
	if len(found) > 0 {
		def = found[0]
		text = "Found: " + strings.Join(found, ", ") + ". Another directory makes a new node."
	}
	return Question{ID: NodeDir, Title: "Which node directory?", Text: text, Help: helpNodeDir, Default: def, Check: checkDir}
}

func introducerQuestion() Question {
	return Question{
		ID: IntroID, Title: "Introducer FURL of your grid", Help: helpIntroducer, Check: checkFURLs,
		Text: "It begins with pb:// and comes from whoever runs the grid. Leave it empty to add it later; until then the node is reachable, and in no grid.",
	}
}

// nicknameQuestion asks where a new node needs a nickname, or where the present one tells who you are.
func nicknameQuestion(f *detect.Facts, node *tahoe.Node) *Question {
	q := &Question{
		ID: NicknameID, Title: "Nickname of the node", Default: neutralName, Help: helpNickname, Check: checkNickname,
		Text: "Everybody in the grid reads it. A name of yours, of this host or of its domain would undo the hiding.",
	}
	if node == nil || node.Config == nil {
		return q
	}
	now, ok, err := node.Config.Get("node", "nickname")
	if err != nil || !ok || !telling(f, now) {
		return nil
	}
	q.Text = fmt.Sprintf("It is %q now, which tells something about you or this host to everybody in the grid.", now)
	return q
}

func startQuestion() Question {
	return Question{
		ID: StartID, Title: "Who starts the node?", Help: helpStart, Default: string(detect.StartService),
		Choices: []Choice{
			{string(detect.StartService), "systemd: now, and at every boot", "Nobody outside learns anything from this. The node runs under your account."},
			{string(detect.StartNone), "I start it myself", "Nobody outside learns anything from this. Nothing answers until you start it."},
		},
	}
}

// telling says whether a nickname names the host, the account, or anything that looks like a domain
// (leak-nickname).
func telling(f *detect.Facts, name string) bool {
	low := strings.ToLower(name)
	short, _, _ := strings.Cut(strings.ToLower(f.Host.Hostname), ".")
	for _, word := range []string{short, strings.ToLower(f.Host.Account.Name)} {
		if len(word) > 2 && strings.Contains(low, word) {
			return true
		}
	}
	dot := strings.Index(low, ".")
	return dot > 0 && dot < len(low)-1
}

func introducersOf(n *tahoe.Node) map[string]tahoe.FURL {
	if n == nil {
		return nil
	}
	return n.Introducers
}

func checkDir(s string) error {
	if !filepath.IsAbs(s) || filepath.Clean(s) != s {
		return errors.New("the directory is a whole path, such as /home/you/.tahoe")
	}
	if strings.ContainsAny(s, " \t\n\"'\\%$") {
		return errors.New("the path may have no blanks, quotes, % or $: systemd reads them its own way")
	}
	return nil
}

func checkFURLs(s string) error {
	for _, one := range strings.Fields(s) {
		if _, err := tahoe.ParseFURL(one); err != nil {
			return errors.New("a FURL looks like pb://" + strings.Repeat("x", 8) + "...@tor:...onion:3000/...; this is none")
		}
	}
	return nil
}

func checkNickname(s string) error {
	if s == "" || strings.TrimSpace(s) != s || strings.ContainsAny(s, "\r\n\x00") || len(s) > 100 {
		return errors.New("a nickname is one line of 1 to 100 characters, with no blanks around it")
	}
	return nil
}

func checkPort(s string, low int) error {
	n, err := strconv.Atoi(s)
	if err != nil || n < low || n > 65535 {
		return fmt.Errorf("a port is a number from %d to 65535", low)
	}
	return nil
}

func checkWebPort(s string) error {
	if s == "none" {
		return nil
	}
	if err := checkPort(s, 1024); err != nil {
		return errors.New("the web port is a number from 1024 to 65535, or none; it is always on 127.0.0.1")
	}
	return nil
}
