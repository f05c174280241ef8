//go:build !openblas

package main

var openblas = library{absent: "built without the tag openblas"}

func openblasGemm(c, a, b []float32, m, n, k int) { panic("there is no OpenBLAS in this build") }
