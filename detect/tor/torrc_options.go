package tor

import (
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Option is the line in effect of an option that has one value: the last of the torrc, else of the defaults file. An
// empty value, or a '/' before the key, sets tor's own default: then it is not found. Of an option that may stand
// more than once, such as SocksPort, it is the last line too. Keys are compared without case; tor's abbreviations
// of keys are not known here.
func Option(lines []Line, key string) (Line, bool) {
	for _, l := range slices.Backward(lines) {
		if strings.EqualFold(l.Key, key) {
			return l, l.Value != ""
		}
	}
	return Line{}, false
}

// inEffect is the lines of a list option. Those of the torrc replace those of the defaults file, unless the first
// has a '+' before its key; a '/' clears all before it (torrc_format.txt of tor, "Mid-level Semantics").
func inEffect(lines []Line, match func(key string) bool) []Line {
	var found []Line
	for _, l := range lines {
		switch {
		case !match(l.Key):
		case l.Magic == '/':
			found = nil
		case l.Value == "": // tor skips it with a warning
		default:
			if n := len(found); n > 0 && found[n-1].Defaults && !l.Defaults && l.Magic != '+' {
				found = nil
			}
			found = append(found, l)
		}
	}
	return found
}

// Services groups the onion services of a configuration: each HiddenServiceDir, with its options up to the next.
// They are one list to tor, so that the services of a torrc replace all of the defaults file. A relative directory,
// which starts where tor was started, stays as it is.
func Services(lines []Line) []Service {
	var services []Service
	for _, l := range inEffect(lines, isServiceOption) {
		switch {
		case isServiceDir(l.Key):
			services = append(services, Service{Dir: l.Value, File: l.File, Number: l.Number})
		case len(services) == 0: // tor refuses it
		case isServicePort(l.Key):
			s := &services[len(services)-1]
			s.Ports = append(s.Ports, parsePort(l.Value))
		default:
			s := &services[len(services)-1]
			s.Options = append(s.Options, l)
		}
	}
	return services
}

// isServiceOption says whether tor keeps an option with the HiddenServiceDir before it: all that start so do, but
// these, which are tor's own or given up.
func isServiceOption(key string) bool {
	key = strings.ToLower(key)
	own := []string{
		"hiddenservicestatistics", "hiddenservicesinglehopmode", "hiddenservicenonanonymousmode",
		"hiddenserviceauthorizeclient", "hiddenservicenodes", "hiddenserviceexcludenodes",
	}
	return strings.HasPrefix(key, "hiddenservice") && !slices.Contains(own, key)
}

// isServiceDir and isServicePort know the abbreviations that tor takes: the first option, in ASCII order, that
// starts so.
func isServiceDir(key string) bool {
	return strings.HasPrefix("hiddenservicedir", strings.ToLower(key)) && len(key) >= len("hiddenserviced")
}

func isServicePort(key string) bool {
	return strings.HasPrefix("hiddenserviceport", strings.ToLower(key)) && len(key) >= len("hiddenservicepor")
}

// parsePort reads the value of HiddenServicePort as hs_parse_port_config of tor does, with its defaults: the target
// is 127.0.0.1, and its port the virtual one. What tor refuses has Virtual 0, and the value as Target.
func parsePort(value string) Port {
	first, target, _ := strings.Cut(strings.TrimLeft(value, white), " ")
	target = strings.Trim(target, white)
	virtual, ok := number(strings.TrimRight(first, white))
	if !ok {
		return Port{Target: value}
	}
	if target = defaulted(target, virtual); target == "" {
		return Port{Target: value}
	}
	return Port{Virtual: virtual, Target: target}
}

// defaulted fills in what a target leaves out; it is empty for one that tor refuses.
func defaulted(target string, virtual int) string {
	local := func(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
	if target == "" {
		return local(virtual)
	}
	if path, ok := strings.CutPrefix(target, "unix:"); ok {
		return unixTarget(path)
	}
	if strings.ContainsAny(target, white) {
		return ""
	}
	if !strings.ContainsAny(target, ":.") {
		if port, ok := number(target); ok {
			return local(port)
		}
		return ""
	}
	host, port := splitTarget(target)
	n := virtual
	if port != "" && port != "0" {
		var ok bool
		if n, ok = number(port); !ok {
			return ""
		}
	}
	return net.JoinHostPort(host, strconv.Itoa(n))
}

func unixTarget(path string) string {
	if strings.HasPrefix(path, `"`) {
		value, rest, ok := unescape(path)
		if !ok || strings.Trim(rest, white) != "" {
			return ""
		}
		return "unix:" + value
	}
	if strings.ContainsAny(path, white) {
		return ""
	}
	return "unix:" + path
}

// splitTarget parts HOST:PORT, [IPV6]:PORT, HOST and IPV6.
func splitTarget(s string) (host, port string) {
	if ip, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return ip.String(), ""
	}
	if i := strings.LastIndexByte(s, ':'); i >= 0 {
		return strings.Trim(s[:i], "[]"), s[i+1:]
	}
	return s, ""
}

// number is a port from 1 to 65535.
func number(s string) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= 1 && n <= 65535
}
