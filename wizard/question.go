// Package wizard turns facts and answers into a goal and a plan. It is pure: it asks by handing out questions
// as data, and does no I/O.
package wizard

// Question is one thing to ask, as data: the screen, the plain prompter and JSON show the same.
type Question struct {
	ID    string `json:"id"` // the flag of setup that answers it
	Title string `json:"title"`
	// Text says in a sentence or two what this is about.
	Text string `json:"text,omitempty"`
	// Help is the long explanation behind `?`, in paragraphs separated by blank lines.
	Help    string   `json:"help,omitempty"`
	Choices []Choice `json:"choices,omitempty"` // none: a line of text is asked for
	Default string   `json:"default"`
	Error   string   `json:"error,omitempty"` // why the last answer was not accepted
	// Check judges an answer in the words of its user; the screen calls it while typing ends.
	Check func(string) error `json:"-"`
}

// Choice is one of a question's answers.
type Choice struct {
	Value string `json:"value"`
	Label string `json:"label"`
	// Exposure says in one line who learns the IP address if this is taken.
	Exposure string `json:"exposure,omitempty"`
}
