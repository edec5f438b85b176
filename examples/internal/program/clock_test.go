package program

import (
	"testing"
	"time"
)

func TestOn(t *testing.T) {
	t.Parallel()
	chatham := time.FixedZone("", 13*3600+45*60)
	now := time.Date(2026, 12, 1, 23, 59, 58, 7, chatham)
	for date, want := range map[string]time.Time{
		"":           now,
		"2028-02-29": time.Date(2028, 2, 29, 10, 14, 58, 7, time.UTC),
		"1970-01-01": time.Date(1970, 1, 1, 10, 14, 58, 7, time.UTC),
	} {
		if got := on(date, now); !got.Equal(want) {
			t.Errorf("%q: %v, want %v", date, got, want)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("Saturday is taken for a date")
		}
	}()
	on("Saturday", now)
}
