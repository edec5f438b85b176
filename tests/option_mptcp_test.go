package sock_test

import (
	"errors"
	"syscall"
	"testing"

	"github.com/berkeleysockets/sock/sockopt"
)

var mptcpOptions = map[string]optionCase{
	"MPTCPInfo":         {sockopt.MPTCPInfo, "MPTCP_INFO", "mptcp4", readOnly(sockopt.MPTCPInfo, func(v sockopt.MPTCPInfoValue) bool { return v.Subflows == 0 })},
	"MPTCPSubflowAddrs": {sockopt.MPTCPSubflowAddrs, "MPTCP_SUBFLOW_ADDRS", "mptcp4", readOnly(sockopt.MPTCPSubflowAddrs, func(v []sockopt.MPTCPSubflowValue) bool { return len(v) < 2 })},
	"MPTCPTCPInfo":      {sockopt.MPTCPTCPInfo, "MPTCP_TCPINFO", "mptcp4", readOnly(sockopt.MPTCPTCPInfo, func(v []sockopt.TCPInfoValue) bool { return len(v) < 2 })},
}

// A connection has one subflow, between the two addresses.
func TestOptionMPTCP(t *testing.T) {
	t.Parallel()
	l, c := kind(t, "mptcp4"), kind(t, "mptcp4")
	wantErr(t, l.Bind(addr(t, "127.0.0.1:0")), nil)
	wantErr(t, l.Listen(1), nil)
	at, err := l.Sockname()
	wantErr(t, err, nil)
	wantErr(t, c.Connect(at), nil)
	s, _, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	closed(t, s)
	if _, err := c.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	v, err := sockopt.MPTCPInfo.Get(s)
	if errors.Is(err, syscall.EOPNOTSUPP) {
		t.Skip("fallen back: ", err)
	}
	if err != nil || v.Token == 0 || v.RecvNext == 0 || v.BytesReceived > 1 || v.Flags&1 != 0 {
		t.Errorf("%+v, %v", v, err)
	}
	name, err := c.Sockname()
	wantErr(t, err, nil)
	if v, err := sockopt.MPTCPSubflowAddrs.Get(c); err != nil || len(v) != 1 || v[0] != (sockopt.MPTCPSubflowValue{Local: name, Remote: at}) {
		t.Errorf("%v, %v", v, err)
	}
	if v, err := sockopt.MPTCPTCPInfo.Get(c); err != nil || len(v) != 1 || v[0].State != 1 || v[0].SegsOut == 0 || v[0].SendMSS == 0 {
		t.Errorf("%+v, %v", v, err)
	}
}
