package sock_test

import (
	"maps"
	"math"
	"net/netip"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
)

// The cases of Linux's options: see optionCases.
func init() {
	maps.Copy(linuxCases, map[string]optionCase{
		"AttachBPF":              {"SO_ATTACH_BPF", []string{"udp4"}, writeOnly(sock.AttachBPF, -1, syscall.EINVAL, syscall.EBADF)},
		"AttachReusePortEBPF":    {"SO_ATTACH_REUSEPORT_EBPF", []string{"udp4"}, writeOnly(sock.AttachReusePortEBPF, -1, syscall.EINVAL, syscall.EBADF)},
		"BindToDevice":           {"SO_BINDTODEVICE", []string{"tcp4", "udp4", "udp6"}, changed(sock.BindToDevice, "lo")},
		"BindToIfIndex":          {"SO_BINDTOIFINDEX", []string{"tcp4", "udp4", "udp6"}, changed(sock.BindToIfIndex, 1)},
		"BPFExtensions":          {"SO_BPF_EXTENSIONS", []string{"udp4"}, positive(sock.BPFExtensions)},
		"BufferLock":             {"SO_BUF_LOCK", []string{"tcp4", "udp4"}, changed(sock.BufferLock, 1, 2, 3)},
		"BusyPoll":               {"SO_BUSY_POLL", []string{"tcp4", "udp4"}, changed(sock.BusyPoll, 50*time.Microsecond)},
		"BusyPollBudget":         {"SO_BUSY_POLL_BUDGET", []string{"udp4"}, writeOnlyOK(sock.BusyPollBudget, 4)},
		"ConnectionAdvice":       {"SO_CNX_ADVICE", []string{"tcp6"}, writeOnlyOK(sock.ConnectionAdvice, 1)},
		"Cookie":                 {"SO_COOKIE", []string{"tcp4", "udp6", "unix"}, positive(sock.Cookie)},
		"Debug":                  {"SO_DEBUG", []string{"tcp4", "udp4"}, toggled(sock.Debug)},
		"SocketDomain":           {"SO_DOMAIN", []string{"tcp4"}, optionReads(sock.SocketDomain, sock.Inet)},
		"DirectRoute":            {"SO_DONTROUTE", []string{"tcp4", "udp4"}, toggled(sock.DirectRoute)},
		"IncomingCPU":            {"SO_INCOMING_CPU", []string{"tcp4"}, changed(sock.IncomingCPU, 0)},
		"IncomingNAPI":           {"SO_INCOMING_NAPI_ID", []string{"tcp4"}, optionReads(sock.IncomingNAPI, 0)},
		"LockFilter":             {"SO_LOCK_FILTER", []string{"udp4"}, onceOn(sock.LockFilter, syscall.EPERM)},
		"Mark":                   {"SO_MARK", []string{"tcp4", "udp6"}, changed(sock.Mark, 7, 1<<31)},
		"MaxPacingRate":          {"SO_MAX_PACING_RATE", []string{"tcp4", "udp4"}, pacing(sock.MaxPacingRate)},
		"MemInfo":                {"SO_MEMINFO", []string{"tcp4"}, memInfo},
		"NetNSCookie":            {"SO_NETNS_COOKIE", []string{"tcp4", "udp4"}, positive(sock.NetNSCookie)},
		"NoFCS":                  {"SO_NOFCS", []string{"packet"}, toggled(sock.NoFCS)},
		"OOBInline":              {"SO_OOBINLINE", []string{"tcp4", "tcp6"}, toggled(sock.OOBInline)},
		"PassCred":               {"SO_PASSCRED", []string{"unix", "unixgram", "netlink"}, toggled(sock.PassCred)},
		"PassPidFD":              {"SO_PASSPIDFD", []string{"unix", "unixgram"}, toggled(sock.PassPidFD)},
		"PassRights":             {"SO_PASSRIGHTS", []string{"unix"}, toggled(sock.PassRights)},
		"PassSec":                {"SO_PASSSEC", []string{"unix"}, toggled(sock.PassSec)},
		"PeekOffset":             {"SO_PEEK_OFF", []string{"tcp4", "udp4", "unix"}, changed(sock.PeekOffset, 0, 100)},
		"PeerGroups":             {"SO_PEERGROUPS", []string{"tcp4"}, peerGroups},
		"PeerPidFD":              {"SO_PEERPIDFD", []string{"tcp4"}, peerPidFD},
		"PeerSec":                {"SO_PEERSEC", []string{"unix"}, optionFails(sock.PeerSec, syscall.ENOPROTOOPT)},
		"PreferBusyPoll":         {"SO_PREFER_BUSY_POLL", []string{"udp4"}, toggled(sock.PreferBusyPoll)},
		"SendPriority":           {"SO_PRIORITY", []string{"tcp4", "udp6"}, changed(sock.SendPriority, 3, 6)},
		"SocketProtocol":         {"SO_PROTOCOL", []string{"tcp4"}, optionReads(sock.SocketProtocol, sock.TCP)},
		"RecvBufferForce":        {"SO_RCVBUFFORCE", []string{"udp4"}, forced(sock.RecvBufferForce, sock.RecvBuffer)},
		"RecvLowWater":           {"SO_RCVLOWAT", []string{"tcp4"}, changed(sock.RecvLowWater, 100, 2)},
		"RecvMark":               {"SO_RCVMARK", []string{"udp4"}, toggled(sock.RecvMark)},
		"RecvPriority":           {"SO_RCVPRIORITY", []string{"udp4"}, toggled(sock.RecvPriority)},
		"ReserveMem":             {"SO_RESERVE_MEM", []string{"tcp4"}, reserved},
		"RecvQueueOverflow":      {"SO_RXQ_OVFL", []string{"udp4", "unixgram"}, toggled(sock.RecvQueueOverflow)},
		"SelectErrQueue":         {"SO_SELECT_ERR_QUEUE", []string{"udp4"}, toggled(sock.SelectErrQueue)},
		"SendBufferForce":        {"SO_SNDBUFFORCE", []string{"udp4"}, forced(sock.SendBufferForce, sock.SendBuffer)},
		"SendLowWater":           {"SO_SNDLOWAT", []string{"tcp4"}, optionFixed(sock.SendLowWater, 1)},
		"Timestamp":              {"SO_TIMESTAMP", []string{"udp4", "udp6", "unixgram"}, toggled(sock.Timestamp)},
		"Timestamping":           {"SO_TIMESTAMPING", []string{"udp4", "udp6"}, changed(sock.Timestamping, sock.TimestampingTxSoftware|sock.TimestampingSoftware|sock.TimestampingID, sock.TimestampingRxSoftware)},
		"TimestampNS":            {"SO_TIMESTAMPNS", []string{"udp4"}, toggled(sock.TimestampNS)},
		"TxRehash":               {"SO_TXREHASH", []string{"tcp4"}, changed(sock.TxRehash, 0)},
		"TxTime":                 {"SO_TXTIME", []string{"udp4"}, changed(sock.TxTime, sock.TxTimeValue{Clock: 11}, sock.TxTimeValue{Clock: 1, Deadline: true, Report: true})},
		"SocketType":             {"SO_TYPE", []string{"tcp4"}, optionReads(sock.SocketType, sock.Stream)},
		"WiFiStatus":             {"SO_WIFI_STATUS", []string{"packet"}, toggled(sock.WiFiStatus)},
		"ZeroCopySend":           {"SO_ZEROCOPY", []string{"tcp4", "udp4"}, toggled(sock.ZeroCopySend)},
		"IPBindAddressNoPort":    {"IP_BIND_ADDRESS_NO_PORT", []string{"tcp4", "udp4"}, toggled(sock.IPBindAddressNoPort)},
		"IPChecksum":             {"IP_CHECKSUM", []string{"udp4"}, toggled(sock.IPChecksum)},
		"IPFreeBind":             {"IP_FREEBIND", []string{"tcp4", "udp4"}, toggled(sock.IPFreeBind)},
		"IPHdrIncl":              {"IP_HDRINCL", []string{"raw4"}, toggled(sock.IPHdrIncl)},
		"IPLocalPortRange":       {"IP_LOCAL_PORT_RANGE", []string{"tcp4", "udp4"}, changed(sock.IPLocalPortRange, sock.PortRangeValue{40000, 40999}, sock.PortRangeValue{0, 50000})},
		"IPMinTTL":               {"IP_MINTTL", []string{"tcp4"}, changed(sock.IPMinTTL, 1, 255)},
		"IPMTU":                  {"IP_MTU", []string{"tcp4"}, connectedMTU},
		"IPMTUDiscover":          {"IP_MTU_DISCOVER", []string{"udp4"}, changed(sock.IPMTUDiscover, sock.MTUDont, sock.MTUDo, sock.MTUProbe, sock.MTUInterface, sock.MTUOmit)},
		"IPMulticastAll":         {"IP_MULTICAST_ALL", []string{"udp4"}, toggled(sock.IPMulticastAll)},
		"IPMulticastIf":          {"IP_MULTICAST_IF", []string{"udp4"}, multicastIf},
		"IPMulticastIfIndex":     {"IP_MULTICAST_IF", []string{"udp4"}, multicastIfIndex},
		"IPMulticastLoop":        {"IP_MULTICAST_LOOP", []string{"udp4"}, toggled(sock.IPMulticastLoop)},
		"IPMulticastTTL":         {"IP_MULTICAST_TTL", []string{"udp4"}, changed(sock.IPMulticastTTL, 7, 255)},
		"IPNoDefrag":             {"IP_NODEFRAG", []string{"raw4"}, toggled(sock.IPNoDefrag)},
		"IPOptions":              {"IP_OPTIONS", []string{"udp4"}, ipOptions},
		"IPPassSec":              {"IP_PASSSEC", []string{"udp4"}, toggled(sock.IPPassSec)},
		"IPProtocol":             {"IP_PROTOCOL", []string{"raw4"}, optionReads(sock.IPProtocol, 1)},
		"IPRecvErr":              {"IP_RECVERR", []string{"tcp4", "udp4"}, toggled(sock.IPRecvErr)},
		"IPRecvErrRFC4884":       {"IP_RECVERR_RFC4884", []string{"udp4"}, toggled(sock.IPRecvErrRFC4884)},
		"IPRecvFragSize":         {"IP_RECVFRAGSIZE", []string{"udp4"}, toggled(sock.IPRecvFragSize)},
		"IPRecvOpts":             {"IP_RECVOPTS", []string{"udp4"}, toggled(sock.IPRecvOpts)},
		"IPRecvOrigDstAddr":      {"IP_RECVORIGDSTADDR", []string{"udp4"}, toggled(sock.IPRecvOrigDstAddr)},
		"IPRecvPktInfo":          {"IP_PKTINFO", []string{"udp4"}, toggled(sock.IPRecvPktInfo)},
		"IPRecvTOS":              {"IP_RECVTOS", []string{"udp4"}, toggled(sock.IPRecvTOS)},
		"IPRecvTTL":              {"IP_RECVTTL", []string{"udp4"}, toggled(sock.IPRecvTTL)},
		"IPRetOpts":              {"IP_RETOPTS", []string{"udp4"}, toggled(sock.IPRetOpts)},
		"IPRouterAlert":          {"IP_ROUTER_ALERT", []string{"raw4ip"}, routerAlert},
		"IPTOS":                  {"IP_TOS", []string{"tcp4", "udp4"}, changed(sock.IPTOS, 0x10, 0xb8)},
		"IPTransparent":          {"IP_TRANSPARENT", []string{"tcp4", "udp4"}, toggled(sock.IPTransparent)},
		"IPUnicastIf":            {"IP_UNICAST_IF", []string{"udp4"}, changed(sock.IPUnicastIf, 1)},
		"OriginalDst":            {"SO_ORIGINAL_DST", []string{"tcp4"}, optionFails(sock.OriginalDst, syscall.ENOTCONN, syscall.ENOENT, syscall.ENOPROTOOPT)},
		"IPv6AddrPreferences":    {"IPV6_ADDR_PREFERENCES", []string{"udp6"}, setsOnly(sock.IPv6AddrPreferences, 1)},
		"IPv6AutoFlowLabel":      {"IPV6_AUTOFLOWLABEL", []string{"udp6"}, toggled(sock.IPv6AutoFlowLabel)},
		"IPv6Checksum":           {"IPV6_CHECKSUM", []string{"raw6"}, changed(sock.IPv6Checksum, 2, 16)},
		"IPv6DontFrag":           {"IPV6_DONTFRAG", []string{"udp6"}, toggled(sock.IPv6DontFrag)},
		"IPv6FlowInfo":           {"IPV6_FLOWINFO", []string{"udp6"}, toggled(sock.IPv6FlowInfo)},
		"IPv6FlowInfoSend":       {"IPV6_FLOWINFO_SEND", []string{"udp6"}, toggled(sock.IPv6FlowInfoSend)},
		"IPv6FreeBind":           {"IPV6_FREEBIND", []string{"tcp6", "udp6"}, toggled(sock.IPv6FreeBind)},
		"IPv6HdrIncl":            {"IPV6_HDRINCL", []string{"raw6"}, toggled(sock.IPv6HdrIncl)},
		"IPv6MinHopCount":        {"IPV6_MINHOPCOUNT", []string{"tcp6"}, changed(sock.IPv6MinHopCount, 1, 255)},
		"IPv6MTU":                {"IPV6_MTU", []string{"tcp4"}, connectedMTU6},
		"IPv6MTUDiscover":        {"IPV6_MTU_DISCOVER", []string{"udp6"}, changed(sock.IPv6MTUDiscover, sock.MTUDont, sock.MTUDo, sock.MTUProbe)},
		"IPv6MulticastAll":       {"IPV6_MULTICAST_ALL", []string{"udp6"}, toggled(sock.IPv6MulticastAll)},
		"IPv6MulticastHops":      {"IPV6_MULTICAST_HOPS", []string{"udp6"}, changed(sock.IPv6MulticastHops, 7, 255)},
		"IPv6MulticastIf":        {"IPV6_MULTICAST_IF", []string{"udp6"}, changed(sock.IPv6MulticastIf, 1)},
		"IPv6MulticastLoop":      {"IPV6_MULTICAST_LOOP", []string{"udp6"}, toggled(sock.IPv6MulticastLoop)},
		"IPv6PathMTU":            {"IPV6_PATHMTU", []string{"tcp4"}, connectedMTU6path},
		"IPv6RecvDstOpts":        {"IPV6_RECVDSTOPTS", []string{"udp6"}, toggled(sock.IPv6RecvDstOpts)},
		"IPv6RecvErr":            {"IPV6_RECVERR", []string{"tcp6", "udp6"}, toggled(sock.IPv6RecvErr)},
		"IPv6RecvErrRFC4884":     {"IPV6_RECVERR_RFC4884", []string{"udp6"}, toggled(sock.IPv6RecvErrRFC4884)},
		"IPv6RecvFragSize":       {"IPV6_RECVFRAGSIZE", []string{"udp6"}, toggled(sock.IPv6RecvFragSize)},
		"IPv6RecvHopLimit":       {"IPV6_RECVHOPLIMIT", []string{"udp6"}, toggled(sock.IPv6RecvHopLimit)},
		"IPv6RecvHopOpts":        {"IPV6_RECVHOPOPTS", []string{"udp6"}, toggled(sock.IPv6RecvHopOpts)},
		"IPv6RecvOrigDstAddr":    {"IPV6_RECVORIGDSTADDR", []string{"udp6"}, toggled(sock.IPv6RecvOrigDstAddr)},
		"IPv6RecvPathMTU":        {"IPV6_RECVPATHMTU", []string{"udp6"}, toggled(sock.IPv6RecvPathMTU)},
		"IPv6RecvPktInfo":        {"IPV6_RECVPKTINFO", []string{"udp6"}, toggled(sock.IPv6RecvPktInfo)},
		"IPv6RecvRoutingHdr":     {"IPV6_RECVRTHDR", []string{"udp6"}, toggled(sock.IPv6RecvRoutingHdr)},
		"IPv6RecvTClass":         {"IPV6_RECVTCLASS", []string{"udp6"}, toggled(sock.IPv6RecvTClass)},
		"IPv6RouterAlert":        {"IPV6_ROUTER_ALERT", []string{"raw6ip"}, setsOnly(sock.IPv6RouterAlert, 5)},
		"IPv6TClass":             {"IPV6_TCLASS", []string{"tcp6", "udp6"}, changed(sock.IPv6TClass, 0x10, 0xb8)},
		"IPv6Transparent":        {"IPV6_TRANSPARENT", []string{"tcp6", "udp6"}, toggled(sock.IPv6Transparent)},
		"IPv6UnicastHops":        {"IPV6_UNICAST_HOPS", []string{"tcp6", "udp6"}, changed(sock.IPv6UnicastHops, 7, 255)},
		"IPv6UnicastIf":          {"IPV6_UNICAST_IF", []string{"udp6"}, changed(sock.IPv6UnicastIf, 1)},
		"IPv6OriginalDst":        {"IP6T_SO_ORIGINAL_DST", []string{"tcp6"}, optionFails(sock.IPv6OriginalDst, syscall.ENOTCONN, syscall.ENOENT, syscall.ENOPROTOOPT)},
		"TCPCCInfo":              {"TCP_CC_INFO", []string{"tcp4"}, readsAny(sock.TCPCCInfo)},
		"TCPCongestion":          {"TCP_CONGESTION", []string{"tcp4", "tcp6"}, changed(sock.TCPCongestion, "reno", "cubic")},
		"TCPCork":                {"TCP_CORK", []string{"tcp4"}, toggled(sock.TCPCork)},
		"TCPDeferAccept":         {"TCP_DEFER_ACCEPT", []string{"tcp4"}, deferAccept},
		"TCPDelayedAckMax":       {"TCP_DELACK_MAX_US", []string{"tcp4"}, changed(sock.TCPDelayedAckMax, 20*time.Millisecond)},
		"TCPFastOpen":            {"TCP_FASTOPEN", []string{"tcp4"}, listenerChanged(sock.TCPFastOpen, 5)},
		"TCPFastOpenConnect":     {"TCP_FASTOPEN_CONNECT", []string{"tcp4"}, toggled(sock.TCPFastOpenConnect)},
		"TCPFastOpenKey":         {"TCP_FASTOPEN_KEY", []string{"tcp4"}, fastOpenKey},
		"TCPFastOpenNoCookie":    {"TCP_FASTOPEN_NO_COOKIE", []string{"tcp4"}, toggled(sock.TCPFastOpenNoCookie)},
		"TCPInfo":                {"TCP_INFO", []string{"tcp4"}, tcpInfo},
		"TCPInq":                 {"TCP_INQ", []string{"tcp4"}, toggled(sock.TCPInq)},
		"TCPIsMPTCP":             {"TCP_IS_MPTCP", []string{"tcp4"}, optionReads(sock.TCPIsMPTCP, false)},
		"TCPKeepCount":           {"TCP_KEEPCNT", []string{"tcp4", "tcp6"}, changed(sock.TCPKeepCount, 3, 9+1)},
		"TCPKeepIdle":            {"TCP_KEEPIDLE", []string{"tcp4", "tcp6"}, changed(sock.TCPKeepIdle, 5*time.Second, time.Hour)},
		"TCPKeepInterval":        {"TCP_KEEPINTVL", []string{"tcp4", "tcp6"}, changed(sock.TCPKeepInterval, 5*time.Second, time.Minute)},
		"TCPLinger2":             {"TCP_LINGER2", []string{"tcp4"}, changed(sock.TCPLinger2, 5*time.Second)},
		"TCPMaxSegment":          {"TCP_MAXSEG", []string{"tcp4"}, setsOnly(sock.TCPMaxSegment, 1000)},
		"TCPMD5Sig":              {"TCP_MD5SIG", []string{"tcp4"}, md5},
		"TCPNotSentLowWater":     {"TCP_NOTSENT_LOWAT", []string{"tcp4"}, changed(sock.TCPNotSentLowWater, 1000)},
		"TCPQuickAck":            {"TCP_QUICKACK", []string{"tcp4"}, toggledOnce(sock.TCPQuickAck)},
		"TCPRepair":              {"TCP_REPAIR", []string{"tcp4"}, changed(sock.TCPRepair, 1)},
		"TCPRTOMax":              {"TCP_RTO_MAX_MS", []string{"tcp4"}, changed(sock.TCPRTOMax, 5*time.Second)},
		"TCPRTOMin":              {"TCP_RTO_MIN_US", []string{"tcp4"}, setsOnly(sock.TCPRTOMin, 50*time.Millisecond)},
		"TCPSavedSYN":            {"TCP_SAVED_SYN", []string{"tcp4"}, savedSYN},
		"TCPSaveSYN":             {"TCP_SAVE_SYN", []string{"tcp4"}, changed(sock.TCPSaveSYN, 1, 2)},
		"TCPSYNCount":            {"TCP_SYNCNT", []string{"tcp4"}, changed(sock.TCPSYNCount, 2, 9)},
		"TCPThinDupACK":          {"TCP_THIN_DUPACK", []string{"tcp4"}, optionFixed(sock.TCPThinDupACK, false)},
		"TCPThinLinear":          {"TCP_THIN_LINEAR_TIMEOUTS", []string{"tcp4"}, toggled(sock.TCPThinLinear)},
		"TCPTimestamp":           {"TCP_TIMESTAMP", []string{"tcp4"}, positive(sock.TCPTimestamp)},
		"TCPTxDelay":             {"TCP_TX_DELAY", []string{"tcp4"}, setsOnly(sock.TCPTxDelay, time.Millisecond)},
		"TCPULP":                 {"TCP_ULP", []string{"tcp4"}, ulp},
		"TCPUserTimeout":         {"TCP_USER_TIMEOUT", []string{"tcp4", "tcp6"}, changed(sock.TCPUserTimeout, 1500*time.Millisecond)},
		"TCPWindowClamp":         {"TCP_WINDOW_CLAMP", []string{"tcp4"}, setsOnly(sock.TCPWindowClamp, 10000)},
		"UDPCork":                {"UDP_CORK", []string{"udp4"}, toggled(sock.UDPCork)},
		"UDPEncap":               {"UDP_ENCAP", []string{"udp4"}, changed(sock.UDPEncap, 2)},
		"UDPGRO":                 {"UDP_GRO", []string{"udp4", "udp6"}, toggled(sock.UDPGRO)},
		"UDPNoCheck6Rx":          {"UDP_NO_CHECK6_RX", []string{"udp6"}, toggled(sock.UDPNoCheck6Rx)},
		"UDPNoCheck6Tx":          {"UDP_NO_CHECK6_TX", []string{"udp6"}, toggled(sock.UDPNoCheck6Tx)},
		"UDPSegment":             {"UDP_SEGMENT", []string{"udp4", "udp6"}, changed(sock.UDPSegment, 1200, 1)},
		"UDPLiteRecvCoverage":    {"UDPLITE_RECV_CSCOV", []string{"udplite"}, changed(sock.UDPLiteRecvCoverage, 20)},
		"UDPLiteSendCoverage":    {"UDPLITE_SEND_CSCOV", []string{"udplite"}, changed(sock.UDPLiteSendCoverage, 20)},
		"MPTCPInfo":              {"MPTCP_INFO", []string{"tcp4"}, mptcpInfo},
		"VSockBufferMaxSize":     {"SO_VM_SOCKETS_BUFFER_MAX_SIZE", []string{"vsock"}, changed(sock.VSockBufferMaxSize, 1<<19)},
		"VSockBufferMinSize":     {"SO_VM_SOCKETS_BUFFER_MIN_SIZE", []string{"vsock"}, changed(sock.VSockBufferMinSize, 1<<10)},
		"VSockBufferSize":        {"SO_VM_SOCKETS_BUFFER_SIZE", []string{"vsock"}, changed(sock.VSockBufferSize, 1<<17)},
		"VSockConnectTimeout":    {"SO_VM_SOCKETS_CONNECT_TIMEOUT", []string{"vsock"}, changed(sock.VSockConnectTimeout, 3*time.Second+500*time.Millisecond)},
		"VSockNonblockTxRx":      {"SO_VM_SOCKETS_NONBLOCK_TXRX", []string{"vsock"}, optionFails(sock.VSockNonblockTxRx, syscall.ENOPROTOOPT)},
		"VSockPeerHostVMID":      {"SO_VM_SOCKETS_PEER_HOST_VM_ID", []string{"vsock"}, optionFails(sock.VSockPeerHostVMID, syscall.ENOPROTOOPT)},
		"VSockTrusted":           {"SO_VM_SOCKETS_TRUSTED", []string{"vsock"}, optionFails(sock.VSockTrusted, syscall.ENOPROTOOPT)},
		"NetlinkAddMembership":   {"NETLINK_ADD_MEMBERSHIP", []string{"netlink"}, netlinkGroups},
		"NetlinkBroadcastError":  {"NETLINK_BROADCAST_ERROR", []string{"netlink"}, toggled(sock.NetlinkBroadcastError)},
		"NetlinkCapAck":          {"NETLINK_CAP_ACK", []string{"netlink"}, toggled(sock.NetlinkCapAck)},
		"NetlinkDropMembership":  {"NETLINK_DROP_MEMBERSHIP", []string{"netlink"}, netlinkGroups},
		"NetlinkExtAck":          {"NETLINK_EXT_ACK", []string{"netlink"}, toggled(sock.NetlinkExtAck)},
		"NetlinkGetStrictCheck":  {"NETLINK_GET_STRICT_CHK", []string{"netlink"}, toggled(sock.NetlinkGetStrictCheck)},
		"NetlinkListenAllNSID":   {"NETLINK_LISTEN_ALL_NSID", []string{"netlink"}, toggled(sock.NetlinkListenAllNSID)},
		"NetlinkListMemberships": {"NETLINK_LIST_MEMBERSHIPS", []string{"netlink"}, netlinkGroups},
		"NetlinkNoENOBUFS":       {"NETLINK_NO_ENOBUFS", []string{"netlink"}, toggled(sock.NetlinkNoENOBUFS)},
		"NetlinkPktInfo":         {"NETLINK_PKTINFO", []string{"netlink"}, toggled(sock.NetlinkPktInfo)},
		"PacketAddMembership":    {"PACKET_ADD_MEMBERSHIP", []string{"packet"}, packetMembership},
		"PacketAuxData":          {"PACKET_AUXDATA", []string{"packet"}, toggled(sock.PacketAuxData)},
		"PacketCopyThreshold":    {"PACKET_COPY_THRESH", []string{"packet"}, changed(sock.PacketCopyThreshold, 10)},
		"PacketDropMembership":   {"PACKET_DROP_MEMBERSHIP", []string{"packet"}, packetMembership},
		"PacketFanout":           {"PACKET_FANOUT", []string{"packet"}, packetFanout},
		"PacketIgnoreOutgoing":   {"PACKET_IGNORE_OUTGOING", []string{"packet"}, toggled(sock.PacketIgnoreOutgoing)},
		"PacketLoss":             {"PACKET_LOSS", []string{"packet"}, toggled(sock.PacketLoss)},
		"PacketOrigDev":          {"PACKET_ORIGDEV", []string{"packet"}, toggled(sock.PacketOrigDev)},
		"PacketQdiscBypass":      {"PACKET_QDISC_BYPASS", []string{"packet"}, toggled(sock.PacketQdiscBypass)},
		"PacketReserve":          {"PACKET_RESERVE", []string{"packet"}, changed(sock.PacketReserve, 64)},
		"PacketStatistics":       {"PACKET_STATISTICS", []string{"packet"}, packetStatistics},
		"PacketTimestamp":        {"PACKET_TIMESTAMP", []string{"packet"}, changed(sock.PacketTimestamp, sock.TimestampingRawHardware)},
		"PacketTxHasOff":         {"PACKET_TX_HAS_OFF", []string{"packet"}, toggled(sock.PacketTxHasOff)},
		"PacketTxTimestamp":      {"PACKET_TX_TIMESTAMP", []string{"packet"}, optionFails(sock.PacketTxTimestamp, syscall.ENOPROTOOPT)},
		"PacketVersion":          {"PACKET_VERSION", []string{"packet"}, changed(sock.PacketVersion, 1, 2)},
		"PacketVNetHdr":          {"PACKET_VNET_HDR", []string{"packetraw"}, toggled(sock.PacketVNetHdr)},
		"PacketVNetHdrSize":      {"PACKET_VNET_HDR_SZ", []string{"packetraw"}, changed(sock.PacketVNetHdrSize, 10, 12)},
		"ICMPFilter":             {"ICMP_FILTER", []string{"icmp"}, changed(sock.ICMPFilter, 1<<8, 0xffff)},
		"ICMP6Filter":            {"ICMP6_FILTER", []string{"icmp6"}, icmp6Filter},
	})
}

