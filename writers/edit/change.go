// Package edit changes configuration files without losing a byte that was not meant: bytes in, bytes out.
package edit

// Change sets one key of an INI file, or removes it when Remove is set.
type Change struct {
	Section string `json:"section"`
	Key     string `json:"key"`
	Value   string `json:"value,omitempty"` // as Tahoe is to see it; the editor escapes '%'
	Remove  bool   `json:"remove,omitempty"`
}
