package wizard

import (
	"errors"
	"fmt"
)

// Cause says why no plan can be made. Its sentence for people stands where errors are printed.
type Cause string

const (
	NotOffered       Cause = "not-offered"       // an answer that setup cannot carry out
	BadAnswer        Cause = "bad-answer"        // an answer that cannot be right
	TahoeMissing     Cause = "tahoe-missing"     // no tahoe command
	TahoeBroken      Cause = "tahoe-broken"      // its Python lacks modules
	TorMissing       Cause = "tor-missing"       // no tor
	TorStopped       Cause = "tor-stopped"       // tor does not run
	TorrcUnreadable  Cause = "torrc-unreadable"  // so that nothing can be planned
	TorrcElsewhere   Cause = "torrc-elsewhere"   // tor reads another file than the one we may edit
	NoSystemd        Cause = "no-systemd"        // no way to reload tor or to start the node
	NotANode         Cause = "not-a-node"        // the directory holds something else
	NodeOfOthers     Cause = "node-of-others"    // another account owns it
	ConfigUnreadable Cause = "config-unreadable" // tahoe.cfg cannot be read as Tahoe reads it
	RunningByHand    Cause = "running-by-hand"   // the node runs, outside of systemd
	RunningUnknown   Cause = "running-unknown"   // nobody can tell whether the node runs
	PortTaken        Cause = "port-taken"        // somebody else listens there
	IntroducersExist Cause = "introducers-exist" // introducers.yaml names others
	UnitTaken        Cause = "unit-taken"        // a unit of that name runs something else
)

// Causes are all of them.
var Causes = []Cause{
	NotOffered, BadAnswer, TahoeMissing, TahoeBroken, TorMissing, TorStopped, TorrcUnreadable, TorrcElsewhere, NoSystemd,
	NotANode, NodeOfOthers, ConfigUnreadable, RunningByHand, RunningUnknown, PortTaken, IntroducersExist, UnitTaken,
}

// Blocked is the error of a goal that cannot be reached from these facts.
type Blocked struct {
	Cause  Cause
	What   string // the file, answer or command that is in the way
	Detail string
}

func (b *Blocked) Error() string {
	return fmt.Sprintf("%s: %s %s", b.Cause, b.What, b.Detail)
}

// ErrNotProved is the error of a proof that was not tried, since nobody starts the node now.
var ErrNotProved = errors.New("the node was not asked at its onion address")
