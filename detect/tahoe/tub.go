package tahoe

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Endpoint is one place where a node listens: a Twisted server endpoint, or one that Tahoe makes itself.
type Endpoint struct {
	Type      string // "tcp", "tcp6", "ssl", "unix", "listen:tor", "listen:i2p", or the name of another Twisted plugin
	Port      int    // 0 for none, or for any
	Interface string // empty: all
	Path      string // of a unix socket
}

// Loopback says whether nobody outside this host reaches the endpoint but through Tor or I2P. A name other than
// localhost may be any address, and a plugin's endpoint anything: both are not.
func (e Endpoint) Loopback() bool {
	switch e.Type {
	case "unix", "listen:tor", "listen:i2p":
		return true
	case "tcp", "tcp6", "ssl":
		ip, err := netip.ParseAddr(e.Interface)
		return err == nil && ip.Unmap().IsLoopback() || e.Interface == "localhost"
	}
	return false
}

// PortError is a tub.port or web.port that the node does not start with.
type PortError struct {
	Item string // the endpoint
	Err  error
}

func (e *PortError) Error() string { return fmt.Sprintf("%v: %q", e.Err, e.Item) }
func (e *PortError) Unwrap() error { return e.Err }

// Causes of a PortError and of a LocationError.
var (
	ErrEmpty       = errors.New("it must not be empty")
	ErrPortZero    = errors.New("the port cannot be 0, you must choose")
	ErrUnknownType = errors.New("unknown endpoint type")
	ErrEndpoint    = errors.New("not an endpoint that Twisted understands")
	ErrHint        = errors.New("not a connection hint that a node can use")
)

// ParsePort reads tub.port as Tahoe does (_tub_portlocation): "disabled", which is no endpoint; a number, which is a
// TCP port on all interfaces; or a comma list of endpoints, listen:tor and listen:i2p. Blanks in the list count.
func ParsePort(s string) ([]Endpoint, error) {
	switch s = strings.TrimFunc(s, pySpace); {
	case s == "":
		return nil, &PortError{s, ErrEmpty}
	case s == "disabled":
		return nil, nil
	case digits(s):
		s = "tcp:" + strings.TrimLeft(s[:len(s)-1], "0") + s[len(s)-1:]
	}
	var all []Endpoint
	for item := range strings.SplitSeq(s, ",") {
		if slices.Contains([]string{"0", "tcp:0", "tcp:port=0", "tcp:0:interface=127.0.0.1"}, item) {
			return nil, &PortError{item, ErrPortZero}
		}
		e, err := parseEndpoint(item)
		if item == "listen:tor" || item == "listen:i2p" {
			e, err = Endpoint{Type: item}, nil
		}
		if err != nil {
			return nil, &PortError{item, err}
		}
		all = append(all, e)
	}
	return all, nil
}

// ParseWebPort reads web.port, which differs: it is one endpoint, an empty value is none, and what starts with a
// digit is a TCP port with what follows (allmydata.webish).
func ParseWebPort(s string) ([]Endpoint, error) {
	if s == "" {
		return nil, nil
	}
	text := s
	if digits(s[:1]) {
		text = "tcp:" + s
	}
	e, err := parseEndpoint(text)
	if err != nil {
		return nil, &PortError{s, err}
	}
	return []Endpoint{e}, nil
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// parseEndpoint is Twisted's serverFromString for the types that listen on a port or a socket.
func parseEndpoint(s string) (Endpoint, error) {
	args, named := endpointArgs(s)
	e := Endpoint{Type: args[0]}
	arg := func(position int, name string) (string, bool) {
		if position < len(args) {
			return args[position], true
		}
		value, ok := named[name]
		return value, ok
	}
	switch e.Type {
	case "tcp", "ssl", "tcp6":
		at := map[string]int{"tcp": 2, "ssl": 5, "tcp6": 3}[e.Type]
		e.Interface, _ = arg(at, "interface")
		port, _ := arg(1, "port")
		n, err := strconv.Atoi(strings.TrimFunc(port, pySpace))
		if err != nil || n < 0 || n > 65535 {
			return e, ErrEndpoint
		}
		e.Port = n
	case "unix":
		path, ok := arg(1, "address")
		if !ok {
			return e, ErrEndpoint
		}
		e.Path = path
	case "tls", "stdio", "systemd", "onion", "i2p", "autobahn": // plugins of Twisted, txtorcon, txi2p and autobahn
	default:
		return e, ErrUnknownType
	}
	return e, nil
}

// endpointArgs is Twisted's _tokenize and _parse: fields between colons, those with an equals sign have names, and a
// backslash takes the next character for itself.
func endpointArgs(s string) (args []string, named map[string]string) {
	named = map[string]string{}
	name, hasName := "", false
	var field strings.Builder
	end := func() {
		if hasName {
			named[name] = field.String()
		} else {
			args = append(args, field.String())
		}
		field.Reset()
		hasName = false
	}
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == ':':
			end()
		case s[i] == '=' && !hasName:
			name, hasName = field.String(), true
			field.Reset()
		case s[i] == '\\' && i+1 < len(s):
			i++
			field.WriteByte(s[i])
		default:
			field.WriteByte(s[i])
		}
	}
	end()
	if len(args) == 0 {
		args = []string{""}
	}
	return args, named
}

