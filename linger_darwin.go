package sock

import "github.com/berkeleysockets/sock/internal/sys"

// SO_LINGER counts in clock ticks there, this one in seconds.
const linger = sys.SO_LINGER_SEC
