package edit

import (
	"bytes"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// AddService appends the stanza of an onion service to a torrc:
//
//	# comment
//	HiddenServiceDir dir
//	HiddenServicePort port, for each
//
// A blank line parts it from what stands above, and ends a value that the file left open with a backslash. An empty
// comment leaves that line out. Line endings, and none at the file's end, stay as they are. RemoveService takes
// the same bytes out again.
//
// A torrc's services replace those of the defaults file, as tor has it; the caller sees to that.
// Errors are *SyntaxError for a file that tor refuses, and *ServiceError.
func AddService(src []byte, comment, dir string, ports []string) ([]byte, error) {
	if err := checkService(comment, dir, ports); err != nil {
		return nil, err
	}
	t, err := scanTorrc(src)
	if err != nil {
		return nil, err
	}
	if len(t.services(dir)) > 0 {
		return nil, &ServiceError{dir, ErrExists}
	}
	text, added := endLine(string(src))
	eol := lineEnding(string(src))
	lines := []string{"HiddenServiceDir " + quoteDir(dir)}
	if comment != "" {
		lines = slices.Insert(lines, 0, "# "+comment)
	}
	if text != "" {
		lines = slices.Insert(lines, 0, "")
	}
	for _, p := range ports {
		lines = append(lines, "HiddenServicePort "+p)
	}
	text += strings.Join(lines, eol) + eol
	return []byte(unendLine(text, added)), nil
}

// RemoveService takes out the stanza that AddService adds: HiddenServiceDir and the options that belong to it, up to
// the next one, and above it a single comment line and a blank line. Other options among them stay, and so do
// comments. Of a file that AddService added to it leaves that file.
func RemoveService(src []byte, dir string) ([]byte, error) {
	t, i, err := findService(src, dir)
	if err != nil {
		return nil, err
	}
	var drop []splice
	for _, e := range t.group(i) {
		drop = append(drop, splice{from: e.from, to: e.next})
	}
	drop[0].from = t.stanzaStart(i, reachesEnd(drop, len(src)))
	return t.splice(drop), nil
}

// SetPorts makes ports the HiddenServicePort lines of a service, in place, and changes no other line. A line that
// is right stays as it is written; of one that is not, the value changes, and comments within that value go.
func SetPorts(src []byte, dir string, ports []string) ([]byte, error) {
	if err := checkService("", dir, ports); err != nil {
		return nil, err
	}
	t, i, err := findService(src, dir)
	if err != nil {
		return nil, err
	}
	var changes []splice
	last := t.entries[i]
	for _, e := range t.group(i) {
		switch {
		case !isPort(e.key):
			continue
		case len(ports) == 0:
			changes = append(changes, splice{from: e.from, to: e.next})
			continue
		case e.value != ports[0]:
			changes = append(changes, t.setValue(e, ports[0]))
			e.open = false
		}
		last, ports = e, ports[1:]
	}
	if len(ports) > 0 {
		changes = append(changes, t.portsAfter(last, ports))
	}
	return t.splice(changes), nil
}

func findService(src []byte, dir string) (*torrc, int, error) {
	t, err := scanTorrc(src)
	if err != nil {
		return nil, -1, err
	}
	found := t.services(dir)
	switch len(found) {
	case 0:
		return nil, -1, &ServiceError{dir, ErrNotThere}
	case 1:
		return t, found[0], nil
	}
	return nil, -1, &ServiceError{dir, ErrAmbiguous}
}

// services are the entries that name dir; tor takes a trailing slash for another directory and then stumbles.
func (t *torrc) services(dir string) (found []int) {
	for i, e := range t.entries {
		if isDir(e.key) && e.magic != '/' && path.Clean(e.value) == path.Clean(dir) {
			found = append(found, i)
		}
	}
	return found
}

// group is a service's own entries: HiddenServiceDir at index i, and its options up to the next one.
func (t *torrc) group(i int) []entry {
	group := t.entries[i : i+1 : i+1]
	for _, e := range t.entries[i+1:] {
		if isDir(e.key) {
			break
		}
		if e.magic != '/' && isServiceOption(e.key) {
			group = append(group, e)
		}
	}
	return group
}

// stanzaStart is where the stanza of the service at entry i starts, with the lines that AddService puts above. A
// blank line that ends the value of the entry before stays, unless the file ends there.
func (t *torrc) stanzaStart(i int, atEnd bool) int {
	start := t.entries[i].from
	above := t.lineAbove(start)
	if bytes.HasPrefix(t.src[above:start], []byte("#")) {
		if over := t.lineAbove(above); over == above || t.isEmpty(over, above) {
			start = above
		}
	}
	above = t.lineAbove(start)
	ends := i > 0 && t.entries[i-1].next > above
	if above < start && t.isEmpty(above, start) && (atEnd || !ends) {
		start = above
	}
	return start
}

func (t *torrc) lineAbove(at int) int {
	if at == 0 {
		return 0
	}
	return bytes.LastIndexByte(t.src[:at-1], '\n') + 1
}

func (t *torrc) isEmpty(from, to int) bool {
	return strings.Trim(string(t.src[from:to]), "\r") == "\n"
}

func (t *torrc) setValue(e entry, value string) splice {
	if before := t.src[e.val-1]; before != ' ' && before != '\t' {
		value = " " + value
	}
	return splice{e.val, e.end, value}
}

// portsAfter puts new lines below an entry, with its indentation.
func (t *torrc) portsAfter(e entry, ports []string) splice {
	line := t.src[e.from:]
	indent := string(line[:len(line)-len(bytes.TrimLeft(line, " \t"))])
	eol := lineEnding(string(t.src[:e.next]))
	text := ""
	for _, p := range ports {
		text += indent + "HiddenServicePort " + p + eol
	}
	if e.open {
		text = eol + text
	}
	if !bytes.HasSuffix(t.src[:e.next], []byte("\n")) {
		text = eol + strings.TrimSuffix(text, eol)
	}
	return splice{e.next, e.next, text}
}

// splice puts text in place of the bytes from..to.
type splice struct {
	from, to int
	text     string
}

// splice makes changes, in order of their place. A file that ends without a line ending still does when its last
// lines go.
func (t *torrc) splice(changes []splice) []byte {
	var out []byte
	done := 0
	for _, c := range changes {
		out = append(append(out, t.src[done:c.from]...), c.text...)
		done = c.to
	}
	if n := len(changes); n > 0 && done == len(t.src) && changes[n-1].text == "" {
		_, added := endLine(string(t.src))
		return []byte(unendLine(string(out), added))
	}
	return append(out, t.src[done:]...)
}

func reachesEnd(drop []splice, end int) bool {
	for i, d := range drop {
		if i > 0 && drop[i-1].to != d.from {
			return false
		}
	}
	return drop[len(drop)-1].to == end
}

// isDir and isPort know the abbreviations that tor still takes: the first option, in ASCII order, that starts so.
func isDir(key string) bool {
	return strings.HasPrefix("hiddenservicedir", key) && len(key) >= len("hiddenserviced")
}

func isPort(key string) bool {
	return strings.HasPrefix("hiddenserviceport", key) && len(key) >= len("hiddenservicepor")
}

// isServiceOption says whether tor keeps an option with the HiddenServiceDir above it. All that start so do, but
// for these, which are tor's own, and those that it has given up.
func isServiceOption(key string) bool {
	own := []string{
		"hiddenservicestatistics", "hiddenservicesinglehopmode", "hiddenservicenonanonymousmode",
		"hiddenserviceauthorizeclient", "hiddenservicenodes", "hiddenserviceexcludenodes",
	}
	return strings.HasPrefix(key, "hiddenservice") && !slices.Contains(own, key)
}

// quoteDir writes a path so that tor reads it back: as a C string where a plain value would end or change.
func quoteDir(dir string) string {
	if !strings.ContainsAny(dir, " #\"\\") {
		return dir
	}
	return `"` + strings.NewReplacer(`"`, `\"`, `\`, `\\`).Replace(dir) + `"`
}

func checkService(comment, dir string, ports []string) error {
	switch {
	case !path.IsAbs(dir) || strings.ContainsFunc(dir, unicode.IsControl):
		return &ServiceError{dir, ErrPath}
	case strings.ContainsFunc(comment, unicode.IsControl):
		return &ServiceError{dir, ErrComment}
	case len(ports) == 0 || slices.ContainsFunc(ports, func(p string) bool { return !validPort(p) }):
		return &ServiceError{dir, ErrPort}
	}
	return nil
}

// validPort takes the forms that need no quotes: VIRTUAL or VIRTUAL TARGET.
func validPort(p string) bool {
	virtual, target, more := strings.Cut(p, " ")
	n, err := strconv.ParseUint(virtual, 10, 16)
	odd := func(r rune) bool { return unicode.IsControl(r) || strings.ContainsRune(" #\"\\", r) }
	return err == nil && n > 0 && !(more && target == "") && !strings.ContainsFunc(target, odd)
}
