package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"

	"tahoe-anon/wizard"
	"tahoe-anon/writers"
)

// explained is an error for people: what is, and what to do next. The sentences of all errors stand in this
// file: lower case, no period at the end, the next command as it is typed.
type explained struct {
	Cause   string `json:"cause"` // for programs; stays the same
	Message string `json:"message"`
	Hint    string `json:"hint"`
}

// noRootError is a root side that could not be opened.
type noRootError struct{ why string }

func (e *noRootError) Error() string { return e.why }

// nothingError is an undo or finish with no change that it could be of.
type nothingError struct{ verb string }

func (e *nothingError) Error() string { return "there is nothing to " + e.verb }

// adminError is something that an administrator has to do, and how.
type adminError struct {
	command string
	cause   error
}

// laterError is a change that cannot be taken back before a later one.
type laterError struct {
	error
	later string
}

func (e *laterError) Unwrap() error { return e.error }

func (e *adminError) Error() string { return e.cause.Error() }
func (e *adminError) Unwrap() error { return e.cause }

func explain(err error) explained {
	for _, f := range []func(error) *explained{explainBlocked, explainProgram, explainOutcome, explainStep, explainProof} {
		if e := f(err); e != nil {
			return *e
		}
	}
	return explained{"error", err.Error(), ""}
}

func explainProgram(err error) *explained {
	var use usageError
	var admin *adminError
	var noRoot *noRootError
	var needs *writers.NeedsRootError
	var nothing *nothingError
	switch {
	case errors.As(err, &use):
		return &explained{"usage", use.what, "tahoe-anon help shows the commands"}
	case errors.As(err, &admin):
		return &explained{
			"needs-root", "some steps need root, and this account did not get it: " + admin.cause.Error(),
			"nothing was changed; an administrator does it with: " + admin.command,
		}
	case errors.As(err, &noRoot):
		return &explained{"needs-root", "some steps need root: " + noRoot.why, "nothing was changed"}
	case errors.As(err, &needs):
		return &explained{"needs-root", err.Error(), "nothing was changed"}
	case errors.Is(err, errNoTerminal):
		return &explained{
			"no-terminal", "there is no terminal to ask on",
			"tahoe-anon setup --yes [--introducer FURL] [--nickname NAME] [NODEDIR] asks nothing; --dry-run shows the plan; --plain asks line by line",
		}
	case errors.As(err, &nothing):
		return &explained{"nothing", nothing.Error(), "tahoe-anon history lists the changes"}
	case errors.Is(err, errCancelled):
		return &explained{"cancelled", "cancelled; nothing was changed", ""}
	}
	return nil
}

func explainBlocked(err error) *explained {
	var b *wizard.Blocked
	if !errors.As(err, &b) {
		return nil
	}
	s, ok := blockedSentences[b.Cause]
	if !ok {
		return &explained{string(b.Cause), b.Error(), ""}
	}
	fill := strings.NewReplacer("{what}", b.What, "{detail}", b.Detail)
	return &explained{string(b.Cause), fill.Replace(s[0]), fill.Replace(s[1])}
}

