import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

// Where may a request go whose address an app's owner wrote?
//
// A name can point anywhere, and to something else at the next look (DNS rebinding). So not the name is judged but each
// address that it was resolved to, right before that very address is dialled. What is not known to be harmless is
// refused: IPv6 outside of global unicast, and every network of IANA's special-purpose registries.

/// Which IP addresses may be dialled.
struct AddressRule: Sendable, Hashable {
    /// The name or address was resolved to nothing that the rule allows.
    struct Refused: Error {}

    /// Networks of our own as well: private and loopback ones.
    var allowsPrivate: Bool
    /// This machine alone: what is sent without TLS.
    var isLoopbackOnly = false

    /// What kind of network an address is in.
    enum Reach: Sendable, Hashable {
        /// The internet.
        case global
        /// RFC 1918, shared address space (RFC 6598), unique local (RFC 4193).
        case inside
        case loopback
        /// Link-local, metadata services, multicast, documentation, benchmarks, and all else that is no host's address.
        case special
    }

    func allows(_ address: SocketAddress) -> Bool {
        switch Self.reach(of: address) {
        case .global: !isLoopbackOnly
        case .inside: allowsPrivate && !isLoopbackOnly
        case .loopback: allowsPrivate
        case .special: false
        }
    }

    static func reach(of address: SocketAddress) -> Reach {
        address.ipAddress.flatMap(bytes).map(reach) ?? .special
    }

    /// - Parameter bytes: 4 or 16, in network order.
    static func reach(of bytes: [UInt8]) -> Reach {
        if let known = networks.first(where: { $0.contains(bytes) }) {
            switch known.meaning {
            case .reach(let reach): return reach
            // An IPv4 address in IPv6 clothes goes where the IPv4 address goes.
            case .carriesIPv4(let offset): return reach(of: Array(bytes[offset..<offset + 4]))
            }
        }
        // Of IPv6 only 2000::/3 is given out (RFC 4291).
        return bytes.count == 4 || bytes[0] & 0xe0 == 0x20 ? .global : .special
    }

    /// 4 or 16 bytes, in network order; nil for what is no address.
    static func bytes(_ text: String) -> [UInt8]? {
        var four = [UInt8](repeating: 0, count: 4)
        if inet_pton(AF_INET, text, &four) == 1 { return four }
        var six = [UInt8](repeating: 0, count: 16)
        return inet_pton(AF_INET6, text, &six) == 1 ? six : nil
    }

    private struct Network: Sendable {
        enum Meaning: Sendable {
            case reach(Reach)
            /// At this byte.
            case carriesIPv4(at: Int)
        }

        let prefix: [UInt8]
        let bits: Int
        let meaning: Meaning

        init(_ text: String, _ meaning: Meaning) {
            let parts = text.split(separator: "/")
            guard parts.count == 2, let bits = Int(parts[1]), let prefix = AddressRule.bytes(String(parts[0]))
            else {
                preconditionFailure("\(text) is no network")
            }
            self.prefix = prefix
            self.bits = bits
            self.meaning = meaning
        }

        func contains(_ bytes: [UInt8]) -> Bool {
            guard bytes.count == prefix.count else { return false }
            let whole = bits / 8
            guard bytes[..<whole] == prefix[..<whole] else { return false }
            let mask = ~(UInt8.max >> UInt8(bits % 8))
            return mask == 0 || bytes[whole] & mask == prefix[whole] & mask
        }
    }

    /// The first that holds an address decides. From IANA's special-purpose address registries, and the clouds' documents.
    private static let networks: [Network] = [
        // Metadata services outside of the link-local networks: Alibaba Cloud, Azure, AWS, Google Cloud, Oracle Cloud.
        Network("100.100.100.200/32", .reach(.special)),
        Network("168.63.129.16/32", .reach(.special)),
        Network("fd00:ec2::/32", .reach(.special)),
        Network("fd20:ce::254/128", .reach(.special)),
        Network("fd00:c1::a9fe:a9fe/128", .reach(.special)),

        Network("0.0.0.0/8", .reach(.special)),  // this network, unspecified
        Network("10.0.0.0/8", .reach(.inside)),
        Network("100.64.0.0/10", .reach(.inside)),  // shared address space
        Network("127.0.0.0/8", .reach(.loopback)),
        Network("169.254.0.0/16", .reach(.special)),  // link-local, with most metadata services
        Network("172.16.0.0/12", .reach(.inside)),
        Network("192.0.0.0/24", .reach(.special)),  // protocol assignments
        Network("192.0.2.0/24", .reach(.special)),  // documentation
        Network("192.31.196.0/24", .reach(.special)),  // AS112
        Network("192.52.193.0/24", .reach(.special)),  // AMT
        Network("192.88.99.0/24", .reach(.special)),  // 6to4 relays, deprecated
        Network("192.168.0.0/16", .reach(.inside)),
        Network("192.175.48.0/24", .reach(.special)),  // AS112
        Network("198.18.0.0/15", .reach(.special)),  // benchmarks
        Network("198.51.100.0/24", .reach(.special)),  // documentation
        Network("203.0.113.0/24", .reach(.special)),  // documentation
        Network("224.0.0.0/4", .reach(.special)),  // multicast
        Network("240.0.0.0/4", .reach(.special)),  // reserved, broadcast

        Network("::1/128", .reach(.loopback)),
        Network("::ffff:0:0/96", .carriesIPv4(at: 12)),  // IPv4-mapped
        Network("64:ff9b::/96", .carriesIPv4(at: 12)),  // NAT64
        Network("2001::/23", .reach(.special)),  // protocol assignments: Teredo, benchmarks, ORCHID
        Network("2001:db8::/32", .reach(.special)),  // documentation
        Network("2002::/16", .carriesIPv4(at: 2)),  // 6to4
        Network("2620:4f:8000::/48", .reach(.special)),  // AS112
        Network("3fff::/20", .reach(.special)),  // documentation
        Network("fc00::/7", .reach(.inside)),  // unique local
        // All else that is outside of 2000::/3 is special: unspecified, IPv4-compatible, local NAT64, discard, segment routing,
        // link-local, site-local, multicast.
    ]
}