func TestOptionsLinux(t *testing.T) {
	t.Parallel()
	tryOptions(t, linuxCases)
}

// -- kinds of tests -----------------------------------------------------------

// optionReads is of an option that is only read, and is known.
func optionReads[T comparable](o sock.Option[T], want T) func(*testing.T, *sock.Socket) {
	return func(t *testing.T, s *sock.Socket) {
		holds(t, o, s, want)
		var v T
		is(t, o.Set(s, v), syscall.ENOPROTOOPT)
	}
}

// readsAny is of one that is only read.
func readsAny[T any](o sock.Option[T]) func(*testing.T, *sock.Socket) {
	return func(t *testing.T, s *sock.Socket) {
		if _, err := o.Get(s); err != nil {
			t.Error(err)
		}
		var v T
		is(t, o.Set(s, v), syscall.ENOPROTOOPT)
	}
}

// positive is of one that is not 0.
func positive[T int | uint32 | uint64](o sock.Option[T]) func(*testing.T, *sock.Socket) {
	return func(t *testing.T, s *sock.Socket) {
		if v, err := o.Get(s); v <= 0 || err != nil {
			t.Error(v, err)
		}
	}
}

// optionFixed is of one that is read, and not to be changed.
func optionFixed[T comparable](o sock.Option[T], v T) func(*testing.T, *sock.Socket) {
	return func(t *testing.T, s *sock.Socket) {
		holds(t, o, s, v)
		if err := o.Set(s, v); !isAny(err, nil, syscall.ENOPROTOOPT) {
			t.Error(err)
		}
		holds(t, o, s, v)
	}
}