// Location is tub.location: where the node tells others to find it.
type Location struct {
	Disabled bool
	Auto     bool // the addresses of this host are among the hints
	Hints    []Hint
}

// Hint is one connection hint. Type is as written, so that " tcp" and "TCP" are not "tcp"; a hint of the old form
// host:port has type "tcp". Of a hint of another type, Host is all that follows the type.
type Hint struct {
	Type, Host string
	Port       int // 0 for none
}

// Hidden says whether the location tells no address outside of Tor and I2P. Tahoe itself checks less: what it does
// not know as "tcp" it announces (leak-location-space-tcp, leak-location-uppercase).
func (l Location) Hidden() bool {
	return !l.Auto && !slices.ContainsFunc(l.Hints, func(h Hint) bool { return !h.hidden() })
}

func (h Hint) hidden() bool {
	host := strings.ToLower(h.Host)
	return h.Type == "tor" && strings.HasSuffix(host, ".onion") || h.Type == "i2p" && strings.HasSuffix(host, ".i2p")
}

// LocationError is a tub.location that is of no use; Item is the hint at fault.
type LocationError struct {
	Item string
	Err  error
}

func (e *LocationError) Error() string { return fmt.Sprintf("%v: %q", e.Err, e.Item) }
func (e *LocationError) Unwrap() error { return e.Err }

// The grammars of foolscap.connections for tcp, tor and i2p hints.
const hostForm = `[A-Za-z.0-9\-]+`

var (
	oldHint = regexp.MustCompile(`^(` + hostForm + `):([0-9]+)$`)
	newHint = map[string]*regexp.Regexp{
		"tcp": regexp.MustCompile(`^(` + hostForm + `|\[[A-Fa-f0-9:]+(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|%[a-zA-Z0-9.]+)?\]):([0-9]+)$`),
		"tor": regexp.MustCompile(`^(` + hostForm + `):([0-9]+)$`),
		"i2p": regexp.MustCompile(`^(` + hostForm + `?)(?::([0-9]+))?$`),
	}
)

// ParseLocation reads tub.location as Tahoe does: "disabled", or a comma list of hints and AUTO. Blanks in the list
// count. A tcp, tor or i2p hint that foolscap cannot use is an error.
func ParseLocation(s string) (Location, error) {
	s = strings.TrimFunc(s, pySpace)
	if s == "" {
		return Location{}, &LocationError{s, ErrEmpty}
	}
	if s == "disabled" {
		return Location{Disabled: true}, nil
	}
	var l Location
	for item := range strings.SplitSeq(s, ",") {
		if item == "AUTO" {
			l.Auto = true
			continue
		}
		h, err := parseHint(item)
		if err != nil {
			return Location{}, &LocationError{item, err}
		}
		l.Hints = append(l.Hints, h)
	}
	return l, nil
}

func parseHint(item string) (Hint, error) {
	if item == "" {
		return Hint{}, ErrEmptyHint
	}
	if m := oldHint.FindStringSubmatch(item); m != nil {
		item = "tcp:" + item
	}
	kind, rest, colon := strings.Cut(item, ":")
	if !colon {
		return Hint{Host: item}, nil
	}
	form, known := newHint[kind]
	if !known {
		return Hint{Type: kind, Host: rest}, nil
	}
	m := form.FindStringSubmatch(rest)
	if m == nil {
		return Hint{}, ErrHint
	}
	h := Hint{Type: kind, Host: strings.Trim(m[1], "[]")}
	if m[2] == "" {
		return h, nil
	}
	port, err := strconv.Atoi(m[2])
	if err != nil || port < 1 || port > 65535 {
		return Hint{}, ErrHint
	}
	h.Port = port
	return h, nil
}
