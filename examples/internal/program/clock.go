package program

import (
	"fmt"
	"os"
	"time"
)

// Now returns the time of day that an example prints. SOCK_EXAMPLE_DATE, such as
// 2028-02-29, replaces the date, so that a test can run an example on any day.
// Deadlines and durations use package time.
func Now() time.Time { return on(os.Getenv("SOCK_EXAMPLE_DATE"), time.Now()) }

// on returns now on another date, in UTC. An invalid date panics: otherwise a test would
// run on today's date, and pass.
func on(date string, now time.Time) time.Time {
	if date == "" {
		return now
	}
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		panic(fmt.Sprintf("SOCK_EXAMPLE_DATE: %v", err))
	}
	now = now.UTC()
	return day.Add(now.Sub(now.Truncate(24 * time.Hour)))
}
