package plain

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tahoe-anon/wizard"
)

// empty is what is typed for an answer of no text, where Enter alone keeps another one.
const empty = "-"

// patience is how many answers to one question are refused: `yes | tahoe-anon` must end.
const patience = 20

// question asks one question until it is answered.
func (d *dialogue) question(q wizard.Question, at int) (value string, back bool, err error) {
	now := q.Default
	if v, ok := d.answers[q.ID]; ok {
		now = v
	}
	d.intro(q, at)
	for refused := 0; refused < patience; {
		s, err := d.line("%s", prompt(q, now))
		switch {
		case err != nil:
			return "", false, err
		case s == "?":
			d.print("\n%s\n\n", paragraphs(first(q.Help, q.Text)))
			continue
		case s == "back" && at == 0:
			d.print("This is the first question.\n")
			continue
		case s == "back":
			return "", true, nil
		}
		value, why := judge(q, now, s)
		if why == "" {
			return value, false, nil
		}
		d.print("Not accepted: %s.\n", strings.TrimSuffix(wizard.Visible(why, true), "."))
		refused++
	}
	return "", false, ErrRefused
}

func (d *dialogue) intro(q wizard.Question, at int) {
	d.print("\nQuestion %d of %d: %s\n", at+1, len(d.questions), wizard.Visible(q.Title, true))
	if q.Text != "" {
		d.print("%s\n", wizard.Visible(q.Text, true))
	}
	for i, c := range q.Choices {
		d.print("  %d  %s\n", i+1, wizard.Visible(c.Label, true))
		if c.Exposure != "" {
			d.print("     %s\n", wizard.Visible(c.Exposure, true))
		}
	}
	if q.Error != "" {
		d.print("Not accepted: %s.\n", wizard.Visible(q.Error, true))
	}
}

// prompt says what Enter alone means.
func prompt(q wizard.Question, now string) string {
	if i := choice(q, now); i >= 0 {
		return fmt.Sprintf("Number, Enter for %d, ? help, back: ", i+1)
	}
	switch {
	case len(q.Choices) > 0:
		return "Number, ? help, back: "
	case now == "":
		return "Answer, Enter for none, ? help, back: "
	}
	none := ""
	if q.Check == nil || q.Check("") == nil {
		none = " " + empty + " for none,"
	}
	return fmt.Sprintf("Answer, Enter for %s,%s ? help, back: ", wizard.Visible(now, true), none)
}

func choice(q wizard.Question, value string) int {
	return slices.IndexFunc(q.Choices, func(c wizard.Choice) bool { return c.Value == value })
}

// judge turns what was typed into an answer, or says why it is none.
func judge(q wizard.Question, now, typed string) (value, why string) {
	if typed != "" {
		value = typed
	} else {
		value = now
	}
	if len(q.Choices) > 0 {
		if n, err := strconv.Atoi(typed); err == nil && n >= 1 && n <= len(q.Choices) {
			value = q.Choices[n-1].Value
		}
		if choice(q, value) < 0 {
			return "", fmt.Sprintf("a number from 1 to %d is needed", len(q.Choices))
		}
	} else if typed == empty {
		value = ""
	}
	if q.Check != nil {
		if err := q.Check(value); err != nil {
			return "", err.Error()
		}
	}
	return value, ""
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// paragraphs makes a long text safe line by line.
func paragraphs(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = wizard.Visible(lines[i], true)
	}
	return strings.Join(lines, "\n")
}
