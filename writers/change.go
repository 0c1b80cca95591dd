package writers

import "time"

// Change is one plan in the journal: what it was, and how far it came. It has nothing of any file's content.
type Change struct {
	Schema int         `json:"schema"`
	ID     string      `json:"id"`
	Title  string      `json:"title"`
	Made   time.Time   `json:"made"`   // the plan
	Caller int         `json:"caller"` // the account that asked for it
	Phase  Phase       `json:"phase"`
	Ended  time.Time   `json:"ended,omitzero"` // the last entry of the journal
	Steps  []StepState `json:"steps"`          // in plan order
	// Applied says that every step was done once. From then on what the steps made may hold what is dear to
	// somebody, so that they are taken back by Undo, not by Abort.
	Applied bool `json:"applied"`
}

// StepState is how far one step is.
type StepState struct {
	ID    string `json:"id"`
	As    Actor  `json:"as"`
	State State  `json:"state"`
}

// Phase is how far a change is.
type Phase string

const (
	Applying   Phase = "applying"
	Applied    Phase = "applied"
	Reverting  Phase = "reverting" // undone or rolled back, and not yet finished with it
	Reverted   Phase = "undone"
	RolledBack Phase = "rolled-back"
)

// State is how far a step is. Doing and undoing are written down before anything happens.
type State string

const (
	Pending State = "pending"
	Doing   State = "doing"
	Done    State = "done"
	Undoing State = "undoing"
	Undone  State = "undone"
	// Failed occurs in events alone: the journal says doing, for nobody knows how far it came.
	Failed State = "failed"
)

// Unfinished says whether the change was interrupted: the host may be between the old state and the new.
func (c *Change) Unfinished() bool { return c.Phase == Applying || c.Phase == Reverting }

// touched says whether a step may have changed something that is not taken back.
func (s State) touched() bool { return s == Doing || s == Done || s == Undoing }

func (c *Change) state(step string) State {
	for _, s := range c.Steps {
		if s.ID == step {
			return s.State
		}
	}
	return Pending
}

// line is one entry of a change's log; the first one has the head.
type line struct {
	Head  *Change   `json:"head,omitempty"`
	At    time.Time `json:"at"`
	Phase Phase     `json:"phase,omitempty"`
	Anew  bool      `json:"anew,omitempty"` // all steps are pending again
	Step  string    `json:"step,omitempty"`
	State State     `json:"state,omitempty"`
}

// apply brings the change up to date with one more line of its log.
func (c *Change) apply(l line) {
	c.Ended = l.At
	if l.Phase != "" {
		c.Phase = l.Phase
		c.Applied = !l.Anew && (c.Applied || l.Phase == Applied)
	}
	for i := range c.Steps {
		s := &c.Steps[i]
		if l.Anew {
			s.State = Pending
		}
		if s.ID == l.Step {
			s.State = l.State
		}
	}
}