// optionFails is of one that this kernel, or this socket, does not have.
func optionFails[T any](o sock.Option[T], want ...error) func(*testing.T, *sock.Socket) {
	return func(t *testing.T, s *sock.Socket) {
		_, err := o.Get(s)
		wrong(t, err, "getsockopt "+o.String(), sock.Addr{}, want...)
	}
}

// writeOnly is of one that refuses v, and cannot be read.
func writeOnly[T any](o sock.Option[T], v T, want ...error) func(*testing.T, *sock.Socket) {
	return func(t *testing.T, s *sock.Socket) {
		wrong(t, o.Set(s, v), "setsockopt "+o.String(), sock.Addr{}, want...)
		_, err := o.Get(s)
		is(t, err, syscall.ENOPROTOOPT)
	}
}

// writeOnlyOK is of one that takes v, and cannot be read.
func writeOnlyOK[T any](o sock.Option[T], v T) func(*testing.T, *sock.Socket) {
	return func(t *testing.T, s *sock.Socket) {
		privileged(t, o.Set(s, v))
		_, err := o.Get(s)
		is(t, err, syscall.ENOPROTOOPT)
	}
}

// setsOnly is of one that does not read back as it was set.
func setsOnly[T any](o sock.Option[T], v T) func(*testing.T, *sock.Socket) {
	return func(t *testing.T, s *sock.Socket) {
		if _, err := o.Get(s); err != nil {
			t.Error(err)
		}
		is(t, o.Set(s, v), nil)
		if _, err := o.Get(s); err != nil {
			t.Error(err)
		}
	}
}

