//go:build !purego

package kernel

func init() {
	if fast {
		variants = append(variants, variant{fastID, gemmFast, gruGatesFast})
	}
}
