package tahoe

import (
	"fmt"
	"strings"
)

// interpolation is BasicInterpolation of Python's configparser for one value. It fails in Python's words.
type interpolation struct {
	config          *Config
	section, option string
	from            setting
	out             strings.Builder
	steps           int
}

const (
	maxDepth = 10   // MAX_INTERPOLATION_DEPTH
	maxSteps = 1000 // ours: Python would follow 10^10 references and more
)

func (i *interpolation) expand(rest string, depth int) error {
	if i.steps++; depth > maxDepth || i.steps > maxSteps {
		return i.fail("Recursion limit exceeded in value substitution: option %s in section %s contains an interpolation key "+
			"which cannot be substituted in %d steps. Raw value: %s", pyRepr(i.option), pyRepr(i.section), maxDepth, pyRepr(i.from.raw))
	}
	for {
		before, after, found := strings.Cut(rest, "%")
		i.out.WriteString(before)
		switch {
		case !found:
			return nil
		case strings.HasPrefix(after, "%"):
			i.out.WriteByte('%')
			rest = after[1:]
		case strings.HasPrefix(after, "("):
			name, tail, _ := strings.Cut(after[1:], ")")
			var ok bool
			if rest, ok = strings.CutPrefix(tail, "s"); !ok || name == "" {
				return i.fail("bad interpolation variable reference %s", pyRepr("%"+after))
			}
			if err := i.reference(lowerKey(name), depth); err != nil {
				return err
			}
		default:
			return i.fail("'%%' must be followed by '%%' or '(', found: %s", pyRepr("%"+after))
		}
	}
}

func (i *interpolation) reference(name string, depth int) error {
	s, ok := i.config.setting(i.section, name)
	if !ok {
		return i.fail("Bad value substitution: option %s in section %s contains an interpolation key %s which is not a valid "+
			"option name. Raw value: %s", pyRepr(i.option), pyRepr(i.section), pyRepr(name), pyRepr(i.from.raw))
	}
	if !strings.Contains(s.raw, "%") {
		i.out.WriteString(s.raw)
		return nil
	}
	return i.expand(s.raw, depth+1)
}

func (i *interpolation) fail(format string, args ...any) error {
	return &ConfigError{Line: i.from.line, Message: redact(fmt.Sprintf(format, args...)), Err: ErrInterpolation}
}
