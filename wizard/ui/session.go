// Package ui is the screen of the wizard, and the only importer of bubbletea, lipgloss and huh.
package ui

import (
	"context"
	"io"

	"tahoe-anon/detect"
	"tahoe-anon/wizard"
	"tahoe-anon/writers"
)

// Session is what the screen asks of the program. Each function may take its time and is called off the
// screen's goroutine; each ends within its own limit, or when ctx ends.
type Session struct {
	Probe     func(ctx context.Context) *detect.Facts
	Found     func(*detect.Facts) []wizard.Row
	Questions func(*detect.Facts, wizard.Answers) []wizard.Question // the whole path, as far as it is known
	Prepare   func(*detect.Facts, wizard.Answers) (*wizard.Proposal, error)
	// Elevate asks for the password on the terminal that it is given; nil when no step needs root.
	// It returns when root is ready to work, and before anything has changed.
	Elevate func(ctx context.Context, p *wizard.Proposal, in io.Reader, out io.Writer) error
	Apply   func(ctx context.Context, p *wizard.Proposal, report func(Progress)) (writers.Receipt, error)
	// Prove asks for the node at its hidden address, through tor.
	Prove func(ctx context.Context, p *wizard.Proposal, report func(Progress)) error
	// Explain turns an error into what is, and what to do next.
	Explain func(error) (message, hint string)
	// Next says what to do after success, one line each: commands, files to keep.
	Next func(p *wizard.Proposal, r writers.Receipt) []string
}

// Progress is the state of one phase of applying or proving.
type Progress struct {
	ID    string // a phase reported twice is updated
	Title string
	Done  bool
	Note  string // "usually 2-30 s", "tor answered: no such service yet"
}
