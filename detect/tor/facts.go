// Package tor sees tor: the daemon, its torrc in the order tor reads it, its ports, and its onion services.
package tor

import (
	"io/fs"

	"tahoe-anon/detect/env"
)

// Facts is what was seen of the tor that serves this host.
type Facts struct {
	Binary  string     `json:"binary,omitempty"` // empty: not installed
	Version string     `json:"version,omitempty"`
	Running env.Answer `json:"running"`
	Unit    Unit       `json:"unit"`
	// User is the account that the daemon acts as (option User); torrc is judged as this account.
	User          string    `json:"user,omitempty"`
	UID           int       `json:"uid"` // -1 when unknown
	GID           int       `json:"gid"`
	DefaultsFile  string    `json:"defaults_file,omitempty"` // --defaults-torrc
	ConfigFile    string    `json:"config_file,omitempty"`   // the torrc that we would edit
	Files         []File    `json:"files"`                   // every file read, in order of first reading
	DataDirectory string    `json:"data_directory,omitempty"`
	Services      []Service `json:"services"` // from the files, not from the control port
	Socks         []Socks   `json:"socks"`
	Control       Control   `json:"control"`
	Lines         []Line    `json:"-"` // every line in effect, in tor's order
}

// Unit is the systemd unit of the daemon itself; on Debian that is tor@default.service, never tor.service.
type Unit struct {
	Name    string `json:"name,omitempty"`
	Active  string `json:"active,omitempty"` // "active", "failed", ...
	Sub     string `json:"sub,omitempty"`
	MainPID int    `json:"main_pid,omitempty"`
	// Writable are the directories that the unit's sandbox lets tor write to; nil when it has no sandbox.
	Writable []string `json:"writable,omitempty"`
}

// File is one configuration file with the bytes that were read.
type File struct {
	Path  string      `json:"path"`
	Mode  fs.FileMode `json:"mode"`
	UID   int         `json:"uid"`
	GID   int         `json:"gid"`
	Bytes []byte      `json:"-"`
	Err   string      `json:"error,omitempty"` // why it could not be read
}

// Line is one option as tor reads it.
type Line struct {
	File       string
	Number     int // of its first physical line, from 1
	Key, Value string
	Magic      byte // '+' or '/' before the key, else 0: it appends to the defaults file's, or clears
	Defaults   bool // it stands in the defaults file, or in what that includes
}

// Service is one HiddenServiceDir with what belongs to it.
type Service struct {
	Dir     string `json:"dir"`
	Ports   []Port `json:"ports"`
	Options []Line `json:"-"` // all HiddenService* lines after HiddenServiceDir but the ports
	File    string `json:"file"`
	Number  int    `json:"line"`
	// Hostname is the address in DIR/hostname, 56 characters without ".onion"; empty when it cannot be read.
	Hostname string `json:"hostname,omitempty"`
	// Dir's owner and mode; Seen is unknown where this account may not look.
	Seen env.Answer  `json:"seen"`
	Mode fs.FileMode `json:"mode,omitempty"`
	UID  int         `json:"uid,omitempty"`
}

// Port is one HiddenServicePort. Target is "127.0.0.1:2000" or "unix:/path", the default filled in as tor does.
type Port struct {
	Virtual int    `json:"virtual"`
	Target  string `json:"target"`
}

// Socks is one place where a SOCKS port may be.
type Socks struct {
	Address string     `json:"address"` // "127.0.0.1:9050", "unix:/run/tor/socks"
	Answers env.Answer `json:"answers"` // to a SOCKS5 greeting
	Cause   Cause      `json:"cause,omitempty"`
}

// Cause says why a control or SOCKS port is of no use to us.
type Cause string

const (
	Absent            Cause = "absent"              // no such socket
	Refused           Cause = "refused"             // nobody listens
	GroupMissing      Cause = "group-missing"       // the account is not in the socket's or cookie's group
	GroupNotEffective Cause = "group-not-effective" // it is, but this login is older than that
	CookieUnreadable  Cause = "cookie-unreadable"
	PasswordOnly      Cause = "password-only"
	NotControlPort    Cause = "not-a-control-port"
	NotSocksPort      Cause = "not-a-socks-port"
	Filtered          Cause = "filtered" // a control port filter (onion-grater) answers 510
	Hangs             Cause = "hangs"
	Foreign           Cause = "foreign" // another account than root, tor or ours listens there
	Failed            Cause = "failed"  // anything else; Detail has the text
)

// Control is the control port as seen by this process.
type Control struct {
	Attempts      []Attempt  `json:"attempts"`
	Address       string     `json:"address,omitempty"` // the first that speaks the protocol
	Methods       []string   `json:"methods,omitempty"` // of PROTOCOLINFO
	CookieFile    string     `json:"cookie_file,omitempty"`
	Authenticated bool       `json:"authenticated"`
	Bootstrap     Bootstrap  `json:"bootstrap"`
	Listeners     []string   `json:"listeners,omitempty"` // net/listeners/socks
	Onions        []string   `json:"onions,omitempty"`    // HiddenServiceDir values in effect
	PID           int        `json:"pid,omitempty"`
	Network       env.Answer `json:"network"` // DisableNetwork is not set
}

// Attempt is one try at one address, with the cause when it failed.
type Attempt struct {
	Address string `json:"address"`
	Cause   Cause  `json:"cause,omitempty"`
	Detail  string `json:"detail,omitempty"`
	Group   string `json:"group,omitempty"` // for GroupMissing and GroupNotEffective: the group's name
}

// Bootstrap is status/bootstrap-phase. Progress is -1 when it could not be asked.
type Bootstrap struct {
	Progress int    `json:"progress"`
	Tag      string `json:"tag,omitempty"`
	Summary  string `json:"summary,omitempty"`
	Warning  string `json:"warning,omitempty"`
	Reason   string `json:"reason,omitempty"`
}
