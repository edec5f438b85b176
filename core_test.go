package sock_test

import "testing"

func TestTalk(t *testing.T) {
	t.Parallel()
	for _, network := range streamNetworks {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			a, b := streams(t, network)
			if _, err := a.Write([]byte("hello")); err != nil {
				t.Fatal(err)
			}
			p := make([]byte, 10)
			n, err := b.Recv(p, 0)
			if err != nil || string(p[:n]) != "hello" {
				t.Fatalf("Recv = %q, %v", p[:n], err)
			}
		})
	}
}
