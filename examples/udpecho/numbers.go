package main

import (
	"fmt"
	"strconv"
	"strings"
)

// numbered returns a datagram with a number in front. The loss of a datagram without a
// number cannot be noticed.
func numbered(n int, text string) []byte { return fmt.Appendf(nil, "%d %s", n, text) }

// number splits it.
func number(datagram []byte) (n int, text string, ok bool) {
	digits, text, ok := strings.Cut(string(datagram), " ")
	n, err := strconv.Atoi(digits)
	return n, text, ok && err == nil
}

// missing returns the numbers from 1 to last that did not arrive.
func missing(came []int, last int) (lost []int) {
	there := make(map[int]bool)
	for _, n := range came {
		there[n] = true
	}
	for n := 1; n <= last; n++ {
		if !there[n] {
			lost = append(lost, n)
		}
	}
	return lost
}

// ranges formats numbers in order, 1-3, 7, up to a readable length.
func ranges(numbers []int) string {
	var out []string
	for i := 0; i < len(numbers); {
		if len(out) == 10 {
			out = append(out, fmt.Sprintf("and %d more", len(numbers)-i))
			break
		}
		first := i
		for i++; i < len(numbers) && numbers[i] == numbers[i-1]+1; i++ {
		}
		text := strconv.Itoa(numbers[first])
		if i-first > 1 {
			text += "-" + strconv.Itoa(numbers[i-1])
		}
		out = append(out, text)
	}
	if out == nil {
		return "none"
	}
	return strings.Join(out, ", ")
}
