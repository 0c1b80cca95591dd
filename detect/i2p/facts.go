// Package i2p sees the I2P router's SAM bridge.
package i2p

import "tahoe-anon/detect/env"

// Facts is what was seen of the I2P router.
type Facts struct {
	SAM     string     `json:"sam"` // the address that was asked
	Answers env.Answer `json:"answers"`
	Version string     `json:"version,omitempty"` // of SAM, as HELLO tells it
}
