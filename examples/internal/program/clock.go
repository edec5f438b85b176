package program

import (
	"os"
	"time"
)

// Now returns the time of day, for examples that print it. SOCK_EXAMPLE_DATE, as
// 2028-02-29, replaces the date: the tests run on other days by it.
func Now() time.Time {
	now := time.Now()
	if day, err := time.Parse(time.DateOnly, os.Getenv("SOCK_EXAMPLE_DATE")); err == nil {
		now = now.UTC()
		return day.Add(now.Sub(now.Truncate(24 * time.Hour)))
	}
	return now
}
