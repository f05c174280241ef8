//go:build !amd64

package main

const noRoof = "written for amd64 only"

type buffer struct{}

func vectorWidths() []int       { return nil }
func fmaRound(int) float64      { return 0 }
func multiplyAdd(int, int)      {}
func newBuffer(int) *buffer     { return nil }
func (b *buffer) read(int, int) {}
