import Dispatch
import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// One lookup of a provider's name, shared by the connections that are opened while it runs.
///
/// The system's lookup blocks, for many seconds where no name server answers. NIO's own resolver lets all lookups of
/// an event loop wait for each other: one provider's dead name server would take the others down with it. Here each
/// provider waits for itself alone.
final class NameLookup: Resolver, Sendable {
    /// The system knows no address for the name, or could not ask.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private let v4: EventLoopPromise<[SocketAddress]>
    private let v6: EventLoopPromise<[SocketAddress]>

    /// Starts a lookup on `queue`, which may be blocked by it.
    ///
    /// - Parameter allowed: What may be dialled; other addresses are left out of the result, and where none remains the
    ///   lookup fails. Nil: all.
    init(host: String, port: Int, allowed: AddressRule?, eventLoop: any EventLoop, queue: DispatchQueue) {
        v4 = eventLoop.makePromise()
        v6 = eventLoop.makePromise()
        queue.async { [v4, v6] in
            do {
                var addresses = try Self.addresses(of: host, port: port)
                if let allowed {
                    addresses.removeAll { !allowed.allows($0) }
                    if addresses.isEmpty { throw AddressRule.Refused() }
                }
                v6.succeed(addresses.filter { $0.protocol == .inet6 })
                v4.succeed(addresses.filter { $0.protocol == .inet })
            } catch {
                v6.fail(error)
                v4.fail(error)
            }
        }
    }

    /// Completed when the lookup is.
    var result: EventLoopFuture<[SocketAddress]> { v4.futureResult }

    func initiateAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> { v4.futureResult }

    func initiateAAAAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> { v6.futureResult }

    func cancelQueries() {}

    /// In the system's order of preference.
    private static func addresses(of host: String, port: Int) throws -> [SocketAddress] {
        var hints = addrinfo()
        #if os(Linux)
            hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        #else
            hints.ai_socktype = SOCK_STREAM
        #endif
        hints.ai_protocol = CInt(IPPROTO_TCP)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &list)
        guard code == 0 else { throw Failure(description: "\(host): \(String(cString: gai_strerror(code)))") }
        defer { freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var next = list
        while let entry = next?.pointee {
            if let address = entry.ai_addr {
                switch entry.ai_family {
                case AF_INET:
                    address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                        addresses.append(SocketAddress($0.pointee, host: host))
                    }
                case AF_INET6:
                    address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                        addresses.append(SocketAddress($0.pointee, host: host))
                    }
                default: break
                }
            }
            next = entry.ai_next
        }
        return addresses
    }
}
