package main

import (
	"fmt"
	"strconv"
)

// humanSize gives bytes with three digits and a binary unit: 1.50 KiB.
func humanSize(n uint64) string {
	if n < 1024 {
		return strconv.FormatUint(n, 10) + " B"
	}
	v, unit := float64(n), 0
	for v >= 1023.5 && unit < 6 {
		v, unit = v/1024, unit+1
	}
	digits := 2
	switch {
	case v >= 99.95:
		digits = 0
	case v >= 9.995:
		digits = 1
	}
	return fmt.Sprintf("%.*f %ciB", digits, v, " KMGTPE"[unit])
}

// size writes bytes for people, or all digits.
func size(n uint64, exact bool) string {
	if exact {
		return strconv.FormatUint(n, 10)
	}
	return humanSize(n)
}

// ratio tells how many times smaller data is stored than it is.
func ratio(logical, stored uint64) string {
	if stored == 0 || logical == 0 {
		return ""
	}
	return strconv.FormatFloat(float64(logical)/float64(stored), 'f', 2, 64) + "x"
}
