//go:build !darwin

package sock

import "github.com/berkeleysockets/sock/internal/sys"

const linger = sys.SO_LINGER
