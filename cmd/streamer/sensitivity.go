package main

import "fmt"

// deciderFlags are for the verbs that turn probabilities into segments.
type deciderFlags struct {
	Sensitivity sensitivity `default:"0.5" placeholder:"S" help:"Between 0 and 1: the more, the sooner something counts as speech. Speech begins where its probability exceeds 1-S (${default})."`
}

type sensitivity float64

// neutral is the default.
const neutral sensitivity = 0.5

// Validate makes a value out of range wrong usage.
func (s sensitivity) Validate() error {
	if !(s > 0 && s < 1) {
		return fmt.Errorf("%g: give a number between 0 and 1", float64(s))
	}
	return nil
}