var blockedSentences = map[wizard.Cause][2]string{
	wizard.NotOffered:       {"{what} is not possible", "possible: {detail}"},
	wizard.BadAnswer:        {"the answer for {what} cannot be right: {detail}", ""},
	wizard.TahoeMissing:     {"there is no tahoe command", "install Tahoe-LAFS first; on Debian 13: sudo apt install tahoe-lafs"},
	wizard.TahoeBroken:      {"{what} cannot start: its Python lacks {detail}", "install these modules for the Python that runs {what}"},
	wizard.TorMissing:       {"tor is not installed", "on Debian and Ubuntu: sudo apt install tor"},
	wizard.TorStopped:       {"tor does not run", "start it: sudo systemctl enable --now {what}; tahoe-anon doctor tells more"},
	wizard.TorrcUnreadable:  {"{what} cannot be read or changed: {detail}", "tahoe-anon doctor tells more; with sudo it sees more"},
	wizard.TorrcElsewhere:   {"tor reads {what}, and only /etc/tor/torrc can be changed for you", "add a HiddenServiceDir there by hand"},
	wizard.NoSystemd:        {"this host does not run systemd", "reload tor and start the node by hand; this tool cannot do it here"},
	wizard.NotANode:         {"{what} is no directory of a storage node ({detail})", "name another directory, or one that does not exist yet"},
	wizard.NodeOfOthers:     {"{what} belongs to another account (uid {detail})", "run tahoe-anon as that account"},
	wizard.ConfigUnreadable: {"the settings of {what} cannot be read as Tahoe reads them: {detail}", "mend that line; Tahoe does not start with it either"},
	wizard.RunningByHand:    {"the node in {what} runs, and was started by hand (PID {detail})", "stop it, by Ctrl-C where it runs or by: kill {detail}; then look again"},
	wizard.RunningUnknown:   {"it cannot be told whether the node in {what} runs", "stop it, and remove {what}/running.process if nothing runs it; then look again"},
	wizard.PortTaken:        {"port {what} is taken on this host", "choose another, or leave it out: a free one is found"},
	wizard.IntroducersExist: {"{what} names other introducers already", "add the FURL there by hand"},
	wizard.UnitTaken:        {"{what} exists and starts something else", "rename it, or use --start none"},
}

func explainOutcome(err error) *explained {
	var rolled *writers.RolledBackError
	var incomplete *writers.IncompleteError
	var unfinished *writers.UnfinishedError
	switch {
	case errors.As(err, &incomplete):
		return &explained{"rollback-incomplete", err.Error(), incomplete.Command()}
	case errors.As(err, &rolled):
		inner := explain(rolled.Cause)
		return &explained{inner.Cause, inner.Message + "; everything is as it was before", inner.Hint}
	case errors.As(err, &unfinished):
		return &explained{
			"unfinished", fmt.Sprintf("an earlier change was interrupted: %s (%s)", unfinished.ID, unfinished.Title),
			"tahoe-anon finish " + unfinished.ID + " completes it; tahoe-anon undo " + unfinished.ID + " takes it back",
		}
	}
	return nil
}

func explainStep(err error) *explained {
	var changed *writers.ChangedError
	var rejected *writers.RejectedError
	var daemon *writers.DaemonError
	var command *writers.CommandError
	var conflict *writers.ConflictError
	var locked *writers.LockedError
	var later *laterError
	var refused *writers.RefusedError
	switch {
	case errors.As(err, &later):
		return &explained{"conflict", "change " + later.later + " was made on top of this one", "take that one back first: tahoe-anon undo " + later.later}
	case errors.As(err, &refused):
		return &explained{"refused", "the root side refuses: " + refused.Error(), "things may have changed meanwhile; look again: run the same command"}
	case errors.As(err, &changed):
		return &explained{"changed", changed.Path + " changed after you reviewed the plan", "look again: run the same command"}
	case errors.As(err, &rejected):
		return &explained{"rejected", fmt.Sprintf("%s does not accept %s with the new lines: %s", filepath.Base(rejected.Argv[0]), rejected.Path, lastLines(rejected.Output)), "if a line of yours is meant, mend it; tor judges the whole file"}
	case errors.As(err, &daemon):
		return &explained{"daemon-died", "the service did not take its new settings: " + lastLines(daemon.Words), "tahoe-anon doctor tells more"}
	case errors.As(err, &command):
		return &explained{"command-failed", fmt.Sprintf("%s failed: %s", strings.Join(command.Argv, " "), lastLines(command.Cause+" "+command.Output)), ""}
	case errors.As(err, &conflict):
		return &explained{"conflict", conflict.Path + " was changed by somebody since: " + conflict.Why, "nothing was taken back; take that edit out again (tahoe-anon undo --dry-run shows what we wrote), then try again"}
	case errors.As(err, &locked):
		return &explained{"locked", "another tahoe-anon is at work", "wait for it to end"}
	case errors.Is(err, syscall.ENOSPC):
		return &explained{"disk-full", "the disk is full: " + err.Error(), "make room (df -h), then run this again"}
	}
	return nil
}

// lastLines keeps the end of what a command printed: the cause stands there.
func lastLines(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	if len(lines) > 3 {
		lines = lines[len(lines)-3:]
	}
	return strings.Join(strings.Fields(strings.Join(lines, " ")), " ")
}
