// Package reach says from where an address can be reached, and so whose secrets may answer there.
package reach

import (
	"encoding/binary"
	"net/netip"
	"strings"
)

// Reach of an address, narrowest last: whoever may be sent to one may be sent to all before it, Never excepted.
type Reach int

// The reaches.
const (
	Anywhere Reach = iota // by everybody, so that an answer is nobody's secret
	Private               // RFC 1918, RFC 6598, unique local addresses: by this network
	Machine               // by this machine
	Never                 // link-local addresses, a cloud's metadata service, and what is no address of one host
)

// OfName returns the reach of a host as it is written: a name other than localhost may be anywhere, until it is resolved.
func OfName(hostname string) Reach {
	if address, err := netip.ParseAddr(hostname); err == nil {
		return OfAddress(address)
	}
	name := strings.ToLower(strings.TrimSuffix(hostname, "."))
	if name == "localhost" || strings.HasSuffix(name, ".localhost") { // RFC 6761
		return Machine
	}
	return Anywhere
}

// OfAddress returns the reach of an address. Forms of IPv6 that carry an IPv4 address are taken for what they lead to.
func OfAddress(address netip.Addr) Reach {
	address = address.WithZone("").Unmap() // a prefix never contains an address with a zone
	switch {
	case !address.IsValid(), within(address, metadata()):
		return Never
	case address.IsLoopback():
		return Machine
	case !address.IsGlobalUnicast(), within(address, []string{"0.0.0.0/8", "240.0.0.0/4"}):
		return Never
	case address.IsPrivate(), within(address, []string{"100.64.0.0/10", "198.18.0.0/15"}):
		return Private
	}
	if carried, ok := carriedIPv4(address); ok {
		return OfAddress(carried)
	}
	return Anywhere
}

// metadata lists what answers questions about a machine's own credentials in some cloud, other than by link-local addresses.
func metadata() []string {
	return []string{
		"fd00:ec2::/32",      // Amazon
		"fd20:ce::/32",       // Google
		"168.63.129.16/32",   // Azure
		"100.100.100.200/32", // Alibaba
		"192.0.0.192/32",     // Oracle
	}
}

func within(address netip.Addr, prefixes []string) bool {
	for _, prefix := range prefixes {
		if p, err := netip.ParsePrefix(prefix); err == nil && p.Contains(address) {
			return true
		}
	}
	return false
}

// carriedIPv4 reads the address inside NAT64 (RFC 6052) and 6to4 (RFC 3056).
func carriedIPv4(address netip.Addr) (netip.Addr, bool) {
	if !address.Is6() {
		return netip.Addr{}, false
	}
	raw := address.As16()
	switch {
	case binary.BigEndian.Uint32(raw[:4]) == 0x0064ff9b && binary.BigEndian.Uint64(raw[4:12]) == 0:
		return netip.AddrFrom4([4]byte(raw[12:16])), true
	case binary.BigEndian.Uint16(raw[:2]) == 0x2002:
		return netip.AddrFrom4([4]byte(raw[2:6])), true
	}
	return netip.Addr{}, false
}
