// Package plain is the wizard line by line, for terminals without a screen, screen readers and pipes. It asks
// the same questions as the screen and shows the same review; its output is ASCII without control codes.
package plain

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"tahoe-anon/detect"
	"tahoe-anon/wizard"
	"tahoe-anon/writers"
)

// ErrEnded says that the input ended before all was answered. No default is taken for an answer that was
// never given.
var ErrEnded = errors.New("the input ended before every question was answered")

// ErrRefused says that so many answers to one question were not accepted that nobody seems to read why.
var ErrRefused = errors.New("too many answers to one question were not accepted")

// lineLimit bounds one answer, in bytes; a FURL has about 100.
const lineLimit = 64 << 10

// Run asks on out, reads answers from in, and carries out what was agreed to. It takes no signals: when
// ctx ends before the changes nothing was changed, and when it ends while they are made they are taken back.
// The error is ErrEnded, ctx's, or of reading and writing; all else stands in the Outcome.
func Run(ctx context.Context, s wizard.Session, in io.Reader, out io.Writer) (wizard.Outcome, error) {
	d := &dialogue{ctx: ctx, s: &s, raw: in, in: bufio.NewReader(in), out: out, answers: wizard.Answers{}}
	maps.Copy(d.answers, s.Given)
	r, err := d.run()
	o := wizard.Outcome{Cancelled: r == nil, Answers: d.answers, Proposal: d.proposal}
	if r == nil {
		o.State, o.Err = wizard.AsBefore, d.err
		return o, err
	}
	o.Finished, o.Result = true, *r
	lines, _ := s.Ending(&o)
	d.print("\n%s", wizard.Text(lines, true))
	return o, nil
}

// dialogue is one run. After the first failed write nothing more is asked: what cannot be read cannot be agreed to.
type dialogue struct {
	ctx       context.Context
	s         *wizard.Session
	raw       io.Reader
	in        *bufio.Reader
	out       io.Writer
	broken    error // of writing
	facts     *detect.Facts
	questions []wizard.Question
	answers   wizard.Answers
	proposal  *wizard.Proposal
	err       error // what stood in the way last
}

func (d *dialogue) print(format string, args ...any) {
	if _, err := fmt.Fprintf(d.out, format, args...); err != nil && d.broken == nil {
		d.broken = err
	}
}

// run returns nil when nothing was begun.
func (d *dialogue) run() (*wizard.Result, error) {
	d.look()
	at := 0
	for {
		if err := d.ask(at); err != nil {
			return nil, err
		}
		agreed, err := d.review()
		if err != nil {
			return nil, err
		}
		if agreed {
			return d.carry(), nil
		}
		at = max(len(d.questions)-1, 0)
		if d.proposal == nil && len(d.questions) == 0 {
			return nil, d.err
		}
	}
}

func (d *dialogue) look() {
	d.print("This puts a Tahoe-LAFS storage node behind a Tor onion service.\nIt asks a few questions, shows every change, and changes nothing before you agree.\n\nLooking at this host.\n")
	d.facts = d.s.Probe(d.ctx)
	for _, r := range d.s.Found(d.facts) {
		d.print("%s", wizard.Text([]wizard.Line{{Kind: wizard.Item, Mark: r.Mark, Text: r.Name + ": " + r.Text}}, true))
	}
	d.questions = d.s.Questions(d.facts, maps.Clone(d.s.Given))
}

// ask asks from question at on; later questions depend on earlier answers.
func (d *dialogue) ask(at int) error {
	for at < len(d.questions) {
		q := d.questions[at]
		value, back, err := d.question(q, at)
		if err != nil {
			return err
		}
		if back {
			at = max(at-1, 0)
			continue
		}
		d.answers[q.ID] = value
		d.questions = d.s.Questions(d.facts, d.s.Path(d.questions, d.answers))
		at = slices.IndexFunc(d.questions, func(o wizard.Question) bool { return o.ID == q.ID }) + 1
	}
	return nil
}

// line prints a prompt and reads one line.
func (d *dialogue) line(format string, args ...any) (string, error) {
	d.print(format, args...)
	if d.broken != nil {
		return "", d.broken
	}
	type answer struct {
		text string
		err  error
	}
	ch := make(chan answer, 1)
	go func() {
		text, err := d.readLine()
		ch <- answer{text, err}
	}()
	select {
	case a := <-ch:
		return a.text, a.err
	case <-d.ctx.Done():
		return "", d.ctx.Err()
	}
}

func (d *dialogue) readLine() (string, error) {
	var b []byte
	for {
		c, err := d.in.ReadByte()
		switch {
		case errors.Is(err, io.EOF): // a last line without its end may be cut short: it is no answer
			return "", ErrEnded
		case err != nil:
			return "", err
		case c == '\n':
			return strings.TrimSpace(string(b)), nil
		case len(b) == lineLimit:
			return "", fmt.Errorf("a line of more than %d bytes", lineLimit)
		}
		b = append(b, c)
	}
}

// review shows everything and asks whether to go on; false leads back to the questions.
func (d *dialogue) review() (bool, error) {
	path := d.s.Path(d.questions, d.answers)
	if d.proposal, d.err = d.s.Prepare(d.facts, path); d.err != nil {
		message, hint := d.s.Explain(d.err)
		d.print("\n! This cannot be set up yet. Nothing was changed.\n%s\n", wizard.Text([]wizard.Line{{Text: message}, {Text: hint}}, true))
		if len(d.questions) == 0 {
			return false, nil
		}
		_, err := d.line("Press Enter to go back to the questions: ")
		return false, err
	}
	d.print("\nReview\n\n%s\n", wizard.Text(d.proposal.Review(d.facts), true))
	return d.agree()
}

func (d *dialogue) agree() (bool, error) {
	if len(d.proposal.Plan.Steps) == 0 {
		return true, nil
	}
	for {
		s, err := d.line("%s Type yes, or back: ", d.proposal.Agree())
		switch {
		case err != nil:
			return false, err
		case s == "back":
			return false, nil
		case s != "yes":
			d.print("Nothing was changed. Only the word yes goes on.\n")
			continue
		}
		if err := d.elevate(); err == nil {
			d.err = nil
			return true, nil
		}
		message, hint := d.s.Explain(d.err)
		d.print("! Nothing was changed. %s\n", wizard.Text([]wizard.Line{{Text: message}, {Text: hint}}, true))
	}
}

func (d *dialogue) elevate() error {
	other := func(s writers.Step) bool { return s.As != writers.User }
	if d.s.Elevate == nil || !slices.ContainsFunc(d.proposal.Plan.Steps, other) {
		return nil
	}
	d.err = d.s.Elevate(d.ctx, d.proposal, d.raw, d.out)
	return d.err
}

// carry does the work, telling each phase's begin and end in a line.
func (d *dialogue) carry() *wizard.Result {
	d.print("\n")
	r := d.s.Carry(d.ctx, d.proposal, d.progress())
	r = d.s.Confirm(d.ctx, d.proposal, r, d.progress())
	return &r
}

func (d *dialogue) progress() func(wizard.Progress) {
	said := map[string]string{}
	return func(p wizard.Progress) {
		text := wizard.Visible(p.Title, true)
		if p.Done {
			text = "Done: " + text
		}
		if p.Note != "" {
			text += " (" + wizard.Visible(p.Note, true) + ")"
		}
		if !p.Done && p.Limit > 0 {
			text += ", given up after " + strconv.Itoa(int(p.Limit.Seconds())) + " s"
		}
		if said[p.ID] != text {
			said[p.ID] = text
			d.print("%s.\n", text)
		}
	}
}