// toggledOnce is of one that the kernel changes as well.
func toggledOnce(o sock.Option[bool]) func(*testing.T, *sock.Socket) {
	return func(t *testing.T, s *sock.Socket) {
		for _, v := range []bool{false, true} {
			is(t, o.Set(s, v), nil)
			holds(t, o, s, v)
		}
	}
}

// onceOn is of one that cannot be turned off again.
func onceOn(o sock.Option[bool], want error) func(*testing.T, *sock.Socket) {
	return func(t *testing.T, s *sock.Socket) {
		holds(t, o, s, false)
		is(t, o.Set(s, true), nil)
		holds(t, o, s, true)
		is(t, o.Set(s, false), want)
		holds(t, o, s, true)
	}
}

// forced goes beyond the limit that another option stops at.
func forced(o, shown sock.Option[int]) func(*testing.T, *sock.Socket) {
	return func(t *testing.T, s *sock.Socket) {
		privileged(t, o.Set(s, 16<<20))
		holds(t, shown, s, 32<<20)
		_, err := o.Get(s)
		is(t, err, syscall.ENOPROTOOPT)
	}
}

// listenerChanged is of one that belongs to a listener.
func listenerChanged[T comparable](o sock.Option[T], v T) func(*testing.T, *sock.Socket) {
	return func(t *testing.T, s *sock.Socket) {
		is(t, s.Bind(addr(t, "127.0.0.1:0")), nil)
		is(t, s.Listen(5), nil)
		is(t, o.Set(s, v), nil)
		holds(t, o, s, v)
	}
}

