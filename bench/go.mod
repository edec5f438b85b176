module github.com/berkeleysockets/sock/bench

go 1.26.0

require (
	github.com/berkeleysockets/sock v0.0.0-00010101000000-000000000000
	golang.org/x/sys v0.49.0
)

replace github.com/berkeleysockets/sock => ../
