package reach

import (
	"net/netip"
	"testing"
)

func TestOfName(t *testing.T) {
	for name, want := range map[string]Reach{
		"ghcr.io": Anywhere, "registry.internal": Anywhere, "8.8.8.8": Anywhere, "2001:4860:4860::8888": Anywhere, "": Anywhere, "127.1": Anywhere,
		"10.1.2.3": Private, "172.31.0.1": Private, "192.168.1.1": Private, "100.64.0.1": Private, "198.18.0.1": Private, "fd12::1": Private,
		"localhost": Machine, "LocalHost.": Machine, "a.localhost": Machine, "127.0.0.1": Machine, "127.9.9.9": Machine, "::1": Machine, "::ffff:127.0.0.1": Machine,
		"169.254.169.254": Never, "169.254.170.2": Never, "fe80::1": Never, "fe80::1%eth0": Never, "fd00:ec2::254": Never, "fd00:ec2::254%eth0": Never, "fd20:ce::254": Never,
		"168.63.129.16": Never, "100.100.100.200": Never, "192.0.0.192": Never, "0.0.0.0": Never, "0.1.2.3": Never, "::": Never, "255.255.255.255": Never,
		"224.0.0.1": Never, "ff02::1": Never, "250.1.1.1": Never, "::ffff:169.254.169.254": Never,
		"64:ff9b::a9fe:a9fe": Never, "64:ff9b::a00:1": Private, "64:ff9b::808:808": Anywhere, "2002:7f00:1::": Machine, "2002:808:808::1": Anywhere,
	} {
		if got := OfName(name); got != want {
			t.Errorf("%q: got %d, want %d", name, got, want)
		}
	}
	if OfAddress(netip.Addr{}) != Never {
		t.Error("no address can be reached")
	}
}

// However an address is written, it reaches the same.
func FuzzOfName(f *testing.F) {
	for _, seed := range []string{"10.0.0.1", "::ffff:169.254.169.254", "fe80::1%eth0", "64:ff9b::1", "localhost"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		got := OfName(name)
		if got < Anywhere || got > Never {
			t.Fatalf("%q: %d", name, got)
		}
		address, err := netip.ParseAddr(name)
		if err != nil {
			return
		}
		if again := OfName(address.StringExpanded()); again != got {
			t.Errorf("%q: %d, expanded %d", name, got, again)
		}
		if address.Is4() && OfName("::ffff:"+address.String()) != got {
			t.Errorf("%q: %d, mapped %d", name, got, OfName("::ffff:"+address.String()))
		}
		if address.IsLinkLocalUnicast() && got != Never {
			t.Errorf("%q is link-local: %d", name, got)
		}
	})
}
