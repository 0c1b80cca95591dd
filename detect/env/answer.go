package env

// Answer is yes, no, or unknown: what a probe may not see is never a no.
type Answer string

const (
	Unknown Answer = "unknown"
	Yes     Answer = "yes"
	No      Answer = "no"
)

// Is turns what is known for certain into an Answer.
func Is(b bool) Answer {
	if b {
		return Yes
	}
	return No
}