// privileged is nil, or that this process may not.
func privileged(t testing.TB, err error) {
	t.Helper()
	if err != nil && os.Geteuid() != 0 && isAny(err, syscall.EPERM) {
		t.Skip("a privilege: ", err)
	}
	is(t, err, nil)
}

// -- single ones --------------------------------------------------------------

func pacing(o sock.Option[uint64]) func(*testing.T, *sock.Socket) {
	return changed(o, 1<<20, 1<<33)
}

func memInfo(t *testing.T, s *sock.Socket) {
	v, err := sock.MemInfo.Get(s)
	size, _ := sock.RecvBuffer.Get(s)
	if err != nil || v.RecvBuffer != size || v.SendBuffer == 0 || v.Drops != 0 {
		t.Errorf("%+v, %v", v, err)
	}
}

func peerGroups(t *testing.T, _ *sock.Socket) {
	a, _ := streams(t, "pair")
	got, err := sock.PeerGroups.Get(a)
	want, err2 := os.Getgroups()
	if err != nil || err2 != nil || len(got) != len(want) {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
}

func peerPidFD(t *testing.T, _ *sock.Socket) {
	a, _ := streams(t, "pair")
	fd, err := sock.PeerPidFD.Get(a)
	if isAny(err, syscall.ENOPROTOOPT) {
		t.Skip("Linux before 6.5 has none")
	}
	is(t, err, nil)
	is(t, syscall.Close(fd), nil)
}

func reserved(t *testing.T, s *sock.Socket) {
	// Without a memory cgroup there is nothing to set it aside from.
	if err := sock.ReserveMem.Set(s, 1<<20); !isAny(err, nil, syscall.EOPNOTSUPP, syscall.ENOMEM) {
		t.Error(err)
	}
	if v, err := sock.ReserveMem.Get(s); v != 0 && v < 1<<20 || err != nil {
		t.Error(v, err)
	}
}

func connectedMTU(t *testing.T, s *sock.Socket) {
	_, err := sock.IPMTU.Get(s)
	is(t, err, syscall.ENOTCONN)
	a, _ := streams(t, "tcp4")
	if v, err := sock.IPMTU.Get(a); v < 576 || err != nil {
		t.Error(v, err)
	}
	is(t, sock.IPMTU.Set(a, 1000), syscall.ENOPROTOOPT)
}

func connectedMTU6(t *testing.T, s *sock.Socket) {
	a, _ := streams(t, "tcp6")
	if v, err := sock.IPv6MTU.Get(a); v < 1280 || err != nil {
		t.Error(v, err)
	}
	is(t, sock.IPv6MTU.Set(a, 1300), nil)
}

func connectedMTU6path(t *testing.T, _ *sock.Socket) {
	a, _ := streams(t, "tcp6")
	if v, err := sock.IPv6PathMTU.Get(a); v < 1280 || err != nil {
		t.Error(v, err)
	}
	is(t, sock.IPv6PathMTU.Set(a, 1300), syscall.ENOPROTOOPT)
}

func multicastIf(t *testing.T, s *sock.Socket) {
	changed(sock.IPMulticastIf, netip.MustParseAddr("127.0.0.1"))(t, s)
	is(t, sock.IPMulticastIf.Set(s, netip.IPv6Loopback()), syscall.EINVAL)
	is(t, sock.IPMulticastIf.Set(s, netip.Addr{}), syscall.EINVAL)
}

func multicastIfIndex(t *testing.T, s *sock.Socket) {
	is(t, sock.IPMulticastIfIndex.Set(s, 1), nil)
	is(t, sock.IPMulticastIfIndex.Set(s, 0), nil)
	is(t, sock.IPMulticastIfIndex.Set(s, -1), syscall.EINVAL)
	is(t, sock.IPMulticastIfIndex.Set(s, 1<<30), syscall.EADDRNOTAVAIL)
	_, err := sock.IPMulticastIfIndex.Get(s)
	is(t, err, syscall.ENOPROTOOPT)
}

func ipOptions(t *testing.T, s *sock.Socket) {
	if v, err := sock.IPOptions.Get(s); len(v) != 0 || err != nil {
		t.Error(v, err)
	}
	want := []byte{1, 1, 1, 1} // four times nothing
	is(t, sock.IPOptions.Set(s, want), nil)
	if v, err := sock.IPOptions.Get(s); !slices.Equal(v, want) || err != nil {
		t.Error(v, err)
	}
	is(t, sock.IPOptions.Set(s, nil), nil)
	is(t, sock.IPOptions.Set(s, make([]byte, 41)), syscall.EINVAL)
}

func routerAlert(t *testing.T, s *sock.Socket) {
	is(t, sock.IPRouterAlert.Set(s, true), nil)
	is(t, sock.IPRouterAlert.Set(s, true), syscall.EADDRINUSE)
	is(t, sock.IPRouterAlert.Set(s, false), nil)
}

func deferAccept(t *testing.T, s *sock.Socket) {
	holds(t, sock.TCPDeferAccept, s, 0)
	is(t, sock.TCPDeferAccept.Set(s, 5*time.Second), nil)
	if v, err := sock.TCPDeferAccept.Get(s); v < 5*time.Second || v > 10*time.Second || err != nil {
		t.Error(v, err)
	}
	is(t, sock.TCPDeferAccept.Set(s, 0), nil)
	holds(t, sock.TCPDeferAccept, s, 0)
	is(t, sock.TCPDeferAccept.Set(s, -1), syscall.EINVAL)
}

func fastOpenKey(t *testing.T, s *sock.Socket) {
	key := []byte("0123456789abcdef")
	is(t, s.Bind(addr(t, "127.0.0.1:0")), nil)
	is(t, s.Listen(1), nil)
	is(t, sock.TCPFastOpenKey.Set(s, key), nil)
	if v, err := sock.TCPFastOpenKey.Get(s); !slices.Equal(v, key) || err != nil {
		t.Errorf("%q, %v", v, err)
	}
	is(t, sock.TCPFastOpenKey.Set(s, key[1:]), syscall.EINVAL)
}

func tcpInfo(t *testing.T, s *sock.Socket) {
	if v, err := sock.TCPInfo.Get(s); v.State != 7 || err != nil {
		t.Errorf("%+v, %v: it is closed", v, err)
	}
	a, b := streams(t, "tcp4")
	send(t, a, "hello")
	recv(t, b, 9, 0, "hello")
	eventually(t, "acknowledged", func() bool {
		v, err := sock.TCPInfo.Get(a)
		is(t, err, nil)
		return v.BytesAcked >= 6 // with the SYN
	})
	v, err := sock.TCPInfo.Get(a)
	if err != nil || v.State != 1 || v.SendMSS < 500 || v.RTT <= 0 || v.RTT > time.Second || v.RTO < time.Millisecond || v.CongestionWindow == 0 ||
		v.BytesSent != 5 || v.DataSegmentsOut != 1 || v.SegmentsOut < 2 || v.Delivered < 1 || v.SendWindow == 0 || v.SendWindowScale == 0 || v.TotalRetrans != 0 || v.PathMTU < 1000 {
		t.Errorf("%+v, %v", v, err)
	}
	if v, err := sock.TCPInfo.Get(b); err != nil || v.BytesReceived != 5 || v.DataSegmentsIn != 1 || v.RecvWindow == 0 {
		t.Errorf("%+v, %v", v, err)
	}
	is(t, sock.TCPInfo.Set(a, v), syscall.ENOPROTOOPT)
}

func md5(t *testing.T, s *sock.Socket) {
	if err := sock.TCPMD5Sig.Set(s, make([]byte, 216)); !isAny(err, syscall.ENOPROTOOPT, syscall.EINVAL) {
		t.Error(err)
	}
}

func savedSYN(t *testing.T, _ *sock.Socket) {
	l, to := listening(t, "tcp4")
	is(t, sock.TCPSaveSYN.Set(l, 1), nil)
	c := open(t, sock.Inet, sock.Stream)
	is(t, c.Connect(to), nil)
	s, _, err := l.Accept()
	is(t, err, nil)
	closed(t, s)
	syn, err := sock.TCPSavedSYN.Get(s)
	if err != nil || len(syn) < 40 || syn[0]>>4 != 4 || syn[int(syn[0]&15)*4+13]&2 == 0 {
		t.Errorf("%x, %v", syn, err)
	}
	if again, err := sock.TCPSavedSYN.Get(s); len(again) != 0 || err != nil {
		t.Errorf("again: %x, %v", again, err)
	}
	is(t, sock.TCPSavedSYN.Set(s, nil), syscall.ENOPROTOOPT)
}

func ulp(t *testing.T, s *sock.Socket) {
	holds(t, sock.TCPULP, s, "")
	is(t, sock.TCPULP.Set(s, "no such layer"), syscall.ENOENT)
	is(t, sock.TCPULP.Set(s, "a name that is far too long"), syscall.EINVAL)
}

func mptcpInfo(t *testing.T, _ *sock.Socket) {
	s, err := sock.Open(sock.Inet, sock.Stream, sock.MPTCP)
	if err != nil {
		t.Skip("no Multipath TCP: ", err)
	}
	closed(t, s)
	l, err := sock.Open(sock.Inet, sock.Stream, sock.MPTCP)
	is(t, err, nil)
	closed(t, l)
	is(t, l.Bind(addr(t, "127.0.0.1:0")), nil)
	is(t, l.Listen(1), nil)
	to, err := l.Name()
	is(t, err, nil)
	is(t, s.Connect(to), nil)
	send(t, s, "hello")
	v, err := sock.MPTCPInfo.Get(s)
	if err != nil || v.Token == 0 || v.WriteSeq == 0 {
		t.Errorf("%+v, %v", v, err)
	}
	holds(t, sock.TCPIsMPTCP, s, true)
}

func netlinkGroups(t *testing.T, s *sock.Socket) {
	is(t, sock.NetlinkAddMembership.Set(s, 1), nil)
	is(t, sock.NetlinkAddMembership.Set(s, 5), nil)
	if v, err := sock.NetlinkListMemberships.Get(s); len(v) == 0 || v[0] != 1|1<<4 || err != nil {
		t.Error(v, err)
	}
	is(t, sock.NetlinkDropMembership.Set(s, 1), nil)
	if v, err := sock.NetlinkListMemberships.Get(s); len(v) == 0 || v[0] != 1<<4 || err != nil {
		t.Error(v, err)
	}
	is(t, sock.NetlinkAddMembership.Set(s, 0), syscall.EINVAL)
	_, err := sock.NetlinkAddMembership.Get(s)
	is(t, err, syscall.ENOPROTOOPT)
}

func packetMembership(t *testing.T, s *sock.Socket) {
	all := sock.PacketMembershipValue{Interface: 1, Type: 1}
	is(t, sock.PacketAddMembership.Set(s, all), nil)
	is(t, sock.PacketDropMembership.Set(s, all), nil)
	is(t, sock.PacketAddMembership.Set(s, sock.PacketMembershipValue{Interface: 1 << 20, Type: 1}), syscall.ENODEV)
	is(t, sock.PacketAddMembership.Set(s, sock.PacketMembershipValue{Len: 9}), syscall.EINVAL)
	is(t, sock.PacketAddMembership.Set(s, sock.PacketMembershipValue{Interface: math.MaxInt32, Len: -1}), syscall.EINVAL)
	_, err := sock.PacketAddMembership.Get(s)
	is(t, err, syscall.ENOPROTOOPT)
}

func packetFanout(t *testing.T, s *sock.Socket) {
	a, err := sock.PacketAddr(3, 1, nil)
	is(t, err, nil)
	is(t, s.Bind(a), nil)
	group := uint32(os.Getpid() & 0xffff)
	is(t, sock.PacketFanout.Set(s, group), nil)
	holds(t, sock.PacketFanout, s, group)
}

func packetStatistics(t *testing.T, s *sock.Socket) {
	a, err := sock.PacketAddr(3, 1, nil)
	is(t, err, nil)
	is(t, s.Bind(a), nil)
	x, _, _, to := datagrams(t, "udp4")
	if _, err := x.SendTo([]byte("x"), 0, to); err != nil {
		t.Fatal(err)
	}
	eventually(t, "packets", func() bool {
		v, err := sock.PacketStatistics.Get(s)
		is(t, err, nil)
		return v.Packets > 0
	})
}

func icmp6Filter(t *testing.T, s *sock.Socket) {
	holds(t, sock.ICMP6Filter, s, sock.ICMP6FilterValue{})
	var v sock.ICMP6FilterValue
	v.BlockAll()
	v.Pass(129)
	is(t, sock.ICMP6Filter.Set(s, v), nil)
	holds(t, sock.ICMP6Filter, s, v)
	if v.Blocks(129) || !v.Blocks(128) || !v.Blocks(255) {
		t.Error(v)
	}
	v.Block(129)
	if !v.Blocks(129) {
		t.Error(v)
	}
}
