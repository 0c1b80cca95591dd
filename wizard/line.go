package wizard

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line is one line of a review or of an ending, before a front end wraps, marks and colours it.
type Line struct {
	Kind   Kind
	Indent int    // columns
	Mark   Mark   // of an Item
	Lead   string // before the first line of Prose; the others are indented as far
	Text   string
}

// Kind says how a line is shown.
type Kind int

const (
	Prose  Kind = iota // wrapped at words
	Head               // a heading, preceded by an empty line
	Item               // a mark or two blanks, then prose
	Code               // never wrapped at words: paths, commands, addresses, lines of a file
	Add                // a line of a diff that comes
	Remove             // one that goes
	Hunk               // its place
)

// Visible makes text from files and daemons safe for a terminal: control characters, which could move the
// cursor or hide a line of a review, and invisible or direction-changing ones (CVE-2021-42574) are spelled out. With
// ascii set, everything outside of ASCII is.
func Visible(s string, ascii bool) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\t':
			b.WriteString("    ")
		case r < ' ':
			b.WriteString("^" + string('@'+r))
		case r < 0x7f, r > 0x9f && !ascii && r != unicode.ReplacementChar && unicode.IsGraphic(r):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "<U+%04X>", r)
		}
	}
	return b.String()
}

// Shell joins argv as one would type it.
func Shell(argv []string) string {
	words := make([]string, len(argv))
	for i, w := range argv {
		if words[i] = w; w == "" || strings.ContainsAny(w, " \t\n\"'\\$&|;<>()*?[]#~`{}!") {
			words[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}

// textWidth is where Text wraps prose; 80 columns leave room for the cursor.
const textWidth = 78

// Text lays lines out for a terminal without a screen, or to stay on one: without colours, and with nothing cut.
// Lines of Code stay whole, so that they can be copied.
func Text(lines []Line, ascii bool) string {
	var b strings.Builder
	for i, l := range lines {
		lead, s := strings.Repeat(" ", l.Indent)+l.Lead, Visible(l.Text, ascii)
		switch l.Kind {
		case Head:
			if i > 0 {
				b.WriteByte('\n')
			}
		case Item:
			lead += sign(l.Mark)
		}
		if l.Kind == Prose || l.Kind == Item {
			s = strings.Join(Wrap(s, textWidth-len(lead), utf8.RuneCountInString), "\n"+strings.Repeat(" ", len(lead)))
		}
		b.WriteString(strings.TrimRight(lead+s, " ") + "\n")
	}
	return b.String()
}

// sign is a mark and the blank behind it.
func sign(m Mark) string { return fmt.Sprintf("%-1s ", string(m)) }

// Wrap breaks s at blanks into lines of at most w columns, by the width function. A longer word stands on a line of its
// own, cut where it must be; words are never broken at hyphens, since commands and addresses have them.
func Wrap(s string, w int, width func(string) int) []string {
	w = max(w, 1)
	line, lines := "", []string(nil)
	for _, word := range strings.Fields(s) {
		if line != "" && width(line)+1+width(word) <= w {
			line += " " + word
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for line = word; width(line) > w; {
			n := fitting(line, w, width)
			lines, line = append(lines, line[:n]), line[n:]
		}
	}
	return append(lines, line)
}

// fitting is how many bytes of word fit into w columns; at least one character.
func fitting(word string, w int, width func(string) int) int {
	_, n := utf8.DecodeRuneInString(word)
	for n < len(word) {
		_, size := utf8.DecodeRuneInString(word[n:]) // 1 for what is no UTF-8
		if width(word[:n+size]) > w {
			break
		}
		n += size
	}
	return n
}
