package tahoe

import (
	"crypto/sha1"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// What is wrong with a FURL. The errors hold nothing of it: it is a secret.
var (
	ErrNotFURL   = errors.New("a FURL has the form pb://TUBID@HINT,HINT/SWISSNUM, in plain printable characters")
	ErrTubID     = errors.New("the TubID of a FURL is 32 of the characters a-z and 2-7")
	ErrEmptyHint = errors.New("no connection hint may be empty")
)

// ParseFURL reads pb://TUBID@HINT,HINT/SWISSNUM as foolscap does (AUTH_STURDYREF_RE); there may be no hint. It is
// stricter in that the TubID must be one that can exist, and in that it takes no blank, quote or backslash.
func ParseFURL(s string) (FURL, error) {
	rest, pb := strings.CutPrefix(s, "pb://")
	tub, rest, at := strings.Cut(rest, "@")
	hints, swissnum, slash := strings.Cut(rest, "/")
	odd := func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("\"'\\`", r) }
	if !pb || !at || !slash || swissnum == "" || strings.ContainsFunc(s, odd) {
		return FURL{}, ErrNotFURL
	}
	if len(tub) > 32 {
		tub = tub[:32] // foolscap leaves what follows to the future
	}
	if !validTubID(tub) {
		return FURL{}, ErrTubID
	}
	f := FURL{TubID: tub, Swissnum: swissnum}
	if hints != "" {
		f.Hints = strings.Split(hints, ",")
	}
	if slices.Contains(f.Hints, "") {
		return FURL{}, ErrEmptyHint
	}
	return f, nil
}

// Secret is the whole FURL. Who has it may use what it names.
func (f FURL) Secret() string { return f.prefix() + f.Swissnum }

// String is the FURL without its swissnum.
func (f FURL) String() string { return f.prefix() + "..." }

func (f FURL) prefix() string { return "pb://" + f.TubID + "@" + strings.Join(f.Hints, ",") + "/" }

// Format prints no swissnum, whatever the verb.
func (f FURL) Format(s fmt.State, _ rune) { io.WriteString(s, f.String()) }

// MarshalText keeps the swissnum out of JSON.
func (f FURL) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

var swissnums = regexp.MustCompile(`(pb://[^@\s]*@[^/\s]*/)[^\s'"]+`)

// redact takes the swissnums out of a text that quotes tahoe.cfg.
func redact(text string) string { return swissnums.ReplaceAllString(text, "$1...") }

// TubIDOfCertificate is the TubID of the node that shows this certificate: the lower-case base32 of its SHA-1
// (foolscap.crypto).
func TubIDOfCertificate(der []byte) string {
	sum := sha1.Sum(der)
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))
}
