import NIOCore
import Testing

@testable import ProviderTransport

/// Which addresses events may go to.
@Suite("Address rules")
struct AddressRuleTests {
    @Test(
        "Each kind of network",
        arguments: [
            // Global, and right beside the others.
            ("1.1.1.1", AddressRule.Reach.global), ("8.8.8.8", .global), ("9.255.255.255", .global),
            ("11.0.0.0", .global), ("100.63.255.255", .global), ("100.128.0.0", .global), ("126.255.255.255", .global),
            ("128.0.0.0", .global), ("169.253.255.255", .global), ("169.255.0.0", .global), ("172.15.255.255", .global),
            ("172.32.0.0", .global), ("192.0.1.0", .global), ("192.167.255.255", .global), ("192.169.0.0", .global),
            ("198.17.255.255", .global), ("198.20.0.0", .global), ("223.255.255.255", .global),
            ("2606:4700::1111", .global), ("2a00:1450::1", .global), ("2001:4860::8888", .global),
            ("2001:200::1", .global),
            // Ours.
            ("10.0.0.1", .inside), ("10.255.255.255", .inside), ("172.16.0.1", .inside), ("172.31.255.255", .inside),
            ("192.168.1.1", .inside), ("100.64.0.1", .inside), ("100.127.255.255", .inside), ("fc00::1", .inside),
            ("fdff::1", .inside), ("127.0.0.1", .loopback), ("127.255.255.255", .loopback), ("::1", .loopback),
            // Nobody's.
            ("0.0.0.0", .special), ("0.1.2.3", .special), ("169.254.0.1", .special), ("169.254.169.254", .special),
            ("169.254.170.2", .special), ("100.100.100.200", .special), ("168.63.129.16", .special),
            ("192.0.0.192", .special), ("192.0.2.1", .special), ("192.88.99.1", .special), ("198.18.0.1", .special),
            ("198.19.255.255", .special), ("198.51.100.1", .special), ("203.0.113.1", .special),
            ("224.0.0.1", .special), ("239.255.255.255", .special), ("240.0.0.1", .special),
            ("255.255.255.255", .special), ("::", .special), ("::2", .special), ("fe80::1", .special),
            ("febf::1", .special), ("fec0::1", .special), ("ff02::1", .special), ("fd00:ec2::254", .special),
            ("fd20:ce::254", .special), ("fd00:c1::a9fe:a9fe", .special), ("2001:db8::1", .special),
            ("3fff::1", .special), ("2001::1", .special), ("2001:2::1", .special), ("2001:10::1", .special),
            ("100::1", .special), ("64:ff9b:1::1", .special), ("5f00::1", .special), ("4000::1", .special),
            ("e000::1", .special),
            // IPv4 in IPv6 clothes: mapped, NAT64, 6to4; the compatible form is no address any more.
            ("::ffff:8.8.8.8", .global), ("::ffff:10.0.0.1", .inside), ("::ffff:127.0.0.1", .loopback),
            ("::ffff:169.254.169.254", .special), ("::ffff:0.0.0.0", .special), ("::ffff:255.255.255.255", .special),
            ("64:ff9b::8.8.8.8", .global), ("64:ff9b::10.0.0.1", .inside), ("64:ff9b::127.0.0.1", .loopback),
            ("64:ff9b::169.254.169.254", .special), ("2002:0808:0808::1", .global), ("2002:0a00:0001::1", .inside),
            ("2002:7f00:0001::1", .loopback), ("2002:a9fe:a9fe::1", .special), ("::127.0.0.1", .special),
            ("::169.254.169.254", .special),
        ])
    func reaches(text: String, reach: AddressRule.Reach) throws {
        let address = try SocketAddress(ipAddress: text, port: 443)
        #expect(AddressRule.reach(of: address) == reach)
        #expect(AddressRule(allowsPrivate: false).allows(address) == (reach == .global))
        #expect(AddressRule(allowsPrivate: true).allows(address) == (reach != .special))
        #expect(!AddressRule(allowsPrivate: false, isLoopbackOnly: true).allows(address))
        #expect(AddressRule(allowsPrivate: true, isLoopbackOnly: true).allows(address) == (reach == .loopback))
    }

    @Test("What is no IP address is nowhere")
    func path() throws {
        #expect(AddressRule.reach(of: try SocketAddress(unixDomainSocketPath: "/tmp/socket")) == .special)
    }
}
