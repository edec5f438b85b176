package main

import (
	"slices"
	"testing"
)

func TestNumber(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "hello", "two words", "12", "\x00\xff"} {
		n, got, ok := number(numbered(7, text))
		if n != 7 || got != text || !ok {
			t.Errorf("%q: %d, %q, %v", text, n, got, ok)
		}
	}
	for _, none := range []string{"", " ", "7", "seven 7", " 7", "99999999999999999999 x", "\xff \xff"} {
		if n, _, ok := number([]byte(none)); ok {
			t.Errorf("%q has number %d", none, n)
		}
	}
}

func TestRanges(t *testing.T) {
	t.Parallel()
	for want, numbers := range map[string][]int{
		"none": nil, "1": {1}, "1-2": {1, 2}, "1, 3": {1, 3}, "1-3, 7, 9-10": {1, 2, 3, 7, 9, 10},
		"1, 3, 5, 7, 9, 11, 13, 15, 17, 19-21": {1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 20, 21}, "1, 3, 5, 7, 9, 11, 13, 15, 17, 19, and 2 more": {1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 22},
	} {
		if got := ranges(numbers); got != want {
			t.Errorf("%v is %s, want %s", numbers, got, want)
		}
	}
}

func TestMissing(t *testing.T) {
	t.Parallel()
	if got := missing([]int{2, 5, 2, 1}, 6); !slices.Equal(got, []int{3, 4, 6}) {
		t.Error(got)
	}
	if got := missing(nil, 0); got != nil {
		t.Error(got)
	}
}

func TestOvertaken(t *testing.T) {
	t.Parallel()
	if got := overtaken([]int{2, 1, 3, 3, 6, 4, 5}); !slices.Equal(got, []int{1, 4, 5}) {
		t.Error(got)
	}
}
