package sys

import "testing"

func TestReturnedFlags(t *testing.T) {
	t.Parallel()
	const given = MSG_DONTWAIT | MSG_PEEK | MSG_WAITALL
	for _, c := range []struct{ got, given, want int }{
		{0, given, 0},
		{given, given, 0}, // as the BSDs return
		{given | MSG_TRUNC, given, MSG_TRUNC},
		{MSG_CTRUNC | MSG_EOR, given, MSG_CTRUNC | MSG_EOR},
		{MSG_OOB | MSG_DONTWAIT, MSG_OOB | MSG_DONTWAIT, MSG_OOB},
		{MSG_TRUNC, MSG_TRUNC | MSG_DONTWAIT, MSG_TRUNC},
	} {
		if got := returnedFlags(c.got, c.given); got != c.want {
			t.Errorf("returnedFlags(%s, %s) = %s", FlagNames("MSG", c.got), FlagNames("MSG", c.given), FlagNames("MSG", got))
		}
	}
}
